import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errors, events, type native, QUICServer } from '@matrixai/quic';
import { isPending, on, once, record } from './helpers/events.js';
import { forEachIO } from './helpers/io.js';
import {
  connect,
  credentials,
  openStream,
  pair,
  startServer,
} from './helpers/pair.js';
import { exchange, payload, readAll, serveEcho } from './helpers/streams.js';

const timeout = 30_000;

const close = {
  isApp: true as const,
  errorCode: 4242,
  reason: Buffer.from('closing time'),
};

function assertClose(
  error: unknown,
  ErrorClass: new (...args: any) => Error & { data: native.ConnectionError },
): void {
  assert.ok(error instanceof ErrorClass, `${error}`);
  const { isApp, errorCode, reason } = error.data;
  assert.equal(isApp, true);
  assert.equal(errorCode, 4242);
  assert.equal(Buffer.from(reason).toString(), 'closing time');
}

forEachIO((io) => {
  test('a server that stops tells its active clients the code and the reason', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const accepted: Array<Promise<unknown>> = [];
    on(server, events.EventQUICServerConnection, ({ detail: connection }) => {
      const closed = once(connection, events.EventQUICConnectionClose);
      accepted.push(
        closed.then(({ detail }) =>
          assertClose(detail, errors.ErrorQUICConnectionLocal),
        ),
        connection.closedP,
      );
    });
    const told = [];
    for (let i = 0; i < 5; i++) {
      const client = await connect(t, io, server.port);
      const stream = client.connection.newStream();
      const opened = once(server, events.EventQUICConnectionStream);
      const writer = stream.writable.getWriter();
      await writer.write(new Uint8Array(1));
      await opened;
      told.push(
        ...[
          once(client, events.EventQUICClientError),
          once(client.connection, events.EventQUICConnectionError),
          once(client.connection, events.EventQUICConnectionClose),
        ].map(async (event) =>
          assertClose((await event).detail, errors.ErrorQUICConnectionPeer),
        ),
        assert.rejects(
          stream.readable.getReader().read(),
          errors.ErrorQUICConnectionPeer,
        ),
        assert.rejects(writer.closed, errors.ErrorQUICConnectionPeer),
        once(client, events.EventQUICClientDestroyed).then(() => {
          assert.ok(client.closed && client.connection.closed);
        }),
        stream.closedP,
        client.closedP,
      );
    }
    await server.stop({ ...close, force: true });
    assert.equal(accepted.length, 10);
    await Promise.all([...told, ...accepted]);
  });

  test('a client that is destroyed tells its server the code and the reason', {
    timeout,
  }, async (t) => {
    const { server, client, connection, serverConnection } = await pair(t, io);
    const [, peerStream] = await openStream(connection, serverConnection);
    const told = [
      once(server, events.EventQUICConnectionError),
      once(serverConnection, events.EventQUICConnectionError),
      once(serverConnection, events.EventQUICConnectionClose),
    ];
    const failed = assert.rejects(
      peerStream.readable.getReader().read(),
      errors.ErrorQUICConnectionPeer,
    );
    const own = once(connection, events.EventQUICConnectionError);
    await client.destroy({ ...close, force: true });
    assertClose((await own).detail, errors.ErrorQUICConnectionLocal);
    for (const { detail } of await Promise.all(told)) {
      assertClose(detail, errors.ErrorQUICConnectionPeer);
    }
    await failed;
    await Promise.all([serverConnection.closedP, peerStream.closedP]);
    assert.ok(serverConnection.closed && !server.closed);
    const { isApp, errorCode } = serverConnection.getConnectionError()!;
    assert.deepEqual({ isApp, errorCode }, { isApp: true, errorCode: 4242 });
  });

  test('a stop without force waits for the streams and refuses new ones', {
    timeout,
  }, async (t) => {
    const { server, client, connection, serverConnection } = await pair(t, io);
    const [stream, peerStream] = await openStream(connection, serverConnection);
    const closed = once(client, events.EventQUICClientError);
    const stopping = once(serverConnection, events.EventQUICConnectionStop);
    const stopped = server.stop({ ...close, force: false });
    await stopping;
    assert.throws(
      () => serverConnection.newStream(),
      errors.ErrorQUICConnection,
    );

    serveEcho(peerStream);
    assert.deepEqual(await exchange(stream, payload(100)), payload(100));
    await stopped;
    assertClose((await closed).detail, errors.ErrorQUICConnectionPeer);
    assert.ok(server.closed && serverConnection.closed);
  });

  test('destroyStreams ends what a stop without force waits for', {
    timeout,
  }, async (t) => {
    const { client, connection, serverConnection } = await pair(t, io);
    const [stream, peerStream] = await openStream(connection, serverConnection);
    const reason = new Error('enough');
    const failed = assert.rejects(
      stream.readable.getReader().read(),
      (error) => error === reason,
    );
    const peerFailed = assert.rejects(peerStream.readable.getReader().read());
    const destroyed = client.destroy({ force: false });
    assert.ok(await isPending(destroyed));
    connection.destroyStreams(reason);
    await Promise.all([failed, peerFailed, destroyed]);
    assert.ok(client.closed);
  });

  test('a server can be started again, many times', { timeout }, async (t) => {
    const server = new QUICServer({ config: credentials, io });
    t.after(() => server.stop({ force: true }));
    on(server, events.EventQUICServerConnection, ({ detail: connection }) => {
      on(connection, events.EventQUICConnectionStream, ({ detail }) =>
        serveEcho(detail),
      );
    });
    let port = 0;
    for (let i = 0; i < 20; i++) {
      await server.start({ host: '127.0.0.1', port });
      assert.ok(!server.closed);
      port = server.port;
      const client = await connect(t, io, port);
      const data = payload(1000, i);
      const received = await exchange(client.connection.newStream(), data);
      assert.deepEqual(received, data);
      const { closedP } = server;
      await server.stop({ force: true });
      await closedP;
      assert.ok(server.closed);
    }
  });

  test('events come in order', { timeout }, async (t) => {
    const server = new QUICServer({ config: credentials, io });
    t.after(() => server.stop({ force: true }));
    const serverEvents = record(
      server,
      events.EventQUICServerStart,
      events.EventQUICServerStarted,
      events.EventQUICServerConnection,
      events.EventQUICServerStop,
      events.EventQUICServerClose,
      events.EventQUICServerStopped,
    );
    await server.start({ host: '127.0.0.1' });
    const accepted = once(server, events.EventQUICServerConnection);
    const client = await connect(t, io, server.port);
    const clientEvents = record(
      client,
      events.EventQUICClientDestroy,
      events.EventQUICClientError,
      events.EventQUICClientClose,
      events.EventQUICClientDestroyed,
    );
    const { detail: serverConnection } = await accepted;
    const [connectionEvents, peerEvents] = [
      client.connection,
      serverConnection,
    ].map((each) =>
      record(
        each,
        events.EventQUICConnectionError,
        events.EventQUICConnectionClose,
        events.EventQUICConnectionStopped,
      ),
    );
    const stopped = once(serverConnection, events.EventQUICConnectionStopped);
    await client.destroy({ force: true });
    await stopped;
    await server.stop({ force: true });

    assert.deepEqual(clientEvents, [
      'EventQUICClientDestroy',
      'EventQUICClientError',
      'EventQUICClientClose',
      'EventQUICClientDestroyed',
    ]);
    for (const names of [connectionEvents, peerEvents]) {
      assert.deepEqual(names, [
        'EventQUICConnectionError',
        'EventQUICConnectionClose',
        'EventQUICConnectionStopped',
      ]);
    }
    assert.deepEqual(serverEvents, [
      'EventQUICServerStart',
      'EventQUICServerStarted',
      'EventQUICServerConnection',
      'EventQUICServerStop',
      'EventQUICServerClose',
      'EventQUICServerStopped',
    ]);
  });

  test('what has ended says so, and ending it again is no error', {
    timeout,
  }, async (t) => {
    const { server, client, connection, serverConnection } = await pair(t, io);
    const [stream, peerStream] = await openStream(connection, serverConnection);
    const all = [
      ...[server, client, connection, serverConnection],
      ...[stream, peerStream],
    ];
    const closed = Promise.all(all.map(({ closedP }) => closedP));
    for (const each of all) {
      assert.ok(!each.closed);
      assert.ok(await isPending(each.closedP));
    }
    await Promise.all([stream.writable.close(), peerStream.writable.close()]);
    await Promise.all([readAll(stream.readable), readAll(peerStream.readable)]);
    await client.destroy();
    await serverConnection.closedP;
    await server.stop();
    await closed;
    for (const each of all) assert.ok(each.closed);
    await Promise.all([
      stream.destroy(),
      connection.stop(),
      serverConnection.stop(),
      client.destroy(),
      server.stop(),
    ]);

    assert.throws(() => server.port, errors.ErrorQUICServerNotRunning);
    assert.throws(() => server.host, errors.ErrorQUICServerNotRunning);
    assert.throws(() => client.port, errors.ErrorQUICClientDestroyed);
    assert.throws(
      () => connection.newStream(),
      errors.ErrorQUICConnectionNotRunning,
    );
  });
});
