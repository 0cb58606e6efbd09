import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  errors,
  events,
  native,
  type QUICClient,
  type QUICClientConfigInput,
  QUICServer,
} from '@matrixai/quic';
import { createCA, issue, type KeyType, toDER } from '../helpers/certs.js';
import { once } from '../helpers/events.js';
import { forEachIO, type IO } from '../helpers/io.js';
import { connect, openStream, pair, startServer } from '../helpers/pair.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;
const keyTypes: Array<KeyType> = ['RSA', 'ECDSA', 'ECDSA P-384', 'Ed25519'];
const sides = ['client', 'server'] as const;
const { CryptoError } = native;

const ca = await createCA('ECDSA');
const otherCA = await createCA('ECDSA', 'Other CA');
const leaf = await issue(ca, 'ECDSA');
const clientLeaf = await issue(ca, 'ECDSA', 'client');
const notAfter = new Date(Date.now() - 60_000);
const expiredLeaf = await issue(ca, 'ECDSA', 'localhost', { notAfter });

/**
 * Lets a client fail at the server's certificate and returns what both ends say.
 * The server has no connection to tell of, so it emits the error itself.
 */
async function refusedByClient(
  t: TestContext,
  io: IO,
  config: QUICClientConfigInput,
  serverConfig: QUICClientConfigInput = leaf,
) {
  const server = await startServer(t, io, {
    config: serverConfig,
    onStream: serveEcho,
  });
  const atServer = once(server, events.EventQUICConnectionError);
  const atClient = await connect(t, io, server.port, { config }).then(
    () => assert.fail('the client accepted the server'),
    (error) => error,
  );
  return { atClient, atServer: (await atServer).detail, server };
}

/** Lets a server refuse a client, which may see its own handshake complete. */
async function refusedByServer(
  t: TestContext,
  io: IO,
  serverConfig: QUICClientConfigInput,
  config: QUICClientConfigInput,
) {
  const server = await startServer(t, io, { config: serverConfig });
  const atServer = once(server, events.EventQUICConnectionError);
  const atClient = await connect(t, io, server.port, { config }).then(
    errorOf,
    (error) => error,
  );
  return { atClient, atServer: (await atServer).detail };
}

/** The error that a client comes to its end with after it was made. */
async function errorOf(client: QUICClient): Promise<unknown> {
  const { connection } = client;
  const destroyed = once(client, events.EventQUICClientDestroyed);
  const [{ detail: error }, ...others] = await Promise.all([
    once(client, events.EventQUICClientError),
    once(client, events.EventQUICClientClose),
    once(connection, events.EventQUICConnectionError),
    once(connection, events.EventQUICConnectionClose),
  ]);
  for (const { detail } of others) assert.equal(detail, error);
  await Promise.all([client.closedP, connection.closedP, destroyed]);
  assert.ok(client.closed && connection.closed);
  return error;
}

/** As values that compare whatever kind of Uint8Array they are. */
function plain(chain: Array<Uint8Array>): Array<Uint8Array> {
  return chain.map((der) => new Uint8Array(der));
}

function assertTLS(
  error: unknown,
  side: 'Local' | 'Peer',
  code?: number,
): void {
  assert.ok(error instanceof errors[`ErrorQUICConnection${side}TLS`]);
  const { isApp, errorCode } = error.data;
  assert.equal(isApp, false);
  assert.ok(errorCode >= 0x100 && errorCode <= 0x1ff, `${errorCode}`);
  if (code !== undefined) assert.equal(errorCode, code);
}

forEachIO((io) => {
  for (const [type, issuer] of keyTypes.flatMap((type) =>
    (['an authority', 'their owners'] as const).map(
      (issuer) => [type, issuer] as const,
    ),
  )) {
    test(`server and client verify each other's ${type} certificates, issued by ${issuer}`, {
      timeout,
    }, async (t) => {
      const ca = issuer === 'an authority' ? await createCA(type) : undefined;
      const server = await issue(ca, type);
      const client = await issue(ca, type, 'client');
      const serverCA = ca?.cert ?? client.cert;
      const clientCA = ca?.cert ?? server.cert;
      const { connection, serverConnection } = await pair(t, io, {
        server: { config: { ...server, ca: serverCA, verifyPeer: true } },
        client: { config: { ...client, ca: clientCA, verifyPeer: true } },
      });
      const [stream, peerStream] = await openStream(
        connection,
        serverConnection,
      );
      for (const [end, endStream, ca, local, remote] of [
        [connection, stream, clientCA, client, server],
        [serverConnection, peerStream, serverCA, server, client],
      ] as const) {
        const localChain = [toDER(local.cert)];
        const remoteChain = [toDER(remote.cert)];
        assert.deepEqual(plain(end.getRemoteCertsChain()), remoteChain);
        assert.deepEqual(plain(end.getLocalCertsChain()), localChain);
        assert.deepEqual(plain(end.getLocalCACertsChain()), [toDER(ca)]);
        const { meta } = endStream;
        assert.deepEqual(plain(meta.remoteCertsChain), remoteChain);
        assert.deepEqual(plain(meta.localCertsChain), localChain);
        assert.equal(meta.localPort, end.localPort);
        assert.equal(meta.remotePort, end.remotePort);
      }
      serveEcho(peerStream);
      assert.deepEqual(await exchange(stream, payload(1000)), payload(1000));
    });
  }

  test('the certificate authority can be one of several, in all forms', {
    timeout,
  }, async (t) => {
    const both = `${otherCA.cert}\n${ca.cert}`;
    for (const authorities of [
      both,
      Buffer.from(both),
      [otherCA.cert, ca.cert],
      [both],
      [otherCA.cert, ca.cert].map((pem) => new TextEncoder().encode(pem)),
    ]) {
      const config = { ca: authorities, verifyPeer: true };
      const ends = await pair(t, io, {
        server: { config: { ...config, ...leaf } },
        client: { config: { ...config, ...clientLeaf } },
      });
      for (const end of [ends.connection, ends.serverConnection]) {
        assert.deepEqual(
          plain(end.getLocalCACertsChain()),
          [otherCA, ca].map(({ cert }) => toDER(cert)),
        );
      }
    }
  });

  test('a certificate of an unknown authority is refused, and both ends say so', {
    timeout,
  }, async (t) => {
    const { atClient, atServer, server } = await refusedByClient(t, io, {
      ca: otherCA.cert,
    });
    assertTLS(atClient, 'Local', CryptoError.UnknownCA);
    assertTLS(atServer, 'Peer', CryptoError.UnknownCA);

    const client = await connect(t, io, server.port, {
      config: { ca: ca.cert },
    });
    await exchange(client.connection.newStream(), payload(100));
  });

  test('an expired certificate and a self-signed one that is not trusted are refused', {
    timeout,
  }, async (t) => {
    const ownLeaf = await issue(undefined, 'ECDSA');
    for (const [credentials, code] of [
      [expiredLeaf, CryptoError.CertificateExpired],
      [ownLeaf, CryptoError.UnknownCA],
    ] as const) {
      const config = { ca: ca.cert, verifyPeer: true };
      const client = await refusedByClient(t, io, config, credentials);
      assertTLS(client.atClient, 'Local', code);
      assertTLS(client.atServer, 'Peer', code);
      const server = await refusedByServer(
        t,
        io,
        { ...leaf, ...config },
        { ...config, ...credentials },
      );
      assertTLS(server.atServer, 'Local', code);
      assertTLS(server.atClient, 'Peer', code);
    }
  });

  test('a certificate for another host is refused', { timeout }, async (t) => {
    const code = CryptoError.BadCertificate;
    const wrong = await issue(ca, 'ECDSA', 'elsewhere.example');
    const server = await startServer(t, io, { config: wrong });
    const atServer = once(server, events.EventQUICConnectionError);
    await assert.rejects(
      connect(t, io, server.port, {
        serverName: 'localhost',
        config: { ca: ca.cert },
      }),
      (error) => {
        assertTLS(error, 'Local', code);
        return true;
      },
    );
    assertTLS((await atServer).detail, 'Peer', code);
  });

  test('a server that verifies refuses a client without a certificate', {
    timeout,
  }, async (t) => {
    const { atClient, atServer } = await refusedByServer(
      t,
      io,
      { ...leaf, ca: ca.cert, verifyPeer: true },
      { ca: ca.cert },
    );
    assertTLS(atServer, 'Local', CryptoError.CertificateRequired);
    assertTLS(atClient, 'Peer', CryptoError.CertificateRequired);
  });

  test('a server that verifies refuses a client of an unknown authority', {
    timeout,
  }, async (t) => {
    const { atClient, atServer } = await refusedByServer(
      t,
      io,
      { ...leaf, ca: otherCA.cert, verifyPeer: true },
      { ca: ca.cert, ...clientLeaf },
    );
    assertTLS(atServer, 'Local', CryptoError.UnknownCA);
    assertTLS(atClient, 'Peer', CryptoError.UnknownCA);
  });

  for (const side of sides) {
    test(`a verify callback of the ${side} gets the chains and can accept what the authorities would not`, {
      timeout,
    }, async (t) => {
      const calls: Array<Array<Array<Uint8Array>>> = [];
      const intermediate = await createCA('ECDSA', 'Intermediate CA', ca);
      const { key, cert } = await issue(intermediate, 'ECDSA');
      const chain = { key, cert: `${cert}\n${intermediate.cert}` };
      const anotherCA = await createCA('RSA', 'Another CA');
      const verifying = {
        ca: [otherCA.cert, anotherCA.cert],
        verifyPeer: true,
        async verifyCallback(...chains: [Uint8Array[], Uint8Array[]]) {
          calls.push(chains);
          return undefined;
        },
      };
      const { connection, serverConnection } = await pair(t, io, {
        server: {
          config: side === 'server' ? { ...verifying, ...leaf } : chain,
        },
        client: {
          config: side === 'client' ? verifying : { ...chain, ca: ca.cert },
        },
      });
      const ends = { client: connection, server: serverConnection };
      const chainDER = [cert, intermediate.cert].map(toDER);
      assert.equal(calls.length, 1);
      const [[certs, authorities]] = calls;
      assert.deepEqual(plain(certs), chainDER);
      assert.deepEqual(plain(authorities), verifying.ca.map(toDER));
      assert.deepEqual(plain(ends[side].getRemoteCertsChain()), chainDER);
    });
  }

  for (const code of [
    CryptoError.CertificateRevoked,
    CryptoError.BadCertificate,
    CryptoError.AccessDenied,
  ]) {
    test(`a verify callback refuses with ${CryptoError[code]} what the authority would accept, and both ends say so`, {
      timeout,
    }, async (t) => {
      const verifying = {
        ca: ca.cert,
        verifyPeer: true,
        verifyCallback: async () => code,
      };
      const client = await refusedByClient(t, io, verifying);
      assertTLS(client.atClient, 'Local', code);
      assertTLS(client.atServer, 'Peer', code);
      const server = await refusedByServer(
        t,
        io,
        { ...leaf, ...verifying },
        { ca: ca.cert, ...clientLeaf },
      );
      assertTLS(server.atServer, 'Local', code);
      assertTLS(server.atClient, 'Peer', code);
    });
  }

  const cause = new Error('cannot verify');
  for (const [how, verifyCallback, code] of [
    [
      'throws',
      () => {
        throw cause;
      },
      CryptoError.CertificateUnknown,
    ],
    ['rejects', () => Promise.reject(cause), CryptoError.CertificateUnknown],
    [
      'never answers',
      () => new Promise<never>(() => {}),
      CryptoError.InternalError,
    ],
  ] as const) {
    for (const side of sides) {
      test(`a verify callback of the ${side} that ${how} fails that handshake alone`, {
        timeout,
      }, async (t) => {
        const otherSide = side === 'client' ? 'server' : 'client';
        const badDER = Buffer.from(toDER(expiredLeaf.cert));
        const verifying = {
          verifyPeer: true,
          // The expired certificate is as good as any for the callback
          verifyCallback: ([der]: Array<Uint8Array>) =>
            badDER.equals(der) ? verifyCallback() : Promise.resolve(undefined),
        };
        const server = await startServer(t, io, {
          config: side === 'server' ? { ...leaf, ...verifying } : expiredLeaf,
          // How long a handshake may take, by default 10 seconds
          minIdleTimeout: side === 'server' ? 500 : undefined,
          onStream: serveEcho,
        });
        const good =
          side === 'server'
            ? { ...clientLeaf, ca: ca.cert }
            : { verifyPeer: false };
        const bad =
          side === 'server'
            ? { ...expiredLeaf, ca: ca.cert }
            : { ...verifying, maxIdleTimeout: 500 };
        const echoes = async (client: QUICClient) => {
          const stream = client.connection.newStream();
          assert.deepEqual(await exchange(stream, payload(100)), payload(100));
        };
        const existing = await connect(t, io, server.port, { config: good });
        const atServer = once(server, events.EventQUICConnectionError);
        const start = Date.now();
        const failing = connect(t, io, server.port, { config: bad }).then(
          errorOf,
          (error) => error,
        );
        await echoes(existing);
        await echoes(await connect(t, io, server.port, { config: good }));
        const atClient = await failing;
        const ends = { client: atClient, server: (await atServer).detail };
        const elapsed = Date.now() - start;
        assert.ok(elapsed < 5_000, `${elapsed} ms`);
        assertTLS(ends[side], 'Local', code);
        assertTLS(ends[otherSide], 'Peer', code);
        assert.equal(
          (ends[side] as Error).cause,
          how === 'never answers' ? undefined : cause,
        );
        await echoes(existing);
        await echoes(await connect(t, io, server.port, { config: good }));
      });
    }
  }

  test('without a common application protocol the handshake fails', {
    timeout,
  }, async (t) => {
    const code = CryptoError.NoApplicationProtocol;
    const server = await startServer(t, io, {
      config: { ...leaf, applicationProtos: ['one', 'two'] },
    });
    const atServer = once(server, events.EventQUICConnectionError);
    await assert.rejects(
      connect(t, io, server.port, {
        config: { ca: ca.cert, applicationProtos: ['three'] },
      }),
      (error) => {
        assertTLS(error, 'Peer', code);
        return true;
      },
    );
    assertTLS((await atServer).detail, 'Local', code);
    await connect(t, io, server.port, {
      config: { ca: ca.cert, applicationProtos: ['three', 'two'] },
    });
  });

  test('who does not verify accepts any certificate, whatever the verify callback says', {
    timeout,
  }, async (t) => {
    const config = {
      ca: otherCA.cert,
      verifyPeer: false,
      verifyCallback: async () => CryptoError.AccessDenied,
    };
    const { connection } = await pair(t, io, {
      server: { config: { ...config, ...leaf } },
      client: { config: { ...config, ...clientLeaf } },
    });
    assert.deepEqual(plain(connection.getRemoteCertsChain()), [
      toDER(leaf.cert),
    ]);
  });
});

test('a server that was told whom to trust says whether it verifies, and one that verifies whom to trust', async () => {
  const verifyCallback = async () => undefined;
  const refused = (option: string) => (e: any) => {
    assert.ok(e instanceof errors.ErrorQUICConfig, String(e));
    assert.equal((e.data as any).option, option);
    return true;
  };
  for (const trusted of [
    { ca: ca.cert },
    { ca: [ca.cert] },
    { verifyCallback },
    { ca: ca.cert, verifyCallback },
  ]) {
    const config = { ...leaf, ...trusted };
    assert.throws(
      () => new QUICServer({ config }),
      refused('config.verifyPeer'),
    );
    for (const verifyPeer of [true, false]) {
      const server = new QUICServer({ config: { ...config, verifyPeer } });
      server.updateConfig(trusted);
    }
    const server = new QUICServer({ config: { ...leaf } });
    assert.throws(
      () => server.updateConfig(trusted),
      refused('config.verifyPeer'),
    );
    server.updateConfig({ ...trusted, verifyPeer: true });
    server.updateConfig({ ...leaf });
  }
  for (const nobody of [{}, { ca: [] }]) {
    const config = { ...leaf, ...nobody, verifyPeer: true };
    assert.throws(() => new QUICServer({ config }), refused('config.ca'));
    const server = new QUICServer({ config: { ...leaf } });
    assert.throws(
      () => server.updateConfig({ ...nobody, verifyPeer: true }),
      refused('config.ca'),
    );
  }
});
