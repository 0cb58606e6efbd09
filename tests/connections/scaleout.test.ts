import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  errors,
  events,
  type QUICClient,
  QUICServer,
  QUICSocket,
  utils,
} from '@matrixai/quic';
import type { Member } from '../fixtures/fleet.js';
import { Balancer, type Format } from '../helpers/balancer.js';
import { type Child, runFixture } from '../helpers/child.js';
import { once } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { connect, startSocket } from '../helpers/pair.js';
import { exchange, payload } from '../helpers/streams.js';

const timeout = 60_000;

const credentials = utils.selfSigned();
const key = '8f95f09245765f80256934e50c66207f';

// Names of servers are letters, their IDs begin with zeros
type Fleet = { balancer: Balancer; children: Map<string, Child> };

async function startFleet(
  t: TestContext,
  io: IO,
  options: Omit<Member['loadBalancing'], 'serverId'>,
  format: Format,
): Promise<Fleet> {
  const balancer = await Balancer.start(t, format);
  const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(32)));
  const children = new Map<string, Child>();
  for (const name of ['a', 'b', 'c']) {
    const serverId = Buffer.alloc(format.serverIdLength);
    serverId.write(name, format.serverIdLength - 1);
    const member: Member = {
      ...{ io, name, ...credentials, secret: secret.toString('hex') },
      loadBalancing: {
        ...options,
        takeOver: true,
        serverId: serverId.toString('hex'),
      },
    };
    const child = runFixture(t, 'fleet', JSON.stringify(member));
    children.set(name, child);
    const port = Number(await child.firstLine);
    balancer.servers.set(serverId.toString('hex'), port);
  }
  return { balancer, children };
}

/** Asks which server it is. */
async function ask({ connection }: QUICClient): Promise<string> {
  const data = payload(5000);
  const answer = await exchange(connection.newStream(), data);
  assert.deepEqual(answer.subarray(1), data);
  return answer.toString('latin1', 0, 1);
}

forEachIO((io) => {
  for (const [what, options, format] of [
    [
      'in plaintext',
      { configId: 2, nonceLength: 5, encodeLength: true },
      { configId: 2, serverIdLength: 3, nonceLength: 5 },
    ],
    [
      'encrypted',
      { key },
      {
        configId: 0,
        serverIdLength: 8,
        nonceLength: 8,
        key: Buffer.from(key, 'hex'),
      },
    ],
    // As a Network Load Balancer of AWS reads them
    ['of 8 bytes', {}, { configId: 0, serverIdLength: 8, nonceLength: 8 }],
  ] as const) {
    test(`server IDs ${what} lead migrated connections and resumed sessions to the right one of three processes`, {
      timeout,
    }, async (t) => {
      const { balancer, children } = await startFleet(t, io, options, format);
      const config = { ca: credentials.cert };
      const clients: Array<QUICClient> = [];
      const names: Array<string> = [];
      let session: Uint8Array | undefined;
      // Where a connection begins is up to chance: one of them will be elsewhere
      while (new Set(names).size < 2 || clients.length < 4) {
        const client = await connect(t, io, balancer.port, { config, session });
        assert.equal(client.connection.resumed, session !== undefined);
        const renewed = once(client, events.EventQUICConnectionSession);
        clients.push(client);
        names.push(await ask(client));
        session ??= (await renewed).detail;
      }
      for (const [i, client] of clients.entries()) {
        const socket = await startSocket(t, io);
        await client.connection.migrate({ socket });
        assert.equal(await ask(client), names[i]);
      }

      const [client] = clients;
      const [name] = names;
      const child = children.get(name)!;
      child.kill();
      await child.exit;
      for (const id of balancer.servers.keys()) {
        if (Buffer.from(id, 'hex').includes(name)) balancer.servers.delete(id);
      }
      const closed = once(client, events.EventQUICConnectionError);
      const received = () =>
        balancer.received.get(client.connection.localPort)!;
      const before = received();
      client.connection
        .newStream()
        .writable.getWriter()
        .write(payload(100))
        .catch(() => {});
      const { detail } = await closed;
      assert.ok(detail instanceof errors.ErrorQUICConnectionPeer);
      assert.match(detail.message, /stateless reset/i);
      // Nothing was sent again: the data, and what looks for the MTU
      const sent = received() - before;
      assert.ok(sent <= 5, `${sent} datagrams`);
      const survivor = names.findIndex((other) => other !== name);
      assert.equal(await ask(clients[survivor]), names[survivor]);
    });
  }

  test('a socket with load balancing serves clients too', {
    timeout,
  }, async (t) => {
    const socket = new QUICSocket({
      io,
      loadBalancing: { serverId: Uint8Array.of(1, 2, 3), nonceLength: 16 },
    });
    t.after(() => socket.stop({ force: true }));
    await socket.start({ host: '127.0.0.1' });
    const fleet = await startFleet(
      t,
      io,
      {},
      { configId: 0, serverIdLength: 8, nonceLength: 8 },
    );
    const client = await connect(t, io, fleet.balancer.port, {
      config: { ca: credentials.cert },
      socket,
    });
    assert.match(await ask(client), /[abc]/);
    const { connectionId } = client.connection;
    assert.equal(connectionId.length, 20);
    assert.equal(connectionId.toString().slice(2, 8), '010203');
  });
});

test('options of load balancing that cannot be are refused', () => {
  const serverId = new Uint8Array(8);
  for (const [loadBalancing, option] of [
    [5, 'loadBalancing'],
    [{}, 'loadBalancing.serverId'],
    [{ serverId: '0x01' }, 'loadBalancing.serverId'],
    [{ serverId: new Uint8Array(0) }, 'loadBalancing.serverId'],
    [{ serverId: new Uint8Array(16) }, 'loadBalancing.serverId'],
    [{ serverId, key: new Uint8Array(15) }, 'loadBalancing.key'],
    [{ serverId, key: 'a secret of 16 b' }, 'loadBalancing.key'],
    [{ serverId, nonceLength: 3 }, 'loadBalancing.nonceLength'],
    [{ serverId, nonceLength: 12 }, 'loadBalancing.nonceLength'],
    [{ serverId, configId: 7 }, 'loadBalancing.configId'],
    [{ serverId, encodeLength: 1 }, 'loadBalancing.encodeLength'],
    [{ serverId, takeOver: 1 }, 'loadBalancing.takeOver'],
  ] as const) {
    for (const make of [
      (options: any) => new QUICSocket(options),
      (options: any) => new QUICServer({ config: credentials, ...options }),
    ]) {
      assert.throws(
        () => make({ loadBalancing }),
        (e: any) => {
          assert.ok(e instanceof errors.ErrorQUICOptionInvalid);
          assert.equal((e.data as any).option, option);
          assert.doesNotMatch(e.message, /secret/);
          return true;
        },
      );
    }
  }
});
