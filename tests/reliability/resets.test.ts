import assert from 'node:assert/strict';
import { once as onceEmitted } from 'node:events';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { errors, events, type LoadBalancing, QUICServer } from '@matrixai/quic';
import { on, once } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { connect, credentials } from '../helpers/pair.js';
import { plainSocket } from '../helpers/plain.js';
import { drop, pass, Relay } from '../helpers/relay.js';
import { exchange, KiB, payload, serveEcho } from '../helpers/streams.js';

const timeout = 20_000;

const secret = crypto.getRandomValues(new Uint8Array(32)).buffer;

async function start(
  t: TestContext,
  io: IO,
  {
    port,
    host = '127.0.0.1',
    loadBalancing,
  }: { port?: number; host?: string; loadBalancing?: LoadBalancing } = {},
): Promise<QUICServer> {
  const server = new QUICServer({
    config: credentials,
    crypto: { key: secret },
    io,
    loadBalancing,
  });
  t.after(() => server.stop({ force: true }));
  on(server, events.EventQUICConnectionStream, ({ detail }) =>
    serveEcho(detail),
  );
  await server.start({ host, port });
  return server;
}

/** What a server answers to a packet of 69 bytes for a connection that it does not have. */
async function askForReset(
  t: TestContext,
  server: QUICServer,
  connectionId: Uint8Array,
): Promise<Buffer> {
  const attacker = await plainSocket(t, server.host);
  const packet = Buffer.from(crypto.getRandomValues(new Uint8Array(69)));
  // A short header (RFC 9000 section 17.3.1)
  packet[0] = 0x40 | (packet[0] & 0x3f);
  packet.set(connectionId, 1);
  const answered = onceEmitted(attacker, 'message');
  attacker.send(packet, server.port, server.host);
  const [answer] = await answered;
  return answer;
}

/** The connection ID that a client uses, as an onlooker sees it. It changes after the handshake. */
function watch(relay: Relay, length: number): () => Buffer {
  let seen = Buffer.alloc(0);
  relay.impairment = (datagram, forward, direction) => {
    const isShort = (datagram[0] & 0x80) === 0;
    if (direction === 'toServer' && isShort) {
      seen = Buffer.from(datagram.subarray(1, 1 + length));
    }
    forward(datagram);
  };
  return () => seen;
}

type Fleet = {
  name: string;
  first?: LoadBalancing;
  second?: LoadBalancing;
  isTakenOver: boolean;
};

const serverIds = [Uint8Array.of(1, 2, 3), Uint8Array.of(1, 2, 4)];

const fleets: Array<Fleet> = [
  { name: 'on another port', isTakenOver: false },
  {
    name: 'with another server ID',
    first: { serverId: serverIds[0] },
    second: { serverId: serverIds[1] },
    isTakenOver: false,
  },
  {
    name: 'with the same server ID',
    first: { serverId: serverIds[0] },
    second: { serverId: serverIds[0] },
    isTakenOver: false,
  },
  {
    name: 'that takes over',
    first: { serverId: serverIds[0], takeOver: true },
    second: { serverId: serverIds[1], takeOver: true },
    isTakenOver: true,
  },
];

forEachIO((io) => {
  for (const { name, first, second, isTakenOver } of fleets) {
    test(`a socket ${name} that has the same key ${isTakenOver ? 'resets' : 'cannot be asked to reset'} a connection of another one`, {
      timeout,
    }, async (t) => {
      const server = await start(t, io, { loadBalancing: first });
      const other = await start(t, io, { loadBalancing: second });
      const relay = await Relay.start(t, server.port);
      const { connection } = await connect(t, io, relay.port);
      const idInUse = watch(relay, connection.connectionIdPeer.length);
      await exchange(connection.newStream(), payload(KiB));
      const failed = once(connection, events.EventQUICConnectionError);
      const reset = await askForReset(t, other, idInUse());
      await relay.inject(reset, 'toClient');
      if (isTakenOver) {
        const { detail } = await failed;
        assert.match(detail.message, /stateless reset/i);
        return;
      }
      await exchange(connection.newStream(), payload(KiB));
      assert.equal(connection.closed, false);
    });
  }

  test('a socket of another address on the same port cannot be asked either', {
    timeout,
  }, async (t) => {
    const server = await start(t, io);
    const other = await start(t, io, { port: server.port, host: '127.0.0.2' });
    const relay = await Relay.start(t, server.port);
    const { connection } = await connect(t, io, relay.port);
    const idInUse = watch(relay, connection.connectionIdPeer.length);
    await exchange(connection.newStream(), payload(KiB));
    const reset = await askForReset(t, other, idInUse());
    await relay.inject(reset, 'toClient');
    await exchange(connection.newStream(), payload(KiB));
  });

  test('a server that was restarted on its port tells the clients that it had', {
    timeout,
  }, async (t) => {
    const server = await start(t, io);
    const { port } = server;
    const relay = await Relay.start(t, port);
    const { connection } = await connect(t, io, relay.port);
    await exchange(connection.newStream(), payload(KiB));
    // As if it had crashed: nobody is told
    relay.impairment = drop;
    await server.stop({ force: true });
    await setTimeout(50);
    relay.impairment = pass;
    await start(t, io, { port });
    const failed = once(connection, events.EventQUICConnectionError);
    const writer = connection.newStream().writable.getWriter();
    writer.write(payload(KiB)).catch(() => {});
    writer.closed.catch(() => {});
    const { detail } = await failed;
    assert.ok(detail instanceof errors.ErrorQUICConnectionPeer);
    assert.match(detail.message, /stateless reset/i);
  });
});
