import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { errors, events, native } from '@matrixai/quic';
import { isPending, once, until } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import {
  connect,
  openStream,
  pair,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { drop, pass, Relay } from '../helpers/relay.js';
import {
  exchange,
  KiB,
  MiB,
  payload,
  readAll,
  serveEcho,
  sha256,
  writeAll,
} from '../helpers/streams.js';

const timeout = 30_000;
const { ErrorQUICConnectionIdleTimeout } = errors;

/** Lets the network fail once so many bytes have passed, and resolves then. */
function failAfter(relay: Relay, bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let passed = 0;
    relay.impairment = (datagram, forward) => {
      passed += datagram.length;
      forward(datagram);
      if (passed < bytes) return;
      relay.impairment = drop;
      resolve();
    };
  });
}

forEachIO((io) => {
  test('a peer that vanishes times out at both ends, and nothing stays pending', {
    timeout,
  }, async (t) => {
    const config = { maxIdleTimeout: 500 };
    const serverSocket = await startSocket(t, io);
    const server = await startServer(t, io, { config, socket: serverSocket });
    const relay = await Relay.start(t, server.port);
    const accepted = once(server, events.EventQUICServerConnection);
    const socket = await startSocket(t, io);
    const client = await connect(t, io, relay.port, { config, socket });
    const { connection } = client;
    const { detail: serverConnection } = await accepted;
    const streams = [
      ...(await openStream(connection, serverConnection)),
      ...(await openStream(connection, serverConnection)),
    ];
    const [reads, peerReads, writes] = streams;

    const fails = [
      reads.readable.getReader().read(),
      peerReads.readable.getReader().read(),
      writes.writable.getWriter().write(payload(32 * MiB)),
    ].map((promise) => assert.rejects(promise, ErrorQUICConnectionIdleTimeout));
    const ends = [
      once(connection, events.EventQUICConnectionError),
      once(connection, events.EventQUICConnectionClose),
      once(serverConnection, events.EventQUICConnectionError),
      once(serverConnection, events.EventQUICConnectionClose),
      once(client, events.EventQUICClientError),
    ];
    const destroyed = once(client, events.EventQUICClientDestroyed);
    relay.impairment = drop;

    for (const { detail } of await Promise.all(ends)) {
      assert.ok(detail instanceof ErrorQUICConnectionIdleTimeout);
    }
    await Promise.all(fails);
    await Promise.all(streams.map((stream) => stream.closedP));
    await Promise.all([connection.closedP, serverConnection.closedP]);
    await Promise.all([client.closedP, destroyed]);
    for (const each of [connection, serverConnection, client, ...streams]) {
      assert.ok(each.closed);
    }
    await until(() => {
      const { connections, streams } = native.debugStats();
      return connections === 0 && streams === 0;
    });

    assert.equal(socket.connectionMap.size, 0);
    assert.equal(serverSocket.connectionMap.size, 0);

    const another = await connect(t, io, server.port);
    const newStream = once(server, events.EventQUICConnectionStream);
    const received = exchange(another.connection.newStream(), payload(1000));
    serveEcho((await newStream).detail);
    assert.deepEqual(await received, payload(1000));
  });

  test('the idle timeout of one end holds for both', {
    timeout,
  }, async (t) => {
    const config = { maxIdleTimeout: 300 };
    const other = { maxIdleTimeout: 20_000 };
    const timeouts = async (own: 'client' | 'server') => {
      const ends = await pair(t, io, {
        server: { config: other },
        client: { config: other },
        [own]: { config },
      });
      const start = Date.now();
      const elapsed = await Promise.all(
        [ends.connection, ends.serverConnection].map(async (end) => {
          const { detail } = await once(end, events.EventQUICConnectionError);
          assert.ok(detail instanceof ErrorQUICConnectionIdleTimeout);
          return Date.now() - start;
        }),
      );
      for (const ms of elapsed) assert.ok(ms > 150 && ms < 3000, `${ms} ms`);
    };
    await Promise.all([timeouts('client'), timeouts('server')]);
  });

  for (const side of ['client', 'server'] as const) {
    test(`the keep-alive of the ${side} keeps an idle connection`, {
      timeout,
    }, async (t) => {
      const options = {
        server: { config: { maxIdleTimeout: 400 }, onStream: serveEcho },
        client: { config: { maxIdleTimeout: 400 } },
      };
      Object.assign(options[side].config, { keepAliveIntervalTime: 100 });
      const { connection } = await pair(t, io, options);
      // What is tested is that nothing happens in this time
      await setTimeout(1200);
      assert.ok(!connection.closed);
      assert.ok(await isPending(connection.closedP));
      const data = payload(1000);
      assert.deepEqual(await exchange(connection.newStream(), data), data);
    });
  }

  test('keep-alive does not hide a peer that vanished', {
    timeout,
  }, async (t) => {
    const config = { maxIdleTimeout: 400, keepAliveIntervalTime: 100 };
    const server = await startServer(t, io, { config });
    const relay = await Relay.start(t, server.port);
    const accepted = once(server, events.EventQUICServerConnection);
    const { connection } = await connect(t, io, relay.port, { config });
    const ends = [
      once(connection, events.EventQUICConnectionError),
      once((await accepted).detail, events.EventQUICConnectionError),
    ];
    relay.impairment = drop;
    for (const { detail } of await Promise.all(ends)) {
      assert.ok(detail instanceof ErrorQUICConnectionIdleTimeout);
    }
  });

  test('a network that fails for less than the idle timeout costs nothing', {
    timeout,
  }, async (t) => {
    const config = { maxIdleTimeout: 8000 };
    const server = await startServer(t, io, { config, onStream: serveEcho });
    const relay = await Relay.start(t, server.port);
    const { connection } = await connect(t, io, relay.port, { config });
    const failed = failAfter(relay, 256 * KiB);
    const data = payload(MiB);
    const received = exchange(connection.newStream(), data);
    await failed;
    // How long the network fails
    await setTimeout(1500);
    assert.ok(await isPending(received));
    relay.impairment = pass;
    assert.equal(sha256(await received), sha256(data));
    assert.ok(!connection.closed);
  });

  test('a network that fails for longer ends a transfer at both ends', {
    timeout,
  }, async (t) => {
    const config = { maxIdleTimeout: 1000 };
    const data = payload(32 * MiB);
    const server = await startServer(t, io, { config });
    const relay = await Relay.start(t, server.port);
    const accepted = once(server, events.EventQUICServerConnection);
    const { connection } = await connect(t, io, relay.port, { config });
    const { detail: serverConnection } = await accepted;
    const [stream, peerStream] = await openStream(connection, serverConnection);
    const failed = failAfter(relay, 256 * KiB);
    const fails = [
      writeAll(stream.writable, data),
      readAll(stream.readable),
      writeAll(peerStream.writable, data),
      readAll(peerStream.readable),
      connection.newStream().readable.getReader().read(),
      serverConnection.newStream('uni').writable.getWriter().closed,
    ].map((promise) => assert.rejects(promise, ErrorQUICConnectionIdleTimeout));
    await failed;
    await Promise.all(fails);
    await Promise.all([connection.closedP, serverConnection.closedP]);
  });

  test('a client gives up on a server that never answers', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const relay = await Relay.start(t, server.port);
    relay.impairment = drop;
    await assert.rejects(
      connect(t, io, relay.port, { config: { maxIdleTimeout: 300 } }),
      ErrorQUICConnectionIdleTimeout,
    );
  });
});
