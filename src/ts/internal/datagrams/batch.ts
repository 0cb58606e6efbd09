/** Bytes of a batch. */
export const batchSize = 64 * 1024;

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
