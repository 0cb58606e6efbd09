import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, events, type QUICStream } from '@matrixai/quic';
import { on } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { openStream, pair } from '../helpers/pair.js';
import {
  exchange,
  KiB,
  payload,
  readAll,
  serveEcho,
  sha256,
  writeAll,
} from '../helpers/streams.js';

const timeout = 30_000;

function ids(streams: Array<QUICStream>): Array<number> {
  return streams.map(({ streamId }) => streamId);
}

forEachIO((io) => {
  test('50 bidirectional streams complete on a connection that allows 10 at a time', {
    timeout,
  }, async (t) => {
    const { connection } = await pair(t, io, {
      server: { config: { initialMaxStreamsBidi: 10 }, onStream: serveEcho },
    });
    const streams = Array.from({ length: 50 }, () => connection.newStream());
    assert.deepEqual(ids(streams.slice(10)), Array(40).fill(-1));
    await Promise.all(
      streams.map(async (stream, i) => {
        const data = payload(2 * KiB, i);
        assert.equal(sha256(await exchange(stream, data)), sha256(data));
        await stream.opened;
      }),
    );
    // RFC 9000 section 2.1
    assert.deepEqual(
      ids(streams),
      streams.map((_, i) => 4 * i),
    );
  });

  test('50 unidirectional streams complete on a connection that allows 10 at a time', {
    timeout,
  }, async (t) => {
    const hashes = new Map<number, string>();
    const { connection, serverConnection } = await pair(t, io, {
      server: { config: { initialMaxStreamsUni: 10 } },
    });
    const allRead = new Promise<void>((resolve, reject) => {
      on(serverConnection, events.EventQUICConnectionStream, ({ detail }) => {
        readAll(detail.readable).then((data) => {
          hashes.set(detail.streamId, sha256(data));
          if (hashes.size === 50) resolve();
        }, reject);
      });
    });
    const streams = Array.from({ length: 50 }, () =>
      connection.newStream('uni'),
    );
    assert.deepEqual(ids(streams.slice(10)), Array(40).fill(-1));
    await Promise.all(
      streams.map((stream, i) => writeAll(stream.writable, payload(KiB, i))),
    );
    await allRead;
    assert.deepEqual(
      ids(streams),
      streams.map((_, i) => 2 + 4 * i),
    );
    for (const [i, { streamId }] of streams.entries()) {
      assert.equal(hashes.get(streamId), sha256(payload(KiB, i)));
    }
  });

  test('a stream that waits for credit can be destroyed, and the next one opens', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io, {
      server: { config: { initialMaxStreamsBidi: 1 } },
    });
    const [first, firstPeer] = await openStream(connection, serverConnection);
    const waiting = connection.newStream();
    const next = connection.newStream();
    const reason = new Error('no longer wanted');
    const isReason = (error: unknown) => error === reason;
    const settled = Promise.all([
      waiting.opened,
      assert.rejects(waiting.readable.getReader().read(), isReason),
      assert.rejects(waiting.writable.getWriter().closed, isReason),
    ]);
    await waiting.destroy({ force: true, reason });
    await settled;
    await waiting.closedP;
    assert.equal(waiting.streamId, -1);
    assert.equal(next.streamId, -1);

    serveEcho(firstPeer);
    await exchange(first, new Uint8Array(1));
    await next.opened;
    assert.equal(next.streamId, 4);
  });

  for (const [how, close] of [
    ['locally', ({ client }) => client.destroy({ force: true })],
    ['by the peer', ({ server }) => server.stop({ force: true })],
  ] as Array<[string, (ends: Awaited<ReturnType<typeof pair>>) => unknown]>) {
    test(`a connection closed ${how} rejects the streams that wait for credit`, {
      timeout,
    }, async (t) => {
      const ends = await pair(t, io, {
        server: { config: { initialMaxStreamsBidi: 0 } },
      });
      const stream = ends.connection.newStream();
      const settled = Promise.all([
        stream.opened,
        assert.rejects(
          stream.readable.getReader().read(),
          errors.ErrorQUICConnection,
        ),
        assert.rejects(
          stream.writable.getWriter().closed,
          errors.ErrorQUICConnection,
        ),
      ]);
      await close(ends);
      await settled;
      await Promise.all([stream.closedP, ends.connection.closedP]);
      assert.equal(stream.streamId, -1);
      assert.ok(stream.closed);
    });
  }
});
