import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  type CloseOptions,
  errors,
  events,
  type QUICConnection,
  type QUICStream,
} from '@matrixai/quic';
import { type Entry, isPending, logStream, once } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import {
  connect,
  openStream,
  type Pair,
  startServer,
} from '../helpers/pair.js';
import { drop, Relay } from '../helpers/relay.js';
import { MiB, payload } from '../helpers/streams.js';

const timeout = 30_000;

const code = 4242;
const close = {
  isApp: true as const,
  errorCode: code,
  reason: Buffer.from('closing time'),
  force: true,
};

type ErrorClass = new (...args: any) => errors.ErrorQUICConnection<unknown>;

/** A way in which a connection ends, and the errors that this is at its ends. */
type Ending = {
  name: string;
  maxIdleTimeout?: number;
  end: (ends: Pair, relay: Relay) => unknown;
  client: ErrorClass;
  server: ErrorClass;
};

const {
  ErrorQUICConnectionLocal: Local,
  ErrorQUICConnectionPeer: Peer,
  ErrorQUICConnectionIdleTimeout: IdleTimeout,
} = errors;

const endings: Array<Ending> = [
  {
    name: 'the client stops the connection',
    end: ({ connection }) => connection.stop(close),
    client: Local,
    server: Peer,
  },
  {
    name: 'the server stops the connection',
    end: ({ serverConnection }) => serverConnection.stop(close),
    client: Peer,
    server: Local,
  },
  {
    name: 'the server stops',
    end: ({ server }) => server.stop(close),
    client: Peer,
    server: Local,
  },
  {
    name: 'the client is destroyed',
    end: ({ client }) => client.destroy(close),
    client: Local,
    server: Peer,
  },
  {
    name: 'both ends time out',
    maxIdleTimeout: 500,
    end: (_, relay) => {
      relay.impairment = drop;
    },
    client: IdleTimeout,
    server: IdleTimeout,
  },
];

/**
 * Makes a server with one client behind a relay. What tells the peer that a connection ends is sent
 * once if the socket goes as well; in the middle of a transfer it can find the relay's buffer full.
 * Then the idle timeout tells the peer.
 */
async function setup(t: TestContext, io: IO, maxIdleTimeout = 5_000) {
  const config = { maxIdleTimeout };
  const server = await startServer(t, io, { config });
  const relay = await Relay.start(t, server.port);
  const accepted = once(server, events.EventQUICServerConnection);
  const client = await connect(t, io, relay.port, { config });
  const { connection } = client;
  const { detail: serverConnection } = await accepted;
  return { server, client, connection, serverConnection, relay };
}

/** Streams that both ends opened: the own ends of one end, and those of its peer. */
async function openAll(
  connection: QUICConnection,
  peer: QUICConnection,
  type?: 'bidi' | 'uni',
) {
  const [local, remote] = await openStream(connection, peer, type);
  const [peerLocal, peerRemote] = await openStream(peer, connection, type);
  return { own: [local, peerRemote], others: [remote, peerLocal] };
}

/** What a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (e) {
    return e;
  }
  return 'it did not reject';
}

/** Waits with a stream for all that there is to wait for. */
async function wait(stream: QUICStream): Promise<Array<Promise<unknown>>> {
  const waits: Array<Promise<unknown>> = [];
  if (!stream.readClosed) {
    const reader = stream.readable.getReader();
    waits.push(reader.read(), reader.read(), reader.closed);
  }
  if (!stream.writeClosed) {
    const writer = stream.writable.getWriter();
    // More than windows and buffers hold
    waits.push(
      writer.write(payload(4 * MiB)),
      writer.write(new Uint8Array(1)),
      writer.ready,
      writer.closed,
    );
  }
  for (const each of waits) assert.ok(await isPending(each));
  return waits.map(rejection);
}

/** What comes too late rejects as well. */
async function tooLate(stream: QUICStream): Promise<Array<unknown>> {
  const late: Array<Promise<unknown>> = [];
  if (stream.initiated === 'peer' || stream.type === 'bidi') {
    const reader = stream.readable.getReader();
    late.push(reader.read(), reader.closed);
  }
  if (stream.initiated === 'local' || stream.type === 'bidi') {
    const writer = stream.writable.getWriter();
    late.push(writer.write(new Uint8Array(1)), writer.ready, writer.closed);
  }
  return Promise.all(late.map(rejection));
}

function assertEnded(
  { errorEvent, closeEvent }: Record<string, { detail: unknown }>,
  connection: QUICConnection,
  Expected: ErrorClass,
): unknown {
  const error = errorEvent.detail;
  assert.ok(error instanceof Expected, `${error}`);
  assert.equal(closeEvent.detail, error);
  if (Expected !== IdleTimeout) {
    const { isApp, errorCode, reason } = connection.getConnectionError()!;
    assert.deepEqual([isApp, errorCode], [true, code]);
    assert.equal(Buffer.from(reason).toString(), 'closing time');
  }
  return error;
}

/** Checks that the events of a stream tell that it ended with the connection. */
function assertStreamEvents(entries: Array<Entry>, error: unknown): void {
  assert.deepEqual(
    entries.map(([name]) => name),
    [
      'EventQUICStreamError',
      'EventQUICStreamCloseRead',
      'EventQUICStreamError',
      'EventQUICStreamCloseWrite',
      'EventQUICStreamDestroy',
      'EventQUICStreamDestroyed',
    ],
  );
  const details = entries.map(([, detail]) => detail);
  const isPeer = error instanceof errors.ErrorQUICConnectionPeer;
  for (const [i, ErrorLocal, ErrorPeer] of [
    [0, errors.ErrorQUICStreamLocalRead, errors.ErrorQUICStreamPeerRead],
    [2, errors.ErrorQUICStreamLocalWrite, errors.ErrorQUICStreamPeerWrite],
  ] as const) {
    const ErrorClass = isPeer ? ErrorPeer : ErrorLocal;
    const detail = details[i];
    assert.ok(detail instanceof ErrorClass, `${detail}`);
    assert.equal(detail.cause, error);
    assert.equal(details[i + 1], detail);
  }
}

forEachIO((io) => {
  for (const { name, maxIdleTimeout, end, ...expected } of endings) {
    for (const side of ['client', 'server'] as const) {
      test(`all that waits on streams of the ${side} rejects with the error of the connection when ${name}`, {
        timeout,
      }, async (t) => {
        const made = await setup(t, io, maxIdleTimeout);
        const [connection, peer] =
          side === 'client'
            ? [made.connection, made.serverConnection]
            : [made.serverConnection, made.connection];
        const bidi = await openAll(connection, peer);
        const uni = await openAll(connection, peer, 'uni');
        const untouched = await openAll(connection, peer);
        const streams = [...bidi.own, ...uni.own];
        const waits = (await Promise.all(streams.map(wait))).flat();
        const closedPs = [...streams, ...untouched.own].map(
          ({ closedP }) => closedP,
        );
        for (const each of closedPs) assert.ok(await isPending(each));
        const logs = bidi.own.map(logStream);
        const ended = Promise.all([
          once(connection, events.EventQUICConnectionError),
          once(connection, events.EventQUICConnectionClose),
        ]);
        await end(made, made.relay);

        const [errorEvent, closeEvent] = await ended;
        const error = assertEnded(
          { errorEvent, closeEvent },
          connection,
          expected[side],
        );
        for (const each of await Promise.all(waits)) assert.equal(each, error);
        // It resolves, however the stream ended
        for (const each of await Promise.all(closedPs)) {
          assert.equal(each, undefined);
        }
        for (const entries of logs) assertStreamEvents(entries, error);
        for (const stream of streams) {
          assert.ok(stream.readClosed && stream.writeClosed && stream.closed);
        }
        for (const stream of untouched.own) {
          for (const each of await tooLate(stream)) assert.equal(each, error);
          await stream.destroy();
          stream.cancel();
        }
        assert.equal(connection.streamMap.size, 0);
        await peer.closedP;
      });
    }
  }

  for (const [isApp, size] of [
    [true, 960],
    [false, 320],
  ] as const) {
    test(`a reason of the ${isApp ? 'application' : 'transport'} that fits into no packet is cut, and the peer hears of the end`, {
      timeout,
    }, async (t) => {
      const made = await setup(t, io);
      const reason = Buffer.from(
        `${'a'.repeat(size - 1)}\u20ac${'b'.repeat(MiB)}`,
      );
      await made.client.destroy({
        isApp,
        errorCode: 5,
        reason,
      } as CloseOptions);
      await made.serverConnection.closedP;
      for (const connection of [made.connection, made.serverConnection]) {
        const error = connection.getConnectionError()!;
        assert.equal(error.errorCode, 5);
        // Not within a character
        assert.equal(
          Buffer.from(error.reason).toString(),
          'a'.repeat(size - 1),
        );
      }
    });
  }

  test('no ending of a stream or connection is an unhandled rejection', {
    timeout,
  }, async (t) => {
    const unhandled: Array<unknown> = [];
    const onUnhandled = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', onUnhandled);
    t.after(() => process.off('unhandledRejection', onUnhandled));

    /** Has something under way, of which only the write is waited for. */
    const use = (streams: Array<QUICStream>) =>
      streams.map((stream) => {
        stream.readable.getReader();
        const writer = stream.writable.getWriter();
        void stream.destroy({ force: false });
        return rejection(writer.write(payload(4 * MiB)));
      });
    const run = async (
      end: (made: Awaited<ReturnType<typeof setup>>, stream: QUICStream) => any,
      maxIdleTimeout?: number,
    ) => {
      const made = await setup(t, io, maxIdleTimeout);
      const { connection, serverConnection } = made;
      const { own, others } = await openAll(connection, serverConnection);
      const rest = await openAll(connection, serverConnection);
      const writes = use([...own, ...others]);
      await end(made, own[0]);
      // Of the streams that are left, if any
      if (maxIdleTimeout === undefined)
        await made.client.destroy({ force: true });
      for (const each of [...own, ...others, ...rest.own, ...rest.others]) {
        await each.closedP;
      }
      await Promise.all(writes);
      await Promise.all([connection.closedP, serverConnection.closedP]);
    };
    const reason = new Error('enough');
    for (const { end, maxIdleTimeout } of endings) {
      await run((made) => end(made, made.relay), maxIdleTimeout);
    }
    await run((_, stream) => stream.cancel(reason));
    await run((_, stream) => stream.destroy({ force: true, reason }));
    await run(({ connection }) => connection.destroyStreams(reason));
    // They are reported when the event loop comes round
    await setImmediate();
    assert.deepEqual(unhandled, []);
  });
});
