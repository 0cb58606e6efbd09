import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events } from '@matrixai/quic';
import { once } from './helpers/events.js';
import { forEachIO } from './helpers/io.js';
import { openStream, pair } from './helpers/pair.js';
import { KiB, payload, readAll, sha256, writeAll } from './helpers/streams.js';

const timeout = 30_000;

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
