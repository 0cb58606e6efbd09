import assert from 'node:assert/strict';
import { once as onceEmitted } from 'node:events';
import { platform } from 'node:os';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  errors,
  events,
  native,
  QUICClient,
  QUICServer,
  QUICSocket,
  utils,
} from '@matrixai/quic';
import { on, once, record, until } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import {
  connect,
  credentials,
  openStream,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { plainSocket } from '../helpers/plain.js';
import { Relay } from '../helpers/relay.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

function assertInternalError(
  error: unknown,
  ErrorClass: new (...args: any) => Error & { data: native.ConnectionError },
): void {
  assert.ok(error instanceof ErrorClass, `${error}`);
  const { isApp, errorCode } = error.data;
  assert.equal(isApp, false);
  assert.equal(errorCode, native.ConnectionErrorCode.InternalError);
}

forEachIO((io) => {
  test('an injected socket outlives the server and the clients that share it', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    const server = await startServer(t, io, { socket, onStream: serveEcho });
    const client = await connect(t, io, server.port, { socket });
    assert.ok(server.isSocketShared && client.isSocketShared);
    await exchange(client.connection.newStream(), payload(100));
    await client.destroy({ force: true });
    await server.stop({ force: true });
    assert.ok(!socket.closed);

    const again = await startServer(t, io, { socket, onStream: serveEcho });
    const client2 = await connect(t, io, again.port);
    await exchange(client2.connection.newStream(), payload(100));
    await again.stop({ force: true });
    const { closedP } = socket;
    await socket.stop();
    await closedP;
    assert.ok(socket.closed);
    assert.throws(() => socket.port, errors.ErrorQUICSocketNotRunning);
  });

  test('an encapsulated socket ends with its server or client', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const client = await connect(t, io, server.port);
    assert.ok(!server.isSocketShared && !client.isSocketShared);
    const ports = [server.port, client.localPort];
    await client.destroy({ force: true });
    await server.stop({ force: true });
    for (const port of ports) {
      const socket = await startSocket(t, io, { host: '127.0.0.1', port });
      assert.equal(socket.port, port);
    }
  });

  test('a socket with active connections stops only with force', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const socket = await startSocket(t, io);
    const { connection } = await connect(t, io, server.port, { socket });
    await assert.rejects(
      socket.stop(),
      errors.ErrorQUICSocketConnectionsActive,
    );
    assert.ok(!socket.closed && !connection.closed);
    await socket.stop({ force: true });
    await connection.closedP;
    assert.ok(socket.closed && connection.closed);
  });

  test('a server whose shared socket stops with force is closed, and its clients are told', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    const server = await startServer(t, io, { socket });
    const { EventQUICServerError, EventQUICServerClose } = events;
    const names = record(server, EventQUICServerError, EventQUICServerClose);
    const ends = [
      once(server, EventQUICServerError),
      once(server, EventQUICServerClose),
    ];
    const told = [];
    for (let i = 0; i < 3; i++) {
      const accepted = once(server, events.EventQUICServerConnection);
      const client = await connect(t, io, server.port);
      told.push(once(client, events.EventQUICClientClose));
      await accepted;
    }
    const { closedP } = server;
    await socket.stop({ force: true });
    assert.ok(server.closed);
    await closedP;
    for (const { detail } of await Promise.all(ends)) {
      assert.ok(detail instanceof errors.ErrorQUICServerSocketNotRunning);
    }
    for (const { detail } of await Promise.all(told)) {
      assertInternalError(detail, errors.ErrorQUICConnectionPeer);
    }
    assert.deepEqual(names, [
      EventQUICServerError.name,
      EventQUICServerClose.name,
    ]);

    // With the socket the server can be started again
    await assert.rejects(
      server.start(),
      errors.ErrorQUICServerSocketNotRunning,
    );
    await socket.start({ host: '127.0.0.1' });
    await server.start();
    await connect(t, io, server.port);
  });

  test('a socket that stops with force tells a client that its server has not heard of yet', {
    timeout,
  }, async (t) => {
    for (let i = 0; i < 10; i++) {
      const socket = await startSocket(t, io);
      await startServer(t, io, { socket });
      const client = await connect(t, io, socket.port);
      const told = once(client, events.EventQUICClientClose);
      await socket.stop({ force: true });
      const { detail } = await told;
      assert.ok(detail instanceof errors.ErrorQUICConnectionPeer, `${detail}`);
    }
  });

  test('a socket that stops with force tells clients the same at whatever point of their handshake', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    let isStuck = false;
    const server = await startServer(t, io, {
      socket,
      config: {
        verifyPeer: true,
        verifyCallback: async () => {
          if (isStuck) await new Promise(() => {});
          return undefined;
        },
      },
    });
    const told: Array<Promise<events.EventQUICClientClose>> = [];
    const connectTo = async (port: number) => {
      const config = { ...credentials, ca: credentials.cert };
      const client = await connect(t, io, port, { config });
      told.push(once(client, events.EventQUICClientClose));
    };
    const accepted = once(server, events.EventQUICServerConnection);
    await connectTo(socket.port);
    await accepted;
    // These are connected, but the server has not verified one, and the certificate of the other
    // one is lost
    isStuck = true;
    await connectTo(socket.port);
    const relay = await Relay.start(t, socket.port);
    let sent = 0;
    relay.impairment = (datagram, forward, direction) => {
      if (direction === 'toClient' || sent++ === 0) forward(datagram);
    };
    await connectTo(relay.port);
    await socket.stop({ force: true });
    for (const { detail } of await Promise.all(told)) {
      assertInternalError(detail, errors.ErrorQUICConnectionPeer);
    }
  });

  test('a socket that stops with force tells servers the same at whatever point of the handshake', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    let open = 0;
    const told: Array<unknown> = [];
    on(server, events.EventQUICServerConnection, ({ detail }) => {
      open++;
      void detail.closedP.then(() => open--);
    });
    on(server, events.EventQUICConnectionError, ({ detail }) => {
      told.push(detail);
    });
    for (let i = 0; i < 20; i++) {
      const socket = await startSocket(t, io);
      const config = { ca: credentials.cert };
      const { port } = server;
      const created = connect(t, io, port, { socket, config });
      const outcome = created.catch((e: unknown) => e);
      // A handshake takes some milliseconds
      await setTimeout(i / 4);
      await socket.stop({ force: true });
      const result = await outcome;
      assert.ok(
        result instanceof QUICClient ||
          result instanceof errors.ErrorQUICClientSocketNotRunning,
        `${result}`,
      );
    }
    await until(() => open === 0);
    for (const error of told) {
      assertInternalError(error, errors.ErrorQUICConnectionPeer);
    }

    // One that has heard of nothing but the first packet
    const socket = await startSocket(t, io);
    const relay = await Relay.start(t, server.port);
    relay.impairment = (datagram, forward, direction) => {
      if (direction === 'toServer') forward(datagram);
    };
    const failed = once(server, events.EventQUICConnectionError);
    const rejected = assert.rejects(
      connect(t, io, relay.port, { socket }),
      errors.ErrorQUICClientSocketNotRunning,
    );
    await until(
      () =>
        socket.stats().connections === 0 &&
        server.socket.stats().handshakes === 1,
    );
    await socket.stop({ force: true });
    await rejected;
    const { detail } = await failed;
    assertInternalError(detail, errors.ErrorQUICConnectionPeer);
  });

  test('a forced stop overtakes a graceful one of a connection, and its code', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const socket = await startSocket(t, io);
    const accepted = once(server, events.EventQUICServerConnection);
    const { connection } = await connect(t, io, server.port, { socket });
    const { detail: serverConnection } = await accepted;
    await openStream(connection, serverConnection);
    const told = once(serverConnection, events.EventQUICConnectionClose);
    const stopped = connection.stop({ force: false, errorCode: 7 });
    await socket.stop({ force: true });
    await stopped;
    assertInternalError((await told).detail, errors.ErrorQUICConnectionPeer);
  });

  test('a server without clients does not keep its shared socket from stopping', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    const server = await startServer(t, io, { socket });
    const { closedP } = server;
    const closed = once(server, events.EventQUICServerClose);
    await socket.stop();
    const { detail } = await closed;
    assert.ok(detail instanceof errors.ErrorQUICServerSocketNotRunning);
    await closedP;
    assert.ok(server.closed);
  });

  test('a client whose shared socket stops with force is closed, and the server is told', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const socket = await startSocket(t, io);
    const accepted = once(server, events.EventQUICServerConnection);
    const client = await connect(t, io, server.port, { socket });
    const { detail: serverConnection } = await accepted;
    const { connection } = client;
    const [stream] = await openStream(connection, serverConnection);
    const { EventQUICClientError, EventQUICClientClose } = events;
    const names = record(client, EventQUICClientError, EventQUICClientClose);
    const ends = [
      once(client, EventQUICClientError),
      once(client, EventQUICClientClose),
    ];
    const own = once(connection, events.EventQUICConnectionClose);
    const told = once(serverConnection, events.EventQUICConnectionClose);
    const destroyed = once(client, events.EventQUICClientDestroyed);
    const failed = assert.rejects(
      stream.readable.getReader().read(),
      errors.ErrorQUICConnectionLocal,
    );
    await socket.stop({ force: true });
    await Promise.all([failed, client.closedP, destroyed]);
    assert.ok(client.closed);
    for (const { detail } of await Promise.all(ends)) {
      assert.ok(detail instanceof errors.ErrorQUICClientSocketNotRunning);
    }
    assertInternalError((await own).detail, errors.ErrorQUICConnectionLocal);
    assertInternalError((await told).detail, errors.ErrorQUICConnectionPeer);
    assert.deepEqual(names, [
      EventQUICClientError.name,
      EventQUICClientClose.name,
    ]);
    assert.ok(!server.closed);
  });

  for (const { start, type, reachable } of [
    { start: { host: '127.0.0.1' }, type: 'ipv4', reachable: ['127.0.0.1'] },
    { start: { host: '0.0.0.0' }, type: 'ipv4', reachable: ['127.0.0.1'] },
    {
      start: { host: '::ffff:127.0.0.1' },
      type: 'ipv4',
      reachable: ['127.0.0.1', '::ffff:127.0.0.1'],
    },
    { start: { host: '::1' }, type: 'ipv6', reachable: ['::1'] },
    { start: { host: '::', ipv6Only: true }, type: 'ipv6', reachable: ['::1'] },
    {
      start: { host: '::' },
      type: 'ipv4&ipv6',
      reachable: ['127.0.0.1', '::1', '::ffff:127.0.0.1'],
    },
  ]) {
    const name = JSON.stringify(start);
    test(`a server on a socket started with ${name} is reached at ${reachable.join(', ')}`, {
      timeout,
    }, async (t) => {
      const socket = await startSocket(t, io, start);
      assert.equal(socket.type, type);
      assert.equal(socket.host, start.host);
      assert.ok(socket.port > 0);
      const server = await startServer(t, io, { socket, onStream: serveEcho });
      assert.equal(server.host, socket.host);
      assert.equal(server.port, socket.port);
      for (const host of reachable) {
        const { connection } = await connect(t, io, server.port, { host });
        const received = await exchange(connection.newStream(), payload(100));
        assert.deepEqual(received, payload(100));
        assert.equal(connection.remotePort, server.port);
      }
    });
  }

  for (const [given, bound, type] of [
    ['::ffff:7f00:1', '::ffff:127.0.0.1', 'ipv4'],
    ['0:0:0:0:0:FFFF:127.0.0.1', '::ffff:127.0.0.1', 'ipv4'],
    ['::ffff:0:0', '::ffff:0.0.0.0', 'ipv4'],
    ['0:0:0:0:0:0:0:1', '::1', 'ipv6'],
    ['::1%lo', '::1', 'ipv6'],
    ['::0', '::', 'ipv4&ipv6'],
    ['0:0:0:0:0:0:0:0', '::', 'ipv4&ipv6'],
  ]) {
    test(`a socket started with ${given} is bound to ${bound}`, {
      timeout,
    }, async (t) => {
      if (given.endsWith('%lo') && platform() !== 'linux') {
        t.skip('the loopback interface has another name');
        return;
      }
      const socket = await startSocket(t, io, { host: given });
      assert.equal(socket.host, bound);
      assert.equal(socket.type, type);
      const server = await startServer(t, io, { host: given });
      assert.equal(server.host, bound);
      // Both can be reached, and reach others
      await startServer(t, io, { socket, onStream: serveEcho });
      const target = { host: given, serverName: 'localhost' };
      const { connection } = await connect(t, io, socket.port, target);
      const { connection: back } = await connect(t, io, server.port, {
        ...target,
        socket,
      });
      await exchange(connection.newStream(), payload(100));
      assert.equal(connection.remotePort, socket.port);
      assert.equal(back.remotePort, server.port);
    });
  }

  test('an IPv4 host is refused with ipv6Only', { timeout }, async () => {
    for (const host of ['127.0.0.1', '0.0.0.0', '::ffff:127.0.0.1']) {
      const socket = new QUICSocket({ io });
      await assert.rejects(socket.start({ host, ipv6Only: true }), (e) => {
        assert.ok(e instanceof errors.ErrorQUICSocketInvalidBindAddress);
        const { code, syscall, message } = e.cause as NodeJS.ErrnoException;
        assert.deepEqual([code, syscall], ['EINVAL', 'bind']);
        assert.ok(message.includes(host));
        return true;
      });
      assert.ok(socket.closed);
    }
  });

  for (const [name, host, resolveHostname] of [
    ['of the operating system', 'localhost', undefined],
    ['that returns', 'host.test', () => '127.0.0.1'],
    ['that returns a promise', 'host.test', async () => '::1'],
    [
      'that returns a name',
      'alias.test',
      (name: string) => (name === 'host.test' ? '127.0.0.1' : 'host.test'),
    ],
  ] as const) {
    test(`a resolver ${name} finds where to bind, to send and to connect`, {
      timeout,
    }, async (t) => {
      const [ip] = await utils.resolveHost(
        host,
        resolveHostname ?? utils.resolveHostname,
      );
      const asked: Array<string> = [];
      const options = {
        io,
        resolveHostname:
          resolveHostname &&
          ((hostname: string) => {
            asked.push(hostname);
            return resolveHostname(hostname);
          }),
      };
      const socket = new QUICSocket(options);
      t.after(() => socket.stop({ force: true }));
      await socket.start({ host });
      const server = new QUICServer({ ...options, config: credentials });
      t.after(() => server.stop({ force: true }));
      await server.start({ host });
      assert.equal(server.host, ip);
      assert.equal(socket.host, ip);
      assert.equal(socket.type, utils.isIPv4(ip) ? 'ipv4' : 'ipv6');

      const receiver = await plainSocket(t, ip);
      const received = onceEmitted(receiver, 'message');
      await socket.send('text', receiver.address().port, host);
      assert.equal((await received)[0].toString(), 'text');

      const target = { host, serverName: 'localhost', ...options };
      for (const shared of [undefined, socket]) {
        const { connection } = await connect(t, io, server.port, {
          ...target,
          socket: shared,
        });
        assert.equal(utils.toCanonicalIP(connection.remoteHost), ip);
      }
      const names = host === 'alias.test' ? [host, 'host.test'] : [host];
      const isAsked = resolveHostname !== undefined;
      assert.deepEqual(asked, isAsked ? Array(5).fill(names).flat() : []);
    });
  }

  test('with reuseAddr several sockets share a port', {
    timeout,
  }, async (t) => {
    const host = '127.0.0.1';
    const { port } = await startSocket(t, io, { host, reuseAddr: true });
    const second = await startSocket(t, io, { host, port, reuseAddr: true });
    assert.equal(second.port, port);
    const server = new QUICServer({ config: credentials, io });
    t.after(() => server.stop({ force: true }));
    await server.start({ host, port, reuseAddr: true });
    assert.equal(server.port, port);
    await assert.rejects(
      startSocket(t, io, { host, port }),
      errors.ErrorQUICSocketInvalidBindAddress,
    );
  });

  test('a port in use is a typed error, and who uses it goes on', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const { port } = server;
    for (const start of [
      () => startSocket(t, io, { host: '127.0.0.1', port }),
      () =>
        new QUICServer({ config: credentials, io }).start({
          host: '127.0.0.1',
          port,
        }),
    ]) {
      await assert.rejects(start(), errors.ErrorQUICSocketInvalidBindAddress);
    }
    const { connection } = await connect(t, io, port);
    await exchange(connection.newStream(), payload(100));
  });

  test('a socket that cannot be bound says why, and can be started elsewhere', {
    timeout,
  }, async (t) => {
    const { port } = await startSocket(t, io);
    const { transports } = native.debugStats();
    const socket = new QUICSocket({ io });
    t.after(() => socket.stop({ force: true }));
    for (const [options, code] of [
      [{ host: '192.0.2.1' }, 'EADDRNOTAVAIL'],
      [{ host: '2001:db8::1' }, 'EADDRNOTAVAIL'],
      [{ host: '127.0.0.1', port }, 'EADDRINUSE'],
      [{ host: 'no-such-host.invalid' }, 'ERR_QUIC_HOST_INVALID'],
    ] as const) {
      await assert.rejects(
        socket.start(options),
        (error) =>
          error instanceof errors.ErrorQUICSocketInvalidBindAddress &&
          error.message.includes(options.host) &&
          (error.cause as NodeJS.ErrnoException).code === code,
      );
      assert.ok(socket.closed);
    }
    assert.equal(native.debugStats().transports, transports);
    await socket.start({ host: '127.0.0.1' });
    assert.ok(!socket.closed);
  });
});
