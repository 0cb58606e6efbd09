import assert from 'node:assert/strict';
import { getEventListeners, once as onceEmitted } from 'node:events';
import { type TestContext, test } from 'node:test';
import type { Evented } from '@matrixai/events';
import { eventHandlers } from '@matrixai/events/utils.js';
import {
  errors,
  native,
  QUICClient,
  QUICServer,
  type QUICSocket,
  utils,
} from '@matrixai/quic';
import { Timer } from '@matrixai/timer';
import { createCA, issue, toDER } from '../helpers/certs.js';
import { until } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import {
  connect,
  credentials,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { plainSocket, refusalToSend } from '../helpers/plain.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

// TCPMUX, which nobody serves over UDP
const unused = 1;

type Options = Parameters<typeof QUICClient.createQUICClient>[0];
type Context = Parameters<typeof QUICClient.createQUICClient>[1];
type Creation = ReturnType<typeof QUICClient.createQUICClient>;

/** A port where somebody listens but never answers. */
async function silentPeer(t: TestContext) {
  const peer = await plainSocket(t);
  const contacted = onceEmitted(peer, 'message');
  return { port: peer.address().port, contacted };
}

/** What is alive: objects of the library, and what holds the event loop. */
function alive(): string {
  const { goroutines, goHeap, faults, ...handles } = native.debugStats();
  // Pipes are those of the test's own output
  const resources = process
    .getActiveResourcesInfo()
    .filter((name) => !/Pipe|TTY|Write/.test(name));
  return JSON.stringify([handles, resources.sort()]);
}

function countListeners(socket: QUICSocket): number {
  const { [eventHandlers]: listeners } = socket as unknown as Evented;
  return [...listeners.values()].flatMap((set) => [...set]).length;
}

const names = await createCA('ECDSA');
const example = await issue(names, 'ECDSA', 'example.test', { ips: [] });
const other = await issue(names, 'ECDSA', 'other.test', { ips: [] });

const nothing = alive();

forEachIO((io) => {
  const create = (options: Partial<Options>, context?: Context): Creation =>
    QUICClient.createQUICClient(
      {
        host: '127.0.0.1',
        port: unused,
        config: { ca: credentials.cert },
        io,
        ...options,
      },
      context,
    );

  test('with nobody listening a creation ends with the idle timeout', {
    timeout,
  }, async () => {
    await assert.rejects(
      create({ config: { maxIdleTimeout: 200 } }),
      errors.ErrorQUICConnectionIdleTimeout,
    );
  });

  test('a handshake that nobody answers has 10 seconds, unless an option says otherwise', {
    timeout,
  }, async (t) => {
    const { port } = await silentPeer(t);
    const timedOut = (e: unknown) => {
      assert.ok(e instanceof errors.ErrorQUICConnectionIdleTimeout);
      assert.ok(e.message.includes(`127.0.0.1:${port}`), e.message);
      return true;
    };
    await assert.rejects(create({ port, minIdleTimeout: 200 }), timedOut);
    await Promise.all([
      assert.rejects(create({ port }), timedOut),
      ...[{}, { minIdleTimeout: Infinity }].map((options) =>
        assert.rejects(
          create({ port, ...options }, { timer: 11_000 }),
          errors.ErrorQUICClientCreateTimeout,
        ),
      ),
    ]);
  });

  for (const [name, timer] of [
    ['a number', () => 100],
    ['a Timer', () => new Timer({ delay: 100 })],
    ['a number of 0', () => 0],
  ] as const) {
    test(`a timer that is ${name} ends a creation`, { timeout }, async (t) => {
      const { port } = await silentPeer(t);
      await assert.rejects(
        create({ port }, { timer: timer() }),
        errors.ErrorQUICClientCreateTimeout,
      );
      // The idle timeout would come later
      await assert.rejects(
        create(
          { port, config: { maxIdleTimeout: 20_000 } },
          { timer: timer() },
        ),
        errors.ErrorQUICClientCreateTimeout,
      );
    });
  }

  test('a signal ends a creation with its very reason, before it or meanwhile', {
    timeout,
  }, async (t) => {
    const reason = new Error('changed my mind');
    const isReason = (error: unknown) => error === reason;
    await assert.rejects(
      create({}, { signal: AbortSignal.abort(reason) }),
      isReason,
    );

    const { port, contacted } = await silentPeer(t);
    const controller = new AbortController();
    const { signal } = controller;
    const created = create({ port }, { signal, timer: 20_000 });
    await contacted;
    controller.abort(reason);
    await assert.rejects(created, isReason);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('a signal in the first argument does what that of the context does', {
    timeout,
  }, async (t) => {
    const reason = new Error('changed my mind');
    const isReason = (error: unknown) => error === reason;
    const aborted = AbortSignal.abort(reason);
    await assert.rejects(create({ signal: aborted }), isReason);

    const { port, contacted } = await silentPeer(t);
    // Either of both ends it
    for (const i of [0, 1]) {
      const controllers = [new AbortController(), new AbortController()];
      const [own, ofContext] = controllers.map(({ signal }) => signal);
      const created = create(
        { port, signal: own },
        { signal: ofContext, timer: 20_000 },
      );
      await contacted;
      controllers[i].abort(reason);
      await assert.rejects(created, isReason);
      for (const signal of [own, ofContext]) {
        assert.equal(getEventListeners(signal, 'abort').length, 0);
      }
    }

    const server = await startServer(t, io, { onStream: serveEcho });
    const late = new AbortController();
    const { signal } = late;
    const client = await create({ port: server.port, signal });
    t.after(() => client.destroy());
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    late.abort(new Error('too late'));
    await exchange(client.connection.newStream(), payload(100));
    for (const signal of [null, 5, {}] as Array<any>) {
      await assert.rejects(
        create({ signal }),
        (e) =>
          e instanceof errors.ErrorQUICOptionInvalid &&
          e.data.option === 'signal',
      );
    }
  });

  test('cancel() ends a creation with its very reason, at once or meanwhile', {
    timeout,
  }, async (t) => {
    const reason = new Error('changed my mind');
    const isReason = (error: unknown) => error === reason;
    const { port, contacted } = await silentPeer(t);
    const first = create({ port });
    first.cancel(reason);
    await assert.rejects(first, isReason);

    const second = create({ port });
    await contacted;
    second.cancel(reason);
    await assert.rejects(second, isReason);
  });

  test('what could have ended a creation leaves the client alone afterwards', {
    timeout,
  }, async (t) => {
    const { port } = await startServer(t, io, { onStream: serveEcho });
    const timer = new Timer({ delay: 20_000 });
    const controller = new AbortController();
    const { signal } = controller;
    const creations = [
      create({ port }, { timer }),
      create({ port }, { signal, timer: 20_000 }),
      create({ port }),
    ];
    const clients = await Promise.all(creations);
    t.after(() => Promise.all(clients.map((client) => client.destroy())));
    timer.reset(0);
    await timer;
    controller.abort(new Error('too late'));
    for (const creation of creations) creation.cancel(new Error('too late'));
    assert.equal(getEventListeners(signal, 'abort').length, 0);
    for (const { connection, closed } of clients) {
      await exchange(connection.newStream(), payload(100));
      assert.ok(!closed);
    }
  });

  test('a shared socket that is stopped ends a creation', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    const { port, contacted } = await silentPeer(t);
    const created = create({ port, socket });
    const rejected = assert.rejects(
      created,
      errors.ErrorQUICClientSocketNotRunning,
    );
    await contacted;
    await socket.stop({ force: true });
    await rejected;
    await assert.rejects(
      create({ port, socket }),
      errors.ErrorQUICClientSocketNotRunning,
    );
  });

  test('a local host of another family than the target is a typed error', {
    timeout,
  }, async (t) => {
    for (const [local, host] of [
      [{ host: '127.0.0.1' }, '::1'],
      [{ host: '0.0.0.0' }, '::'],
      [{ host: '::ffff:127.0.0.1' }, '::1'],
      [{ host: '::1' }, '127.0.0.1'],
      [{ host: '::1' }, '::ffff:127.0.0.1'],
      [{ host: '::', ipv6Only: true }, '127.0.0.1'],
      [{ host: '::', ipv6Only: true }, '0.0.0.0'],
    ] as const) {
      const { host: localHost, ...rest } = { ipv6Only: false, ...local };
      const socket = await startSocket(t, io, local);
      for (const options of [{ localHost, ...rest }, { socket }]) {
        await assert.rejects(
          create({ host, ...options }),
          errors.ErrorQUICClientInvalidHost,
          `${localHost} to ${host}`,
        );
      }
    }
  });

  for (const [localHost, host] of [
    ['127.0.0.1', '192.0.2.1'],
    ['::ffff:127.0.0.1', '::ffff:192.0.2.1'],
    ['127.0.0.1', '240.0.0.1'],
    ['127.0.0.1', '255.255.255.255'],
    ['0.0.0.0', '255.255.255.255'],
    ['::', '::ffff:255.255.255.255'],
    ['::1', 'fe80::1%lo'],
    ['::1', '2001:db8::1'],
    ['::', '2001:db8::1'],
  ]) {
    test(`a client on ${localHost} is told at once that it cannot send to ${host}`, {
      timeout,
    }, async (t) => {
      const code = await refusalToSend(t, localHost, host);
      if (code === undefined) {
        t.skip('the operating system has a route');
        return;
      }
      const socket = await startSocket(t, io, { host: localHost });
      const start = Date.now();
      for (const options of [{ localHost }, { socket }]) {
        await assert.rejects(
          create({ host, ...options }),
          (error) =>
            error instanceof errors.ErrorQUICClientInvalidArgument &&
            (error.cause as NodeJS.ErrnoException).code === code,
        );
      }
      assert.ok(Date.now() - start < 5000);
    });
  }

  test('a creation that fails leaves nothing behind', {
    timeout,
  }, async (t) => {
    // Sockets of the tests before are still closing
    await until(() => alive() === nothing);
    const server = await startServer(t, io, { onStream: serveEcho });
    const peer = await silentPeer(t);
    const { port } = peer;
    const cancelled = (options: Partial<Options>) => {
      const created = create({ ...options, port });
      void peer.contacted.then(() => created.cancel(new Error('cancelled')));
      return created;
    };
    const failures: Record<string, (options: Partial<Options>) => Creation> = {
      cancelled,
      timer: (options) => create({ ...options, port }, { timer: 50 }),
      signal: (options) =>
        create(
          { ...options, port },
          { timer: 60_000, signal: AbortSignal.timeout(50) },
        ),
      aborted: (options) =>
        create(options, {
          timer: 60_000,
          signal: AbortSignal.abort(new Error('aborted')),
        }),
      idle: (options) =>
        create({ ...options, port, config: { maxIdleTimeout: 100 } }),
      family: (options) =>
        create({ ...options, localHost: '127.0.0.1', host: '::1' }),
      refused: (options) =>
        create(
          { ...options, localHost: '127.0.0.1', host: '192.0.2.1' },
          { timer: 60_000 },
        ),
      unresolved: (options) =>
        create({
          ...options,
          host: 'host.test',
          resolveHostname: () => Promise.reject(new Error('unresolved')),
        }),
      config: (options) =>
        create({ ...options, config: { sigalgs: 'nonsense' } }),
      certificate: (options) =>
        create({ ...options, port: server.port, config: { ca: names.cert } }),
      bind: ({ socket }) =>
        create({ socket, localHost: '192.0.2.1', port }, { timer: 50 }),
    };
    const socket = await startSocket(t, io);
    const before = alive();
    for (const options of [{}, { socket }]) {
      for (const [name, fail] of Object.entries(failures)) {
        await assert.rejects(fail(options), Error, name);
        await until(() => alive() === before);
        assert.equal(socket.connectionMap.size, 0);
        assert.equal(countListeners(socket), 0);
      }
    }
    const client = await connect(t, io, server.port, { socket });
    await exchange(client.connection.newStream(), payload(100));
    await client.destroy();
    await socket.stop();
  });

  test('a config that cannot be used is refused by a server and by a client', {
    timeout,
  }, async () => {
    const { ErrorQUICConfig, ErrorQUICConnectionConfigInvalid } = errors;
    for (const [config, errorClass] of [
      [
        { keepAliveIntervalTime: 1000, maxIdleTimeout: 1000 },
        ErrorQUICConnectionConfigInvalid,
      ],
      [
        { keepAliveIntervalTime: 2000, maxIdleTimeout: 1000 },
        ErrorQUICConnectionConfigInvalid,
      ],
      [{ key: example.key, cert: credentials.cert }, ErrorQUICConfig],
      [{ key: 'garbage', cert: credentials.cert }, ErrorQUICConfig],
      [{ key: credentials.key, cert: 'garbage' }, ErrorQUICConfig],
      [{ ca: 'garbage' }, ErrorQUICConfig],
      [{ sigalgs: 'nonsense' }, ErrorQUICConfig],
    ] as const) {
      assert.throws(
        () => new QUICServer({ config: { ...credentials, ...config }, io }),
        errorClass,
      );
      await assert.rejects(create({ config }), errorClass);
    }
  });

  for (const [wildcard, loopback] of [
    ['0.0.0.0', '127.0.0.1'],
    ['::', '::1'],
    ['::ffff:0.0.0.0', '127.0.0.1'],
  ]) {
    test(`a client of the wildcard ${wildcard} connects to ${loopback}`, {
      timeout,
    }, async (t) => {
      const server = await startServer(t, io, {
        host: loopback,
        onStream: serveEcho,
      });
      const client = await connect(t, io, server.port, { host: wildcard });
      assert.equal(utils.toCanonicalIP(client.host), loopback);
      assert.equal(client.port, server.port);
      const received = exchange(client.connection.newStream(), payload(100));
      assert.deepEqual(await received, payload(100));
    });
  }

  test('the server name is what the certificate is verified for', {
    timeout,
  }, async (t) => {
    const config = { ca: names.cert };
    const { port } = await startServer(t, io, { config: example });
    await connect(t, io, port, { config, serverName: 'example.test' });
    for (const serverName of [undefined, 'other.test', 'localhost']) {
      await assert.rejects(
        create({ port, config, serverName }),
        errors.ErrorQUICConnectionLocalTLS,
      );
    }

    // By default it is the host as it was given
    const resolveHostname = () => '127.0.0.1';
    const host = 'example.test';
    await connect(t, io, port, { config, host, resolveHostname });
    await assert.rejects(
      create({ port, config, host: 'other.test', resolveHostname }),
      errors.ErrorQUICConnectionLocalTLS,
    );
  });

  test('the server name is told to the server, which chooses its certificate by it', {
    timeout,
  }, async (t) => {
    const { port } = await startServer(t, io, {
      config: {
        key: [example.key, other.key],
        cert: [example.cert, other.cert],
      },
    });
    for (const [serverName, { cert }] of [
      ['example.test', example],
      ['other.test', other],
    ] as const) {
      const { connection } = await connect(t, io, port, {
        config: { ca: names.cert },
        serverName,
      });
      const [leaf] = connection.getRemoteCertsChain();
      assert.deepEqual(new Uint8Array(leaf), toDER(cert));
    }
  });
});
