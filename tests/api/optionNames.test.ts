import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  errors,
  events,
  QUICClient,
  QUICServer,
  QUICSocket,
  utils,
} from '@matrixai/quic';
import * as optionNames from '#internal/validation/optionNames.js';
import { once } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { recordingLogger } from '../helpers/logging.js';
import {
  connect,
  credentials,
  pair,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

type Table = {
  path: string;
  names: Record<string, true>;
  meant?: Record<string, string>;
};

// The types of what is internal are not published
const { checkNames, ...tables } = optionNames as unknown as {
  checkNames(options: unknown, table: Table, logger?: unknown): void;
} & Record<'clientNames' | 'startNames', Table>;
const allTables = Object.entries(tables) as Array<[string, Table]>;

const key = new Uint8Array(16).fill(1).buffer;

/** What is given, the option that the error is to name, and the one that is meant. */
type Case = [options: Record<string, unknown>, option: string, meant: string];

async function assertRefused(
  cases: Array<Case>,
  call: (options: any) => unknown,
): Promise<void> {
  for (const [options, option, meant] of cases) {
    await assert.rejects(
      async () => call(options),
      (e) => {
        assert.ok(
          e instanceof errors.ErrorQUICOptionInvalid ||
            e instanceof errors.ErrorQUICConfig,
          `${e}`,
        );
        const { data, message } = e;
        assert.equal(data.option, option);
        assert.equal(data.expected, meant);
        for (const part of [option, meant, data.got]) {
          assert.ok(message.includes(part), message);
        }
        return true;
      },
      `${option} was accepted`,
    );
  }
}

const configs: Array<Case> = [
  [{ verifypeer: true }, 'config.verifypeer', 'config.verifyPeer'],
  [{ VerifyPeer: true }, 'config.VerifyPeer', 'config.verifyPeer'],
  [{ verfiyPeer: true }, 'config.verfiyPeer', 'config.verifyPeer'],
  [{ verify_peer: true }, 'config.verify_peer', 'config.verifyPeer'],
  [{ maxIdleTimout: 1 }, 'config.maxIdleTimout', 'config.maxIdleTimeout'],
  [{ maxIdelTimeot: 1 }, 'config.maxIdelTimeot', 'config.maxIdleTimeout'],
  [{ keys: 'k' }, 'config.keys', 'config.key'],
  [{ kye: 'k' }, 'config.kye', 'config.key'],
  [{ CA: 'c' }, 'config.CA', 'config.ca'],
  [{ alpn: ['a'] }, 'config.alpn', 'config.applicationProtos'],
  [{ ALPNProtocols: [] }, 'config.ALPNProtocols', 'config.applicationProtos'],
  [{ protocols: ['a'] }, 'config.protocols', 'config.applicationProtos'],
  [
    { rejectUnauthorized: true },
    'config.rejectUnauthorized',
    'config.verifyPeer',
  ],
  [
    { rejectUnauthorised: true },
    'config.rejectUnauthorised',
    'config.verifyPeer',
  ],
  [{ requestCert: true }, 'config.requestCert', 'config.verifyPeer'],
  [{ enableDatagrams: true }, 'config.enableDatagrams', 'config.enableDgram'],
  [{ idleTimeout: 1000 }, 'config.idleTimeout', 'config.maxIdleTimeout'],
  [
    { serverCertificateHashes: [] },
    'config.serverCertificateHashes',
    'config.verifyCallback',
  ],
];

/**
 * The same, given next to `config` instead of in it, and options of `config` with their right name.
 */
const outside: Array<Case> = [
  ...configs.map(
    ([options, option, meant]): Case => [
      options,
      option.replace('config.', ''),
      meant,
    ],
  ),
  [{ verifyPeer: true }, 'verifyPeer', 'config.verifyPeer'],
  [{ ca: 'c' }, 'ca', 'config.ca'],
  [{ maxIdleTimeout: 1 }, 'maxIdleTimeout', 'config.maxIdleTimeout'],
];

const inConfig = configs.map(
  ([config, option, meant]): Case => [{ config }, option, meant],
);

const ofBoth: Array<Case> = [
  [{ minIdleTimout: 1 }, 'minIdleTimout', 'minIdleTimeout'],
  [{ handshakeTimeout: 1 }, 'handshakeTimeout', 'minIdleTimeout'],
  [
    { config: { minIdleTimeout: 1 } },
    'config.minIdleTimeout',
    'minIdleTimeout',
  ],
];

const ofServerAlone: Array<Case> = [
  [{ loadBalacing: {} }, 'loadBalacing', 'loadBalancing'],
  [{ maxHandshake: 1 }, 'maxHandshake', 'maxHandshakes'],
  [{ retrys: 'auto' }, 'retrys', 'retry'],
  [{ ticketKeys: key }, 'ticketKeys', 'crypto.key'],
];

const ofClientAlone: Array<Case> = [
  [{ servername: 'a' }, 'servername', 'serverName'],
  [{ hostname: 'a' }, 'hostname', 'host'],
  [{ localhost: '::' }, 'localhost', 'localHost'],
  [{ timer: 1000 }, 'timer', 'ctx.timer'],
  [{ timeout: 1000 }, 'timeout', 'ctx.timer'],
  [{ Signal: AbortSignal.abort() }, 'Signal', 'signal'],
  [{ sesion: new Uint8Array() }, 'sesion', 'session'],
  [{ config: { servername: 'a' } }, 'config.servername', 'serverName'],
  [{ config: { session: new Uint8Array() } }, 'config.session', 'session'],
];

const ofSocket: Array<Case> = [
  [{ IO: 'native' }, 'IO', 'io'],
  [{ resolveHostName: () => '' }, 'resolveHostName', 'resolveHostname'],
  [{ lookup: () => '' }, 'lookup', 'resolveHostname'],
  [{ crypto: { kye: key } }, 'crypto.kye', 'crypto.key'],
  [
    { loadBalancing: { serverID: new Uint8Array(8) } },
    'loadBalancing.serverID',
    'loadBalancing.serverId',
  ],
];

const starts: Array<Case> = [
  [{ hots: '::' }, 'hots', 'host'],
  [{ address: '::' }, 'address', 'host'],
  [{ Port: 1 }, 'Port', 'port'],
  [{ ipv6only: true }, 'ipv6only', 'ipv6Only'],
  [{ reuseAdr: true }, 'reuseAdr', 'reuseAddr'],
];

const closes: Array<Case> = [
  [{ forced: true }, 'forced', 'force'],
  [{ errorcode: 1 }, 'errorcode', 'errorCode'],
  [{ closeCode: 1 }, 'closeCode', 'errorCode'],
  [{ isapp: false }, 'isapp', 'isApp'],
  [{ raeson: new Uint8Array() }, 'raeson', 'reason'],
];

describe('names of options', () => {
  test('every option passes by its name, and is meant when one letter is wrong', () => {
    for (const [name, table] of allTables) {
      for (const option of Object.keys(table.names)) {
        const { logger, lines } = recordingLogger();
        checkNames({ [option]: 1 }, table, logger);
        assert.deepEqual(lines, [], `${name}: ${option}`);
        const wrong = [option.toUpperCase()];
        // Short ones are near to too many others
        if (option.length > 2) wrong.push(`${option}x`, option.slice(0, -1));
        if (option.length > 4) wrong.push(`x${option.slice(1)}x`);
        for (const given of wrong) {
          if (given in table.names) continue;
          assert.throws(
            () => checkNames({ [given]: 1 }, table),
            (e: unknown) =>
              e instanceof errors.ErrorQUICOptionInvalid &&
              e.data.expected === table.path + option,
            `${name}: ${given}`,
          );
        }
      }
    }
  });

  test('what others call an option stands for one that exists', () => {
    const exist = new Set(
      allTables.flatMap(([, { path, names }]) =>
        Object.keys(names).map((name) => path + name),
      ),
    );
    for (const [name, { names, meant = {} }] of allTables) {
      for (const [other, option] of Object.entries(meant)) {
        assert.ok(!(other in names), `${name}: ${other}`);
        for (const part of option.split(' and ')) assert.ok(exist.has(part));
      }
    }
  });

  test('names that are far from all pass, and those without a value', () => {
    for (const [, table] of allTables) {
      const { logger, lines } = recordingLogger();
      const options = { somethingElse: 1, x: undefined, verifypeer: undefined };
      checkNames(options as any, table, logger);
      assert.deepEqual(lines, [
        `WARN Ignored the option ${table.path}somethingElse, which does not exist`,
      ]);
    }
    for (const value of [undefined, null, 5, 'text'] as Array<any>) {
      checkNames(value, tables.clientNames);
    }
    // Names of every object
    const inherited = { toString: 1, constructor: 1, __proto__: { hots: 1 } };
    checkNames(inherited as any, tables.startNames);
  });

  test('key material is not shown', () => {
    const secret = 'MIIsecret';
    for (const config of [
      { kye: secret },
      { keys: [secret] },
      { Key: Buffer.from(secret) },
    ] as Array<any>) {
      assert.throws(
        () => new QUICServer({ config }),
        (e) => !JSON.stringify(e).includes('secret'),
      );
    }
  });

  test('selfSigned has them checked', async () => {
    const cases: Array<Case> = [
      [{ host: ['a'] }, 'host', 'hosts'],
      [{ Days: 1 }, 'Days', 'days'],
    ];
    await assertRefused(cases, (options) => utils.selfSigned(options));
    utils.selfSigned({ somethingElse: 1 } as any);
  });
});

/** A logger, and what it got that was warned of. */
function warnings(): {
  logger: ReturnType<typeof recordingLogger>['logger'];
  warned: () => Array<string>;
} {
  const { logger, lines } = recordingLogger();
  return {
    logger,
    warned: () =>
      lines.splice(0).flatMap((line) => {
        const match = /^WARN Ignored the option (\S+),/.exec(line);
        return match === null ? [] : [match[1]];
      }),
  };
}

/** Options that are none. */
const odd: any = { somethingElse: 1, verifypeer: undefined };

forEachIO((io) => {
  test('an option that is nearly another one is refused by all that takes options', {
    timeout,
  }, async (t) => {
    const { server, client, connection } = await pair(t, io, {
      server: { onStream: serveEcho },
    });
    const target = { host: '127.0.0.1', port: server.port, io };
    await assertRefused(
      [...inConfig, ...outside, ...ofBoth, ...ofServerAlone, ...ofSocket],
      ({ config, ...rest }) =>
        new QUICServer({ config: { ...credentials, ...config }, io, ...rest }),
    );
    await assertRefused(
      [...inConfig, ...outside, ...ofBoth, ...ofClientAlone],
      (options) => QUICClient.createQUICClient({ ...target, ...options }),
    );
    await assertRefused(
      [
        [{ Timer: 1 }, 'ctx.Timer', 'ctx.timer'],
        [{ timeout: 1 }, 'ctx.timeout', 'ctx.timer'],
        [{ signl: 1 }, 'ctx.signl', 'ctx.signal'],
      ],
      (ctx) => QUICClient.createQUICClient(target, ctx),
    );
    await assertRefused(ofSocket, (options) => new QUICSocket(options));
    await assertRefused(configs, (config) => server.updateConfig(config));
    await assertRefused(
      [[{ Key: key }, 'crypto.Key', 'crypto.key']],
      (crypto) => server.updateCrypto(crypto),
    );
    const socket = new QUICSocket({ io });
    await assertRefused(starts, (options) => socket.start(options));
    const unstarted = new QUICServer({ config: credentials, io });
    await assertRefused(starts, (options) => unstarted.start(options));
    await socket.start({ host: '127.0.0.1' });
    t.after(() => socket.stop({ force: true }));
    await assertRefused(closes.slice(0, 1), (options) => socket.stop(options));
    await assertRefused(closes, (options) => server.stop(options));
    await assertRefused(closes, (options) => client.destroy(options));
    await assertRefused(closes, (options) => connection.stop(options));
    await assertRefused(
      [
        [{ Urgency: 1 }, 'options.Urgency', 'options.urgency'],
        [{ sendOrder: 1 }, 'options.sendOrder', 'options.urgency'],
        [{ signall: 1 }, 'options.signall', 'options.signal'],
      ],
      (options) => connection.newStream('bidi', options),
    );
    await assertRefused([[{ Socket: socket }, 'Socket', 'socket']], (options) =>
      connection.migrate(options),
    );
    const signals: Array<Case> = [[{ Signal: 1 }, 'Signal', 'signal']];
    await assertRefused(signals, (options) => server.values(options));
    await assertRefused(signals, (options) =>
      connection.incomingStreams.values(options),
    );
    await assertRefused(signals, (options) =>
      socket.send('text', server.port, '127.0.0.1', options),
    );
    const stream = connection.newStream();
    await assertRefused(
      [[{ urgncy: 1 }, 'priority.urgncy', 'priority.urgency']],
      (priority) => stream.setPriority(priority),
    );
    await assertRefused(closes.slice(0, 1), (options) =>
      stream.destroy(options),
    );

    // Nothing of it has ended or begun anything
    assert.ok(!server.closed && !client.closed && !connection.closed);
    assert.deepEqual(await exchange(stream, payload(100)), payload(100));
  });

  test('any other option is a warning, and all goes on', {
    timeout,
  }, async (t) => {
    const { logger, warned } = warnings();
    const config = { ...credentials, ...odd };
    const serverOptions = {
      ...{ config, logger, ...odd },
      crypto: { key, ...odd },
      loadBalancing: { serverId: new Uint8Array(8), ...odd },
    };
    const server = new QUICServer({ ...serverOptions, io });
    t.after(() => server.stop({ force: true }));
    assert.deepEqual(warned(), [
      'somethingElse',
      'config.somethingElse',
      'crypto.somethingElse',
      'loadBalancing.somethingElse',
    ]);
    await server.start({ host: '127.0.0.1', ...odd });
    assert.deepEqual(warned(), ['somethingElse']);
    server.updateConfig({ ...odd });
    assert.deepEqual(warned(), ['config.somethingElse']);
    server.updateCrypto({ ...odd });
    assert.deepEqual(warned(), ['crypto.somethingElse']);

    const accepted = once(server, events.EventQUICServerConnection);
    const client = await QUICClient.createQUICClient(
      {
        ...{ host: '127.0.0.1', port: server.port, io, logger, ...odd },
        config: { ca: credentials.cert, ...odd },
        crypto: { ops: { randomBytes: async () => {} }, ...odd },
      },
      { ...odd },
    );
    assert.deepEqual(warned(), [
      'somethingElse',
      'ctx.somethingElse',
      'crypto.somethingElse',
      'config.somethingElse',
    ]);
    await accepted;
    const { connection } = client;
    const stream = connection.newStream('bidi', { ...odd });
    assert.deepEqual(warned(), ['options.somethingElse']);
    stream.setPriority({ ...odd });
    assert.deepEqual(warned(), ['priority.somethingElse']);
    await stream.destroy({ ...odd });
    assert.deepEqual(warned(), ['somethingElse']);

    const socket = new QUICSocket({ io, logger, ...odd });
    t.after(() => socket.stop({ force: true }));
    await socket.start({ host: '127.0.0.1', ...odd });
    assert.deepEqual(warned(), ['somethingElse', 'somethingElse']);
    await socket.send('text', server.port, '127.0.0.1', { ...odd });
    assert.deepEqual(warned(), ['somethingElse']);
    await connection.migrate({ socket, ...odd });
    assert.deepEqual(warned(), ['somethingElse']);
    // Once, however many connections there are
    await client.destroy({ ...odd });
    assert.deepEqual(warned(), ['somethingElse']);
    await socket.stop({ ...odd });
    assert.deepEqual(warned(), ['somethingElse']);
    await server.stop({ ...odd });
    assert.deepEqual(warned(), ['somethingElse']);
  });

  test('options of version 2 are no warning, also those without effect', {
    timeout,
  }, async (t) => {
    const { logger, warned } = warnings();
    const ops = {
      sign: async () => new ArrayBuffer(0),
      verify: async () => true,
      randomBytes: async () => {},
    };
    const common = {
      ...{ resolveHostname: () => '127.0.0.1', logger },
      reasonToCode: () => 0,
      codeToReason: () => new Error(),
    };
    const config = {
      ...{ ca: credentials.cert, ...credentials, sigalgs: undefined },
      ...{ verifyPeer: false, verifyCallback: undefined, logKeys: undefined },
      ...{ grease: false, keepAliveIntervalTime: 1000, maxIdleTimeout: 5000 },
      ...{ maxRecvUdpPayloadSize: 1200, maxSendUdpPayloadSize: 1200 },
      ...{ initialMaxData: 1000, initialMaxStreamDataBidiLocal: 1000 },
      ...{
        initialMaxStreamDataBidiRemote: 1000,
        initialMaxStreamDataUni: 1000,
      },
      ...{ initialMaxStreamsBidi: 10, initialMaxStreamsUni: 10 },
      ...{ maxConnectionWindow: 1000, maxStreamWindow: 1000 },
      enableDgram: [false, 0, 0] as [boolean, number, number],
      ...{ disableActiveMigration: true, applicationProtos: ['quic'] },
      ...{ enableEarlyData: true, readableChunkSize: 4096 },
    };
    const server = new QUICServer({
      ...{ ...common, config, minIdleTimeout: 5000, io },
      crypto: { key, ops },
    });
    t.after(() => server.stop({ force: true }));
    const start = { reuseAddr: false, ipv6Only: false };
    await server.start({ host: '127.0.0.1', port: 0, ...start });
    const accepted = once(server, events.EventQUICServerConnection);
    const client = await QUICClient.createQUICClient(
      {
        ...{ ...common, ...start, config, io, host: 'host.test' },
        ...{ port: server.port, serverName: 'localhost' },
        ...{ localHost: '127.0.0.1', localPort: 0 },
        // Those of a server, which programs share
        crypto: { key, ops } as any,
      },
      { timer: 10_000, signal: new AbortController().signal },
    );
    await accepted;
    const close = { isApp: true, errorCode: 1, reason: Buffer.of(1) } as const;
    await client.connection.newStream().destroy({ force: true, reason: 1 });
    await client.destroy({ ...close, force: true });
    await server.stop({ ...close, force: true });
    assert.deepEqual(warned(), []);
  });

  test('an object of options has to be one', { timeout }, async (t) => {
    const socket = await startSocket(t, io);
    const server = await startServer(t, io);
    const { connection } = await connect(t, io, server.port);
    for (const options of [null, 5, 'text', []] as Array<any>) {
      for (const call of [
        () => new QUICSocket(options),
        () => new QUICServer(options),
        () => QUICClient.createQUICClient(options),
        () =>
          QUICClient.createQUICClient({ host: '::1', port: 1, io }, options),
        () => new QUICSocket({ io }).start(options),
        () => socket.stop(options),
        () => server.values(options),
        () => connection.stop(options),
        () => connection.migrate(options),
        () => connection.newStream('bidi', options),
        () => connection.newStream().destroy(options),
        () => utils.selfSigned(options),
      ]) {
        await assert.rejects(
          async () => call(),
          errors.ErrorQUICOptionInvalid,
          `${call}`,
        );
      }
    }
  });
});
