import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, events, QUICSocket } from '@matrixai/quic';
import { on, once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, pair, startServer, startSocket } from '../helpers/pair.js';
import { drop, Relay } from '../helpers/relay.js';
import {
  exchange,
  MiB,
  payload,
  serveEcho,
  sha256,
} from '../helpers/streams.js';

const timeout = 60_000;
const size = 16 * MiB;

/** Asserts that a migration failed for a reason. */
async function fails(
  migration: Promise<void>,
  reason: errors.MigrationErrorData['reason'],
): Promise<void> {
  await assert.rejects(migration, (e: unknown) => {
    assert.ok(e instanceof errors.ErrorQUICConnectionMigration, String(e));
    assert.deepEqual(e.data, { reason });
    return true;
  });
}

forEachIO((io) => {
  test('a connection migrates in mid-transfer, and the socket that it left stops', {
    timeout,
  }, async (t) => {
    const old = await startSocket(t, io);
    const { client, connection, serverConnection } = await pair(t, io, {
      server: { onStream: serveEcho },
      client: { socket: old },
    });
    const socket = await startSocket(t, io);
    const before = {
      localHost: '127.0.0.1',
      localPort: connection.localPort,
      remoteHost: '127.0.0.1',
      remotePort: connection.remotePort,
    };
    const seen: Array<unknown> = [];
    on(client, events.EventQUICConnectionMigrated, ({ detail }) => {
      seen.push(detail);
    });
    const followed = once(serverConnection, events.EventQUICConnectionMigrated);
    const data = payload(size);
    const stream = connection.newStream();
    const echoed = exchange(stream, data);
    await once(serverConnection, events.EventQUICConnectionStream);
    await connection.migrate({ socket });
    assert.deepEqual(seen, [before]);
    assert.equal(connection.localPort, socket.port);
    assert.equal(client.localPort, socket.port);
    await old.stop();
    const { detail } = await followed;
    assert.equal(detail.remotePort, before.localPort);
    assert.equal(serverConnection.remotePort, socket.port);
    assert.equal(sha256(await echoed), sha256(data));
    assert.equal(socket.connectionMap.size, 1);
  });

  test('a connection migrates back and forth', { timeout }, async (t) => {
    const sockets = await Promise.all([1, 2, 3].map(() => startSocket(t, io)));
    const { connection, serverConnection } = await pair(t, io, {
      server: { onStream: serveEcho },
      client: { socket: sockets[0] },
    });
    for (const i of [1, 0, 2, 0]) {
      const followed = once(
        serverConnection,
        events.EventQUICConnectionMigrated,
      );
      await connection.migrate({ socket: sockets[i] });
      const data = payload(100_000, i);
      assert.deepEqual(await exchange(connection.newStream(), data), data);
      await followed;
      assert.equal(serverConnection.remotePort, sockets[i].port);
    }
    await Promise.all([sockets[1].stop(), sockets[2].stop()]);
    const data = payload(100_000);
    assert.deepEqual(await exchange(connection.newStream(), data), data);
    // Stopped with the connection on it, it takes that along
    const closed = once(connection, events.EventQUICConnectionClose);
    await sockets[0].stop({ force: true });
    await closed;
  });

  test('a client with a socket of its own migrates to a shared one, which outlives it', {
    timeout,
  }, async (t) => {
    const { client, connection, server } = await pair(t, io, {
      server: { onStream: serveEcho },
    });
    const socket = await startSocket(t, io);
    await connection.migrate({ socket });
    const data = payload(100_000);
    assert.deepEqual(await exchange(connection.newStream(), data), data);
    await client.destroy();
    assert.equal(socket.connectionMap.size, 0);
    const other = await connect(t, io, server.port, { socket });
    assert.deepEqual(await exchange(other.connection.newStream(), data), data);
  });

  test('a connection outlives a NAT that gives it another port in mid-transfer', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const accepted = once(server, events.EventQUICServerConnection);
    const relay = await Relay.start(t, server.port);
    const { connection } = await connect(t, io, relay.port);
    const { detail: serverConnection } = await accepted;
    const { remotePort } = serverConnection;
    // The handshake has to be confirmed by then (RFC 9000 section 9)
    await exchange(connection.newStream(), payload(1));
    const data = payload(size);
    const echoed = exchange(connection.newStream(), data);
    await once(serverConnection, events.EventQUICConnectionStream);
    const followed = once(serverConnection, events.EventQUICConnectionMigrated);
    await relay.rebind();
    const { detail } = await followed;
    assert.equal(detail.remotePort, remotePort);
    assert.notEqual(serverConnection.remotePort, remotePort);
    assert.equal(sha256(await echoed), sha256(data));
  });

  test('a connection that finds no answer stays where it was', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const relay = await Relay.start(t, server.port);
    const { connection } = await connect(t, io, relay.port);
    const socket = await startSocket(t, io);
    const { localPort } = connection;
    relay.impairment = drop;
    await fails(connection.migrate({ socket }), 'unreachable');
    relay.impairment = (datagram, forward) => forward(datagram);
    assert.equal(connection.localPort, localPort);
    await socket.stop();
    const data = payload(100_000);
    assert.deepEqual(await exchange(connection.newStream(), data), data);
  });

  test('a migration that cannot be is refused', { timeout }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const socket = await startSocket(t, io);
    await fails(serverConnection.migrate({ socket }), 'refused');
    const ipv6 = await startSocket(t, io, { host: '::1' });
    await fails(connection.migrate({ socket: ipv6 }), 'unreachable');
    await fails(connection.migrate({ socket: new QUICSocket() }), 'closed');
    await assert.rejects(
      connection.migrate({ socket: {} as QUICSocket }),
      errors.ErrorQUICOptionInvalid,
    );
    const first = connection.migrate({ socket });
    await fails(connection.migrate({ socket }), 'refused');
    await first;
    await connection.stop();
    await assert.rejects(
      connection.migrate({ socket }),
      errors.ErrorQUICConnectionNotRunning,
    );
  });

  for (const side of ['client', 'server']) {
    test(`a connection whose ${side} has disableActiveMigration does not migrate`, {
      timeout,
    }, async (t) => {
      const { connection } = await pair(t, io, {
        [side]: { config: { disableActiveMigration: true } },
      });
      const socket = await startSocket(t, io);
      await fails(connection.migrate({ socket }), 'refused');
    });
  }

  test('a connection that ends while it migrates says so', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const relay = await Relay.start(t, server.port);
    const { connection } = await connect(t, io, relay.port);
    const socket = await startSocket(t, io);
    relay.impairment = drop;
    const migration = fails(connection.migrate({ socket }), 'closed');
    await connection.stop({ force: true });
    await migration;
    await socket.stop();
  });

  test('the port of a socket that a connection has left is free', {
    timeout,
  }, async (t) => {
    const old = await startSocket(t, io);
    const { connection } = await pair(t, io, { client: { socket: old } });
    const { port } = old;
    await connection.migrate({ socket: await startSocket(t, io) });
    await old.stop();
    const again = await startSocket(t, io, { host: '127.0.0.1', port });
    assert.equal(again.port, port);
  });
});
