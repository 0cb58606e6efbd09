import assert from 'node:assert/strict';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { events, QUICClient, QUICServer } from '@matrixai/quic';
import type { IO } from './io.js';
import { root } from './packages.js';
import { exchange, MiB, payload, serveEcho, sha256 } from './streams.js';

export type Copy = typeof import('@matrixai/quic');

let made = 0;

/** Loads another copy of the library in this thread, over the addon that the others have. */
export async function loadCopy(): Promise<Copy> {
  const { href } = pathToFileURL(path.join(root, 'dist', 'quic.js'));
  // All of the library is in this file, which exports each of its modules
  const modules: Record<string, object> = await import(`${href}?${made++}`);
  const index = Object.values(modules).find(
    (module) => 'QUICServer' in module && 'native' in module,
  );
  return index as Copy;
}

/**
 * Opens a server of one copy that echoes, and a client of it of the same or another copy, which
 * echo once.
 */
export async function openPair(
  copy: Copy,
  io: IO,
  ofClient: Copy = copy,
): Promise<{ server: QUICServer; client: QUICClient }> {
  const { key, cert } = copy.utils.selfSigned();
  const server = new copy.QUICServer({ config: { key, cert }, io });
  // Names are the same in all copies, classes are not
  server.addEventListener(copy.events.EventQUICConnectionStream.name, (event) =>
    serveEcho((event as events.EventQUICConnectionStream).detail),
  );
  await server.start({ host: '127.0.0.1' });
  const client = await ofClient.QUICClient.createQUICClient({
    host: '127.0.0.1',
    port: server.port,
    config: { ca: cert },
    io,
  });
  const data = payload(MiB);
  const received = await exchange(client.connection.newStream(), data);
  assert.equal(sha256(received), sha256(data));
  return { server, client };
}
