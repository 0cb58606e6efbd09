import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import { type TestContext, test } from 'node:test';
import { events, type QUICSocket } from '@matrixai/quic';
import { on, once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, startServer, startSocket } from '../helpers/pair.js';
import { plainSocket } from '../helpers/plain.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

/** A NAT that admits only datagrams from where it has sent to. */
class NAT {
  admitted = 0;
  refused = 0;
  private peer?: number;
  private hasSent = false;

  constructor(
    private readonly inside: Socket,
    outside: Socket,
    remote: Socket,
  ) {
    const { port: remotePort } = remote.address();
    inside.on('message', (data, { port }) => {
      this.peer = port;
      this.hasSent = true;
      outside.send(data, remotePort, '127.0.0.1');
    });
    outside.on('message', (data, { port }) => {
      if (this.hasSent && port === remotePort) {
        this.admitted++;
        inside.send(data, this.peer!, '127.0.0.1');
      } else {
        this.refused++;
      }
    });
  }

  /** Where its peer sends to. */
  get port(): number {
    return this.inside.address().port;
  }
}

async function makeNATs(t: TestContext): Promise<[NAT, NAT]> {
  const [a, b] = [await plainSocket(t), await plainSocket(t)];
  return [
    new NAT(await plainSocket(t), a, b),
    new NAT(await plainSocket(t), b, a),
  ];
}

forEachIO((io) => {
  test('a datagram that is not QUIC is an event with its data and sender', {
    timeout,
  }, async (t) => {
    for (const host of ['127.0.0.1', '::']) {
      const socket = await startSocket(t, io, { host });
      const plain = await plainSocket(t);
      for (const data of [
        Buffer.from([0]),
        Buffer.from([0x3f]),
        payload(1451),
      ]) {
        data[0] &= 0x3f;
        const received = once(socket, events.EventQUICSocketDatagram);
        plain.send(data, socket.port, '127.0.0.1');
        const { detail } = await received;
        assert.deepEqual(Buffer.from(detail.data), data);
        assert.equal(detail.remoteHost, '127.0.0.1');
        assert.equal(detail.remotePort, plain.address().port);
      }
    }
  });

  test('sockets send datagrams to each other beside their connections', {
    timeout,
  }, async (t) => {
    const [a, b] = [await startSocket(t, io), await startSocket(t, io)];
    await startServer(t, io, { socket: b, onStream: serveEcho });
    const client = await connect(t, io, b.port, { socket: a });
    const data = payload(1_000_000);
    const echoed = exchange(client.connection.newStream(), data);
    let answered = 0;
    on(b, events.EventQUICSocketDatagram, ({ detail }) => {
      void b.send(detail.data, detail.remotePort, detail.remoteHost);
    });
    for (let i = 0; i < 20; i++) {
      const answer = once(a, events.EventQUICSocketDatagram);
      await a.send(Buffer.from([0, i]), b.port, '127.0.0.1');
      assert.deepEqual([...(await answer).detail.data], [0, i]);
      answered++;
    }
    assert.equal(answered, 20);
    assert.deepEqual(await echoed, data);
  });

  test('datagrams that nobody takes, and QUIC that belongs to nothing, do no harm', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    await startServer(t, io, { socket, onStream: serveEcho });
    const plain = await plainSocket(t);
    for (let i = 0; i < 2000; i++) {
      const data = payload(1 + (i % 1200), i);
      data[0] = i;
      plain.send(data, socket.port, '127.0.0.1');
    }
    const client = await connect(t, io, socket.port);
    const data = payload(100_000);
    assert.deepEqual(await exchange(client.connection.newStream(), data), data);
    const received = once(socket, events.EventQUICSocketDatagram);
    const { datagramsDropped } = socket.stats();
    plain.send(Buffer.alloc(1452), socket.port, '127.0.0.1');
    plain.send(Buffer.from([1]), socket.port, '127.0.0.1');
    assert.deepEqual([...(await received).detail.data], [1]);
    assert.equal(socket.stats().datagramsDropped, datagramsDropped + 1);
  });

  test('a listener may stop the socket', { timeout }, async (t) => {
    const socket = await startSocket(t, io);
    const plain = await plainSocket(t);
    const stopped = new Promise<void>((resolve) => {
      on(socket, events.EventQUICSocketDatagram, () => {
        resolve(socket.stop());
      });
    });
    for (let i = 0; i < 10; i++)
      plain.send(Buffer.from([0]), socket.port, '127.0.0.1');
    await stopped;
  });

  test('peers behind NATs connect after both have sent', {
    timeout,
  }, async (t) => {
    const [natA, natB] = await makeNATs(t);
    const [a, b] = [await startSocket(t, io), await startSocket(t, io)];
    await startServer(t, io, { socket: b, onStream: serveEcho });
    // Nobody gets in alone
    await a.send('\0', natA.port, '127.0.0.1');
    const through = once(a, events.EventQUICSocketDatagram);
    const punch = async (socket: QUICSocket, nat: NAT) => {
      const received = once(socket, events.EventQUICSocketDatagram);
      const timer = setInterval(
        () => socket.send('\0', nat.port, '127.0.0.1'),
        20,
      );
      await received;
      clearInterval(timer);
      await socket.send('\0', nat.port, '127.0.0.1');
    };
    await Promise.all([punch(a, natA), punch(b, natB), through]);
    const client = await connect(t, io, natA.port, { socket: a });
    const data = payload(100_000);
    assert.deepEqual(await exchange(client.connection.newStream(), data), data);
    assert.ok(natA.admitted > 0 && natB.admitted > 0);
  });
});
