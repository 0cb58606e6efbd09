import assert from 'node:assert/strict';
import { once as onceEmitted } from 'node:events';
import { test } from 'node:test';
import { errors, events, QUICSocket, utils } from '@matrixai/quic';
import { record } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, startServer, startSocket } from '../helpers/pair.js';
import { plainSocket, refusalToSend } from '../helpers/plain.js';
import {
  exchange,
  MiB,
  payload,
  serveEcho,
  sha256,
} from '../helpers/streams.js';

const timeout = 30_000;

// RFC 9000 section 17: a long header of version 1, one of another version, a
// short header, and none at all
const headers = [
  Buffer.from([0xc0, 0, 0, 0, 1, 8]),
  Buffer.from([0xff, 1, 2, 3, 4, 8]),
  Buffer.from([0x40]),
  Buffer.from([]),
];

forEachIO((io) => {
  test('raw datagrams of all kinds can be sent from a socket that carries QUIC', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    await startServer(t, io, { socket });
    const receiver = await plainSocket(t);
    const { port } = receiver.address();
    const host = '127.0.0.1';
    const bytes = new TextEncoder().encode('hole punch');
    const euro = new TextEncoder().encode('€');
    // What one UDP datagram can carry over IPv4
    const largest = 'x'.repeat(65_507);
    for (const [send, expected] of [
      [() => socket.send('text', port, host), 'text'],
      [() => socket.send('€', port, host), '€'],
      [() => socket.send('', port, host), ''],
      [() => socket.send(largest, port, host), largest],
      [() => socket.send(bytes, port, host), 'hole punch'],
      [() => socket.send(bytes, 5, 5, port, host), 'punch'],
      [() => socket.send(bytes, 0, 0, port, host), ''],
      [() => socket.send('hole punch', 0, 4, port, host), 'hole'],
      [
        () => socket.send([bytes, ' for ', euro], port, host),
        'hole punch for €',
      ],
      [() => socket.send([], port, host), ''],
    ] as const) {
      const received = onceEmitted(receiver, 'message');
      assert.equal(await send(), Buffer.byteLength(expected));
      const [datagram, from] = await received;
      assert.equal(datagram.toString(), expected);
      assert.equal(from.port, socket.port);
    }
  });

  for (const [start, reachable, refused] of [
    [
      { host: '127.0.0.1' },
      ['127.0.0.1', '::ffff:127.0.0.1', '0.0.0.0'],
      ['::1', '::'],
    ],
    [
      { host: '::ffff:127.0.0.1' },
      ['127.0.0.1', '::ffff:127.0.0.1', '0.0.0.0'],
      ['::1', '::'],
    ],
    [
      { host: '::1' },
      ['::1', '::'],
      ['127.0.0.1', '::ffff:127.0.0.1', '0.0.0.0'],
    ],
    [
      { host: '::', ipv6Only: true },
      ['::1', '::'],
      ['127.0.0.1', '::ffff:127.0.0.1', '0.0.0.0'],
    ],
    [
      { host: '::' },
      ['127.0.0.1', '::ffff:127.0.0.1', '0.0.0.0', '::1', '::', 'localhost'],
      [],
    ],
  ] as const) {
    test(`a socket started with ${JSON.stringify(start)} sends to ${reachable.join(', ')}`, {
      timeout,
    }, async (t) => {
      const socket = await startSocket(t, io, start);
      const receivers = {
        udp4: await plainSocket(t, '127.0.0.1'),
        udp6: await plainSocket(t, '::1'),
      };
      for (const host of reachable) {
        const [ip] = await utils.resolveHost(host, utils.resolveHostname);
        const isIPv4 = utils.isIPv4(utils.toCanonicalIP(ip));
        const receiver = receivers[isIPv4 ? 'udp4' : 'udp6'];
        const received = onceEmitted(receiver, 'message');
        assert.equal(
          await socket.send(host, receiver.address().port, host),
          host.length,
        );
        const [datagram, from] = await received;
        assert.equal(datagram.toString(), host);
        assert.equal(from.port, socket.port);
      }
      for (const host of refused) {
        await assert.rejects(
          socket.send('text', 1, host),
          errors.ErrorQUICSocketInvalidSendAddress,
        );
      }
    });
  }

  test('a datagram that cannot be sent fails its call alone', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const socket = await startSocket(t, io);
    const { connection } = await connect(t, io, server.port, { socket });
    const failures = record(
      socket,
      events.EventQUICSocketError,
      events.EventQUICSocketClose,
    );
    const data = payload(4 * MiB);
    const received = exchange(connection.newStream(), data);
    // Systems differ in this one
    const unreachable = await refusalToSend(t, '127.0.0.1', '192.0.2.1');
    assert.ok(unreachable !== undefined);
    const tooLarge = Buffer.alloc(70_000);
    const largest = Buffer.alloc(2 ** 16 - 1);
    for (let i = 0; i < 20; i++) {
      for (const [message, port, address, code] of [
        [tooLarge, server.port, '127.0.0.1', 'EMSGSIZE'],
        [largest, server.port, '127.0.0.1', 'EMSGSIZE'],
        ['text', 4433, '192.0.2.1', unreachable],
        ['text', 4433, '255.255.255.255', 'EACCES'],
      ] as const) {
        await assert.rejects(socket.send(message, port, address), {
          message: `send ${code} ${address}:${port}`,
          syscall: 'send',
          code,
          address,
          port,
        });
      }
    }
    await assert.rejects(
      socket.send('text', 4433, 'no-such-host.invalid'),
      errors.ErrorQUICHostInvalid,
    );
    assert.deepEqual(await received, data);
    assert.deepEqual(failures, []);

    const receiver = await plainSocket(t);
    const arrived = onceEmitted(receiver, 'message');
    await socket.send('text', receiver.address().port, '127.0.0.1');
    await arrived;
    await connect(t, io, server.port, { socket });
  });

  test('a socket that is stopped sends no more', { timeout }, async (t) => {
    const socket = new QUICSocket({ io });
    t.after(() => socket.stop({ force: true }));
    const send = () => socket.send('text', 4433, '127.0.0.1');
    await assert.rejects(send, errors.ErrorQUICSocketNotRunning);
    await socket.start({ host: '127.0.0.1' });
    await send();
    await socket.stop();
    await assert.rejects(send, errors.ErrorQUICSocketNotRunning);
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
