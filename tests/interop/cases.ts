import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  errors,
  events,
  type QUICClient,
  type QUICServer,
} from '@matrixai/quic';
import { type BadNetwork, worsen } from '../helpers/badNetwork.js';
import { createCA, issue } from '../helpers/certs.js';
import { on, once, until } from '../helpers/events.js';
import { type Cleanup, makeFolder } from '../helpers/folders.js';
import type { IO } from '../helpers/io.js';
import {
  type ClientOptions,
  connect,
  type ServerOptions,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { drop, pass, Relay } from '../helpers/relay.js';
import * as application from './application.js';
import {
  type Line,
  type Options,
  type Peer,
  Running,
  Unsupported,
} from './peers.js';

const MB = 1_000_000;

/** What a case has at hand. */
export class Bench {
  private constructor(
    readonly t: TestContext,
    readonly io: IO,
    readonly peer: Peer,
    private readonly folder: string,
    readonly ca: string,
    private readonly leaf: { key: string; cert: string },
  ) {}

  public static async create(t: Cleanup, io: IO, peer: Peer): Promise<Bench> {
    const folder = await makeFolder(t);
    const ca = await createCA('ECDSA');
    const leaf = await issue(ca, 'ECDSA');
    for (const [name, pem] of Object.entries({ ...leaf, ca: ca.cert })) {
      await writeFile(path.join(folder, `${name}.pem`), pem);
    }
    return new Bench(t as TestContext, io, peer, folder, ca.cert, leaf);
  }

  /** The path of a file with a certificate or a key. */
  public pem(name: string): string {
    return path.join(this.folder, `${name}.pem`);
  }

  /** Where a connection writes its qlog file. */
  public get logs(): string {
    return this.folder;
  }

  public async peerServer(
    options: Options = {},
  ): Promise<{ port: number; running: Running }> {
    const files = { cert: this.pem('cert'), key: this.pem('key') };
    const all = { ...files, ...options };
    const running = await Running.start(this.t, this.peer, 'server', all);
    const { port } = await running.next();
    return { port, running };
  }

  public connect(
    port: number,
    { config, ...options }: ClientOptions = {},
  ): Promise<QUICClient> {
    return connect(this.t, this.io, port, {
      serverName: 'localhost',
      config: { ca: this.ca, applicationProtos: ['interop'], ...config },
      ...application.codes,
      ...options,
    });
  }

  public async server({
    config,
    ...options
  }: ServerOptions & Record<string, any> = {}): Promise<QUICServer> {
    const server = await startServer(this.t, this.io, {
      config: { ...this.leaf, applicationProtos: ['interop'], ...config },
      ...application.codes,
      ...options,
    });
    on(server, events.EventQUICServerConnection, ({ detail }) =>
      application.serve(detail),
    );
    return server;
  }

  public peerClient(
    port: number,
    options: Options,
    ...actions: Array<string>
  ): Promise<Running> {
    const all = { port, ca: this.pem('ca'), ...options };
    return Running.start(this.t, this.peer, 'client', all, actions);
  }

  /** Has a client of the peer do something, and checks that it could. */
  public async actions(
    port: number,
    options: Options,
    ...actions: Array<string>
  ): Promise<Array<Line>> {
    const running = await this.peerClient(port, options, ...actions);
    const lines: Array<Line> = [];
    // The first one is of the connection
    while (lines.length < 1 + actions.length) {
      const line = await running.next();
      assert.ok(line.ok, JSON.stringify(line));
      lines.push(line);
    }
    return lines;
  }
}

/**
 * What is tried, with this library at the end that it names. Rejects with `Unsupported` where that
 * cannot be.
 */
export type Case = {
  name: string;
  client?: (bench: Bench) => Promise<void>;
  server?: (bench: Bench) => Promise<void>;
};

/** A case that is a sequence of actions at both ends. */
function plain(
  name: string,
  client: (client: QUICClient, bench: Bench) => Promise<unknown>,
  actions: Array<string>,
  options: Options = {},
  own: ClientOptions & ServerOptions & Record<string, any> = {},
): Case {
  return {
    name,
    async client(bench) {
      const { port } = await bench.peerServer(options);
      await client(await bench.connect(port, own), bench);
    },
    async server(bench) {
      const { port } = await bench.server(own);
      await bench.actions(port, options, ...actions);
    },
  };
}

/** A transfer through a network. */
function through(
  name: string,
  network: BadNetwork,
  size: number,
  { times = 1, until: end }: { times?: number; until?: 'handshake' } = {},
): Case {
  const run = async (
    bench: Bench,
    port: number,
    transfer: (port: number) => Promise<unknown>,
  ) => {
    for (let seed = 1; seed <= times; seed++) {
      const relay = await Relay.start(bench.t, port);
      worsen(bench.t, relay, network, seed);
      if (end === 'handshake') {
        const { impairment } = relay;
        relay.impairment = (datagram, forward, direction) => {
          const isLong = (datagram[0] & 0x80) !== 0;
          if (isLong) impairment(datagram, forward, direction);
          else forward(datagram);
        };
      }
      await transfer(relay.port);
    }
  };
  return {
    name,
    async client(bench) {
      const { port } = await bench.peerServer();
      await run(bench, port, async (port) => {
        const client = await bench.connect(port);
        await application.get(client.connection, size);
        await application.send(client.connection, size);
        await client.destroy({ force: true });
      });
    },
    async server(bench) {
      const { port } = await bench.server();
      await run(bench, port, (port) =>
        bench.actions(port, {}, `get ${size}`, `send ${size}`),
      );
    },
  };
}

/** The address of the client changes in mid-transfer, of which it knows nothing. */
function rebinding(what: string, host: string, options: Options = {}): Case {
  const server = async (bench: Bench) => {
    const { port } = await bench.server();
    const relay = await Relay.start(bench.t, port);
    const running = await bench.peerClient(
      relay.port,
      options,
      ...['get 1000', 'get 5000000', 'send 1000000'],
    );
    await running.next();
    await running.next();
    await relay.rebind(host);
    assert.ok((await running.next()).ok);
    assert.ok((await running.next()).ok);
  };
  // This library always gives spare connection IDs
  if (options.nospare) return { name: `rebinding of ${what}`, server };
  return {
    name: `rebinding of ${what}`,
    server,
    async client(bench) {
      const { port } = await bench.peerServer({ moving: true });
      const relay = await Relay.start(bench.t, port);
      const { connection } = await bench.connect(relay.port);
      await application.get(connection, 1000);
      const transfer = application.get(connection, 5 * MB);
      await relay.rebind(host);
      await transfer;
      await application.send(connection, MB);
    },
  };
}

async function migrate(bench: Bench): Promise<void> {
  const { port } = await bench.peerServer({ moving: true });
  const { connection } = await bench.connect(port);
  await application.get(connection, 1000);
  const socket = await startSocket(bench.t, bench.io);
  await connection.migrate({ socket });
  await application.get(connection, MB);
  await application.send(connection, MB);
}

export const cases: Array<Case> = [
  plain('handshake', ({ connection }) => application.get(connection, 1000), [
    'get 1000',
  ]),
  plain(
    'transfer of 10 MB each way',
    async ({ connection }) => {
      await application.get(connection, 10 * MB);
      await application.send(connection, 10 * MB);
    },
    [`get ${10 * MB}`, `send ${10 * MB}`],
  ),
  through('long round trips: 600 ms', { delay: 300 }, 100_000),
  plain(
    'ChaCha20',
    ({ connection }) => application.get(connection, 1000),
    ['get 1000'],
    { chacha20: true },
  ),
  plain(
    'multiplexing: 2,000 streams',
    async ({ connection }) => {
      await Promise.all(
        Array.from({ length: 2000 }, () => application.get(connection, 32)),
      );
    },
    ['multiplex 2000 32'],
  ),
  {
    name: 'Retry',
    async client(bench) {
      const { port } = await bench.peerServer({ retry: true });
      const { connection } = await bench.connect(port);
      await application.get(connection, 1000);
    },
    async server(bench) {
      const server = await bench.server({ retry: 'always' });
      await bench.actions(server.port, {}, 'get 1000');
      assert.ok(server.socket.stats().retries > 0);
    },
  },
  {
    name: 'resumption',
    async client(bench) {
      const { port, session } = await firstSession(bench);
      const { connection } = await bench.connect(port, { session });
      assert.ok(connection.resumed);
      await application.get(connection, 1000);
    },
    async server(bench) {
      const server = await bench.server();
      const resumed: Array<boolean> = [];
      on(server, events.EventQUICServerConnection, ({ detail }) =>
        resumed.push(detail.resumed),
      );
      await bench.actions(server.port, {}, 'get 1000', 'resume', 'get 1000');
      assert.deepEqual(resumed, [false, true]);
    },
  },
  {
    name: '0-RTT',
    async client(bench) {
      const { port, session } = await firstSession(bench);
      const { connection } = await bench.connect(port, {
        session,
        config: { enableEarlyData: true },
      });
      await application.get(connection, 1000);
      await until(() => connection.earlyData !== 'none');
      assert.equal(connection.earlyData, 'accepted');
    },
    async server(bench) {
      const { port } = await bench.server({
        config: { enableEarlyData: true },
      });
      const lines = await bench.actions(port, {}, 'get 1000', 'early');
      assert.equal(lines.at(-1)!.accepted, true);
    },
  },
  {
    name: 'version negotiation',
    async server(bench) {
      const { port } = await bench.server();
      await bench.actions(port, { negotiate: true }, 'get 1000');
    },
  },
  {
    // A client of this library begins with version 1
    name: 'QUIC v2',
    async server(bench) {
      const { port } = await bench.server();
      await bench.actions(port, { v2: true }, 'get 1000');
    },
  },
  {
    name: 'key update',
    async client(bench) {
      const { port } = await bench.peerServer();
      const { connection } = await bench.connect(port);
      await application.get(connection, 1000);
      const answer = await application.ask(connection, 'KEYUPDATE');
      if (answer.toString() !== 'updated') {
        throw new Unsupported('key updates that a server begins');
      }
      await application.send(connection, MB);
    },
    async server(bench) {
      const { port } = await bench.server();
      const wants = ['get 1000', 'keyupdate', 'send 1000000', 'get 1000000'];
      await bench.actions(port, {}, ...wants);
    },
  },
  {
    name: 'ECN',
    async client(bench) {
      refuseDgram(bench);
      const { port } = await bench.peerServer();
      const config = { qlog: bench.logs };
      const client = await bench.connect(port, { config });
      await application.send(client.connection, MB);
      await client.destroy({ force: true });
      await assertECN(bench);
    },
    async server(bench) {
      refuseDgram(bench);
      const server = await bench.server({ config: { qlog: bench.logs } });
      await bench.actions(server.port, {}, `get ${MB}`);
      await server.stop({ force: true });
      await assertECN(bench);
    },
  },
  {
    name: 'IPv6',
    async client(bench) {
      const { port } = await bench.peerServer({ host: '::1' });
      const { connection } = await bench.connect(port, { host: '::1' });
      await application.get(connection, 1000);
    },
    async server(bench) {
      const { port } = await bench.server({ host: '::1' });
      await bench.actions(port, { host: '::1' }, 'get 1000');
    },
  },
  through(
    'blackhole: 1 s in 3 s',
    { blackouts: { every: 3000, length: 1000 }, delay: 10 },
    3 * MB,
  ),
  through('handshakes with 30 % loss', { loss: 0.3 }, 1000, {
    times: 10,
    until: 'handshake',
  }),
  through('handshakes with 30 % corruption', { corruption: 0.3 }, 1000, {
    times: 10,
    until: 'handshake',
  }),
  through('transfer with 2 % loss', { loss: 0.02 }, 2 * MB),
  through('transfer with 2 % corruption', { corruption: 0.02 }, 2 * MB),
  {
    name: 'amplification limit, with a chain of 14 KB',
    async server(bench) {
      const ca = await createCA('RSA');
      const leaf = await issue(ca, 'RSA');
      const extra = ca.cert.repeat(14);
      const server = await bench.server({
        config: { ...leaf, cert: `${leaf.cert}\n${extra}` },
      });
      const relay = await Relay.start(bench.t, server.port);
      let received = 0;
      let answered = 0;
      let isCounting = true;
      relay.impairment = (datagram, forward, direction) => {
        if (direction === 'toServer') {
          // What follows an answer may prove the address
          if (answered > 0) isCounting = false;
          else received += datagram.length;
        } else if (isCounting) answered += datagram.length;
        forward(datagram);
      };
      const running = await bench.peerClient(relay.port, {}, 'get 1000');
      // It does not trust the chain, which it got whole
      await assert.rejects(running.next());
      assert.ok(!isCounting);
      assert.ok(answered > 0 && answered <= 3 * received);
    },
  },
  rebinding('the port', '127.0.0.1'),
  rebinding('the address', '127.0.0.2'),
  rebinding('the port, without spare connection IDs', '127.0.0.1', {
    nospare: true,
  }),
  rebinding('the address, without spare connection IDs', '127.0.0.2', {
    nospare: true,
  }),
  {
    name: 'connection migration',
    client: migrate,
    async server(bench) {
      const { port } = await bench.server();
      const wants = ['get 1000', 'rebind', 'get 1000000', 'send 1000000'];
      await bench.actions(port, {}, ...wants);
    },
  },
  plain(
    'datagrams',
    ({ connection }) => application.datagram(connection),
    ['datagram hello'],
    {},
    { config: { enableDgram: [true, 100, 100] } },
  ),
  plain(
    'unidirectional streams',
    ({ connection }) => application.uni(connection),
    ['uni hello'],
  ),
  {
    name: 'codes of resets and stops',
    async client(bench) {
      const { port } = await bench.peerServer();
      const { connection } = await bench.connect(port);
      for (const code of [0, 7, 2 ** 40]) {
        await application.streamCodes(connection, code);
      }
    },
    async server(bench) {
      const { port } = await bench.server();
      const wants = [0, 7, 2 ** 40].flatMap((code) => [
        `askreset ${code}`,
        `askstop ${code}`,
      ]);
      await bench.actions(port, {}, ...wants);
    },
  },
  {
    name: 'codes that a number does not hold',
    async client(bench) {
      const { port } = await bench.peerServer();
      const { connection } = await bench.connect(port);
      const largest = 2n ** 62n - 1n;
      const { code } = await application.resetOf(connection, largest);
      assert.equal(code, Number.MAX_SAFE_INTEGER);
      await assert.rejects(application.ask(connection, `CLOSE ${largest} x`));
      const { errorCode } = await application.closedWith(connection);
      assert.equal(errorCode, Number.MAX_SAFE_INTEGER);
    },
  },
  {
    name: 'closes of an application',
    async client(bench) {
      const { port } = await bench.peerServer();
      const { connection } = await bench.connect(port);
      await assert.rejects(
        application.ask(connection, 'CLOSE 77 enough of it'),
      );
      const { isApp, errorCode } = await application.closedWith(connection);
      assert.deepEqual([isApp, errorCode], [true, 77]);
    },
    async server(bench) {
      const server = await bench.server();
      const codes: Array<number> = [];
      on(server, events.EventQUICConnectionClose, ({ detail }) =>
        codes.push((detail as any).data.errorCode),
      );
      await bench.actions(server.port, {}, 'askclose 77 enough of it');
      await bench.actions(server.port, {}, 'get 1000', 'close 78 enough');
      await until(() => codes.length === 2);
      assert.deepEqual(codes, [77, 78]);
    },
  },
  {
    name: 'closes of the transport',
    async client(bench) {
      const { port } = await bench.peerServer();
      const error = await bench
        .connect(port, { config: { applicationProtos: ['other'] } })
        .catch((e) => e);
      if (error instanceof errors.ErrorQUICConnectionIdleTimeout) {
        throw new Unsupported('servers say nothing of other protocols');
      }
      assert.ok(error instanceof errors.ErrorQUICConnectionPeerTLS, `${error}`);
    },
    async server(bench) {
      const server = await bench.server({
        config: { applicationProtos: ['other'] },
      });
      const running = await bench.peerClient(server.port, {}, 'get 1000');
      await assert.rejects(running.next());
    },
  },
  {
    name: 'idle timeout of the peer',
    async client(bench) {
      const { port } = await bench.peerServer({ idle: 1500 });
      const { connection } = await bench.connect(port, {
        config: { maxIdleTimeout: 60_000 },
      });
      await application.get(connection, 1000);
      await assertIdleEnd(connection.closedP);
    },
    async server(bench) {
      const server = await bench.server({ config: { maxIdleTimeout: 60_000 } });
      const closed = once(server, events.EventQUICConnectionClose);
      const running = await bench.peerClient(
        server.port,
        { idle: 1500 },
        'get 1000',
        'wait 20000',
      );
      await running.next();
      await assertIdleEnd(closed);
    },
  },
  {
    name: 'idle timeout of this end',
    async client(bench) {
      const { port } = await bench.peerServer({ idle: 60_000 });
      const { connection } = await bench.connect(port, {
        config: { maxIdleTimeout: 1500 },
      });
      await application.get(connection, 1000);
      await assertIdleEnd(connection.closedP);
    },
    async server(bench) {
      const server = await bench.server({ config: { maxIdleTimeout: 1500 } });
      const closed = once(server, events.EventQUICConnectionClose);
      const running = await bench.peerClient(
        server.port,
        { idle: 60_000 },
        'get 1000',
        'wait 20000',
      );
      await running.next();
      await assertIdleEnd(closed);
    },
  },
  {
    name: 'keep-alive of this end',
    async client(bench) {
      const { port } = await bench.peerServer({ idle: 1500 });
      const { connection } = await bench.connect(port, {
        config: { keepAliveIntervalTime: 2000 },
      });
      await setTimeout(4000);
      await application.get(connection, 1000);
    },
    async server(bench) {
      const { port } = await bench.server({
        config: { keepAliveIntervalTime: 2000 },
      });
      await bench.actions(port, { idle: 1500 }, 'wait 4000', 'get 1000');
    },
  },
  {
    name: 'keep-alive of the peer',
    async client(bench) {
      const { port } = await bench.peerServer({ keepalive: 400 });
      const { connection } = await bench.connect(port, {
        config: { maxIdleTimeout: 1500 },
      });
      await application.get(connection, 10);
      await setTimeout(4000);
      await application.get(connection, 1000);
    },
    async server(bench) {
      const { port } = await bench.server({ config: { maxIdleTimeout: 1500 } });
      await bench.actions(port, { keepalive: 400 }, 'wait 4000', 'get 1000');
    },
  },
  plain(
    'tiny limits: one stream, windows of 1 KB',
    async ({ connection }) => {
      for (let i = 0; i < 3; i++) await application.send(connection, 20_000);
      await application.get(connection, 20_000);
    },
    ['send 20000', 'send 20000', 'get 20000'],
    { streams: 1, window: 1024 },
    {
      config: {
        initialMaxStreamsBidi: 1,
        initialMaxStreamsUni: 1,
        initialMaxData: 1024,
        initialMaxStreamDataBidiLocal: 1024,
        initialMaxStreamDataBidiRemote: 1024,
        maxStreamWindow: 1024,
        maxConnectionWindow: 1024,
      },
    },
  ),
  ...[0, 20].map((cid) =>
    plain(
      `connection IDs of ${cid} bytes`,
      ({ connection }) => application.get(connection, MB),
      ['get 1000000'],
      { cid },
    ),
  ),
  {
    name: 'stateless reset',
    async client(bench) {
      const key = { 'reset-key': 'secret' };
      const { port, running } = await bench.peerServer(key);
      const relay = await Relay.start(bench.t, port);
      const { connection } = await bench.connect(relay.port, {
        config: { keepAliveIntervalTime: 300 },
      });
      await application.get(connection, 1000);
      relay.impairment = drop;
      running.kill();
      await bench.peerServer({ ...key, port });
      relay.impairment = pass;
      await connection.closedP;
    },
    async server(bench) {
      const crypto = { key: new ArrayBuffer(32) };
      const first = await bench.server({ crypto });
      const { port } = first;
      const relay = await Relay.start(bench.t, port);
      const running = await bench.peerClient(
        relay.port,
        // Whoever cannot send one may not know one either
        { keepalive: 300, 'reset-key': 'any' },
        ...['get 1000', 'ended'],
      );
      await running.next();
      await running.next();
      relay.impairment = drop;
      await first.stop({ force: true });
      await relay.rebind();
      await bench.server({ crypto, port });
      relay.impairment = pass;
      const begun = performance.now();
      assert.ok((await running.next()).ok);
      // And not the idle timeout
      assert.ok(performance.now() - begun < 10_000);
    },
  },
];

/** Starts a server of the peer, and connects to it for a session. */
async function firstSession(
  bench: Bench,
): Promise<{ port: number; session: Uint8Array }> {
  const { port } = await bench.peerServer();
  const client = await bench.connect(port);
  await application.get(client.connection, 1000);
  const session = await sessionOf(client);
  await client.destroy({ force: true });
  return { port, session };
}

async function sessionOf(client: QUICClient): Promise<Uint8Array> {
  if (client.session === undefined) {
    const told = once(client, events.EventQUICConnectionSession);
    await Promise.race([told, setTimeout(2000)]);
  }
  if (client.session !== undefined) return client.session;
  throw new Unsupported('servers give no session');
}

/** An end by the idle timeout of 1.5 seconds, and not by a longer one. */
async function assertIdleEnd(ended: Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await ended;
  const took = performance.now() - begun;
  assert.ok(took > 800 && took < 6000, `it took ${took} ms`);
}

/** Whether the peer acknowledged packets with ECN counts. */
function refuseDgram(bench: Bench): void {
  if (bench.io === 'dgram') {
    throw new Unsupported('Node has no way to set or read ECN');
  }
}

async function assertECN(bench: Bench): Promise<void> {
  const names = (await readdir(bench.logs)).filter((n) => n.endsWith('sqlog'));
  const log = await readFile(path.join(bench.logs, names[0]), 'utf8');
  assert.match(log, /"ect/i);
}
