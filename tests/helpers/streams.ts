import { createCipheriv, createHash } from 'node:crypto';
import type { ReadableStream, WritableStream } from 'node:stream/web';
import type { QUICStream } from '@matrixai/quic';

export const KiB = 1024;
export const MiB = 1024 * KiB;

/** Bytes that look random and are the same in every run. */
export function payload(size: number, seed = 0): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32LE(seed);
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
  return cipher.update(Buffer.alloc(size));
}

export function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Reads to the end. */
export async function readAll(
  readable: ReadableStream<Uint8Array>,
): Promise<Buffer> {
  const chunks: Array<Uint8Array> = [];
  for await (const chunk of readable) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Writes in chunks and closes, as fast as the stream takes it. */
export async function writeAll(
  writable: WritableStream<Uint8Array>,
  data: Uint8Array,
  chunkSize = 64 * KiB,
): Promise<void> {
  const writer = writable.getWriter();
  for (let i = 0; i < data.length; i += chunkSize) {
    await writer.ready;
    // What makes a write fail makes close() fail too
    writer.write(data.subarray(i, i + chunkSize)).catch(() => {});
  }
  await writer.close();
}

/** Writes and closes, and reads what comes back. */
export async function exchange(
  stream: QUICStream,
  data: Uint8Array,
): Promise<Buffer> {
  const [received] = await Promise.all([
    readAll(stream.readable),
    writeAll(stream.writable, data),
  ]);
  return received;
}

/** Sends back all that comes in, and resolves with its SHA-256. */
export async function echo(stream: QUICStream): Promise<string> {
  const hash = createHash('sha256');
  const writer = stream.writable.getWriter();
  for await (const chunk of stream.readable) {
    hash.update(chunk);
    await writer.write(chunk);
  }
  await writer.close();
  return hash.digest('hex');
}

/** Echoes for a server whose clients check what comes back. */
export function serveEcho(stream: QUICStream): void {
  echo(stream).catch(() => {});
}
