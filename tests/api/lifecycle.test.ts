import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  errors,
  events,
  type native,
  type QUICConnection,
  QUICServer,
  utils,
} from '@matrixai/quic';
import { toDER } from '../helpers/certs.js';
import { isPending, on, once, recordAll } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import {
  connect,
  credentials,
  openStream,
  pair,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { exchange, payload, readAll, serveEcho } from '../helpers/streams.js';

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
      errors.ErrorQUICConnectionStopping,
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

  test('an injected socket can have its server started again, many times', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    const server = new QUICServer({ config: credentials, socket });
    t.after(() => server.stop({ force: true }));
    on(server, events.EventQUICConnectionStream, ({ detail }) =>
      serveEcho(detail),
    );
    for (let i = 0; i < 20; i++) {
      await server.start();
      assert.equal(server.port, socket.port);
      const client = await connect(t, io, server.port);
      const data = payload(1000, i);
      const received = await exchange(client.connection.newStream(), data);
      assert.deepEqual(received, data);
      await server.stop({ force: true });
      assert.ok(server.closed && !socket.closed);
    }
  });

  test('updateConfig changes new connections only, also after a restart', {
    timeout,
  }, async (t) => {
    const old = utils.selfSigned();
    const server = await startServer(t, io, {
      config: { ...old, initialMaxStreamsBidi: 1, maxIdleTimeout: 20_000 },
      onStream: serveEcho,
    });
    const next = async (cert: string) => {
      const accepted = once(server, events.EventQUICServerConnection);
      const config = { ca: cert };
      const { connection } = await connect(t, io, server.port, { config });
      return [connection, (await accepted).detail] as const;
    };
    /** How many streams open at once. */
    const limit = (connection: QUICConnection) =>
      Array.from({ length: 5 }, () => connection.newStream()).filter(
        ({ streamId }) => streamId >= 0,
      ).length;
    const [first, atServer] = await next(old.cert);
    const stream = first.newStream();

    const updated = utils.selfSigned();
    server.updateConfig({
      ...updated,
      initialMaxStreamsBidi: 3,
      maxIdleTimeout: 500,
    });
    const [second, secondAtServer] = await next(updated.cert);
    assert.equal(limit(second), 3);
    assert.equal(limit(first), 0);
    for (const [end, atServerEnd, { cert }] of [
      [first, atServer, old],
      [second, secondAtServer, updated],
    ] as const) {
      const [der] = end.getRemoteCertsChain();
      assert.deepEqual(Buffer.from(der), Buffer.from(toDER(cert)));
      assert.deepEqual(atServerEnd.getLocalCertsChain().map(Buffer.from), [
        Buffer.from(der),
      ]);
    }
    const timedOut = await once(
      secondAtServer,
      events.EventQUICConnectionError,
    );
    assert.ok(timedOut.detail instanceof errors.ErrorQUICConnectionIdleTimeout);
    assert.deepEqual(await exchange(stream, payload(100)), payload(100));

    await assert.rejects(next(old.cert), errors.ErrorQUICConnectionLocalTLS);
    await server.stop({ force: true });
    await server.start({ host: '127.0.0.1' });
    const [third] = await next(updated.cert);
    assert.equal(limit(third), 3);
  });

  test('servers and clients emit the events of their connections and streams again, all in order', {
    timeout,
  }, async (t) => {
    const server = new QUICServer({ config: credentials, io });
    t.after(() => server.stop({ force: true }));
    const serverEvents = recordAll(server);
    const accepted = once(server, events.EventQUICServerConnection);
    await server.start({ host: '127.0.0.1' });
    const client = await connect(t, io, server.port);
    const { connection } = client;
    const { detail: serverConnection } = await accepted;
    const clientEvents = recordAll(client);
    const connectionEvents = recordAll(connection);
    const peerEvents = recordAll(serverConnection);

    const [echoed, peerEchoed] = await openStream(connection, serverConnection);
    serveEcho(peerEchoed);
    await exchange(echoed, payload(100));
    await Promise.all([echoed.closedP, peerEchoed.closedP]);
    const [aborted, peerAborted] = await openStream(
      connection,
      serverConnection,
      'uni',
    );
    await aborted.writable.abort();
    await peerAborted.closedP;
    await openStream(connection, serverConnection);
    const destroyed = once(client, events.EventQUICClientDestroyed);
    await serverConnection.stop();
    await destroyed;
    await server.stop();

    const abortedEvents = [
      'StreamError',
      'StreamCloseRead',
      'StreamDestroy',
      'StreamDestroyed',
    ];
    const endedEvents = [
      'StreamError',
      'StreamCloseRead',
      'StreamError',
      'StreamCloseWrite',
      'StreamDestroy',
      'StreamDestroyed',
    ];
    const atServer = [
      'ConnectionStream',
      'StreamCloseRead',
      'StreamCloseWrite',
      'StreamDestroy',
      'StreamDestroyed',
      'ConnectionStream',
      ...abortedEvents,
      'ConnectionStream',
      'ConnectionStop',
      ...endedEvents,
      'ConnectionError',
      'ConnectionClose',
      'ConnectionStopped',
    ];
    assert.deepEqual(peerEvents, atServer);
    assert.deepEqual(serverEvents, [
      'ServerStart',
      'SocketStart',
      'SocketStarted',
      'ServerStarted',
      'ConnectionStart',
      'ConnectionStarted',
      'ServerConnection',
      ...atServer,
      'ServerStop',
      'ServerClose',
      'SocketStop',
      'SocketClose',
      'SocketStopped',
      'ServerStopped',
    ]);
    const streamsAtClient = [
      'StreamCloseWrite',
      'StreamCloseRead',
      'StreamDestroy',
      'StreamDestroyed',
      'StreamError',
      'StreamCloseWrite',
      'StreamDestroy',
      'StreamDestroyed',
      ...endedEvents,
    ];
    assert.deepEqual(connectionEvents, [
      ...streamsAtClient,
      'ConnectionError',
      'ConnectionClose',
      'ConnectionStop',
      'ConnectionStopped',
    ]);
    assert.deepEqual(clientEvents, [
      ...streamsAtClient,
      'ClientError',
      'ClientClose',
      'ConnectionError',
      'ConnectionClose',
      'ClientDestroy',
      'ConnectionStop',
      'ConnectionStopped',
      'SocketStop',
      'SocketClose',
      'SocketStopped',
      'ClientDestroyed',
    ]);
  });

  test('the events of a client that is destroyed come in order at both ends', {
    timeout,
  }, async (t) => {
    const { server, client, serverConnection } = await pair(t, io);
    const clientEvents = recordAll(client);
    const serverEvents = recordAll(server);
    const stopped = once(serverConnection, events.EventQUICConnectionStopped);
    await client.destroy();
    await stopped;
    assert.deepEqual(clientEvents, [
      'ClientDestroy',
      'ConnectionStop',
      'ClientError',
      'ClientClose',
      'ConnectionError',
      'ConnectionClose',
      'ConnectionStopped',
      'SocketStop',
      'SocketClose',
      'SocketStopped',
      'ClientDestroyed',
    ]);
    assert.deepEqual(serverEvents, [
      'ConnectionError',
      'ConnectionClose',
      'ConnectionStop',
      'ConnectionStopped',
    ]);
  });

  test('the events of streams that end with their connection say so', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const details = [connection, serverConnection].map((end) => {
      const details: Array<unknown> = [];
      for (const event of [
        events.EventQUICStreamError,
        events.EventQUICStreamCloseRead,
        events.EventQUICStreamCloseWrite,
      ]) {
        on<
          | events.EventQUICStreamError
          | events.EventQUICStreamCloseRead
          | events.EventQUICStreamCloseWrite
        >(end, event, ({ detail }) => details.push(detail));
      }
      return details;
    });
    await openStream(connection, serverConnection);
    const causes = [connection, serverConnection].map((end) =>
      once(end, events.EventQUICConnectionError),
    );
    await connection.stop(close);
    for (const [i, { Read, Write }] of [
      {
        Read: errors.ErrorQUICStreamLocalRead,
        Write: errors.ErrorQUICStreamLocalWrite,
      },
      {
        Read: errors.ErrorQUICStreamPeerRead,
        Write: errors.ErrorQUICStreamPeerWrite,
      },
    ].entries()) {
      const { detail: cause } = await causes[i];
      const [error, closeRead, writeError, closeWrite] = details[i];
      assert.equal(details[i].length, 4);
      assert.ok(error instanceof Read && writeError instanceof Write);
      assert.equal(closeRead, error);
      assert.equal(closeWrite, writeError);
      for (const { data, cause: why } of [error, writeError]) {
        assert.deepEqual(data, { code: 0 });
        assert.equal(why, cause);
      }
    }
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
