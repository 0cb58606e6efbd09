// What errors say: sentences of this library, at both ends.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import {
  errors,
  events,
  native,
  type QUICClientConfigInput,
  type QUICConnection,
  QUICServer,
  utils,
} from '@matrixai/quic';
import { once } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import {
  connect,
  credentials,
  pair,
  startServer,
  startSocket,
} from '../helpers/pair.js';
import { plainSocket } from '../helpers/plain.js';
import { Relay } from '../helpers/relay.js';
import { assertPlain } from '../helpers/texts.js';

const timeout = 30_000;

const { CryptoError } = native;

/** What a call throws, or rejects with. */
async function failure(call: () => unknown): Promise<Error> {
  try {
    await call();
  } catch (e) {
    assert.ok(e instanceof Error);
    assertPlain(e);
    return e;
  }
  throw new Error('it did not fail');
}

/** Opens streams until that fails. */
async function openUntilItFails(
  connection: QUICConnection,
  io: IO,
): Promise<Error> {
  for (;;) {
    try {
      connection.newStream().cancel();
    } catch (e) {
      assert.ok(e instanceof Error);
      return e;
    }
    // Packets come without JavaScript, and what came is not heard of as yet
    if (io === 'dgram') await setImmediate();
  }
}

/** What a server and its client say of a handshake that fails. */
async function handshake(
  t: TestContext,
  io: IO,
  config: {
    server?: QUICClientConfigInput;
    client?: QUICClientConfigInput;
  },
) {
  const server = await startServer(t, io, { config: config.server });
  const atServer = once(server, events.EventQUICConnectionError);
  const atClient = await failure(() =>
    connect(t, io, server.port, { config: config.client }),
  );
  const { detail } = await atServer;
  assertPlain(detail);
  return [atClient.message, detail.message];
}

forEachIO((io) => {
  test('a reason may be text', { timeout: 30_000 }, async (t) => {
    const { client, server, serverConnection } = await pair(t, io);
    const closed = once(serverConnection, events.EventQUICConnectionClose);
    await client.destroy({ errorCode: 7, reason: 'Schluß ✓' });
    const { message, data } = (await closed).detail;
    assert.equal(Buffer.from(data.reason).toString(), 'Schluß ✓');
    assert.match(message, /7: Schluß ✓$/);

    const accepted = once(server, events.EventQUICServerConnection);
    const other = await connect(t, io, server.port);
    await accepted;
    const ended = once(other, events.EventQUICClientClose);
    await server.stop({ errorCode: 8, reason: 'x'.repeat(5000) });
    const { reason } = (await ended).detail.data;
    assert.equal(Buffer.from(reason).toString(), 'x'.repeat(reason.length));
    assert.ok(reason.length > 300, `${reason.length} bytes`);
  });

  for (const closer of ['client', 'server'] as const) {
    test(`newStream() after the ${closer} has closed says so, with the error of that as cause`, {
      timeout,
    }, async (t) => {
      const { connection, serverConnection } = await pair(t, io);
      const [closing, other] =
        closer === 'client'
          ? [connection, serverConnection]
          : [serverConnection, connection];
      const failed = once(other, events.EventQUICConnectionError);
      const reason = Buffer.from('closing time');
      const stopped = closing.stop({ errorCode: 42, reason, force: true });
      const early = await openUntilItFails(other, io);
      await stopped;
      const { detail } = await failed;
      await other.closedP;
      const late = await failure(() => other.newStream());
      await setImmediate();
      const later = await failure(() => other.newStream());
      for (const error of [early, late, later]) {
        assert.ok(
          error instanceof errors.ErrorQUICConnectionClosed ||
            error instanceof errors.ErrorQUICConnectionNotRunning,
        );
        assertPlain(error);
        assert.match(
          error.message,
          /^QUIC connection is (closed|not running)$/,
        );
        const { cause } = error;
        assert.ok(cause instanceof errors.ErrorQUICConnectionPeer);
        assert.equal(cause.data.errorCode, 42);
        assert.equal(Buffer.from(cause.data.reason).toString(), 'closing time');
        assert.equal(cause, detail);
      }
      const own = await failure(() => closing.newStream());
      assert.ok(own instanceof errors.ErrorQUICConnectionNotRunning);
      assert.ok(own.cause instanceof errors.ErrorQUICConnectionLocal);
    });
  }

  test('a handshake without an application protocol in common says so', {
    timeout,
  }, async (t) => {
    const [atClient, atServer] = await handshake(t, io, {
      server: { applicationProtos: ['one'] },
      client: { applicationProtos: ['two'] },
    });
    const { NoApplicationProtocol: code } = CryptoError;
    const own = 'config.applicationProtos of this end is';
    assert.equal(
      atClient,
      `Peer closed with TLS code ${code} (NoApplicationProtocol). ${own} ["two"], and by default ["quic"]`,
    );
    assert.equal(
      atServer,
      `Local closed with TLS code ${code} (NoApplicationProtocol): the ends have no application protocol (ALPN) in common: the client offers ["two"]. ${own} ["one"], and by default ["quic"]`,
    );
  });

  test('a handshake without a signature algorithm in common says so', {
    timeout,
  }, async (t) => {
    const config = { sigalgs: 'rsa_pss_rsae_sha256' };
    const [, atServer] = await handshake(t, io, { server: config });
    assert.match(
      atServer,
      /\(HandshakeFailure\): the ends have no cipher suite, key exchange or signature algorithm in common$/,
    );
    const [atClient] = await handshake(t, io, { client: config });
    assert.match(
      atClient,
      /: the key of the peer fits none of config\.sigalgs$/,
    );
  });

  test('a client that does not trust its server says why', {
    timeout,
  }, async (t) => {
    const [atClient, atServer] = await handshake(t, io, {
      client: { ca: utils.selfSigned().cert },
    });
    const { UnknownCA: code } = CryptoError;
    assert.equal(
      atClient,
      `Local closed with TLS code ${code} (UnknownCA): no trusted CA has signed the certificate of the peer. config.ca lists the authorities that are trusted; without it they are those of the system`,
    );
    assert.equal(
      atServer,
      `Peer closed with TLS code ${code} (UnknownCA). The peer does not trust who has signed config.cert`,
    );
  });

  test('a callback that gives no verdict, or throws, is the reason', {
    timeout,
  }, async (t) => {
    const [slow] = await handshake(t, io, {
      client: {
        verifyCallback: () => new Promise(() => {}),
        maxIdleTimeout: 500,
      },
    });
    assert.match(
      slow,
      /the application did not verify the certificate in time$|did not complete in time$/,
    );
    const [thrown] = await handshake(t, io, {
      client: {
        verifyCallback: () => {
          throw new Error('no');
        },
      },
    });
    assert.match(thrown, /: refused by the application$/);
  });

  test('a server that does not answer, and one that falls silent, are said to', {
    timeout,
  }, async (t) => {
    const silent = await plainSocket(t);
    const { port } = silent.address();
    const error = await failure(() =>
      connect(t, io, port, { config: { maxIdleTimeout: 200 } }),
    );
    assert.equal(
      error.message,
      `the handshake with 127.0.0.1:${port} did not complete in time`,
    );
    const server = await startServer(t, io);
    const relay = await Relay.start(t, server.port);
    const client = await connect(t, io, relay.port, {
      config: { maxIdleTimeout: 300 },
    });
    const failed = once(client, events.EventQUICConnectionError);
    relay.impairment = () => [];
    const { detail } = await failed;
    assertPlain(detail);
    assert.match(detail.message, /^nothing was heard of 127\.0\.0\.1:\d+ for/);
  });

  test('a server that speaks other versions of QUIC is said to', {
    timeout,
  }, async (t) => {
    const old = await plainSocket(t);
    // A Version Negotiation packet (RFC 9000 section 17.2.1)
    old.on('message', (packet, { port, address }) => {
      const destination = packet.subarray(6, 6 + packet[5]);
      const rest = packet.subarray(6 + packet[5]);
      const source = rest.subarray(1, 1 + rest[0]);
      const answer = [
        Buffer.from([0x80, 0, 0, 0, 0, source.length]),
        source,
        Buffer.from([destination.length]),
        destination,
        Buffer.from('1a2a3a4a', 'hex'),
      ];
      old.send(Buffer.concat(answer), port, address);
    });
    const error = await failure(() => connect(t, io, old.address().port));
    assert.match(
      error.message,
      /: the server speaks no version of QUIC that this end does$/,
    );
  });

  test('a socket that is stopped under a handshake, and a client that gives up, say so', {
    timeout,
  }, async (t) => {
    const silent = await plainSocket(t);
    const { port } = silent.address();
    const socket = await startSocket(t, io);
    const heard = new Promise((resolve) => silent.once('message', resolve));
    const connecting = failure(() => connect(t, io, port, { socket }));
    await heard;
    await socket.stop({ force: true });
    assert.ok(
      (await connecting) instanceof errors.ErrorQUICClientSocketNotRunning,
    );
  });

  test('an address that cannot be sent to is said to be one', {
    timeout,
  }, async (t) => {
    const error = await failure(() =>
      connect(t, io, 4433, { host: '255.255.255.255', localHost: '0.0.0.0' }),
    );
    assert.ok(error instanceof errors.ErrorQUICClientInvalidArgument);
    assert.equal(error.message, 'send EACCES 255.255.255.255:4433');
  });

  test('a migration that is refused or not answered says so', {
    timeout,
  }, async (t) => {
    const refusing = await pair(t, io, {
      server: { config: { disableActiveMigration: true } },
    });
    const socket = await startSocket(t, io);
    const refused = await failure(() =>
      refusing.connection.migrate({ socket }),
    );
    assert.match(refused.message, /does not allow its clients to migrate/);
  });

  test('a fault of the transport that the application reports is told to the peer in its words', {
    timeout,
  }, async (t) => {
    const { connection, serverConnection } = await pair(t, io);
    const reason = Buffer.from(`tls: x509: ${randomBytes(4).toString('hex')}`);
    const both = [connection, serverConnection].map((each) =>
      once(each, events.EventQUICConnectionError),
    );
    await connection.stop({ isApp: false, errorCode: 10, reason });
    for (const { detail } of await Promise.all(both)) {
      assert.match(detail.message, new RegExp(`: ${reason}$`));
    }
  });
});

test('keys, certificates and files that cannot be used are said to be so', {
  timeout,
}, async () => {
  const { key, cert } = credentials;
  const broken = (pem: string) =>
    pem.replace(/\n[A-Za-z0-9+/]{20}/, '\nAAAAAAAAAAAAAAAAAAAA');
  const missing = path.join('missing', 'folder', 'keys.log');
  for (const [config, message] of [
    [
      { key: broken(key), cert },
      /^config.key: the private key cannot be read: it must be in PKCS#8, PKCS#1 or SEC 1$/,
    ],
    [
      { key, cert: broken(cert) },
      /^config.cert: the first certificate in the PEM cannot be read: .*$/,
    ],
    [
      { key: utils.selfSigned().key, cert },
      /^config.key: the private key is not that of the first certificate in config.cert$/,
    ],
    [
      { key, cert, ca: broken(cert), verifyPeer: true },
      /^config.ca: the certificate cannot be used: .*$/,
    ],
    [
      { key, cert, logKeys: missing },
      /^config.logKeys: cannot open missing.folder.keys.log: no such file or directory$/,
    ],
  ] as const) {
    const error = await failure(() => new QUICServer({ config }));
    assert.ok(error instanceof errors.ErrorQUICConfig);
    assert.match(error.message, message);
  }
});
