import assert from 'node:assert/strict';
import { test } from 'node:test';
import { events, type QUICStream } from '@matrixai/quic';
import { on, once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import {
  connect,
  openStream,
  pair,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import {
  echo,
  exchange,
  KiB,
  MiB,
  payload,
  readAll,
  serveEcho,
  sha256,
  writeAll,
} from '../helpers/streams.js';

const timeout = 60_000;

const sizes: Array<[string, number]> = [
  ['0 B', 0],
  ['1 B', 1],
  ['1200 B', 1200],
  ['1 MiB', MiB],
  ['64 MiB', 64 * MiB],
];

forEachIO((io) => {
  for (const [name, size] of sizes) {
    test(`an echo of ${name} arrives unchanged at both ends`, {
      timeout,
    }, async (t) => {
      const { connection, serverConnection } = await pair(t, io);
      const arrived = once(serverConnection, events.EventQUICConnectionStream);
      const data = payload(size);
      const [received, hashAtServer] = await Promise.all([
        exchange(connection.newStream(), data),
        arrived.then(({ detail }) => echo(detail)),
      ]);
      assert.equal(received.length, size);
      assert.equal(hashAtServer, sha256(data));
      assert.equal(sha256(received), sha256(data));
    });
  }

  test('200 streams are open on one connection at once', {
    timeout,
  }, async (t) => {
    const count = 200;
    const { connection, serverConnection } = await pair(t, io, {
      server: { config: { initialMaxStreamsBidi: count } },
    });
    const streams: Array<QUICStream> = [];
    const allOpen = new Promise<void>((resolve) => {
      on(serverConnection, events.EventQUICConnectionStream, ({ detail }) => {
        if (streams.push(detail) === count) resolve();
      });
    });
    const transfer = async (seed: number) => {
      const data = payload(8 * KiB, seed);
      const stream = connection.newStream();
      const writer = stream.writable.getWriter();
      await writer.write(data.subarray(0, KiB));
      await allOpen;
      const received = readAll(stream.readable);
      await writer.write(data.subarray(KiB));
      await writer.close();
      assert.equal(sha256(await received), sha256(data));
    };
    const transfers = Array.from({ length: count }, (_, i) => transfer(i));
    await allOpen;
    await Promise.all([...transfers, ...streams.map(echo)]);
  });

  test('50 clients use one server at once', { timeout }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const clients = await Promise.all(
      Array.from({ length: 50 }, () => connect(t, io, server.port)),
    );
    assert.equal(new Set(clients.map((client) => client.localPort)).size, 50);
    await Promise.all(
      clients.map(async ({ connection }, i) => {
        const data = payload(64 * KiB, i);
        const received = await exchange(connection.newStream(), data);
        assert.equal(sha256(received), sha256(data));
      }),
    );
  });

  test('one socket carries a server and 10 clients to several servers, its own among them', {
    timeout,
  }, async (t) => {
    const warnings: Array<Error> = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    t.after(() => process.off('warning', onWarning));
    const socket = await startSocket(t, io);
    const onStream = serveEcho;
    const own = await startServer(t, io, { socket, onStream });
    const other1 = await startServer(t, io, { onStream });
    const other2 = await startServer(t, io, { onStream });
    assert.equal(own.port, socket.port);
    const targets = [own, other1, other2, own, other1, other2, own, other1];
    const clients = await Promise.all([
      ...[...targets, other2, own].map(async ({ port }) => {
        const client = await connect(t, io, port, { socket });
        assert.equal(client.localPort, socket.port);
        assert.equal(client.port, port);
        return client;
      }),
      connect(t, io, own.port),
    ]);
    await Promise.all(
      clients.map(async ({ connection }, i) => {
        const data = payload(256 * KiB, i);
        const received = await exchange(connection.newStream(), data);
        assert.equal(sha256(received), sha256(data));
      }),
    );
    await Promise.all(clients.map((client) => client.destroy({ force: true })));
    await own.stop({ force: true });
    // Without force, as nothing uses it any more
    await socket.stop();
    assert.deepEqual(warnings, []);
  });

  test('unidirectional streams carry data either way', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    for (const [local, peer] of [
      [connection, serverConnection],
      [serverConnection, connection],
    ] as const) {
      const arrived = once(peer, events.EventQUICConnectionStream);
      const data = payload(MiB);
      const stream = local.newStream('uni');
      assert.equal(stream.type, 'uni');
      assert.equal(stream.initiated, 'local');
      assert.ok(stream.readClosed);
      assert.equal((await readAll(stream.readable)).length, 0);
      const [{ detail: peerStream }] = await Promise.all([
        arrived,
        writeAll(stream.writable, data),
      ]);
      assert.equal(peerStream.type, 'uni');
      assert.equal(peerStream.initiated, 'peer');
      assert.ok(peerStream.writeClosed);
      const received = await readAll(peerStream.readable);
      assert.equal(sha256(received), sha256(data));
      await Promise.all([stream.closedP, peerStream.closedP]);
    }
  });

  test('a server opens bidirectional streams as well', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    on(connection, events.EventQUICConnectionStream, ({ detail }) => {
      serveEcho(detail);
    });
    const data = payload(MiB);
    const received = await exchange(serverConnection.newStream(), data);
    assert.equal(sha256(received), sha256(data));
  });

  for (const first of ['client', 'server'] as const) {
    test(`the other end goes on sending after the ${first} has finished`, {
      timeout,
    }, async (t) => {
      const { connection, serverConnection } = await pair(t, io);
      const ends = await openStream(connection, serverConnection);
      const [finished, open] = first === 'client' ? ends : ends.toReversed();
      await finished.writable.close();
      assert.equal((await readAll(open.readable)).length, 0);
      assert.ok(finished.writeClosed && open.readClosed);

      const writer = open.writable.getWriter();
      const reader = finished.readable.getReader();
      for (const text of ['one', 'two', 'three']) {
        await writer.write(Buffer.from(text));
        const { value } = await reader.read();
        assert.equal(Buffer.from(value!).toString(), text);
      }
      assert.ok(!finished.closed && !open.closed);

      await writer.close();
      assert.deepEqual(await reader.read(), { done: true, value: undefined });
      await Promise.all([finished.closedP, open.closedP]);
    });
  }

  test('a BYOB reader fills the buffers that it is given', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const [stream, peerStream] = await openStream(connection, serverConnection);
    const data = payload(MiB);
    const written = writeAll(stream.writable, data);

    const reader = peerStream.readable.getReader({ mode: 'byob' });
    const received = Buffer.alloc(MiB);
    let buffer = new ArrayBuffer(10_000);
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read(
        new Uint8Array(buffer, 7, 9000),
      );
      assert.ok(value !== undefined);
      assert.equal(value.byteOffset, 7);
      assert.ok(value.byteLength <= 9000);
      received.set(value, length);
      length += value.byteLength;
      buffer = value.buffer as ArrayBuffer;
      assert.equal(buffer.byteLength, 10_000);
      if (done) break;
    }
    await written;
    assert.equal(length, MiB);
    assert.equal(sha256(received), sha256(data));
  });

  test('leaving a for await loop over the readable stops the peer', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const [stream, peerStream] = await openStream(connection, serverConnection);
    const stopped = once(stream, events.EventQUICStreamCloseWrite);
    stream.writable
      .getWriter()
      .write(payload(KiB))
      .catch(() => {});
    let length = 0;
    for await (const chunk of peerStream.readable) {
      length += chunk.length;
      if (length === KiB) break;
    }
    assert.equal((await stopped).detail?.data.code, 0);
    assert.ok(peerStream.readClosed);
  });
});
