import { isIPv4 } from 'node:net';
import { QUICClient, type SocketIO } from '@matrixai/quic';
import { type Address, formatAddress } from './options.js';
import { startProgress } from './progress.js';
import type { Source } from './source.js';
import { type Digest, receive, send, timeouts } from './transfer.js';

/** What the client saw of one transfer. */
export interface Transfer {
  io: SocketIO;
  seconds: number;
  sent: Digest;
  returned: Digest;
}

/**
 * Connects to an echo server.
 *
 * @param cert - the server's certificate as PEM; without it the server is not
 *   verified
 */
export async function connect(
  address: Address,
  io: SocketIO,
  cert?: string,
): Promise<QUICClient> {
  try {
    return await QUICClient.createQUICClient({
      ...address,
      // Works on machines without IPv6 as well, unlike the default, `::`.
      localHost: isIPv4(address.host) ? '0.0.0.0' : '::',
      io,
      config: { verifyPeer: cert !== undefined, ca: cert, ...timeouts },
    });
  } catch (cause) {
    throw new Error(`cannot connect to ${formatAddress(address)}`, { cause });
  }
}

/** Sends the source over one stream and reads the echo, showing progress. */
export async function transfer(
  client: QUICClient,
  io: SocketIO,
  source: Source,
): Promise<Transfer> {
  const progress = startProgress(io, source.size);
  const start = performance.now();
  try {
    const { readable, writable } = client.connection.newStream('bidi');
    const [sent, returned] = await Promise.all([
      send(source.chunks(), writable),
      receive(readable, progress.update),
    ]);
    const seconds = (performance.now() - start) / 1000;
    return { io, seconds, sent, returned };
  } finally {
    progress.stop();
  }
}
