import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { errors } from '@matrixai/quic';
import { makeFolder } from '../helpers/folders.js';
import { forEachIO } from '../helpers/io.js';
import { recordingLogger, setVariable } from '../helpers/logging.js';
import { connect, pair, startServer } from '../helpers/pair.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 20_000;

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
    const folder = await makeFolder(t);
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
    const logKeys = path.join(await makeFolder(t), 'missing', 'keys');
    const isTyped = (e: unknown) =>
      e instanceof errors.ErrorQUICConfig && e.data.option === 'config.logKeys';
    const server = await startServer(t, io);
    await assert.rejects(
      connect(t, io, server.port, { config: { logKeys } }),
      isTyped,
    );
    await assert.rejects(startServer(t, io, { config: { logKeys } }), isTyped);
  });

  test('SSLKEYLOGFILE holds where the configuration has no key log', {
    timeout,
  }, async (t) => {
    const folder = await makeFolder(t);
    const [fromEnvironment, own] = ['environment', 'own'].map((name) =>
      path.join(folder, name),
    );
    setVariable(t, 'SSLKEYLOGFILE', fromEnvironment);
    const ofServer = recordingLogger();
    const ofClient = recordingLogger();
    const { client } = await pair(t, io, {
      server: { logger: ofServer.logger },
      client: { config: { logKeys: own }, logger: ofClient.logger },
    });
    await client.destroy();
    const found = await secrets(own);
    assert.equal(found.length, labels.length);
    assert.deepEqual(await secrets(fromEnvironment), found);
    for (const [{ lines }, file] of [
      [ofServer, fromEnvironment],
      [ofClient, own],
    ] as const) {
      const warnings = lines.filter((line) => line.startsWith('WARN'));
      assert.deepEqual(warnings, [
        `WARN Logging TLS keys to ${file}: whoever has that file can decrypt the connections`,
      ]);
      const all = lines.join('\n');
      for (const secret of found) {
        for (const part of secret.split(' ').slice(1)) {
          assert.ok(!all.includes(part));
        }
      }
    }
  });

  test('a server reads SSLKEYLOGFILE when it starts and when it is updated, a client when it is created', {
    timeout,
  }, async (t) => {
    const folder = await makeFolder(t);
    const [first, second] = ['first', 'second'].map((name) =>
      path.join(folder, name),
    );
    setVariable(t, 'SSLKEYLOGFILE', first);
    const server = await startServer(t, io);
    process.env.SSLKEYLOGFILE = second;
    const client = await connect(t, io, server.port);
    await client.destroy();
    assert.deepEqual(await secrets(first), await secrets(second));
    process.env.SSLKEYLOGFILE = '';
    const another = await connect(t, io, server.port);
    await another.destroy();
    assert.equal((await secrets(second)).length, labels.length);
    assert.equal((await secrets(first)).length, 2 * labels.length);
    server.updateConfig({});
    const last = await connect(t, io, server.port);
    await last.destroy();
    assert.equal((await secrets(first)).length, 2 * labels.length);
  });

  test('SSLKEYLOGFILE that cannot be written to is a warning, and connections work', {
    timeout,
  }, async (t) => {
    const file = path.join(await makeFolder(t), 'missing', 'keys');
    setVariable(t, 'SSLKEYLOGFILE', file);
    const { logger, lines } = recordingLogger();
    const { connection } = await pair(t, io, {
      server: { logger, onStream: serveEcho },
      client: { logger },
    });
    const sent = payload(1000);
    assert.deepEqual(await exchange(connection.newStream(), sent), sent);
    const warnings = lines.filter((line) => line.startsWith('WARN'));
    assert.equal(warnings.length, 2);
    for (const warning of warnings) {
      assert.match(warning, /SSLKEYLOGFILE.*missing/);
    }
  });

  test('a disk that is full breaks no connection', {
    timeout,
    skip: process.platform !== 'linux' && 'there is no /dev/full',
  }, async (t) => {
    const config = { logKeys: '/dev/full' };
    const { connection } = await pair(t, io, {
      server: { config, onStream: serveEcho },
      client: { config },
    });
    const sent = payload(1000);
    assert.deepEqual(await exchange(connection.newStream(), sent), sent);
  });
});
