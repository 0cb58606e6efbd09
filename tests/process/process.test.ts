import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { errors, events } from '@matrixai/quic';
import { runFixture } from '../helpers/child.js';
import { once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, startServer } from '../helpers/pair.js';
import { exchange, payload } from '../helpers/streams.js';

const timeout = 30_000;
const clean = { code: 0, signal: null, stderr: '' };

test('a process that only imports the library loads no native code and ends at once', {
  timeout,
}, async (t) => {
  assert.deepEqual(await runFixture(t, 'import').exit, {
    ...clean,
    stdout: '',
  });
});

forEachIO((io) => {
  for (const calls of [[], ['unref', 'ref']]) {
    const name = ['an open server', ...calls].join(', ');
    test(`${name} keeps its process alive until it stops`, {
      timeout,
    }, async (t) => {
      const child = runFixture(t, 'server', io, ...calls);
      const port = Number(await child.firstLine);
      const client = await connect(t, io, port, {
        config: { verifyPeer: false },
      });
      await exchange(client.connection.newStream(), payload(1000));
      await client.destroy({ force: true });
      assert.deepEqual(await child.exit, { ...clean, stdout: `${port}\n` });
    });

    const clientName = ['an open connection', ...calls].join(', ');
    test(`${clientName} keeps its process alive until it closes`, {
      timeout,
    }, async (t) => {
      const server = await startServer(t, io);
      const accepted = once(server, events.EventQUICServerConnection);
      const child = runFixture(t, 'client', io, `${server.port}`, ...calls);
      await child.firstLine;
      const { detail: connection } = await accepted;
      await exchange(connection.newStream(), payload(1000));
      await connection.stop({ errorCode: 9, force: true });
      assert.deepEqual(await child.exit, { ...clean, stdout: 'connected\n' });
    });
  }

  test('no thread spins while a connection is idle', { timeout }, async (t) => {
    const server = await startServer(t, io);
    await connect(t, io, server.port, { config: { verifyPeer: false } });
    const before = process.cpuUsage();
    await setTimeout(1000);
    const { user, system } = process.cpuUsage(before);
    // In microseconds, of the million that one spinning thread would take
    assert.ok(user + system < 300_000, `${user} + ${system}`);
  });

  test('a server without a reference lets its process end', {
    timeout,
  }, async (t) => {
    const { code, signal, stderr } = await runFixture(t, 'server', io, 'unref')
      .exit;
    assert.deepEqual({ code, signal, stderr }, clean);
  });

  test('a connection without a reference lets its process end, and the peer is told', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    // On the server, as the end may come before the connection is accepted
    const ended = once(server, events.EventQUICConnectionError);
    const child = runFixture(t, 'client', io, `${server.port}`, 'unref');
    assert.deepEqual(await child.exit, { ...clean, stdout: 'connected\n' });
    const { detail: error } = await ended;
    assert.ok(error instanceof errors.ErrorQUICConnectionPeer);
  });

  test('process.exit() in mid-transfer ends the process with its code, silently', {
    timeout,
  }, async (t) => {
    assert.deepEqual(await runFixture(t, 'exit', io).exit, {
      code: 7,
      signal: null,
      stdout: '',
      stderr: '',
    });
  });
});
