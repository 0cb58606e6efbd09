import { describe } from 'node:test';

export type IO = 'dgram' | 'native';

/** Defines the same tests for both I/O modes. */
export function forEachIO(define: (io: IO) => void): void {
  for (const io of ['dgram', 'native'] as const) {
    describe(io, () => define(io));
  }
}
