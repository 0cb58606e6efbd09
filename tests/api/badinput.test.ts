import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  errors,
  events,
  QUICClient,
  QUICServer,
  QUICSocket,
  type QUICStream,
  utils,
} from '@matrixai/quic';
import { once } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import {
  connect,
  credentials,
  openStream,
  pair,
  startSocket,
} from '../helpers/pair.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

/** What is given, and the option that the error is to name. */
type Case = [options: Record<string, unknown>, option: string];

const badConfigs: Array<Case> = [
  [{ ca: 5 }, 'config.ca'],
  [{ ca: 'no PEM' }, 'config.ca'],
  [{ sigalgs: 5 }, 'config.sigalgs'],
  [{ sigalgs: 'ed25519:rot13' }, 'config.sigalgs'],
  [{ verifyPeer: 'yes' }, 'config.verifyPeer'],
  [{ verifyCallback: true }, 'config.verifyCallback'],
  [{ logKeys: 5 }, 'config.logKeys'],
  [{ grease: 1 }, 'config.grease'],
  [{ keepAliveIntervalTime: 'soon' }, 'config.keepAliveIntervalTime'],
  [{ keepAliveIntervalTime: -1 }, 'config.keepAliveIntervalTime'],
  [
    { keepAliveIntervalTime: 2000, maxIdleTimeout: 1000 },
    'config.keepAliveIntervalTime',
  ],
  [{ maxIdleTimeout: '1000' }, 'config.maxIdleTimeout'],
  [{ maxIdleTimeout: -1 }, 'config.maxIdleTimeout'],
  [{ maxIdleTimeout: NaN }, 'config.maxIdleTimeout'],
  [{ maxRecvUdpPayloadSize: 1199 }, 'config.maxRecvUdpPayloadSize'],
  [{ maxRecvUdpPayloadSize: 65528 }, 'config.maxRecvUdpPayloadSize'],
  [{ maxSendUdpPayloadSize: 1199 }, 'config.maxSendUdpPayloadSize'],
  [{ maxSendUdpPayloadSize: 1200.5 }, 'config.maxSendUdpPayloadSize'],
  ...[
    'initialMaxData',
    'initialMaxStreamDataBidiLocal',
    'initialMaxStreamDataBidiRemote',
    'initialMaxStreamDataUni',
    'initialMaxStreamsBidi',
    'initialMaxStreamsUni',
    'maxConnectionWindow',
    'maxStreamWindow',
    'readableChunkSize',
  ].flatMap(
    (name): Array<Case> => [
      [{ [name]: '1' }, `config.${name}`],
      [{ [name]: -1 }, `config.${name}`],
      [{ [name]: 1.5 }, `config.${name}`],
      [{ [name]: 2 ** 53 }, `config.${name}`],
    ],
  ),
  [{ readableChunkSize: 0 }, 'config.readableChunkSize'],
  [{ enableDgram: 1 }, 'config.enableDgram'],
  [{ enableDgram: { incomming: 1 } }, 'config.enableDgram'],
  [{ enableDgram: { incoming: -1 } }, 'config.enableDgram.incoming'],
  [{ enableDgram: [true, -1, 0] }, 'config.enableDgram[1]'],
  [{ disableActiveMigration: 0 }, 'config.disableActiveMigration'],
  [{ applicationProtos: 'quic' }, 'config.applicationProtos'],
  [{ applicationProtos: [] }, 'config.applicationProtos'],
  [{ applicationProtos: ['ok', ''] }, 'config.applicationProtos[1]'],
  [{ enableEarlyData: 'yes' }, 'config.enableEarlyData'],
];

const badCommon: Array<Case> = [
  [{ config: 5 }, 'config'],
  [{ socket: {} }, 'socket'],
  [{ io: 'udp' }, 'io'],
  [{ io: 1 }, 'io'],
  [{ crypto: 5 }, 'crypto'],
  [{ resolveHostname: 'dns' }, 'resolveHostname'],
  [{ reasonToCode: 5 }, 'reasonToCode'],
  [{ codeToReason: {} }, 'codeToReason'],
  [{ logger: 'console' }, 'logger'],
];

const badBinds: Array<Case> = [
  [{ host: 5 }, 'host'],
  [{ host: '' }, 'host'],
  [{ host: 'two words' }, 'host'],
  [{ host: '[::1]:80' }, 'host'],
  [{ port: '80' }, 'port'],
  [{ port: -1 }, 'port'],
  [{ port: 65536 }, 'port'],
  [{ port: 1.5 }, 'port'],
  [{ reuseAddr: 'yes' }, 'reuseAddr'],
  [{ ipv6Only: 1 }, 'ipv6Only'],
];

const badCloses: Array<Case> = [
  [{ isApp: 'yes' }, 'isApp'],
  [{ errorCode: -1 }, 'errorCode'],
  [{ errorCode: 0.5 }, 'errorCode'],
  [{ errorCode: 2 ** 53 }, 'errorCode'],
  [{ errorCode: '1' }, 'errorCode'],
  [{ reason: 5 }, 'reason'],
  [{ force: 'yes' }, 'force'],
];

/** Checks that an error is typed and names the option, what it got and wants. */
function assertNames(error: unknown, option: string): void {
  assert.ok(error instanceof errors.ErrorQUIC, `${error}`);
  const { data, message } = error;
  assert.equal(data.option, option);
  for (const part of [option, data.got, data.expected]) {
    assert.ok(part.length > 0 && message.includes(part), message);
  }
}

/** Calls with each of the bad options; a throw counts as a rejection. */
async function assertRefused(
  cases: Array<Case>,
  call: (options: any) => unknown,
): Promise<void> {
  for (const [options, option] of cases) {
    await assert.rejects(
      async () => call(options),
      (error) => {
        assertNames(error, option);
        return true;
      },
      `${JSON.stringify(options)} was accepted`,
    );
  }
}

/** A pair that must go on working whatever the test does beside it. */
async function witness(t: TestContext, io: IO) {
  const ends = await pair(t, io, { server: { onStream: serveEcho } });
  const assertWorks = async () => {
    const { connection } = ends;
    const data = payload(10_000);
    assert.deepEqual(await exchange(connection.newStream(), data), data);
    const { connection: another } = await connect(t, io, ends.server.port);
    assert.deepEqual(await exchange(another.newStream(), data), data);
  };
  return { ...ends, assertWorks };
}

forEachIO((io) => {
  const newServer = (options: object) =>
    new QUICServer({ config: credentials, io, ...options });

  test('a server names the option that is wrong', { timeout }, async (t) => {
    const { server, assertWorks } = await witness(t, io);
    await assertRefused(badCommon, newServer);
    await assertRefused(badConfigs, (config) =>
      newServer({ config: { ...credentials, ...config } }),
    );
    await assertRefused(
      [
        [{ minIdleTimeout: -1 }, 'minIdleTimeout'],
        [{ minIdleTimeout: 'long' }, 'minIdleTimeout'],
        [{ crypto: { key: 'secret' } }, 'crypto.key'],
      ],
      newServer,
    );
    await assertRefused(badBinds, (options) => newServer({}).start(options));
    await assertRefused(badConfigs, (config) => server.updateConfig(config));
    await assertRefused(badCloses, (options) => server.stop(options));
    await assertWorks();
  });

  test('a client names the option that is wrong', { timeout }, async (t) => {
    const { server, client, connection, assertWorks } = await witness(t, io);
    const create = (options: object) =>
      QUICClient.createQUICClient({
        host: '127.0.0.1',
        port: server.port,
        config: { ca: credentials.cert },
        io,
        ...options,
      });
    await assertRefused(
      [
        ...badCommon,
        ...badBinds,
        [{ port: 0 }, 'port'],
        [{ serverName: 5 }, 'serverName'],
        [{ localHost: 5 }, 'localHost'],
        [{ localHost: '' }, 'localHost'],
        [{ localPort: -1 }, 'localPort'],
        [{ localPort: '0' }, 'localPort'],
      ],
      create,
    );
    await assertRefused(badConfigs, (config) => create({ config }));
    await assertRefused(
      [
        ['video', 'type'],
        [1, 'type'],
      ] as unknown as Array<Case>,
      (type) => connection.newStream(type),
    );
    await assertRefused(badCloses, (options) => connection.stop(options));
    await assertRefused(badCloses, (options) => client.destroy(options));
    assert.ok(!client.closed && !connection.closed);
    await assertWorks();
  });

  test('a socket names the option that is wrong', { timeout }, async (t) => {
    const newSocket = (options: object) => new QUICSocket({ io, ...options });
    await assertRefused(
      [
        [{ io: 'tcp' }, 'io'],
        [{ resolveHostname: 5 }, 'resolveHostname'],
        [{ logger: 5 }, 'logger'],
      ],
      newSocket,
    );
    await assertRefused(badBinds, (options) => newSocket({}).start(options));

    const socket = await startSocket(t, io);
    for (const send of [
      () => socket.send(5 as any, 1000, '127.0.0.1'),
      () => socket.send('text', 0, '127.0.0.1'),
      () => socket.send('text', 65536, '127.0.0.1'),
      () => socket.send('text', 1000, 5 as any),
      () => socket.send('text', 2, 3, 1000, '127.0.0.1'),
    ]) {
      await assert.rejects(async () => send(), errors.ErrorQUIC);
    }
    await assertRefused([[{ force: 'yes' }, 'force']], (options) =>
      socket.stop(options),
    );
    assert.equal(await socket.send('text', socket.port, '127.0.0.1'), 4);
  });

  test('a host that does not resolve is a typed error', {
    timeout,
  }, async (t) => {
    const { server, assertWorks } = await witness(t, io);
    const host = 'no-such-host.invalid';
    await assert.rejects(
      connect(t, io, server.port, { host }),
      errors.ErrorQUICHostInvalid,
    );
    for (const resolveHostname of [
      undefined,
      () => Promise.reject(new Error('no resolver')),
      () => 'not an address',
    ]) {
      await assert.rejects(
        newServer({ resolveHostname }).start({ host }),
        (error) =>
          error instanceof errors.ErrorQUICSocketInvalidBindAddress &&
          error.cause instanceof errors.ErrorQUICHostInvalid &&
          error.message.includes(host),
      );
    }
    await assertWorks();
  });

  test('keys and certificates that cannot be used are typed errors without their content', {
    timeout,
  }, async (t) => {
    const { server, assertWorks } = await witness(t, io);
    const { key, cert } = credentials;
    const other = utils.selfSigned();
    const broken = (kind: string) =>
      `-----BEGIN ${kind}-----\nTk9OU0VOU0U=\n-----END ${kind}-----\n`;
    const serverOnly: Array<[object, RegExp]> = [
      [{}, /config\.key/],
      [{ key }, /config\.cert/],
      [{ cert }, /config\.key/],
    ];
    const both: Array<[object, RegExp]> = [
      [{ key: 5, cert }, /config\.key/],
      [{ key, cert: {} }, /config\.cert/],
      [{ key: 'NONSENSE', cert }, /config\.key/],
      [{ key: broken('PRIVATE KEY'), cert }, /config\.key/],
      [{ key, cert: broken('CERTIFICATE') }, /config\.cert/],
      [{ key: other.key, cert }, /config\.key/],
      [{ key: [key, key], cert: [cert] }, /config\.key/],
      [{ key, cert, ca: broken('CERTIFICATE') }, /config\.ca/],
    ];
    const isConfigError = (option: RegExp) => (error: unknown) => {
      assert.ok(error instanceof errors.ErrorQUICConfig, `${error}`);
      assert.match(error.message, option);
      assert.doesNotMatch(error.message, /NONSENSE|Tk9OU0VOU0U|BEGIN/);
      return true;
    };
    for (const [config, option] of [...serverOnly, ...both]) {
      await assert.rejects(
        async () => newServer({ config }).start({ host: '127.0.0.1' }),
        isConfigError(option),
      );
    }
    for (const [config, option] of both) {
      await assert.rejects(
        connect(t, io, server.port, { config }),
        isConfigError(option),
      );
    }
    await assertWorks();
  });

  test('a stopped server and a socket that is not running are typed errors', {
    timeout,
  }, async (t) => {
    const { assertWorks } = await witness(t, io);
    const server = newServer({});
    await server.start({ host: '127.0.0.1' });
    await server.stop({ force: true });
    assert.throws(() => server.port, errors.ErrorQUICServerNotRunning);

    const socket = new QUICSocket({ io });
    assert.throws(() => socket.port, errors.ErrorQUICSocketNotRunning);
    await assert.rejects(
      async () => socket.send('text', 1000, '127.0.0.1'),
      errors.ErrorQUICSocketNotRunning,
    );
    await assert.rejects(
      newServer({ socket, io: undefined }).start(),
      errors.ErrorQUICServerSocketNotRunning,
    );
    await assert.rejects(
      connect(t, io, 1000, { socket }),
      errors.ErrorQUICClientSocketNotRunning,
    );
    await assertWorks();
  });

  test('piping what is no bytes fails that stream alone', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    for (const options of [{}, { preventAbort: true }]) {
      const [stream, peer] = await openStream(connection, serverConnection);
      const reset = once(peer, events.EventQUICStreamCloseRead);
      const texts = new ReadableStream({
        start(controller) {
          controller.enqueue('text');
          controller.close();
        },
      });
      await assert.rejects(
        texts.pipeTo(stream.writable as WritableStream, options),
        errors.ErrorQUICOptionInvalid,
      );
      await reset;
    }
    const [next, nextPeer] = await openStream(connection, serverConnection);
    serveEcho(nextPeer);
    await exchange(next, payload(100));
  });

  test('writing to a stream that is closed fails that write alone', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const open = () => openStream(connection, serverConnection);
    const write = (stream: QUICStream) => async () => {
      const writer = stream.writable.getWriter();
      try {
        await writer.write(new Uint8Array(1));
      } finally {
        writer.releaseLock();
      }
    };

    // Node makes this error, as the Streams Standard wants it
    const [finished] = await open();
    await finished.writable.close();
    await assert.rejects(write(finished), Error);

    const [destroyed] = await open();
    await destroyed.destroy({ force: true });
    await assert.rejects(write(destroyed), errors.ErrorQUICStreamDestroyed);

    const [stopped, peerStream] = await open();
    const closed = once(stopped, events.EventQUICStreamCloseWrite);
    await peerStream.readable.cancel();
    await closed;
    await assert.rejects(write(stopped), Error);

    const [orphan] = await open();
    await serverConnection.stop({ force: true });
    await connection.closedP;
    await assert.rejects(write(orphan), errors.ErrorQUICConnectionPeer);
    assert.throws(() => connection.newStream(), errors.ErrorQUICConnection);
  });
});
