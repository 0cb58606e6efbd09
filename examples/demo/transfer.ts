import { createHash } from 'node:crypto';
import type { QUICStream } from '@matrixai/quic';

/** What both ends want, in milliseconds: a vanished peer ends the transfer. */
export const timeouts = {
  maxIdleTimeout: 10_000,
  keepAliveIntervalTime: 3_000,
};

/** What went through one direction of a stream. */
export interface Digest {
  bytes: number;
  /** Hexadecimal. */
  sha256: string;
}

/**
 * Writes the chunks to the stream no faster than the stream takes them, then
 * closes its sending side.
 */
export async function send(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  writable: QUICStream['writable'],
): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  const writer = writable.getWriter();
  try {
    for await (const chunk of chunks) {
      await writer.ready;
      // A failed write fails `ready` and `close` too.
      writer.write(chunk).catch(() => {});
      hash.update(chunk);
      bytes += chunk.byteLength;
    }
    await writer.close();
  } catch (error) {
    await writer.abort(error).catch(() => {});
    throw error;
  }
  return { bytes, sha256: hash.digest('hex') };
}

/** Reads the stream to its end. */
export async function receive(
  readable: QUICStream['readable'],
  onBytes: (received: number) => void,
): Promise<Digest> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of readable) {
    hash.update(chunk);
    bytes += chunk.byteLength;
    onBytes(bytes);
  }
  return { bytes, sha256: hash.digest('hex') };
}
