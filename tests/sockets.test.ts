import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once as onceEmitted } from 'node:events';
import { type TestContext, test } from 'node:test';
import { errors, QUICServer } from '@matrixai/quic';
import { forEachIO } from './helpers/io.js';
import {
  connect,
  credentials,
  startServer,
  startSocket,
} from './helpers/pair.js';
import {
  exchange,
  MiB,
  payload,
  serveEcho,
  sha256,
} from './helpers/streams.js';

const timeout = 30_000;

// RFC 9000 section 17: a long header of version 1, one of another version, a
// short header, and none at all
const headers = [
  Buffer.from([0xc0, 0, 0, 0, 1, 8]),
  Buffer.from([0xff, 1, 2, 3, 4, 8]),
  Buffer.from([0x40]),
  Buffer.from([]),
];

/** A UDP socket outside of this library. */
async function plainSocket(t: TestContext) {
  const socket = createSocket('udp4');
  t.after(() => socket.close());
  socket.bind(0, '127.0.0.1');
  await onceEmitted(socket, 'listening');
  return socket;
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

  test('raw datagrams can be sent from a socket that carries QUIC', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    await startServer(t, io, { socket });
    const receiver = await plainSocket(t);
    const { port } = receiver.address();
    const bytes = Buffer.from('hole punch');
    for (const [send, expected] of [
      [() => socket.send('text', port, '127.0.0.1'), 'text'],
      [() => socket.send(bytes, port, '127.0.0.1'), 'hole punch'],
      [() => socket.send(bytes, 5, 5, port, '127.0.0.1'), 'punch'],
      [
        () => socket.send([bytes, Buffer.from('!')], port, '127.0.0.1'),
        'hole punch!',
      ],
    ] as const) {
      const received = onceEmitted(receiver, 'message');
      assert.equal(await send(), expected.length);
      const [datagram, from] = await received;
      assert.equal(datagram.toString(), expected);
      assert.equal(from.port, socket.port);
    }
  });

  for (const { start, type, reachable } of [
    { start: { host: '127.0.0.1' }, type: 'ipv4', reachable: ['127.0.0.1'] },
    { start: { host: '0.0.0.0' }, type: 'ipv4', reachable: ['127.0.0.1'] },
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
      const server = await startServer(t, io, { socket, onStream: serveEcho });
      for (const host of reachable) {
        const { connection } = await connect(t, io, server.port, { host });
        const received = await exchange(connection.newStream(), payload(100));
        assert.deepEqual(received, payload(100));
        assert.equal(connection.remotePort, server.port);
      }
    });
  }

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

  test('a thousand datagrams of noise disturb nothing', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const { connection } = await connect(t, io, server.port);
    const sender = await plainSocket(t);
    const makeNoise = async () => {
      for (let i = 0; i < 1000; i++) {
        const size = 1 + ((i * 977) % 1500);
        const noise = payload(size, i);
        noise.set(headers[i % headers.length].subarray(0, size));
        await new Promise((sent) => {
          sender.send(noise, server.port, '127.0.0.1', sent);
        });
      }
    };
    const transfer = async () => {
      const data = payload(8 * MiB);
      const received = await exchange(connection.newStream(), data);
      assert.equal(sha256(received), sha256(data));
    };
    await Promise.all([makeNoise(), transfer()]);
    const another = await connect(t, io, server.port);
    await exchange(another.connection.newStream(), payload(100));
  });

  test('datagrams of noise at a socket without a server are dropped', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const socket = await startSocket(t, io);
    const { connection } = await connect(t, io, server.port, { socket });
    const sender = await plainSocket(t);
    for (let i = 0; i < 100; i++) {
      await new Promise((sent) => {
        sender.send(payload(1200, i), socket.port, '127.0.0.1', sent);
      });
    }
    await exchange(connection.newStream(), payload(MiB));
    assert.ok(!socket.closed);
  });
});
