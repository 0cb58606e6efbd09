import { describe } from 'node:test';

export const ios = ['dgram', 'native'] as const;

export type IO = (typeof ios)[number];

/** Defines the same tests for both I/O modes. */
export function forEachIO(define: (io: IO) => void): void {
  for (const io of ios) {
    describe(io, () => define(io));
  }
}
