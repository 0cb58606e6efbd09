import assert from 'node:assert/strict';
import { once as onceEmitted } from 'node:events';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { errors, events, QUICClient, QUICServer } from '@matrixai/quic';
import { once, until } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { connect, credentials, pair, startSocket } from '../helpers/pair.js';
import { plainSocket } from '../helpers/plain.js';
import { drop, Relay } from '../helpers/relay.js';
import { payload, readAll } from '../helpers/streams.js';

const timeout = 30_000;

// The classes of another realm, as tests in a `node:vm` context have them: `instanceof` knows none
// of them
const realm: {
  Uint8Array: typeof Uint8Array;
  Uint16Array: typeof Uint16Array;
  DataView: typeof DataView;
} = runInNewContext('({ Uint8Array, Uint16Array, DataView })');

/** Bytes of another realm. */
function foreign(bytes: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const made = new realm.Uint8Array(Buffer.from(bytes));
  assert.equal(made instanceof Uint8Array, false);
  assert.equal(made.buffer instanceof ArrayBuffer, false);
  return made;
}

/**
 * A signal of another maker, such as that of jsdom. Old ones have no `reason`, and no
 * `throwIfAborted`.
 */
class ForeignSignal extends EventTarget {
  aborted = false;
  onabort = null;
  listeners = 0;

  constructor(reason?: unknown) {
    super();
    if (reason !== undefined) Object.assign(this, { reason });
  }

  abort(): void {
    this.aborted = true;
    this.dispatchEvent(new Event('abort'));
  }

  override addEventListener(...args: [any, any, any?]): void {
    this.listeners++;
    super.addEventListener(...args);
  }

  override removeEventListener(...args: [any, any, any?]): void {
    this.listeners--;
    super.removeEventListener(...args);
  }
}

const reason = new Error('given up');

/**
 * Asserts that a wait ends when such a signal aborts, before or meanwhile, with its reason if it
 * has one.
 */
async function assertAborts(
  wait: (signal: AbortSignal) => unknown,
): Promise<void> {
  for (const given of [reason, undefined]) {
    // A creation then has none, either
    const isReason = (e: unknown) =>
      given === undefined
        ? e === undefined || (e as Error).name === 'AbortError'
        : e === given;
    const before = new ForeignSignal(given);
    before.abort();
    await assert.rejects(async () => wait(before as any), isReason);
    const signal = new ForeignSignal(given);
    const waiting = (async () => wait(signal as any))();
    setImmediate(() => signal.abort());
    await assert.rejects(waiting, isReason);
    await until(() => signal.listeners === 0);
  }
}

forEachIO((io) => {
  test('signals of another maker end what waits', { timeout }, async (t) => {
    const { server, client, connection } = await pair(t, io);
    const relay = await Relay.start(t, server.port);
    relay.impairment = drop;
    const target = { host: '127.0.0.1', port: relay.port, io };
    await assertAborts((signal) =>
      QUICClient.createQUICClient({ ...target, signal }),
    );
    await assertAborts((signal) =>
      QUICClient.createQUICClient(target, { signal }),
    );
    const stuck = { resolveHostname: () => new Promise<string>(() => {}) };
    await assertAborts((signal) =>
      new QUICServer({ config: credentials, io, ...stuck }).start({
        host: 'h',
        signal,
      }),
    );
    const stream = connection.newStream();
    await assertAborts((signal) => stream.destroy({ force: false, signal }));
    await assertAborts(async (signal) => {
      for await (const _ of server.values({ signal }));
    });
    await assertAborts((signal) => client.destroy({ force: false, signal }));
    await stream.destroy();

    const { connection: another } = await connect(t, io, server.port);
    await assertAborts(async (signal) => {
      await readAll(another.newStream('bidi', { signal }).readable);
    });
    const far = await Relay.start(t, server.port);
    const { connection: migrating } = await connect(t, io, far.port);
    far.impairment = drop;
    const socket = await startSocket(t, io);
    await assertAborts((signal) => migrating.migrate({ socket, signal }));
  });

  test('bytes of another realm are bytes', { timeout }, async (t) => {
    const server = new QUICServer({
      config: {
        key: [foreign(credentials.key)],
        cert: foreign(credentials.cert),
        enableDgram: [true, 0, 0],
      },
      crypto: { key: foreign('a secret').buffer },
      loadBalancing: {
        serverId: foreign('server 1'),
        key: foreign(new Uint8Array(16)),
      },
      io,
    });
    t.after(() => server.stop({ force: true }));
    await server.start({ host: '127.0.0.1' });
    const target = { host: '127.0.0.1', port: server.port, io };
    const config = {
      ca: foreign(credentials.cert),
      enableDgram: [true, 0, 0] as [boolean, number, number],
    };
    const accepted = once(server, events.EventQUICServerConnection);
    const client = await QUICClient.createQUICClient({ ...target, config });
    t.after(() => client.destroy());
    const sessions = once(client, events.EventQUICConnectionSession);
    const { detail: peer } = await accepted;

    const arrived = once(peer, events.EventQUICConnectionStream);
    const writer = client.connection.newStream().writable.getWriter();
    const bytes = foreign(payload(10_000));
    const { buffer } = bytes;
    await writer.write(bytes);
    await writer.write(buffer as any);
    await writer.write(new realm.Uint16Array(buffer, 2, 10) as any);
    await writer.write(new realm.DataView(buffer, 5, 10) as any);
    await writer.close();
    const received = await readAll((await arrived).detail.readable);
    const sent = Buffer.from(buffer);
    assert.deepEqual(
      received,
      Buffer.concat([sent, sent, sent.subarray(2, 22), sent.subarray(5, 15)]),
    );

    const datagrams = client.connection.datagrams.writable.getWriter();
    await datagrams.write(foreign('datagram'));
    const read = await peer.datagrams.readable.getReader().read();
    assert.equal(Buffer.from(read.value!).toString(), 'datagram');

    const session = foreign((await sessions).detail);
    const again = once(server, events.EventQUICServerConnection);
    const resumed = await QUICClient.createQUICClient({
      ...target,
      config,
      session,
    });
    assert.ok(resumed.connection.resumed);
    const { detail: resumedPeer } = await again;
    const told = once(resumedPeer, events.EventQUICConnectionClose);
    await resumed.destroy({ reason: foreign('because') });
    const { data } = (await told).detail as errors.ErrorQUICConnectionPeer<any>;
    assert.equal(Buffer.from(data.reason).toString(), 'because');
  });

  test('a datagram that is not QUIC can be any view, as with dgram', {
    timeout,
  }, async (t) => {
    const socket = await startSocket(t, io);
    const receiver = await plainSocket(t);
    const { port } = receiver.address();
    const bytes = foreign('datagram');
    for (const msg of [
      bytes,
      new realm.DataView(bytes.buffer),
      [bytes.subarray(0, 4), Buffer.from('gram')],
      ['data', new realm.Uint16Array(bytes.buffer, 4)],
    ] as Array<any>) {
      const received = onceEmitted(receiver, 'message');
      assert.equal(await socket.send(msg, port, '127.0.0.1'), 8);
      assert.equal((await received)[0].toString(), 'datagram');
    }
    for (const msg of [5, null, {}, [5], bytes.buffer] as Array<any>) {
      await assert.rejects(
        socket.send(msg, port, '127.0.0.1'),
        errors.ErrorQUICOptionInvalid,
      );
    }
  });
});
