import { createCipheriv } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { Options } from './options.js';

const chunkSize = 64 * 1024;

/** What is sent: made or read chunk by chunk, never held as a whole. */
export interface Source {
  description: string;
  /** Bytes. */
  size: number;
  /** The chunks from the first one on, the same for every call. */
  chunks(): Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
}

export async function open({ file, size }: Options): Promise<Source> {
  return file === undefined ? generated(size) : fromFile(file);
}

function generated(size: number): Source {
  return {
    description: 'generated data',
    size,
    *chunks() {
      // The key stream of a cipher with a fixed key: the same bytes every time,
      // and no two chunks alike, so that chunks that swap places are noticed.
      const cipher = createCipheriv(
        'aes-128-ctr',
        Buffer.alloc(16),
        Buffer.alloc(16),
      );
      const zeros = Buffer.alloc(chunkSize);
      for (let left = size; left > 0; left -= chunkSize) {
        yield cipher.update(zeros.subarray(0, Math.min(left, chunkSize)));
      }
    },
  };
}

async function fromFile(path: string): Promise<Source> {
  const stats = await stat(path);
  if (!stats.isFile()) {
    throw new Error(`--file wants a regular file, "${path}" is none`);
  }
  return {
    description: path,
    size: stats.size,
    chunks: () => createReadStream(path, { highWaterMark: chunkSize }),
  };
}
