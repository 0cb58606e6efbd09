// What the peers with Node.js streams share.
import { once } from 'node:events';
import type net from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { chunkSize, host, type Server } from '../transport.ts';

export async function listenNode(server: net.Server): Promise<Server> {
  server.listen(0, host);
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    close: async () => {
      server.close();
    },
  };
}

/** Writes that many bytes and ends the stream. */
export async function writeNode(
  stream: Writable,
  total: number,
): Promise<void> {
  const chunk = Buffer.alloc(chunkSize);
  for (let sent = 0; sent < total; sent += chunkSize) {
    if (!stream.write(chunk)) await once(stream, 'drain');
  }
  stream.end();
}

/** Tells how many bytes came, once the stream has ended. */
export function countNode(
  stream: Readable,
  onEnd: (bytes: number) => void,
): void {
  let received = 0;
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  stream.on('end', () => onEnd(received));
}

/** Reads up to the end; without a copy when all came in one. */
export function readNode(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Array<Buffer> = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () =>
      resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks)),
    );
    stream.on('error', reject);
  });
}
