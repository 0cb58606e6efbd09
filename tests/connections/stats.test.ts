import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { errors, events, QUICClient, QUICServer } from '@matrixai/quic';
import { once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import {
  connect,
  credentials,
  pair,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { drop, Relay } from '../helpers/relay.js';
import { exchange, MiB, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

forEachIO((io) => {
  test('a connection counts what it sends, receives and loses', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const accepted = once(server, events.EventQUICServerConnection);
    const relay = await Relay.start(t, server.port);
    const { connection } = await connect(t, io, relay.port);
    const { detail: serverConnection } = await accepted;
    const before = connection.stats();
    assert.equal(before.streams, 0);
    let seen = 0;
    relay.impairment = (datagram, forward, direction) => {
      if (direction === 'toClient' || ++seen % 50 !== 0) forward(datagram);
    };
    await exchange(connection.newStream(), payload(4 * MiB));
    const stats = connection.stats();
    assert.ok(stats.bytesSent - before.bytesSent > 4 * MiB);
    assert.ok(stats.bytesReceived - before.bytesReceived > 4 * MiB);
    assert.ok(stats.packetsSent > before.packetsSent);
    assert.ok(stats.packetsReceived > before.packetsReceived);
    assert.ok(stats.packetsLost > 0 && stats.bytesLost > 0);
    assert.ok(stats.congestionWindow > 1200);
    for (const rtt of [stats.smoothedRtt, stats.latestRtt, stats.minRtt]) {
      assert.ok(rtt > 0 && rtt < 5000, `${rtt} ms`);
    }
    assert.ok(stats.minRtt <= stats.smoothedRtt);
    assert.ok(serverConnection.stats().bytesReceived > 4 * MiB);
    connection.newStream();
    assert.equal(connection.stats().streams, 1);
  });

  test('a connection that has ended still tells its last counts', {
    timeout,
  }, async (t) => {
    const { connection } = await pair(t, io, {
      server: { onStream: serveEcho },
    });
    await exchange(connection.newStream(), payload(100_000));
    await connection.stop();
    const stats = connection.stats();
    assert.ok(stats.bytesSent > 100_000);
    assert.deepEqual(connection.stats(), stats);
  });

  test('a socket counts connections', { timeout }, async (t) => {
    const socket = await startSocket(t, io);
    assert.deepEqual(socket.stats(), {
      connections: 0,
      handshakes: 0,
      unvalidatedHandshakes: 0,
      retries: 0,
      refused: 0,
      failedHandshakes: 0,
      datagramsDropped: 0,
    });
    const server = await startServer(t, io, { socket });
    const accepted = once(server, events.EventQUICServerConnection);
    const client = await connect(t, io, socket.port, { socket });
    await accepted;
    assert.equal(socket.stats().connections, 2);
    assert.equal(socket.stats().handshakes, 0);
    await client.destroy();
    await socket.stop({ force: true });
    assert.throws(() => socket.stats(), errors.ErrorQUICSocketNotRunning);
  });

  for (const [retry, retries] of [
    ['always', 1],
    ['never', 0],
    ['auto', 0],
  ] as const) {
    test(`with retry ${retry} a client gets ${retries} Retry packets`, {
      timeout,
    }, async (t) => {
      const socket = await startSocket(t, io);
      const server = new QUICServer({ config: credentials, socket, retry });
      t.after(() => server.stop({ force: true }));
      await server.start();
      const relay = await Relay.start(t, socket.port);
      let onTheWire = 0;
      relay.impairment = (datagram, forward, direction) => {
        // A long header of type Retry (RFC 9000 section 17.2.5)
        if (direction === 'toClient' && (datagram[0] & 0xf0) === 0xf0) {
          onTheWire++;
        }
        forward(datagram);
      };
      await connect(t, io, relay.port);
      assert.equal(onTheWire, retries);
      assert.equal(socket.stats().retries, retries);
    });
  }

  /** Begins handshakes that never end, as the clients get no answer. */
  async function beginHandshakes(
    t: TestContext,
    port: number,
    count: number,
  ): Promise<void> {
    const relay = await Relay.start(t, port);
    relay.impairment = (datagram, forward, direction) => {
      if (direction === 'toServer') forward(datagram);
      else drop(datagram, forward, direction);
    };
    const controller = new AbortController();
    t.after(() => controller.abort());
    for (let i = 0; i < count; i++) {
      QUICClient.createQUICClient(
        { host: '127.0.0.1', port: relay.port, config: {}, io },
        { signal: controller.signal },
      ).catch(() => {});
    }
  }

  /** Counts are no events, they can only be asked for. */
  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await setImmediate();
  }

  test('with retry auto a Retry is asked for under load', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    const server = new QUICServer({
      config: credentials,
      socket,
      retryThreshold: 2,
    });
    t.after(() => server.stop({ force: true }));
    await server.start();
    await beginHandshakes(t, socket.port, 2);
    await until(() => socket.stats().handshakes >= 2);
    const { retries } = socket.stats();
    await connect(t, io, socket.port);
    assert.ok(socket.stats().retries > retries);
  });

  test('handshakes beyond the limit are refused and counted', {
    timeout,
  }, async (t) => {
    for (const limit of [
      { maxHandshakes: 2 },
      { maxUnvalidatedHandshakes: 2 },
    ]) {
      const socket = await startSocket(t, io);
      const server = new QUICServer({
        config: credentials,
        socket,
        retry: 'never',
        ...limit,
      });
      t.after(() => server.stop({ force: true }));
      await server.start();
      await beginHandshakes(t, socket.port, 2);
      await until(() => socket.stats().handshakes >= 2);
      assert.equal(socket.stats().unvalidatedHandshakes, 2);
      await assert.rejects(connect(t, io, socket.port), (e: any) => {
        // CONNECTION_REFUSED
        assert.equal(e.data.errorCode, 2, String(e));
        return true;
      });
      assert.ok(socket.stats().refused > 0);
    }
  });

  test('options of admission are checked', () => {
    for (const options of [
      { retry: 'sometimes' },
      { retryThreshold: 0 },
      { maxHandshakes: 0.5 },
      { maxUnvalidatedHandshakes: -1 },
    ]) {
      assert.throws(
        () => new QUICServer({ config: credentials, ...(options as any) }),
        errors.ErrorQUICOptionInvalid,
      );
    }
  });
});
