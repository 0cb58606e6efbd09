import { copyBuffer } from '../web/chunk.js';

/**
 * Bytes of the largest chunk that is read.
 */
export const largestChunk = 64 * 1024;

// Chunks of at least this size keep the buffer that they were read into
const largeChunkSize = 16 * 1024;

let scratchBuffer = Buffer.allocUnsafeSlow(largestChunk);

/**
 * Memory to read into for readers that bring none. It is shared: its content is taken before anyone
 * else can ask.
 */
export function scratch(chunkSize: number): Uint8Array {
  return scratchBuffer.subarray(0, Math.min(chunkSize, largestChunk));
}

/**
 * The first bytes of the scratch memory, in a buffer of their own.
 */
export function takeScratch(length: number): Buffer {
  if (length < largeChunkSize) return copyBuffer(scratchBuffer, 0, length);
  const chunk = scratchBuffer.subarray(0, length);
  scratchBuffer = Buffer.allocUnsafeSlow(largestChunk);
  return chunk;
}
