import { type ChildProcess, spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once as onceEmitted } from 'node:events';
import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';
import { events, type QUICClient } from '@matrixai/quic';
import { once, until } from '../helpers/events.js';
import { output, root } from '../helpers/packages.js';
import type { Bench } from './cases.js';
import { Unsupported } from './peers.js';

/** The server of ngtcp2 with GnuTLS, from Debian 12. It speaks HTTP/3 only: what is tried is early data. */

const folder = path.join(root, 'node_modules', '.cache', 'interop', 'ngtcp2');
const packages = [
  ...['ngtcp2-server', 'libngtcp2-9', 'libngtcp2-crypto-gnutls2'],
  ...['libnghttp3-3', 'libev4'],
];

async function install(): Promise<string> {
  await mkdir(folder, { recursive: true });
  const options = { cwd: folder };
  if (!(await readdir(folder)).includes('usr')) {
    await output('apt-get', ['download', ...packages], options);
    for (const name of await readdir(folder)) {
      await output('dpkg', ['-x', name, '.'], options);
    }
  }
  const [library] = (
    await output('find', ['.', '-name', 'libngtcp2.so*'], options)
  ).split('\n');
  return path.resolve(folder, path.dirname(library));
}

async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await onceEmitted(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await onceEmitted(socket, 'close');
  return port;
}

async function start(bench: Bench): Promise<number> {
  const libraries = await install().catch((e: Error) => {
    throw new Unsupported(`ngtcp2 of Debian 12 is not to be had: ${e.message}`);
  });
  const port = await freePort();
  const child: ChildProcess = spawn(
    path.join(folder, 'usr', 'sbin', 'gtlsserver'),
    ['127.0.0.1', `${port}`, bench.pem('key'), bench.pem('cert')],
    {
      env: { ...process.env, LD_LIBRARY_PATH: libraries },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  bench.t.after(() => child.kill('SIGKILL'));
  await onceEmitted(child.stderr!, 'data');
  child.stderr!.resume();
  return port;
}

/** Rejects unless early data is accepted on each of some connections. */
export async function tryEarlyData(bench: Bench): Promise<void> {
  const port = await start(bench);
  for (let i = 0; i < 10; i++) {
    const connect = (session?: Uint8Array): Promise<QUICClient> =>
      bench.connect(port, {
        session,
        config: { applicationProtos: ['h3'], enableEarlyData: true },
      });
    const first = await connect();
    if (first.session === undefined) {
      await once(first, events.EventQUICConnectionSession);
    }
    const { session } = first;
    await first.destroy({ force: true });
    const { connection } = await connect(session);
    const writer = connection.newStream('uni').writable.getWriter();
    // A control stream of HTTP/3, with settings
    await writer.write(Uint8Array.of(0, 4, 0));
    await until(() => connection.earlyData !== 'none');
    if (connection.earlyData !== 'accepted') throw new Error('rejected');
  }
}
