import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { errors } from '@matrixai/quic';
import { forEachIO } from './helpers/io.js';
import { connect, pair, startServer } from './helpers/pair.js';

const timeout = 20_000;

async function directory(t: TestContext): Promise<string> {
  const made = await mkdtemp(path.join(tmpdir(), 'quic-'));
  t.after(() => rm(made, { recursive: true }));
  return made;
}

// In the format of NSS, which Wireshark reads: label, client random, secret
const labels = [
  'CLIENT_HANDSHAKE_TRAFFIC_SECRET',
  'SERVER_HANDSHAKE_TRAFFIC_SECRET',
  'CLIENT_TRAFFIC_SECRET_0',
  'SERVER_TRAFFIC_SECRET_0',
];

async function secrets(file: string): Promise<Array<string>> {
  const lines = (await readFile(file, 'utf8')).trim().split('\n');
  for (const line of lines) {
    assert.match(line, /^[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}$/);
  }
  return lines.filter((line) => labels.includes(line.split(' ')[0])).sort();
}

forEachIO((io) => {
  test('both ends append the same secrets to their key logs, which only the owner can read', {
    timeout,
  }, async (t) => {
    const folder = await directory(t);
    const [atServer, atClient] = ['server', 'client'].map((name) =>
      path.join(folder, name),
    );
    const { server } = await pair(t, io, {
      server: { config: { logKeys: atServer } },
      client: { config: { logKeys: atClient } },
    });
    await connect(t, io, server.port, { config: { logKeys: atClient } });
    const found = await secrets(atClient);
    assert.equal(found.length, 2 * labels.length);
    assert.deepEqual(await secrets(atServer), found);
    assert.equal((await stat(atClient)).mode & 0o777, 0o600);
  });

  test('a key log that cannot be written to is a typed error', {
    timeout,
  }, async (t) => {
    const logKeys = path.join(await directory(t), 'missing', 'keys');
    const isTyped = (e: unknown) =>
      e instanceof errors.ErrorQUICConfig && e.data.option === 'config.logKeys';
    const server = await startServer(t, io);
    await assert.rejects(
      connect(t, io, server.port, { config: { logKeys } }),
      isTyped,
    );
    await assert.rejects(startServer(t, io, { config: { logKeys } }), isTyped);
  });
});
