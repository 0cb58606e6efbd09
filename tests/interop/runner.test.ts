// Runs the endpoint of interop/ as the QUIC interop runner does, at both ends, with a relay in
// place of its simulated network.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { type BadNetwork, worsen } from '../helpers/badNetwork.js';
import { createCA, issue } from '../helpers/certs.js';
import { makeFolder } from '../helpers/folders.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { root } from '../helpers/packages.js';
import { freePort } from '../helpers/plain.js';
import { Relay } from '../helpers/relay.js';
import { KiB, payload } from '../helpers/streams.js';

const timeout = 60_000;
const entry = path.join(root, 'interop', 'run_endpoint.sh');
const skip = process.platform === 'win32' && 'the image is of Linux';

type Scenario = { files: Array<number>; network?: BadNetwork };

const few = [5 * KiB];
const some = [500 * KiB, 300 * KiB, 200 * KiB];

/** What is loaded, in bytes, and the network. */
const scenarios: Record<string, Scenario> = {
  handshake: { files: few },
  transfer: { files: some },
  longrtt: { files: few, network: { delay: 375 } },
  multiplexing: { files: Array(500).fill(32) },
  retry: { files: few },
  resumption: { files: few.concat(few) },
  zerortt: { files: Array(20).fill(32) },
  multiconnect: { files: Array(5).fill(KiB), network: { loss: 0.2 } },
  blackhole: {
    files: [1024 * KiB],
    network: { delay: 15, blackouts: { every: 3000, length: 1000 } },
  },
  goodput: { files: [1024 * KiB], network: { delay: 15 } },
  amplificationlimit: { files: few },
  transferloss: { files: some, network: { loss: 0.02, delay: 5 } },
  transfercorruption: { files: some, network: { corruption: 0.02, delay: 5 } },
  ecn: { files: few },
  // A transfer of two seconds
  'rebind-port': { files: some, network: { rebinding: 1000, delay: 100 } },
};

const roles = ['client', 'server'] as const;

/** By the role that does not apply. */
const refused: Record<(typeof roles)[number], Array<string>> = {
  client: [
    ...['http3', 'v2', 'connectionmigration', 'chacha20', 'keyupdate'],
    'versionnegotiation',
  ],
  server: ['http3', 'v2', 'connectionmigration', 'unheard of'],
};

function run(
  role: string,
  testcase: string,
  env: NodeJS.ProcessEnv,
): ChildProcess {
  return spawn('sh', [entry], {
    env: { ...process.env, ROLE: role, TESTCASE: testcase, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function prepare(t: TestContext) {
  const folder = await makeFolder(t);
  const names = ['certs', 'www', 'downloads', 'qlog'];
  const [certs, www, downloads, qlog] = names.map((n) => path.join(folder, n));
  for (const each of [certs, www, downloads, qlog]) await mkdir(each);
  const ca = await createCA('ECDSA');
  const leaf = await issue(ca, 'ECDSA');
  await writeFile(path.join(certs, 'ca.pem'), ca.cert);
  await writeFile(path.join(certs, 'cert.pem'), leaf.cert);
  await writeFile(path.join(certs, 'priv.key'), leaf.key);
  const keys = path.join(folder, 'keys.log');
  const env = { CERTS: certs, WWW: www, DOWNLOADS: downloads };
  return { env, www, downloads, qlog, keys };
}

forEachIO((io: IO) => {
  for (const [testcase, { files, network = {} }] of Object.entries(scenarios)) {
    test(`the interop runner's ${testcase}`, { timeout, skip }, async (t) => {
      const { env, www, downloads, qlog, keys } = await prepare(t);
      const names = files.map((_, i) => `file-${i}`);
      for (const [i, size] of files.entries()) {
        await writeFile(path.join(www, names[i]), payload(size, i));
      }
      const port = await freePort();
      const common = { ...env, QUIC_IO: io, HOST: '127.0.0.1' };
      const server = run('server', testcase, { ...common, PORT: `${port}` });
      const ended = once(server, 'exit');
      t.after(async () => {
        server.kill();
        await ended;
      });
      const relay = await Relay.start(t, port);
      worsen(t, relay, network, 1);
      const client = run('client', testcase, {
        ...common,
        REQUESTS: names
          .map((name) => `https://127.0.0.1:${relay.port}/${name}`)
          .join(' '),
        SERVER_NAME: 'localhost',
        QLOGDIR: qlog,
        SSLKEYLOGFILE: keys,
      });
      t.after(() => client.kill());
      assert.deepEqual(await once(client, 'exit'), [0, null]);
      for (const [i, size] of files.entries()) {
        const loaded = await readFile(path.join(downloads, names[i]));
        assert.ok(loaded.equals(payload(size, i)), names[i]);
      }
      assert.match(await readFile(keys, 'utf8'), /CLIENT_TRAFFIC_SECRET_0/);
      const connections = testcase === 'multiconnect' ? files.length : 1;
      assert.ok((await readdir(qlog)).length >= connections);
    });
  }
});

for (const role of roles) {
  for (const testcase of refused[role]) {
    test(`the interop runner's ${testcase} does not apply to a ${role}`, {
      timeout,
      skip,
    }, async () => {
      const child = run(role, testcase, { REQUESTS: 'https://localhost/' });
      assert.deepEqual(await once(child, 'exit'), [127, null]);
    });
  }
}
