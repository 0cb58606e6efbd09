import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  errors,
  events,
  native,
  type QUICClientConfigInput,
} from '@matrixai/quic';
import { createCA, issue, type KeyType, toDER } from './helpers/certs.js';
import { once } from './helpers/events.js';
import { forEachIO, type IO } from './helpers/io.js';
import { connect, openStream, pair, startServer } from './helpers/pair.js';
import { exchange, payload, serveEcho } from './helpers/streams.js';

const timeout = 30_000;
const keyTypes: Array<KeyType> = ['RSA', 'ECDSA', 'Ed25519'];
const { CryptoError } = native;

const ca = await createCA('ECDSA');
const otherCA = await createCA('ECDSA', 'Other CA');
const leaf = await issue(ca, 'ECDSA');
const clientLeaf = await issue(ca, 'ECDSA', 'client');

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
    async (client) => (await once(client, events.EventQUICClientError)).detail,
    (error) => error,
  );
  return { atClient, atServer: (await atServer).detail };
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
  for (const type of keyTypes) {
    test(`server and client verify each other's ${type} certificates`, {
      timeout,
    }, async (t) => {
      const ca = await createCA(type);
      const server = await issue(ca, type);
      const client = await issue(ca, type, 'client');
      const config = { ca: ca.cert, verifyPeer: true };
      const { connection, serverConnection } = await pair(t, io, {
        server: { config: { ...config, ...server } },
        client: { config: { ...config, ...client } },
      });
      const [stream, peerStream] = await openStream(
        connection,
        serverConnection,
      );
      for (const [end, endStream, local, remote] of [
        [connection, stream, client, server],
        [serverConnection, peerStream, server, client],
      ] as const) {
        const localChain = [toDER(local.cert)];
        const remoteChain = [toDER(remote.cert)];
        const plain = (chain: Array<Uint8Array>) =>
          chain.map((der) => new Uint8Array(der));
        assert.deepEqual(plain(end.getRemoteCertsChain()), remoteChain);
        assert.deepEqual(plain(end.getLocalCertsChain()), localChain);
        assert.deepEqual(plain(end.getLocalCACertsChain()), [toDER(ca.cert)]);
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

  test('the certificate authority can be one of several', {
    timeout,
  }, async (t) => {
    for (const authorities of [
      [otherCA.cert, ca.cert],
      `${otherCA.cert}\n${ca.cert}`,
      Buffer.from(ca.cert),
    ]) {
      const { connection } = await pair(t, io, {
        server: { config: leaf },
        client: { config: { ca: authorities } },
      });
      assert.equal(connection.getRemoteCertsChain().length, 1);
    }
  });

  test('a certificate of an unknown authority is refused, and both ends say so', {
    timeout,
  }, async (t) => {
    const { atClient, atServer, server } = await refusedByClient(t, io, {
      ca: otherCA.cert,
    });
    assertTLS(atClient, 'Local');
    assertTLS(atServer, 'Peer', atClient.data.errorCode);

    const client = await connect(t, io, server.port, {
      config: { ca: ca.cert },
    });
    await exchange(client.connection.newStream(), payload(100));
  });

  test('a certificate for another host is refused', { timeout }, async (t) => {
    const wrong = await issue(ca, 'ECDSA', 'elsewhere.example');
    const server = await startServer(t, io, { config: wrong });
    await assert.rejects(
      connect(t, io, server.port, {
        serverName: 'localhost',
        config: { ca: ca.cert },
      }),
      errors.ErrorQUICConnectionLocalTLS,
    );
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
    assertTLS(atServer, 'Local');
    assertTLS(atClient, 'Peer', atServer.data.errorCode);
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
    assertTLS(atServer, 'Local');
    assertTLS(atClient, 'Peer', atServer.data.errorCode);
  });

  test('a verify callback gets the chains and can accept what the authority would not', {
    timeout,
  }, async (t) => {
    const calls: Array<Array<Array<Uint8Array>>> = [];
    await pair(t, io, {
      server: { config: leaf },
      client: {
        config: {
          ca: otherCA.cert,
          verifyPeer: true,
          async verifyCallback(...chains) {
            calls.push(chains);
            return undefined;
          },
        },
      },
    });
    assert.equal(calls.length, 1);
    const [[certs, authorities]] = calls;
    assert.equal(certs.length, 1);
    assert.deepEqual(new Uint8Array(certs[0]), toDER(leaf.cert));
    assert.equal(authorities.length, 1);
    assert.deepEqual(new Uint8Array(authorities[0]), toDER(otherCA.cert));
  });

  test('the code of a verify callback of the client reaches the server', {
    timeout,
  }, async (t) => {
    const { atClient, atServer } = await refusedByClient(t, io, {
      ca: ca.cert,
      verifyPeer: true,
      verifyCallback: async () => CryptoError.CertificateRevoked,
    });
    assertTLS(atClient, 'Local', CryptoError.CertificateRevoked);
    assertTLS(atServer, 'Peer', CryptoError.CertificateRevoked);
  });

  test('the code of a verify callback of the server reaches the client', {
    timeout,
  }, async (t) => {
    const { atClient, atServer } = await refusedByServer(
      t,
      io,
      {
        ...leaf,
        verifyPeer: true,
        verifyCallback: async () => CryptoError.CertificateExpired,
      },
      { ca: ca.cert, ...clientLeaf },
    );
    assertTLS(atServer, 'Local', CryptoError.CertificateExpired);
    assertTLS(atClient, 'Peer', CryptoError.CertificateExpired);
  });

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

  test('a client that does not verify accepts any certificate', {
    timeout,
  }, async (t) => {
    const server = await startServer(t, io, { config: leaf });
    const verifyCallback = async () => CryptoError.AccessDenied;
    const config = { verifyPeer: false, ca: otherCA.cert, verifyCallback };
    const { connection } = await connect(t, io, server.port, { config });
    assert.deepEqual(
      new Uint8Array(connection.getRemoteCertsChain()[0]),
      toDER(leaf.cert),
    );
  });
});
