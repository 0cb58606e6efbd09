import assert from 'node:assert/strict';
import { setMaxListeners } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  errors,
  events,
  QUICClient,
  type QUICClientConfigInput,
  type QUICConnection,
  QUICServer,
} from '@matrixai/quic';
import { createCA, issue } from '../helpers/certs.js';
import { on, once, until } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import {
  connect,
  credentials,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { plainSocket } from '../helpers/plain.js';
import { Random, seed } from '../helpers/random.js';
import { drop, Relay } from '../helpers/relay.js';
import { isFull } from '../helpers/scale.js';
import {
  exchange,
  KiB,
  MiB,
  payload,
  readAll,
  serveEcho,
  sha256,
} from '../helpers/streams.js';

const timeout = 120_000;

/** First packets of clients that want to connect, each of another one, which are never answered. */
async function captureInitials(
  t: TestContext,
  io: IO,
  count: number,
  config: QUICClientConfigInput = {},
): Promise<Array<Buffer>> {
  const sink = await plainSocket(t);
  const socket = await startSocket(t, io);
  const initials = new Map<string, Buffer>();
  sink.on('message', (datagram) => {
    // By their destination connection ID (RFC 9000 section 17.2)
    initials.set(datagram.toString('hex', 6, 6 + datagram[5]), datagram);
  });
  const { port } = sink.address();
  // No more at once than the sink's buffer holds
  for (let wanted = 0; wanted < count; ) {
    const dials = Math.min(100, count - wanted);
    wanted += dials;
    const controller = new AbortController();
    setMaxListeners(dials, controller.signal);
    const dialed = Array.from({ length: dials }, () =>
      QUICClient.createQUICClient(
        { host: '127.0.0.1', port, socket, config },
        { signal: controller.signal },
      ).catch(() => {}),
    );
    await until(() => initials.size >= wanted);
    controller.abort();
    await Promise.all(dialed);
  }
  return [...initials.values()];
}

async function assertEchoes(connection: QUICConnection, size: number) {
  const data = payload(size);
  const echoed = await exchange(connection.newStream(), data);
  assert.equal(sha256(echoed), sha256(data));
}

const residentMiB = () => process.memoryUsage.rss() / MiB;

forEachIO((io) => {
  test('random, changed and repeated packets do not harm a transfer, nor either end', {
    timeout,
  }, async (t) => {
    t.diagnostic(`SEED=${seed}`);
    const random = new Random(seed);
    const server = await startServer(t, io, { onStream: serveEcho });
    const relay = await Relay.start(t, server.port);
    const captured: Array<Buffer> = [];
    relay.impairment = (datagram, forward) => {
      if (captured.length < 500) captured.push(Buffer.from(datagram));
      else if (random.happens(0.01)) {
        captured[random.below(500)] = Buffer.from(datagram);
      }
      forward(datagram);
    };
    const { connection } = await connect(t, io, relay.port);
    const attackers = [
      await plainSocket(t),
      await plainSocket(t),
      await plainSocket(t),
    ];
    const hostile = (): Buffer => {
      if (captured.length === 0 || random.happens(0.2)) {
        const noise = payload(1 + random.below(1500), random.below(2 ** 31));
        // Mostly such that looks like QUIC
        if (random.happens(0.8)) noise[0] |= 0x40;
        return noise;
      }
      const packet = Buffer.from(random.pick(captured));
      for (let flips = random.below(4); flips > 0; flips--) {
        // Headers are what is parsed first
        const end = random.happens(0.7) ? 30 : packet.length;
        packet[random.below(Math.min(end, packet.length))] = random.below(256);
      }
      return random.happens(0.2)
        ? packet.subarray(0, random.below(packet.length))
        : packet;
    };
    let isOver = false;
    const attack = (async () => {
      for (let sent = 0; !isOver || sent < (isFull ? 100_000 : 5000); sent++) {
        // The client is as exposed as the server
        const port = random.happens(0.7) ? server.port : connection.localPort;
        random.pick(attackers).send(hostile(), port, '127.0.0.1');
        // Also as if from the right address
        if (random.happens(0.3)) {
          relay.inject(
            hostile(),
            random.happens(0.5) ? 'toServer' : 'toClient',
          );
        }
        // Some 10,000 a second: all ends share this thread
        if (sent % 50 === 0) await setTimeout(5);
      }
    })();
    await assertEchoes(connection, isFull ? 64 * MiB : 8 * MiB);
    isOver = true;
    await attack;
    await assertEchoes(connection, KiB);
    const late = await connect(t, io, server.port);
    await assertEchoes(late.connection, MiB);
  });

  test('a flood of first packets costs bounded memory, turns on Retry, and lets good clients in', {
    timeout,
  }, async (t) => {
    const initials = await captureInitials(t, io, isFull ? 5000 : 1000);
    const socket = await startSocket(t, io);
    const server = new QUICServer({
      config: credentials,
      socket,
      minIdleTimeout: 3000,
    });
    t.after(() => server.stop({ force: true }));
    on(server, events.EventQUICConnectionStream, ({ detail }) =>
      serveEcho(detail),
    );
    await server.start();
    const attackers = await Promise.all(
      Array.from({ length: 100 }, () => plainSocket(t)),
    );
    const before = residentMiB();
    let most = 0;
    for (const [i, initial] of initials.entries()) {
      attackers[i % 100].send(initial, server.port, '127.0.0.1');
      if (i % 20 === 0) await setTimeout(1);
      most = Math.max(most, socket.stats().handshakes);
    }
    await until(() => socket.stats().retries > 0);
    // Those until Retry came on, and few that were on their way
    assert.ok(most <= 300, `${most} handshakes`);
    const grown = residentMiB() - before;
    assert.ok(grown < 150, `${grown} MiB more`);
    const { connection } = await connect(t, io, server.port);
    await assertEchoes(connection, MiB);
    // They leave nothing behind
    await until(() => socket.stats().handshakes === 0);
  });

  test('a server sends at most three times of what an address that is not validated has sent', {
    timeout,
  }, async (t) => {
    // 14 KB, which does not fit
    const ca = await createCA('RSA');
    const leaf = await issue(ca, 'RSA');
    const size = (pem: string) => pem.length * (3 / 4);
    const times = Math.ceil((14_000 - size(leaf.cert)) / size(ca.cert));
    const cert = `${leaf.cert}\n${Array(times).fill(ca.cert).join('\n')}`;
    for (const maxSendUdpPayloadSize of [1200, 1452]) {
      const server = await startServer(t, io, {
        config: { ...leaf, cert, maxSendUdpPayloadSize },
        minIdleTimeout: 1000,
      });
      let failed = 0;
      on(server, events.EventQUICConnectionError, () => failed++);
      const answered = new Map<number, number>();
      for (let size = 1200; size <= 1452; size += 28) {
        const [initial] = await captureInitials(t, io, 1, {
          maxSendUdpPayloadSize: size,
        });
        assert.equal(initial.length, size);
        const attacker = await plainSocket(t);
        answered.set(size, 0);
        attacker.on('message', ({ length }) => {
          answered.set(size, answered.get(size)! + length);
        });
        attacker.send(initial, server.port, '127.0.0.1');
      }
      await until(() => failed === answered.size);
      t.diagnostic(`${JSON.stringify([...answered])}`);
      for (const [size, received] of answered) {
        // RFC 9000 section 8.1
        assert.ok(received <= 3 * size, `${received} bytes for ${size}`);
        assert.ok(received > 3 * size - 1452, `only ${received} for ${size}`);
      }
    }
  });

  test('a peer that stops acknowledging is sent no more than the buffers hold, and ends with its idle timeout', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, {
      config: { maxIdleTimeout: 2000 },
    });
    const relay = await Relay.start(t, server.port);
    const accepted = once(server, events.EventQUICServerConnection);
    const client = await connect(t, io, relay.port);
    const { detail: connection } = await accepted;
    relay.impairment = (datagram, forward, direction) => {
      if (direction === 'toClient') forward(datagram);
    };
    const before = residentMiB();
    const writer = connection.newStream('uni').writable.getWriter();
    let written = 0;
    const chunk = payload(64 * KiB);
    for (;;) {
      const isReady = await Promise.race([
        writer.ready.then(() => true),
        setTimeout(500, false),
      ]);
      if (!isReady) break;
      writer.write(chunk).catch(() => {});
      written += chunk.length;
    }
    assert.ok(written < 16 * MiB, `${written} bytes`);
    assert.ok(residentMiB() - before < 100);
    await assert.rejects(writer.closed, errors.ErrorQUICConnectionIdleTimeout);
    await connection.closedP;
    relay.impairment = drop;
    await client.destroy({ force: true });
  });

  test('streams that bring a byte now and then do not keep others from theirs', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const slow = await connect(t, io, server.port);
    const writers = Array.from({ length: 100 }, () =>
      slow.connection.newStream().writable.getWriter(),
    );
    let isOver = false;
    const dripping = (async () => {
      while (!isOver) {
        for (const writer of writers) await writer.write(payload(1));
        await setTimeout(5);
      }
    })();
    const { connection } = await connect(t, io, server.port);
    await assertEchoes(connection, 16 * MiB);
    isOver = true;
    await dripping;
    // It cannot have more than it is allowed
    const more = slow.connection.newStream();
    assert.equal(more.streamId, -1);
  });

  test('an enormous chain of certificates is refused at either end', {
    timeout,
  }, async (t) => {
    const ca = await createCA('RSA');
    const leaf = await issue(ca, 'RSA');
    const chain = `${leaf.cert}\n${Array(200).fill(ca.cert).join('\n')}`;
    const enormous = { key: leaf.key, cert: chain };
    const server = await startServer(t, io, { config: enormous });
    await assert.rejects(
      connect(t, io, server.port, { config: { ca: ca.cert } }),
      errors.ErrorQUICConnection,
    );
    const verifying = await startServer(t, io, {
      config: { ...leaf, ca: ca.cert, verifyPeer: true },
      onStream: serveEcho,
    });
    const failed = once(verifying, events.EventQUICConnectionError);
    const refused = connect(t, io, verifying.port, {
      config: { ...enormous, ca: ca.cert },
    }).then(
      ({ closedP }) => closedP,
      () => {},
    );
    await failed;
    await refused;
    const { connection } = await connect(t, io, verifying.port, {
      config: { ...leaf, ca: ca.cert },
    });
    await assertEchoes(connection, KiB);
  });

  for (const verifyPeer of [false, true]) {
    test(`early data that somebody repeats ${verifyPeer ? 'does not reach who verifies clients' : 'is told from that of a client that is there'}`, {
      timeout,
    }, async (t) => {
      const key = crypto.getRandomValues(new Uint8Array(32)).buffer;
      const config = {
        ...credentials,
        enableEarlyData: true,
        verifyPeer,
        verifyCallback: async () => undefined,
      };
      const received: Array<{ text: string; completed: Promise<void> }> = [];
      const start = async () => {
        const server = new QUICServer({
          config,
          crypto: { key },
          io,
          minIdleTimeout: 1000,
        });
        t.after(() => server.stop({ force: true }));
        on(
          server,
          events.EventQUICServerConnection,
          ({ detail: connection }) => {
            const completed = connection.handshakeCompletedP;
            on(connection, events.EventQUICConnectionStream, async (event) => {
              const data = await readAll(event.detail.readable);
              received.push({ text: data.toString(), completed });
            });
          },
        );
        await server.start({ host: '127.0.0.1' });
        return server;
      };
      // Two of a fleet: the first one notices a repetition by itself for some seconds
      const server = await start();
      const other = await start();
      const first = await connect(t, io, server.port, { config });
      const { detail: session } = await once(
        first,
        events.EventQUICConnectionSession,
      );
      await first.destroy();

      const relay = await Relay.start(t, server.port);
      const recorded: Array<Buffer> = [];
      const held: Array<() => void> = [];
      relay.impairment = (datagram, forward, direction) => {
        if (direction === 'toServer') recorded.push(Buffer.from(datagram));
        // Else the FIN may leave after the handshake, which nobody can repeat
        if (direction === 'toServer' || received.length > 0 || verifyPeer) {
          forward(datagram);
        } else {
          held.push(() => forward(datagram));
        }
      };
      const client = await connect(t, io, relay.port, { config, session });
      const writer = client.connection.newStream('uni').writable.getWriter();
      await writer.write(Buffer.from('pay'));
      await writer.close();
      await until(() => received.length === 1);
      for (const forward of held) forward();
      await received[0].completed;
      await client.destroy();

      const failed = once(other, events.EventQUICConnectionError);
      const attacker = await plainSocket(t);
      for (const datagram of recorded) {
        attacker.send(datagram, other.port, '127.0.0.1');
      }
      await failed;
      // TLS itself cannot tell (RFC 8446 section 8)
      assert.equal(received.length, verifyPeer ? 1 : 2);
      if (verifyPeer) return;
      assert.equal(received[1].text, 'pay');
      await assert.rejects(received[1].completed, errors.ErrorQUICConnection);
    });
  }
});
