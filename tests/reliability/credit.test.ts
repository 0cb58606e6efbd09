import assert from 'node:assert/strict';
import { once as onceEmitted } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import {
  events,
  native,
  type QUICConnection,
  type QUICStream,
} from '@matrixai/quic';
import { on, until } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, credentials, pair, startServer } from '../helpers/pair.js';
import { isFull } from '../helpers/scale.js';
import { exchange, KiB, MiB, payload, serveEcho } from '../helpers/streams.js';

const timeout = 60_000;

/** The default of `initialMaxStreamsBidi` and `initialMaxStreamsUni`. */
const limit = 100;

/** Streams that end by themselves, at a cost of some bytes. */
const kinds: Array<[string, (connection: QUICConnection) => QUICStream]> = [
  [
    'a FIN alone',
    (connection) => {
      const stream = connection.newStream('uni');
      stream.writable.close().catch(() => {});
      return stream;
    },
  ],
  [
    'a byte and a reset',
    (connection) => {
      const stream = connection.newStream('uni');
      const writer = stream.writable.getWriter();
      writer.write(new Uint8Array(1)).catch(() => {});
      stream.commit();
      writer.abort().catch(() => {});
      return stream;
    },
  ],
  [
    'a byte that may never leave, and a reset',
    (connection) => {
      const stream = connection.newStream('uni');
      // One that is given up while it waits for credit is never opened
      void stream.opened.then(() => {
        const writer = stream.writable.getWriter();
        writer.write(new Uint8Array(1)).catch(() => {});
        writer.abort().catch(() => {});
      });
      return stream;
    },
  ],
  [
    'a FIN, and no wish to read',
    (connection) => {
      const stream = connection.newStream('bidi');
      stream.writable.close().catch(() => {});
      stream.readable.cancel().catch(() => {});
      return stream;
    },
  ],
];

const isOpened = (stream: QUICStream) => stream.streamId >= 0;

/** Makes sure that all that a peer has said on its own has come. */
async function settle(connection: QUICConnection, peer: QUICConnection) {
  on(peer, events.EventQUICConnectionStream, ({ detail }) => serveEcho(detail));
  for (let i = 0; i < 3; i++) {
    await exchange(connection.newStream(), payload(KiB));
    await setImmediate();
  }
}

forEachIO((io) => {
  for (const [kind, open] of kinds) {
    test(`streams of ${kind} wait for whoever takes them out of a loop`, {
      timeout,
    }, async (t) => {
      const { connection, serverConnection } = await pair(t, io);
      const incoming = serverConnection.incomingStreams.values();
      const count = isFull ? 20_000 : 500;
      const streams = Array.from({ length: count }, () => open(connection));
      await until(() => streams.filter(isOpened).length >= limit);
      // The server opens these: the client has no credit left
      await settle(serverConnection, connection);
      assert.equal(streams.filter(isOpened).length, limit);
      for (let taken = 0; taken < count; taken++) {
        const { value } = await incoming.next();
        assert.ok(value);
        // Whoever does not read does not hold up others
        await value.destroy();
      }
      await Promise.all(streams.map(({ opened }) => opened));
      await incoming.return?.();
    });
  }

  test('a stream that came and ended before anybody looped is still there', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const streams = Array.from({ length: 2 * limit }, () =>
      kinds[0][1](connection),
    );
    await until(() => streams.filter(isOpened).length >= limit);
    await settle(serverConnection, connection);
    assert.equal(streams.filter(isOpened).length, limit);
    let taken = 0;
    for await (const stream of serverConnection.incomingStreams) {
      assert.equal((await stream.readable.getReader().read()).done, true);
      if (++taken === 2 * limit) break;
    }
  });

  test('a loop that is left gives the credit back of what waited', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    for (const leave of [
      (incoming: AsyncIterator<QUICStream>) => incoming.return?.(),
      (_: unknown, controller: AbortController) => controller.abort(),
    ]) {
      const controller = new AbortController();
      const { signal } = controller;
      const incoming = serverConnection.incomingStreams.values({ signal });
      const streams = Array.from({ length: limit + 1 }, () =>
        kinds[0][1](connection),
      );
      await until(() => streams.filter(isOpened).length === limit);
      await settle(serverConnection, connection);
      assert.equal(isOpened(streams[limit]), false);
      await leave(incoming, controller);
      await streams[limit].opened;
      for await (const stream of serverConnection.incomingStreams) {
        assert.equal(stream.streamId, streams[limit].streamId);
        break;
      }
    }
  });

  for (const [kind, open] of kinds) {
    test(`streams of ${kind} do not pile up behind a thread that is blocked`, {
      timeout,
    }, async (t) => {
      const worker = await startBlocked(t, io);
      const client = await connect(t, io, worker.port);
      const { connection } = client;
      await open(connection).closedP;
      await worker.block(1500);
      const count = 20 * limit;
      const streams = Array.from({ length: count }, () => open(connection));
      const waiting = await worker.unblocked();
      // A stream that is reset before its byte was read never comes
      assert.ok(waiting <= limit, `${waiting} streams wait`);
      // It goes on
      await Promise.all(streams.map(({ opened }) => opened));
    });
  }

  test('a flood of streams lets the event loop have its turn', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    let came = 0;
    on(server, events.EventQUICConnectionStream, () => {
      came++;
      work(0.2);
    });
    startFlood(t, { io, port: server.port, connections: 40 });
    await until(() => came > 4000);
    await assertTimers(t);
    t.diagnostic(`${came} streams`);
  });

  test('a stream that brings more than can be read lets the event loop have its turn', {
    timeout,
  }, async (t) => {
    let size = 0;
    const onStream = async (stream: QUICStream) => {
      for await (const chunk of stream.readable) {
        size += chunk.length;
        work(1);
      }
    };
    const server = await startServer(t, io, {
      onStream: (stream) => void onStream(stream).catch(() => {}),
    });
    startFlood(t, { io, port: server.port, connections: 4, isSending: true });
    await until(() => size > MiB);
    await assertTimers(t);
    t.diagnostic(`${size / MiB} MiB`);
  });

  test('a flood of streams that end at once costs no memory', {
    timeout,
    skip: !isFull && 'measures memory: npm run test:reliability',
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    let taken = 0;
    const serve = async () => {
      for await (const _ of serverConnection.incomingStreams) taken++;
    };
    void serve();
    const flood = async (count: number) => {
      for (let i = 0; i < count; i += limit) {
        const streams = Array.from({ length: limit }, () =>
          kinds[0][1](connection),
        );
        await Promise.all(streams.map(({ closedP }) => closedP));
      }
    };
    await flood(20_000);
    native.debugStats({ collect: true });
    const before = process.memoryUsage().heapUsed;
    await flood(200_000);
    await until(() => taken === 220_000);
    const grown = process.memoryUsage().heapUsed - before;
    assert.ok(grown < 30 * MiB, `${grown / MiB} MiB more`);
  });
});

async function startBlocked(t: TestContext, io: string) {
  const isBlocked = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    new URL('../fixtures/blocked.js', import.meta.url),
    {
      workerData: { io, isBlocked, ...credentials },
    },
  );
  t.after(() => worker.terminate());
  const [port] = await onceEmitted(worker, 'message');
  return {
    port: port as number,
    block: async (milliseconds: number) => {
      worker.postMessage(milliseconds);
      await until(() => Atomics.load(isBlocked, 0) === 1);
    },
    unblocked: async (): Promise<number> =>
      (await onceEmitted(worker, 'message'))[0],
  };
}

/** What an application does that is busy. */
function work(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

function startFlood(t: TestContext, options: object): void {
  const url = new URL('../fixtures/flooding.js', import.meta.url);
  const workerData = { ...options, ...credentials };
  const worker = new Worker(url, { workerData });
  t.after(() => worker.terminate());
}

/** Makes sure that timers are not kept from their turn. */
async function assertTimers(t: TestContext): Promise<void> {
  let longest = 0;
  for (const begin = performance.now(); performance.now() < begin + 2000; ) {
    const asked = performance.now();
    await setTimeout(1);
    longest = Math.max(longest, performance.now() - asked);
  }
  t.diagnostic(`a timer of 1 ms took ${longest} ms`);
  assert.ok(longest < 1000, `a timer of 1 ms took ${longest} ms`);
}
