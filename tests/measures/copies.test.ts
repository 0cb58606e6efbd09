import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, events } from '@matrixai/quic';
import { runFixture } from '../helpers/child.js';
import { type Copy, loadCopy, openPair } from '../helpers/copies.js';
import { once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { settle } from '../helpers/level.js';
import { startServer } from '../helpers/pair.js';
import { serveEcho } from '../helpers/streams.js';

const timeout = 60_000;

function open({ native }: Copy) {
  const { goroutines, goHeap, faults, ...open } = native.debugStats();
  return open;
}

const nothing = { transports: 0, listeners: 0, connections: 0, streams: 0 };

forEachIO((io) => {
  test('two copies of the library in a thread talk to each other', {
    timeout,
  }, async () => {
    const [a, b] = [await loadCopy(), await loadCopy()];
    assert.notEqual(a.QUICServer, b.QUICServer);
    const pairs = await Promise.all([
      openPair(a, io, b),
      openPair(b, io, a),
      openPair(a, io),
    ]);
    assert.deepEqual([open(a).listeners, open(b).listeners], [2, 1]);
    for (const { client, server } of pairs) {
      await client.destroy();
      await server.stop();
    }
    assert.deepEqual([open(a), open(b)], [nothing, nothing]);
  });

  test('ten copies in turn leave nothing behind', { timeout }, async () => {
    const use = async (copy: Copy) => {
      const { client, server } = await openPair(copy, io);
      await client.destroy();
      await server.stop();
    };
    await use(await loadCopy());
    const limit = await settle();
    const listeners = process.listenerCount('exit');
    const copies: Array<Copy> = [];
    for (let i = 0; i < 10; i++) {
      copies.push(await loadCopy());
      await use(copies[i]);
    }
    assert.deepEqual(copies.map(open), Array(10).fill(nothing));
    assert.equal(process.listenerCount('exit'), listeners);
    await settle(limit);
  });

  test('process.exit() in mid-transfer tells the peers of two copies', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, {
      onStream: serveEcho,
    });
    const ended: Array<Promise<events.EventQUICConnectionError>> = [];
    server.addEventListener(
      events.EventQUICServerConnection.name,
      ({ detail: connection }: any) =>
        ended.push(once(connection, events.EventQUICConnectionError)),
    );
    const child = runFixture(t, 'copies', io, `${server.port}`);
    assert.deepEqual(await child.exit, {
      code: 7,
      signal: null,
      stdout: '',
      stderr: '',
    });
    assert.equal(ended.length, 2);
    for (const { detail: error } of await Promise.all(ended)) {
      assert.ok(error instanceof errors.ErrorQUICConnectionPeer);
    }
  });

  test('what a realm that is torn down has open is closed when it is collected', {
    timeout,
  }, async (t) => {
    assert.deepEqual(await runFixture(t, 'realm', io, 'realm').exit, {
      code: 0,
      signal: null,
      stdout: 'done\n',
      stderr: '',
    });
  });

  test('what nothing refers to stays open in the realm of the thread', {
    timeout,
  }, async (t) => {
    assert.deepEqual(await runFixture(t, 'realm', io, 'thread').exit, {
      code: 0,
      signal: null,
      stdout: 'done\n',
      stderr: '',
    });
  });
});
