import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/**
 * What the tests of reliability draw from, `SEED` of the environment or a new one. They name it
 * when they fail.
 */
export const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);

/** Draws numbers that are the same for the same seed. */
export class Random {
  private readonly generator;

  constructor(seed: number) {
    this.generator = xoroshiro128plus(seed);
  }

  /** An integer from 0 to below `end`. */
  below(end: number): number {
    return uniformInt(this.generator, 0, end - 1);
  }

  /** Whether something that has a probability happens. */
  happens(probability: number): boolean {
    return this.below(1_000_000) < probability * 1_000_000;
  }

  pick<T>(values: ReadonlyArray<T>): T {
    return values[this.below(values.length)];
  }
}
