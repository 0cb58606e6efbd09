import { Layout } from '../engine/shared.js';

// The layout of a batch is that of native/internal/buffer/ring.go: each datagram behind its length

/** Bytes of a length. */
export const lengthSize = Layout.datagramLength;

/** Bytes of a batch. */
export const batchSize = 64 * 1024;

/**
 * The length of the datagram at an offset.
 */
export function lengthAt(batch: Uint8Array, offset: number): number {
  return batch[offset] | (batch[offset + 1] << 8);
}

/**
 * Puts a datagram at an offset. There must be room for it.
 */
export function put(
  batch: Uint8Array,
  offset: number,
  bytes: Uint8Array,
): void {
  batch[offset] = bytes.byteLength & 0xff;
  batch[offset + 1] = bytes.byteLength >> 8;
  batch.set(bytes, offset + lengthSize);
}

// Memory of batches that are not in use
const batches: Array<Buffer> = [];
const maxBatches = 16;

/** Memory for a batch. */
export function takeBatch(): Buffer {
  return batches.pop() ?? Buffer.allocUnsafeSlow(batchSize);
}

/**
 * Gives it back. Its content must be used at once.
 */
export function returnBatch(batch: Buffer): void {
  if (batches.length < maxBatches) batches.push(batch);
}
