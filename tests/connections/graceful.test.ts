import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, events, type QUICStream } from '@matrixai/quic';
import { once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { openStream, type Pair, pair } from '../helpers/pair.js';
import {
  KiB,
  MiB,
  payload,
  readAll,
  sha256,
  writeAll,
} from '../helpers/streams.js';

const timeout = 30_000;

const empty = new Uint8Array(0);

/** Writes the last of a stream. */
function finish(stream: QUICStream, data: Uint8Array = empty): Promise<void> {
  return writeAll(stream.writable, data);
}

forEachIO((io) => {
  // Below and above what is read ahead, and what the stream's window admits unread
  for (const size of [100 * KiB, 1000 * KiB, 3000 * KiB]) {
    test(`a graceful destroy loses nothing of ${size / KiB} KiB, though the reader comes late`, {
      timeout,
    }, async (t) => {
      const { client, connection, serverConnection } = await pair(t, io);
      const data = payload(size);
      const arrived = once(serverConnection, events.EventQUICConnectionStream);
      const written = writeAll(connection.newStream('uni').writable, data);
      const { detail: stream } = await arrived;
      const destroyed = written.then(() => client.destroy({ force: false }));
      // What fits into buffers and windows is gone before it is read
      if (size <= 1000 * KiB) await serverConnection.closedP;
      const received = await readAll(stream.readable);
      assert.equal(sha256(received), sha256(data));
      await destroyed;
    });
  }

  for (const [who, stop] of [
    ['client.destroy()', ({ client }) => client.destroy({ force: false })],
    [
      'connection.stop()',
      ({ connection }) => connection.stop({ force: false }),
    ],
    ['server.stop()', ({ server }) => server.stop({ force: false })],
  ] as Array<[string, (made: Pair) => Promise<void>]>) {
    for (const size of [0, 2, 2000, 1000 * KiB]) {
      test(`${who} does not wait for somebody to read ${size} bytes that have arrived whole`, {
        timeout,
      }, async (t) => {
        const made = await pair(t, io);
        const [local, peer] =
          who === 'server.stop()'
            ? [made.serverConnection, made.connection]
            : [made.connection, made.serverConnection];
        const [stream, peerStream] = await openStream(local, peer);
        const [late, peerLate] = await openStream(local, peer);
        // A reader that brings buffers has a stream of another make
        const byob = late.readable.getReader({ mode: 'byob' });
        await Promise.all([finish(stream), finish(late)]);
        await finish(peerStream, payload(size));
        // This one has not arrived when the end begins
        const stopped = stop(made);
        await finish(peerLate, payload(size, 1));
        await stopped;
        const received = await readAll(stream.readable);
        assert.equal(sha256(received), sha256(payload(size)));
        byob.releaseLock();
        assert.equal(
          sha256(await readAll(late.readable)),
          sha256(payload(size, 1)),
        );
      });
    }
  }

  test('what is left of a stream that was read in part can be read after a graceful end', {
    timeout,
  }, async (t) => {
    const { client, connection, serverConnection } = await pair(t, io);
    const [stream, peerStream] = await openStream(connection, serverConnection);
    await finish(stream);
    await finish(peerStream, payload(300 * KiB));
    const reader = stream.readable.getReader();
    const { value } = await reader.read();
    assert.ok(value);
    await client.destroy({ force: false });
    reader.releaseLock();
    const received = [value, await readAll(stream.readable)];
    assert.deepEqual(Buffer.concat(received), payload(300 * KiB));
  });

  test('streams that together hold more than is read ahead do not hold up a graceful end', {
    timeout,
  }, async (t) => {
    const config = { initialMaxData: 16 * MiB };
    const { client, connection, serverConnection } = await pair(t, io, {
      client: { config },
    });
    const opened = await Promise.all(
      Array.from({ length: 8 }, (_, i) => i).map(async () => {
        const stream = connection.newStream();
        await finish(stream);
        return stream;
      }),
    );
    let answered = 0;
    for await (const stream of serverConnection.incomingStreams) {
      void finish(stream, payload(900 * KiB, stream.streamId / 4));
      if (++answered === opened.length) break;
    }
    await client.destroy({ force: false });
    for (const stream of opened) {
      const received = await readAll(stream.readable);
      const seed = stream.streamId / 4;
      assert.equal(sha256(received), sha256(payload(900 * KiB, seed)));
    }
  });

  test('streams that come while a connection ends are refused with the code of that', {
    timeout,
  }, async (t) => {
    const calls: Array<[string, unknown]> = [];
    const codeToReason = (type: 'read' | 'write', code: number) =>
      new Error(`${type} ${code}`);
    const { connection, serverConnection } = await pair(t, io, {
      server: {
        reasonToCode: (type, reason) => {
          calls.push([type, reason]);
          return type === 'read' ? 21 : 22;
        },
      },
      client: { codeToReason },
    });
    const [stream] = await openStream(connection, serverConnection);
    const stopped = serverConnection.stop({ force: false });
    // More than the peer has credit for: they cost nothing
    for (let i = 0; i < 250; i++) {
      const refused = connection.newStream();
      const writer = refused.writable.getWriter();
      await writer.write(new Uint8Array(1));
      await assert.rejects(
        refused.readable.getReader().read(),
        new Error('read 22'),
      );
      await assert.rejects(writer.closed, new Error('write 21'));
    }
    const uni = connection.newStream('uni');
    const writer = uni.writable.getWriter();
    await writer.write(new Uint8Array(1));
    await assert.rejects(writer.closed, new Error('write 21'));
    for (const [type, reason] of calls) {
      assert.ok(type === 'read' || type === 'write');
      assert.ok(reason instanceof errors.ErrorQUICConnectionStopping);
    }
    assert.ok(calls.length >= 501);
    stream.cancel();
    await stopped;
  });

  test('a forced destroy overtakes a graceful one that waits', {
    timeout,
  }, async (t) => {
    const { client, connection, serverConnection } = await pair(t, io);
    await openStream(connection, serverConnection);
    const graceful = client.destroy({ force: false });
    await client.destroy({ errorCode: 5 });
    await graceful;
    await serverConnection.closedP;
    assert.equal(serverConnection.getConnectionError()?.errorCode, 5);
  });

  test('destroyStreams() ends what a graceful stop waits for', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    await openStream(connection, serverConnection);
    const stopped = connection.stop({ force: false, errorCode: 6 });
    connection.destroyStreams();
    await stopped;
    await serverConnection.closedP;
    assert.equal(serverConnection.getConnectionError()?.errorCode, 6);
  });
});
