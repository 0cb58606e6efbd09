/**
 * Whether the reliability suite runs in full, or the part of a minute that belongs to all tests.
 */
export const isFull = process.env.RELIABILITY === 'full';
