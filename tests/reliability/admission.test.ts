import assert from 'node:assert/strict';
import type { Socket } from 'node:dgram';
import { type TestContext, test } from 'node:test';
import { setImmediate, setTimeout } from 'node:timers/promises';
import {
  errors,
  events,
  native,
  QUICServer,
  type QUICSocket,
} from '@matrixai/quic';
import { on, once, until } from '../helpers/events.js';
import { connectionClose, initial, retryOf } from '../helpers/initial.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { connect, credentials, startSocket } from '../helpers/pair.js';
import { plainSocket } from '../helpers/plain.js';
import { drop, Relay } from '../helpers/relay.js';
import { isFull } from '../helpers/scale.js';
import { exchange, KiB, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

type Limits = Partial<ConstructorParameters<typeof QUICServer>[0]>;

/** A server that echoes, on a socket whose counts can be looked at. */
async function start(
  t: TestContext,
  io: IO,
  limits: Limits = {},
): Promise<{ server: QUICServer; socket: QUICSocket }> {
  const socket = await startSocket(t, io);
  const server = new QUICServer({ config: credentials, socket, ...limits });
  t.after(() => server.stop({ force: true }));
  on(server, events.EventQUICConnectionStream, ({ detail }) =>
    serveEcho(detail),
  );
  await server.start();
  return { server, socket };
}

/**
 * Begins handshakes that never end, each with a token that proves the address.
 */
async function hold(attacker: Socket, port: number, count: number) {
  let proved = 0;
  attacker.on('message', (datagram) => {
    const retry = retryOf(datagram);
    if (retry === undefined) return;
    const { source, token } = retry;
    attacker.send(initial({ destination: source, token }), port, '127.0.0.1');
    proved++;
  });
  for (let sent = 0; proved < count; sent++) {
    attacker.send(initial(), port, '127.0.0.1');
    // A server answers a few at a time
    if (sent % 8 === 0) await setTimeout(1);
  }
  attacker.removeAllListeners('message');
  // Until the last one has come there
  await setTimeout(50);
}

function isRefused(error: unknown): boolean {
  assert.ok(error instanceof errors.ErrorQUICConnectionPeer, String(error));
  // CONNECTION_REFUSED (RFC 9000 section 20.1)
  assert.equal(error.data.errorCode, 2);
  return true;
}

forEachIO((io) => {
  test('connections beyond maxConnections are refused and counted, until others have closed', {
    timeout,
  }, async (t) => {
    const { socket } = await start(t, io, { maxConnections: 3 });
    const clients = [];
    for (let i = 0; i < 3; i++) clients.push(await connect(t, io, socket.port));
    await until(() => socket.stats().connections === 3);
    await assert.rejects(connect(t, io, socket.port), isRefused);
    assert.equal(socket.stats().refused, 1);
    await exchange(clients[2].connection.newStream(), payload(KiB));
    await clients[0].destroy();
    await until(() => socket.stats().connections === 2);
    const { connection } = await connect(t, io, socket.port);
    await exchange(connection.newStream(), payload(KiB));
  });

  test('connections beyond maxConnections are refused although their handshakes began below', {
    timeout,
  }, async (t) => {
    const { socket } = await start(t, io, { maxConnections: 5 });
    const refused = await Promise.all(
      Array.from({ length: 20 }, async () => {
        try {
          const { connection } = await connect(t, io, socket.port);
          // A client may only be told after its own handshake
          await Promise.race([connection.closedP, setTimeout(1000)]);
          return connection.getConnectionError();
        } catch (e) {
          return (e as errors.ErrorQUICConnectionPeer<unknown>).data;
        }
      }),
    );
    assert.equal(refused.filter((error) => error?.errorCode === 2).length, 15);
    assert.equal(socket.stats().connections, 5);
  });

  test('one address gets no more than maxConnectionsPerAddress, others get theirs', {
    timeout,
  }, async (t) => {
    const { socket } = await start(t, io, {
      maxConnections: 10,
      maxConnectionsPerAddress: 2,
    });
    for (const localHost of ['127.0.0.1', '127.0.0.2']) {
      const options = { localHost };
      const { connections } = socket.stats();
      await connect(t, io, socket.port, options);
      await connect(t, io, socket.port, options);
      await until(() => socket.stats().connections === connections + 2);
      await assert.rejects(connect(t, io, socket.port, options), isRefused);
    }
    assert.equal(socket.stats().refused, 2);
  });

  test('closed connections that nobody has taken out of a loop count as well', {
    timeout,
  }, async (t) => {
    const { server, socket } = await start(t, io, { maxConnections: 3 });
    const connections = server.values();
    for (let i = 0; i < 3; i++) {
      const accepted = once(server, events.EventQUICServerConnection);
      const client = await connect(t, io, socket.port);
      const { detail: connection } = await accepted;
      await client.destroy();
      await connection.closedP;
    }
    await assert.rejects(connect(t, io, socket.port), isRefused);
    const { value } = await connections.next();
    assert.ok(value?.closed);
    await connect(t, io, socket.port);
    await connections.return?.();
  });

  test('one address holds no more than an eighth of the handshakes, whatever it proves', {
    timeout,
  }, async (t) => {
    const maxHandshakes = 200;
    const { socket } = await start(t, io, { maxHandshakes, retry: 'always' });
    const attacker = await plainSocket(t);
    await hold(attacker, socket.port, 2 * maxHandshakes);
    const { handshakes } = socket.stats();
    t.diagnostic(`${handshakes} of ${maxHandshakes} handshakes`);
    assert.equal(handshakes, maxHandshakes / 8);
    assert.ok(socket.stats().refused > 0);
    const localHost = '127.0.0.2';
    const { connection } = await connect(t, io, socket.port, { localHost });
    await exchange(connection.newStream(), payload(KiB));
  });

  test('when all handshakes are taken, the address that holds most makes room', {
    timeout,
  }, async (t) => {
    const maxHandshakes = 80;
    const { socket } = await start(t, io, { maxHandshakes, retry: 'always' });
    for (let i = 0; i < 8; i++) {
      const attacker = await plainSocket(t, `127.0.1.${1 + i}`);
      await hold(attacker, socket.port, maxHandshakes / 4);
    }
    assert.equal(socket.stats().handshakes, maxHandshakes);
    for (let i = 0; i < 5; i++) {
      const localHost = `127.0.2.${1 + i}`;
      const { connection } = await connect(t, io, socket.port, { localHost });
      await exchange(connection.newStream(), payload(KiB));
    }
  });

  test('many clients of one address that come at once all get in', {
    timeout,
  }, async (t) => {
    // Their share is 8
    const { socket } = await start(t, io, { maxHandshakes: 64 });
    const clients = await Promise.all(
      Array.from({ length: 40 }, () => connect(t, io, socket.port)),
    );
    for (const { connection } of clients) {
      await exchange(connection.newStream(), payload(1));
    }
  });

  test('a handshake whose client says something now and then has a total time', {
    timeout,
  }, async (t) => {
    const { socket } = await start(t, io, { minIdleTimeout: 1000 });
    // The attacker goes on when the socket has stopped
    const { port } = socket;
    const attacker = await plainSocket(t);
    const [source, destination] = [
      Buffer.from('attacker'),
      Buffer.from('destined'),
    ];
    const began = performance.now();
    let number = 0;
    const drip = () => {
      const packet = initial({ source, destination, number: number++ });
      attacker.send(packet, port, '127.0.0.1');
    };
    drip();
    await until(() => socket.stats().handshakes === 1);
    // Ends just before, as a packet that comes after the end begins another one
    const dripping = setInterval(() => {
      if (performance.now() - began < 1800) drip();
    }, 200);
    t.after(() => clearInterval(dripping));
    await until(() => socket.stats().handshakes === 0);
    const took = performance.now() - began;
    // Neither its idle time alone, nor that after the last packet
    assert.ok(took > 1500 && took < 2600, `${took} ms`);
  });

  test('a flood of first packets that close at once turns on Retry, and is counted instead of told', {
    timeout,
  }, async (t) => {
    const { server, socket } = await start(t, io);
    const failures: Array<errors.ErrorQUICConnectionPeer<unknown>> = [];
    on(server, events.EventQUICConnectionError, ({ detail }) => {
      failures.push(detail as errors.ErrorQUICConnectionPeer<unknown>);
    });
    const attacker = await plainSocket(t);
    const frames = connectionClose(0x0a, 'x'.repeat(1000));
    const count = isFull ? 50_000 : 5000;
    const began = performance.now();
    for (let i = 0; i < count; i++) {
      attacker.send(initial({ frames }), socket.port, '127.0.0.1');
      if (i % 50 === 0) await setTimeout(1);
    }
    await until(() => socket.stats().handshakes === 0);
    const { retries, failedHandshakes } = socket.stats();
    const seconds = (performance.now() - began) / 1000;
    t.diagnostic(
      `${count} packets: ${failedHandshakes} connections, ${retries} Retries, ${failures.length} events in ${seconds} s`,
    );
    assert.ok(retries > 0);
    // The threshold of 256, and what is forgotten of them in that time
    assert.ok(failedHandshakes < 300 + 40 * seconds, `${failedHandshakes}`);
    assert.ok(failures.length >= 1 && failures.length <= 65 + 8 * seconds);
    for (const { data } of failures) assert.equal(data.reason.length, 256);
    const { connection } = await connect(t, io, socket.port);
    await exchange(connection.newStream(), payload(KiB));
  });

  test('failures of clients that have proved their address are all told', {
    timeout,
  }, async (t) => {
    const { server } = await start(t, io, {
      config: {
        ...credentials,
        verifyPeer: true,
        verifyCallback: async () => native.CryptoError.AccessDenied,
      },
    });
    let told = 0;
    on(server, events.EventQUICConnectionError, () => {
      told++;
    });
    const clients = await Promise.all(
      Array.from({ length: 100 }, () =>
        connect(t, io, server.port, { config: credentials }),
      ),
    );
    await Promise.all(clients.map(({ closedP }) => closedP));
    await until(() => told === 100);
    assert.equal(server.socket.stats().failedHandshakes, 100);
  });

  test('a client that vanished is noticed by default, a quiet one is kept', {
    timeout: 300_000,
    skip: !isFull && 'takes minutes: npm run test:reliability',
  }, async (t) => {
    const { server, socket } = await start(t, io);
    const relay = await Relay.start(t, socket.port);
    const accepted = once(server, events.EventQUICServerConnection);
    const lost = await connect(t, io, relay.port);
    const { detail: connection } = await accepted;
    const quiet = await connect(t, io, socket.port);
    relay.impairment = drop;
    const began = performance.now();
    const ended = once(connection, events.EventQUICConnectionError);
    const { detail: error } = await ended;
    assert.ok(error instanceof errors.ErrorQUICConnectionIdleTimeout);
    await lost.closedP;
    const took = (performance.now() - began) / 1000;
    assert.ok(took > 115 && took < 190, `${took} s`);
    assert.equal(quiet.closed, false);
    await exchange(quiet.connection.newStream(), payload(KiB));
    await setImmediate();
  });
});
