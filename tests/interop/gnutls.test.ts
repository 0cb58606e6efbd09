// The server of ngtcp2 with GnuTLS, from Debian 12. It speaks HTTP/3 only: what is tried is early
// data.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once as onceEmitted } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { events, type QUICClient } from '@matrixai/quic';
import { once, until } from '../helpers/events.js';
import { makeFolder } from '../helpers/folders.js';
import { forEachIO } from '../helpers/io.js';
import { output, root } from '../helpers/packages.js';
import { connect, credentials } from '../helpers/pair.js';
import { freePort } from '../helpers/plain.js';

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

const timeout = 60_000;
const libraries = await install().catch((e: Error) => e);
const skip =
  libraries instanceof Error &&
  `ngtcp2 of Debian 12 is not to be had: ${libraries.message}`;

async function start(t: TestContext): Promise<number> {
  const pems = await makeFolder(t);
  const names = ['key', 'cert'] as const;
  const [key, cert] = names.map((name) => path.join(pems, `${name}.pem`));
  await writeFile(key, credentials.key);
  await writeFile(cert, credentials.cert);
  const port = await freePort();
  const server = path.join(folder, 'usr', 'sbin', 'gtlsserver');
  const child = spawn(server, ['127.0.0.1', `${port}`, key, cert], {
    env: { ...process.env, LD_LIBRARY_PATH: `${libraries}` },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  // Once it listens
  await onceEmitted(child.stderr, 'data');
  child.stderr.resume();
  return port;
}

forEachIO((io) => {
  test('early data is accepted by a server of GnuTLS, whenever the ticket came', {
    timeout,
    skip,
  }, async (t) => {
    const port = await start(t);
    for (let i = 0; i < 10; i++) {
      const dial = (session?: Uint8Array): Promise<QUICClient> =>
        connect(t, io, port, {
          serverName: 'localhost',
          session,
          config: { applicationProtos: ['h3'], enableEarlyData: true },
        });
      const first = await dial();
      if (first.session === undefined) {
        await once(first, events.EventQUICConnectionSession);
      }
      const { session } = first;
      await first.destroy({ force: true });
      const { connection } = await dial(session);
      const writer = connection.newStream('uni').writable.getWriter();
      // A control stream of HTTP/3, with settings
      await writer.write(Uint8Array.of(0, 4, 0));
      await until(() => connection.earlyData !== 'none');
      assert.equal(connection.earlyData, 'accepted');
    }
  });
});
