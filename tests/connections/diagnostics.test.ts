import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { type TestContext, test } from 'node:test';
import {
  errors,
  type QUICConnection,
  type QUICConnectionMessage,
  type QUICStreamMessage,
} from '@matrixai/quic';
import { forEachIO } from '../helpers/io.js';
import {
  connect,
  credentials,
  ends,
  openStream,
  pair,
  sides,
  startServer,
} from '../helpers/pair.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 20_000;

type Message = QUICConnectionMessage & Partial<QUICStreamMessage>;

const names = [
  'connection.open',
  'connection.close',
  'stream.open',
  'stream.close',
];

/** Collects what is published until the test ends. */
function listen(t: TestContext): Array<[name: string, message: Message]> {
  const heard: Array<[string, Message]> = [];
  for (const name of names) {
    const channel = `matrixai.quic.${name}`;
    const listener = (message: unknown, from: unknown) => {
      assert.equal(from, channel);
      heard.push([name, message as Message]);
    };
    subscribe(channel, listener);
    t.after(() => unsubscribe(channel, listener));
  }
  return heard;
}

function namesOf(
  heard: ReturnType<typeof listen>,
  connection: QUICConnection,
): Array<string> {
  return heard
    .filter(([, message]) => message.connection === connection)
    .map(([name]) => name);
}

forEachIO((io) => {
  test('connections and streams are published when they open and close, at both ends', {
    timeout,
  }, async (t) => {
    const heard = listen(t);
    const { client, connection, serverConnection } = await pair(t, io, {
      server: { onStream: serveEcho },
    });
    const stream = connection.newStream();
    await exchange(stream, payload(1000));
    await client.destroy({ errorCode: 7 });
    await serverConnection.closedP;
    for (const one of [connection, serverConnection]) {
      assert.deepEqual(namesOf(heard, one), [
        'connection.open',
        'stream.open',
        'stream.close',
        'connection.close',
      ]);
      const [open, streamOpen, streamClose, close] = heard
        .filter(([, message]) => message.connection === one)
        .map(([, message]) => message);
      assert.equal(open.error, undefined);
      assert.equal(streamOpen.stream, streamClose.stream);
      assert.equal(streamClose.stream?.streamId, stream.streamId);
      assert.equal(streamClose.error, undefined);
      assert.ok(close.error instanceof errors.ErrorQUICConnection);
      assert.deepEqual(one.getConnectionError()?.errorCode, 7);
    }
  });

  for (const side of sides) {
    test(`the streams of a ${side} that are cut off close with an error`, {
      timeout,
    }, async (t) => {
      const heard = listen(t);
      const { local, peer, client } = await ends(t, io, side);
      const [, cancelled] = await openStream(local, peer);
      cancelled.cancel();
      await openStream(local, peer, 'uni');
      await client.destroy();
      await Promise.all([local.closedP, peer.closedP]);
      for (const one of [local, peer]) {
        const closes = heard.filter(
          ([name, { connection }]) =>
            name === 'stream.close' && connection === one,
        );
        assert.equal(closes.length, 2);
        for (const [, { error }] of closes) {
          assert.ok(error instanceof errors.ErrorQUICStream);
        }
        assert.equal(namesOf(heard, one).at(-1), 'connection.close');
      }
    });
  }

  test('a stream that waits for the limit of the peer opens when it has its ID', {
    timeout,
  }, async (t) => {
    const heard = listen(t);
    const { connection, client } = await pair(t, io, {
      server: { config: { initialMaxStreamsBidi: 1 } },
    });
    connection.newStream();
    const waiting = connection.newStream();
    assert.equal(waiting.streamId, -1);
    assert.equal(
      heard.filter(
        ([, { connection: one, stream }]) => one === connection && stream,
      ).length,
      1,
    );
    await client.destroy();
    // It never had one
    assert.ok(heard.every(([, { stream }]) => stream !== waiting));
  });

  test('a connection whose handshake fails is not published', {
    timeout,
  }, async (t) => {
    const heard = listen(t);
    const server = await startServer(t, io);
    await assert.rejects(
      connect(t, io, server.port, {
        config: { ca: credentials.cert, applicationProtos: ['other'] },
      }),
    );
    await server.stop();
    assert.deepEqual(heard, []);
  });
});
