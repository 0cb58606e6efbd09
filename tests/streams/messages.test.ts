// What errors say, to people and to programs: what happened, where, and what to do.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import {
  errors,
  events,
  QUICClient,
  QUICServer,
  QUICSocket,
  utils,
} from '@matrixai/quic';
import { once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { root } from '../helpers/packages.js';
import {
  connect,
  credentials,
  openStream,
  pair,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { exchange, KiB, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

type ErrorClass = typeof errors.ErrorQUIC;

const classes = Object.values(errors).filter(
  (value): value is ErrorClass =>
    Object.hasOwn(value, 'description') && Object.hasOwn(value, 'code'),
);

async function failure(call: () => unknown): Promise<any> {
  try {
    await call();
  } catch (e) {
    return e;
  }
  assert.fail('it succeeded');
}

test('each class of errors has a code of its own, which a document lists', async () => {
  const names = Object.keys(errors).filter((name) => name.startsWith('Error'));
  assert.equal(classes.length, names.length);
  const codes = classes.map(({ code }) => code);
  assert.equal(new Set(codes).size, codes.length);
  const text = await readFile(path.join(root, 'docs', 'errors.md'), 'utf8');
  const listed = [...text.matchAll(/^\| `(\w+)` +\| `(\w+)`/gm)];
  assert.deepEqual(
    listed.map(([, code, name]) => `${code} ${name}`).sort(),
    classes.map(({ code, name }) => `${code} ${name}`).sort(),
  );
  const data = { isApp: true, errorCode: 0, reason: new Uint8Array() };
  for (const Class of classes) {
    assert.match(Class.code, /^ERR_QUIC(_[A-Z]+)*$/);
    assert.equal(new Class('message', { data }).code, Class.code);
  }
});

test('errors are JSON that a log can hold', () => {
  const reason = Buffer.from('Schluß\nERROR forged');
  const data: Record<string, unknown> = {
    ...{ isApp: true, errorCode: 5, reason, large: 2n ** 62n },
    hex: Uint8Array.of(0xff, 0xfe),
    failures: [new Error('first'), new TypeError('second')],
  };
  data.self = data;
  const cause = new errors.ErrorQUICConnectionPeer('closed', {
    data: data as never,
    cause: Object.assign(new Error('system'), { code: 'EPERM' }),
  });
  const error = new errors.ErrorQUICStreamPeerRead('ended', {
    data: { code: 0 },
    cause,
  });
  const json = JSON.parse(JSON.stringify(error));
  assert.equal(json.type, 'ErrorQUICStreamPeerRead');
  assert.equal(json.code, 'ERR_QUIC_STREAM_PEER_READ');
  assert.equal(json.data.message, 'ended');
  assert.match(json.data.stack, /messages\.test/);
  const told = json.data.cause;
  assert.equal(told.code, 'ERR_QUIC_CONNECTION_PEER');
  assert.equal(told.data.data.errorCode, 5);
  assert.equal(told.data.data.reason, 'Schluß\\u000aERROR forged');
  assert.equal(told.data.data.hex, '0xfffe');
  assert.equal(told.data.data.large, `${2n ** 62n}`);
  assert.equal(told.data.data.failures[1].message, 'second');
  assert.equal(told.data.data.self, '(circular)');
  assert.equal(told.data.cause.code, 'EPERM');
  assert.equal(told.data.cause.message, 'system');
  const copy = errors.ErrorQUICStreamPeerRead.fromJSON(json);
  assert.equal(copy.message, 'ended');
});

forEachIO((io) => {
  test('the stack of an error leads to the call that failed', {
    timeout,
  }, async (t) => {
    const here = /messages\.test/;
    // Nobody listens there
    const unanswered = await failure(() =>
      connect(t, io, 1, { minIdleTimeout: 100 }),
    );
    assert.match(unanswered.stack, here);
    assert.match(unanswered.message, /127\.0\.0\.1:1\b/);
    assert.doesNotMatch(unanswered.message, /::ffff/);

    const { connection, serverConnection } = await pair(t, io);
    const [stream] = await openStream(connection, serverConnection);
    const writer = stream.writable.getWriter();
    const reader = stream.readable.getReader();
    const ended = once(connection, events.EventQUICConnectionClose);
    await serverConnection.stop({ errorCode: 5, reason: 'enough' });
    await ended;
    const written = await failure(() => writer.write(payload(1)));
    assert.equal(written.code, 'ERR_QUIC_CONNECTION_PEER');
    assert.match(written.stack, here);
    const read = await failure(() => reader.read());
    assert.match(read.stack, here);
    const opened = await failure(() => connection.newStream());
    assert.match(opened.stack, here);
    assert.equal(opened.cause.data.errorCode, 5);
    assert.match(opened.cause.message, /: enough$/);
  });

  test('an address that is of no use is in the message and in data', {
    timeout,
  }, async (t) => {
    const host = '127.0.0.1';
    // Nobody accepts connections there
    const { port } = await startSocket(t, io);
    const target = { host, port };
    const expired = await failure(() =>
      QUICClient.createQUICClient({ ...target, io }, { timer: 50 }),
    );
    assert.equal(expired.code, 'ERR_QUIC_CLIENT_CREATE_TIMEOUT');
    assert.match(expired.message, new RegExp(`${host}:${port} .*timer`));
    assert.deepEqual(expired.data, target);

    const inUse = await failure(() => new QUICSocket({ io }).start(target));
    assert.equal(inUse.code, 'ERR_QUIC_SOCKET_INVALID_BIND_ADDRESS');
    assert.match(inUse.message, new RegExp(`${host}:${port}`));
    assert.deepEqual(inUse.data, target);

    const nowhere = 'no-such-host.invalid';
    const unresolved = await failure(() =>
      connect(t, io, port, { host: nowhere }),
    );
    assert.equal(unresolved.code, 'ERR_QUIC_HOST_INVALID');
    assert.match(unresolved.message, /no-such-host\.invalid/);
    assert.deepEqual(unresolved.data, { host: nowhere });
  });

  test('a reason is text if it is UTF-8, and cannot forge lines', {
    timeout,
  }, async (t) => {
    for (const [reason, expected] of [
      ['two\nlines\u009b', /: two\\u000alines\\u009b$/],
      [Uint8Array.of(0xff, 0), /: 0xff00$/],
    ] as const) {
      const { client, serverConnection } = await pair(t, io);
      const closed = once(serverConnection, events.EventQUICConnectionClose);
      await client.destroy({ errorCode: 9, reason });
      assert.match((await closed).detail.message, expected);
    }
  });

  test('ends without a protocol in common say what each has', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, {
      config: { applicationProtos: ['chat/2', 'chat/1'] },
    });
    const failed = once(server, events.EventQUICConnectionError);
    const refused = await failure(() => connect(t, io, server.port));
    assert.equal(refused.code, 'ERR_QUIC_CONNECTION_PEER_TLS');
    assert.match(refused.message, /this end is \["quic"\], the default/);
    const { message } = (await failed).detail;
    assert.match(message, /client offers \["quic"\]/);
    assert.match(message, /\["chat\/2","chat\/1"\], and by default \["quic"\]/);
  });

  test('who trusts no authority of the peer is told of config.ca', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io);
    const { cert: ca } = utils.selfSigned();
    const refused = await failure(() =>
      connect(t, io, server.port, { config: { ca } }),
    );
    assert.equal(refused.code, 'ERR_QUIC_CONNECTION_LOCAL_TLS');
    assert.match(refused.message, /config\.ca lists the authorities/);
  });

  test('a write of a wrong type is rejected, and the stream goes on', {
    timeout,
  }, async (t) => {
    const { connection } = await pair(t, io, {
      server: { onStream: serveEcho },
    });
    const stream = connection.newStream();
    const writer = stream.writable.getWriter();
    const data = payload(KiB);
    await writer.write(data);
    for (const wrong of ['text', 5, null, undefined, {}, [1]]) {
      const error = await failure(() => writer.write(wrong as never));
      assert.equal(error.code, 'ERR_QUIC_OPTION_INVALID');
      assert.match(error.message, /^chunk: expected a Uint8Array/);
    }
    await writer.write(data);
    writer.releaseLock();
    const echoed = await exchange(stream, new Uint8Array(0));
    assert.deepEqual(Buffer.from(echoed), Buffer.concat([data, data]));
  });

  test('a second start with other options is refused', {
    timeout,
  }, async (t) => {
    const socket = new QUICSocket({ io });
    t.after(() => socket.stop({ force: true }));
    const server = new QUICServer({ io, config: credentials });
    t.after(() => server.stop({ force: true }));
    for (const object of [socket, server]) {
      const options = { host: '127.0.0.1', reuseAddr: undefined };
      await Promise.all([object.start(options), object.start(options)]);
      const { port } = object;
      await object.start();
      await object.start({ ...options, port, ipv6Only: false });
      for (const [option, value] of [
        ['host', '127.0.0.2'],
        ['port', port === 5000 ? 5001 : 5000],
        ['reuseAddr', true],
      ] as const) {
        const error = await failure(() => object.start({ [option]: value }));
        assert.equal(error.code, 'ERR_QUIC_OPTION_INVALID');
        assert.equal(error.data.option, option);
        assert.match(error.message, /stop it first/);
      }
      assert.equal(object.port, port);
      await object.stop();
      await object.start({ host: '127.0.0.2' });
    }
  });

  test('what is cancelled without a reason is an AbortError', {
    timeout,
  }, async (t) => {
    const { connection } = await pair(t, io);
    const stream = connection.newStream();
    const reading = stream.readable.getReader().read();
    stream.cancel();
    const error = await failure(() => reading);
    assert.equal(error.name, 'AbortError');
    assert.ok(error instanceof errors.ErrorQUICStreamDestroyed);
  });
});
