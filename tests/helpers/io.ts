import { describe } from 'node:test';

export const ios = ['dgram', 'native'] as const;

export type IO = (typeof ios)[number];

/** Defines the same tests for both I/O modes, or the one that the variable TEST_IO names. */
export function forEachIO(define: (io: IO) => void): void {
  const { TEST_IO } = process.env;
  for (const io of ios) {
    if (TEST_IO === undefined || TEST_IO === io) describe(io, () => define(io));
  }
}
