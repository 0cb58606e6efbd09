import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import {
  errors,
  events,
  native,
  QUICClient,
  type QUICConnection,
  QUICServer,
  type QUICServerConfigInput,
  type QUICStream,
  utils,
} from '@matrixai/quic';
import { runFixture } from '../helpers/child.js';
import { isPending, on, once, recordAll, until } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import {
  type ClientOptions,
  connect,
  credentials,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { pass, Relay } from '../helpers/relay.js';
import {
  exchange,
  KiB,
  payload,
  readAll,
  serveEcho,
  sha256,
  writeAll,
} from '../helpers/streams.js';

const timeout = 30_000;

const { CryptoError } = native;

const early = { enableEarlyData: true };

/** Starts a server whose tickets others with the same key can read. It echoes. */
async function startWithKey(
  t: TestContext,
  io: IO,
  key: ArrayBuffer,
  config: Partial<QUICServerConfigInput> = {},
  port = 0,
): Promise<QUICServer> {
  const server = new QUICServer({
    config: { ...credentials, ...config },
    crypto: { key, ops: { sign: unused, verify: unused } },
    io,
  });
  t.after(() => server.stop({ force: true }));
  on(server, events.EventQUICConnectionStream, ({ detail }) =>
    serveEcho(detail),
  );
  await server.start({ host: '127.0.0.1', port });
  return server;
}

async function unused(): Promise<never> {
  throw new Error('the engine has its own cryptography');
}

const newKey = (): ArrayBuffer =>
  crypto.getRandomValues(new Uint8Array(32)).buffer;

/** Connects once, and returns the session. */
async function getSession(
  t: TestContext,
  io: IO,
  port: number,
  options: ClientOptions = {},
): Promise<Uint8Array> {
  const client = await connect(t, io, port, options);
  const { detail } = await once(client, events.EventQUICConnectionSession);
  await client.destroy({ force: true });
  return detail;
}

/** Starts a relay that lets nothing of the server through until it is told to. */
async function startHolding(
  t: TestContext,
  serverPort: number,
): Promise<{ relay: Relay; release: () => void }> {
  const relay = await Relay.start(t, serverPort);
  const held: Array<() => void> = [];
  relay.impairment = (datagram, forward, direction) => {
    if (direction === 'toServer') forward(datagram);
    else held.push(() => forward(datagram));
  };
  const release = () => {
    relay.impairment = pass;
    for (const forward of held) forward();
  };
  return { relay, release };
}

async function assertEchoes(connection: QUICConnection): Promise<void> {
  const data = payload(64 * KiB);
  const received = await exchange(connection.newStream(), data);
  assert.equal(sha256(received), sha256(data));
}

function rejectsAs(type: new (...args: any[]) => Error) {
  return (e: any) => e instanceof type || e.cause instanceof type;
}

/** Sessions of which one thing after another is wrong, see `native/internal/engine/session.go`. */
function malform(session: Uint8Array): Array<Buffer> {
  const whole = Buffer.from(session.subarray(0, -8));
  const header = whole.subarray(0, 41);
  const parts: Array<Buffer> = [];
  for (let rest = whole.subarray(41); rest.length > 0; ) {
    const end = 4 + rest.readUInt32BE();
    parts.push(rest.subarray(4, end));
    rest = rest.subarray(end);
  }
  const encode = (...parts: Array<Buffer>) => {
    const content: Array<Buffer> = [header];
    for (const part of parts) {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      content.push(length, part);
    }
    const checksum = createHash('sha256').update(Buffer.concat(content));
    return Buffer.concat([...content, checksum.digest().subarray(0, 8)]);
  };
  const [ticket, state, token] = parts;
  const change = (offset: number, ...bytes: Array<number>) => {
    const changed = Buffer.from(state);
    changed.set(bytes, offset);
    return changed;
  };
  // The layout is that of tls.SessionState of Go: version, type, suite, time, secret, …
  const secretEnd = 14 + state[13];
  const ofServer = change(2, 1);
  return [
    encode(ticket, ofServer, token),
    encode(
      ticket,
      Buffer.concat([ofServer.subarray(0, secretEnd), Buffer.alloc(11)]),
      token,
    ),
    encode(ticket, change(0, 3, 3), token),
    encode(ticket, change(3, 0xff, 0xff), token),
    encode(Buffer.alloc(0), state, token),
    encode(ticket, Buffer.alloc(0), token),
  ];
}

forEachIO((io) => {
  test('a client resumes a session, and both ends know', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const session = await getSession(t, io, server.port);
    assert.ok(session instanceof Uint8Array);
    const accepted = once(server, events.EventQUICServerConnection);
    const { connection } = await connect(t, io, server.port, { session });
    const renewed = once(connection, events.EventQUICConnectionSession);
    assert.equal(connection.resumed, true);
    assert.equal(connection.earlyData, 'none');
    await connection.handshakeCompletedP;
    const { detail } = await accepted;
    assert.equal(detail.resumed, true);
    // Those of the first handshake
    assert.deepEqual(connection.getRemoteCertsChain(), [
      ...connection.getLocalCACertsChain(),
    ]);
    await assertEchoes(connection);
    const { detail: next } = await renewed;
    const again = await connect(t, io, server.port, { session: next });
    assert.equal(again.connection.resumed, true);
  });

  test('without a session nothing is resumed', { timeout }, async (t) => {
    const server = await startServer(t, io);
    await getSession(t, io, server.port);
    const { connection } = await connect(t, io, server.port, {
      config: early,
    });
    assert.equal(connection.resumed, false);
    assert.equal(connection.earlyData, 'none');
  });

  test('servers with the same key resume sessions of each other, others make a full handshake', {
    timeout,
  }, async (t) => {
    const key = newKey();
    const first = await startWithKey(t, io, key);
    const session = await getSession(t, io, first.port);
    for (const [other, expected] of [
      [key, true],
      [newKey(), false],
    ] as const) {
      const { port } = await startWithKey(t, io, other);
      const { connection } = await connect(t, io, port, { session });
      assert.equal(connection.resumed, expected);
      await assertEchoes(connection);
    }
  });

  test('another process resumes a session', { timeout }, async (t) => {
    const server = await startServer(t, io, { config: early });
    const session = await getSession(t, io, server.port, { config: early });
    const text = Buffer.from(session).toString('base64');
    const args = [io, String(server.port), credentials.cert, text];
    const { stdout, stderr } = await runFixture(t, 'resume', ...args).exit;
    assert.equal(`${stdout}${stderr}`, 'true accepted\n');
  });

  test('early data arrives with the first packet, and is answered', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { config: early });
    const session = await getSession(t, io, server.port, { config: early });
    const { relay, release } = await startHolding(t, server.port);
    const accepted = once(server, events.EventQUICServerConnection);
    const arrived = once(server, events.EventQUICConnectionStream);
    const client = await connect(t, io, relay.port, {
      config: early,
      session,
    });
    const { connection } = client;
    const names = recordAll(client);
    assert.equal(connection.earlyData, 'none');
    assert.equal(await isPending(connection.handshakeCompletedP), true);
    const data = payload(4 * KiB);
    const answer = exchange(connection.newStream(), data);
    // No packet of the server has arrived yet
    const { detail: serverConnection } = await accepted;
    assert.equal(serverConnection.earlyData, 'accepted');
    assert.equal(serverConnection.resumed, true);
    const stream = (await arrived).detail;
    const received = await readAll(stream.readable);
    assert.equal(sha256(received), sha256(data));
    assert.equal(await isPending(serverConnection.handshakeCompletedP), true);
    assert.equal(await isPending(connection.handshakeCompletedP), true);
    const { detail } = await new Promise<{ detail: string }>((resolve) => {
      on(client, events.EventQUICConnectionEarlyData, resolve);
      release();
    });
    assert.equal(detail, 'accepted');
    assert.equal(connection.earlyData, 'accepted');
    assert.equal(connection.resumed, true);
    await writeAll(stream.writable, received);
    assert.equal(sha256(await answer), sha256(data));
    await serverConnection.handshakeCompletedP;
    await connection.handshakeCompletedP;
    assert.ok(names.includes('ConnectionEarlyData'));
    assert.equal(connection.getRemoteCertsChain().length, 1);
  });

  for (const [reason, config] of [
    ['does not allow it any more', { enableEarlyData: false }],
    ['has lower limits now', { ...early, initialMaxStreamsBidi: 5 }],
  ] as const) {
    test(`early data is rejected by a server that ${reason}, and can be sent again`, {
      timeout,
    }, async (t) => {
      const key = newKey();
      const first = await startWithKey(t, io, key, early);
      const session = await getSession(t, io, first.port, { config: early });
      const server = await startWithKey(t, io, key, config);
      const seen: Array<number> = [];
      on(server, events.EventQUICConnectionStream, ({ detail }) =>
        seen.push(detail.streamId),
      );
      const { relay, release } = await startHolding(t, server.port);
      const client = await connect(t, io, relay.port, {
        config: early,
        session,
      });
      const { connection } = client;
      const decided = once(client, events.EventQUICConnectionEarlyData);
      const ended: Array<QUICStream> = [];
      const streams = ['bidi', 'bidi', 'uni'].map((type) =>
        connection.newStream(type as 'bidi' | 'uni'),
      );
      for (const stream of streams) {
        on(stream, events.EventQUICStreamDestroyed, () => ended.push(stream));
      }
      const [open, closed, uni] = streams;
      const writer = open.writable.getWriter();
      await writer.write(payload(KiB));
      await writeAll(closed.writable, payload(KiB));
      const uniWriter = uni.writable.getWriter();
      await uniWriter.write(payload(KiB));
      release();
      const rejected = rejectsAs(errors.ErrorQUICConnectionEarlyDataRejected);
      await Promise.all([
        assert.rejects(readAll(open.readable), rejected),
        assert.rejects(readAll(closed.readable), rejected),
        assert.rejects(writer.closed, rejected),
        assert.rejects(uniWriter.closed, rejected),
      ]);
      assert.equal((await decided).detail, 'rejected');
      assert.equal(connection.earlyData, 'rejected');
      assert.equal(connection.resumed, true);
      await connection.handshakeCompletedP;
      await until(() => ended.length === 3);
      assert.deepEqual(seen, []);
      for (let i = 0; i < 10; i++) await assertEchoes(connection);
      assert.equal(seen[0], 0);
      await client.destroy({ force: false });
    });
  }

  test('streams opened in any moment of a rejection end or work', {
    timeout,
  }, async (t) => {
    const key = newKey();
    const first = await startWithKey(t, io, key, early);
    const session = await getSession(t, io, first.port, { config: early });
    const server = await startWithKey(t, io, newKey(), early);
    const { relay, release } = await startHolding(t, server.port);
    const client = await connect(t, io, relay.port, {
      config: early,
      session,
    });
    const { connection } = client;
    const data = payload(KiB);
    const results: Array<Promise<boolean>> = [];
    const next = async (): Promise<boolean> => {
      try {
        const echoed = await exchange(connection.newStream(), data);
        assert.equal(sha256(echoed), sha256(data));
        return true;
      } catch (e) {
        const isRejected = rejectsAs(
          errors.ErrorQUICConnectionEarlyDataRejected,
        );
        assert.ok(isRejected(e), String(e));
        return false;
      }
    };
    while (connection.earlyData === 'none') {
      results.push(next());
      if (results.length === 3) release();
      await new Promise(setImmediate);
    }
    for (let i = 0; i < 20; i++) results.push(next());
    const outcomes = await Promise.all(results);
    assert.equal(outcomes[0], false);
    assert.deepEqual(outcomes.slice(-20), Array(20).fill(true));
  });

  test('a server that verifies clients hands out no early connection of one it refuses', {
    timeout,
  }, async (t) => {
    const own = utils.selfSigned();
    let verdict = Promise.resolve<number | undefined>(undefined);
    const server = await startServer(t, io, {
      config: {
        ...early,
        verifyPeer: true,
        verifyCallback: () => verdict,
      },
    });
    const names = recordAll(server);
    const config = { ...early, ...own };
    const session = await getSession(t, io, server.port, { config });
    const accepted = once(server, events.EventQUICServerConnection);
    const allowed = await connect(t, io, server.port, { config, session });
    await writeAll(allowed.connection.newStream('uni').writable, payload(1));
    const { detail } = await accepted;
    assert.equal(await isPending(detail.handshakeCompletedP), false);
    assert.equal(detail.earlyData, 'accepted');
    assert.equal(detail.getRemoteCertsChain().length, 1);
    await allowed.connection.handshakeCompletedP;
    await allowed.destroy({ force: true });
    await detail.closedP;

    const { p, resolveP: refuse } = utils.promise<number>();
    verdict = p;
    names.length = 0;
    const refused = once(server, events.EventQUICConnectionError);
    const client = await connect(t, io, server.port, { config, session });
    // The verdict waits for the data, which would find no connection otherwise
    await client.connection
      .newStream('uni')
      .writable.getWriter()
      .write(payload(1));
    refuse(CryptoError.BadCertificate);
    await refused;
    await client.closedP;
    assert.ok(!names.includes('ServerConnection'), names.join());
    assert.ok(!names.includes('ConnectionStream'), names.join());
  });

  test('a client with another certificate does not resume the session of the first', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, {
      config: { verifyPeer: true, verifyCallback: async () => undefined },
    });
    const [own, other] = [utils.selfSigned(), utils.selfSigned()];
    const session = await getSession(t, io, server.port, { config: own });
    const accepted = once(server, events.EventQUICServerConnection);
    const { connection } = await connect(t, io, server.port, {
      config: other,
      session,
    });
    assert.equal(connection.resumed, false);
    const { detail } = await accepted;
    assert.deepEqual(
      detail.getRemoteCertsChain(),
      connection.getLocalCertsChain(),
    );
  });

  test('a client does not resume, nor send early data to, a server that it would not accept now', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { config: early });
    const session = await getSession(t, io, server.port, { config: early });
    const names = recordAll(server);
    await assert.rejects(
      connect(t, io, server.port, {
        config: { ...early, ca: utils.selfSigned().cert },
        session,
      }),
      errors.ErrorQUICConnectionLocalTLS,
    );
    await assert.rejects(
      connect(t, io, server.port, {
        config: {
          ...early,
          verifyPeer: true,
          verifyCallback: async () => CryptoError.BadCertificate,
        },
        session,
      }),
      errors.ErrorQUICConnectionLocalTLS,
    );
    let calls = 0;
    const { connection } = await connect(t, io, server.port, {
      config: {
        ...early,
        verifyCallback: async ([leaf]) => {
          calls++;
          assert.ok(leaf.length > 0);
          return undefined;
        },
      },
      session,
    });
    await connection.handshakeCompletedP;
    assert.equal(connection.earlyData, 'accepted');
    assert.equal(calls, 1);
    assert.equal(names.filter((name) => name === 'ConnectionStream').length, 0);
  });

  test('a session that is damaged is ignored', { timeout }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const session = await getSession(t, io, server.port);
    const damaged = [0, 1, 7, 50, session.length - 1].flatMap((at) => {
      const changed = session.slice();
      changed[at] ^= 1;
      return [changed, session.subarray(0, at)];
    });
    for (const session of [...damaged, payload(2 * KiB)]) {
      const client = await connect(t, io, server.port, { session });
      assert.equal(client.connection.resumed, false);
      await assertEchoes(client.connection);
      await client.destroy({ force: true });
    }
  });

  test('a session that TLS cannot use, but whose checksum is right, ends nothing', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { onStream: serveEcho });
    const session = await getSession(t, io, server.port);
    for (const malformed of malform(session)) {
      const client = await connect(t, io, server.port, { session: malformed });
      assert.equal(client.connection.resumed, false);
      await assertEchoes(client.connection);
      await client.destroy({ force: true });
    }
    const whole = await connect(t, io, server.port, { session });
    assert.ok(whole.connection.resumed);
  });

  test('tokens for returning clients have a lifetime', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    const tokenLifetime = 1500;
    const server = new QUICServer({
      config: credentials,
      socket,
      retry: 'always',
      tokenLifetime,
    });
    t.after(() => server.stop({ force: true }));
    on(server, events.EventQUICConnectionStream, ({ detail }) =>
      serveEcho(detail),
    );
    await server.start();
    const session = await getSession(t, io, server.port);
    const { retries } = socket.stats();
    await connect(t, io, server.port, { session });
    assert.equal(socket.stats().retries, retries);
    await setTimeout(tokenLifetime + 100);
    const late = await connect(t, io, server.port, { session });
    assert.equal(socket.stats().retries, retries + 1);
    assert.ok(late.connection.resumed);
    for (const wrong of [0, 0.5, '1h']) {
      assert.throws(
        () =>
          new QUICServer({ config: credentials, tokenLifetime: wrong as any }),
        errors.ErrorQUICOptionInvalid,
      );
    }
  });

  test('a returning client needs no Retry', { timeout }, async (t) => {
    const socket = await startSocket(t, io);
    const server = new QUICServer({
      config: { ...credentials, ...early },
      socket,
      retry: 'always',
    });
    t.after(() => server.stop({ force: true }));
    on(server, events.EventQUICConnectionStream, ({ detail }) =>
      serveEcho(detail),
    );
    await server.start();
    const session = await getSession(t, io, server.port, { config: early });
    assert.equal(socket.stats().retries, 1);
    const { connection } = await connect(t, io, server.port, {
      config: early,
      session,
    });
    await assertEchoes(connection);
    assert.equal(connection.earlyData, 'accepted');
    assert.equal(socket.stats().retries, 1);
    await connect(t, io, server.port);
    assert.equal(socket.stats().retries, 2);
  });

  test('a client with early data that nobody answers times out', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { config: early });
    const session = await getSession(t, io, server.port, { config: early });
    const { port } = server;
    await server.stop({ force: true });
    const client = await connect(t, io, port, {
      config: { ...early, maxIdleTimeout: 500 },
      session,
    });
    const failed = once(client, events.EventQUICConnectionError);
    const writer = client.connection.newStream().writable.getWriter();
    await writer.write(payload(1));
    const { detail } = await failed;
    assert.ok(detail instanceof errors.ErrorQUICConnectionIdleTimeout);
    await assert.rejects(client.connection.handshakeCompletedP, detail);
    await assert.rejects(writer.closed);
    await client.closedP;
  });

  test('a client with early data can be destroyed at once', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { config: early });
    const session = await getSession(t, io, server.port, { config: early });
    for (const force of [true, false]) {
      const client = await connect(t, io, server.port, {
        config: early,
        session,
      });
      if (!force) {
        const arrived = once(server, events.EventQUICConnectionStream);
        await writeAll(client.connection.newStream('uni').writable, payload(9));
        const [{ detail }] = await Promise.all([
          arrived,
          client.destroy({ force }),
        ]);
        assert.equal((await readAll(detail.readable)).length, 9);
      } else {
        await client.destroy({ force });
      }
    }
  });

  test('a session must be bytes', { timeout }, async () => {
    await assert.rejects(
      async () =>
        QUICClient.createQUICClient({
          host: '127.0.0.1',
          port: 1,
          session: 'text' as unknown as Uint8Array,
        }),
      (e: any) =>
        e instanceof errors.ErrorQUICOptionInvalid &&
        (e.data as any).option === 'session',
    );
  });
});
