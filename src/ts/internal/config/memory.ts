import { totalmem } from 'node:os';

/**
 * Bytes of memory that this process may use.
 */
function memory(): number {
  // Not every runtime knows the limit of a container; 0, or more than there is, means none
  const limit = process.constrainedMemory?.() || Infinity;
  return Math.min(totalmem(), limit);
}

/**
 * How many connections a quarter of the memory has room for, without what they buffer.
 */
export function connectionsThatFit(): number {
  return Math.max(1024, Math.floor(memory() / 4 / (128 * 1024)));
}

/**
 * How many bytes streams may hold that nobody reads, without it counting for the windows of their
 * connections: an eighth of the memory.
 */
export function unreadThatFits(): number {
  return Math.floor(memory() / 8);
}
