// Certificates for development: an authority, and what it issues.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as tls from 'node:tls';
import { errors, utils } from '@matrixai/quic';
import { forEachIO } from '../helpers/io.js';
import { connect, pair, startServer } from '../helpers/pair.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';

const timeout = 30_000;

const day = 24 * 60 * 60 * 1000;

test('an authority issues what Node.js accepts, too', async () => {
  for (const algorithm of [undefined, 'ECDSA', 'Ed25519'] as const) {
    const authority = utils.createAuthority({ name: 'Tests', algorithm });
    const root = new X509Certificate(authority.cert);
    assert.equal(root.ca, true);
    assert.equal(root.subject, 'CN=Tests');
    assert.ok(root.verify(root.publicKey));
    const kind = algorithm === 'Ed25519' ? 'ed25519' : 'ec';
    const hosts = ['a.example', '*.b.example', '192.0.2.1', '::1'];
    for (const client of [false, true]) {
      const { key, cert } = authority.issue({ hosts, days: 7, client });
      const leaf = new X509Certificate(cert);
      assert.equal(leaf.ca, false);
      assert.ok(leaf.checkIssued(root));
      assert.ok(leaf.verify(root.publicKey));
      assert.equal(leaf.publicKey.asymmetricKeyType, kind);
      for (const host of ['a.example', 'any.b.example']) {
        assert.equal(
          leaf.checkHost(host),
          host === 'a.example' ? host : '*.b.example',
        );
      }
      for (const ip of ['192.0.2.1', '::1']) assert.ok(leaf.checkIP(ip));
      const clientAuth = '1.3.6.1.5.5.7.3.2';
      const serverAuth = '1.3.6.1.5.5.7.3.1';
      assert.deepEqual(
        leaf.keyUsage,
        client ? [clientAuth] : [serverAuth, clientAuth],
      );
      const until = Date.parse(leaf.validTo) - Date.now();
      assert.ok(until > 6.9 * day && until < 7.1 * day);
      tls.createSecureContext({ key, cert, ca: authority.cert });
    }
  }
  // It outlives nothing that it has issued
  const { issue, cert } = utils.createAuthority({ days: 1 });
  const end = ({ validTo }: X509Certificate) => Date.parse(validTo);
  assert.ok(
    end(new X509Certificate(issue({ days: 30 }).cert)) <=
      end(new X509Certificate(cert)),
  );
  const selfSigned = utils.selfSigned({ algorithm: 'Ed25519' });
  const { publicKey } = new X509Certificate(selfSigned.cert);
  assert.equal(publicKey.asymmetricKeyType, 'ed25519');
});

test('what cannot be issued is refused', () => {
  const other = utils.selfSigned();
  const { key, cert, issue } = utils.createAuthority();
  const leaf = issue();
  for (const [call, option] of [
    [() => utils.createAuthority({ name: '' }), 'name'],
    [() => utils.createAuthority({ days: -1 }), 'days'],
    [() => utils.createAuthority({ algorithm: 'RSA' as never }), 'algorithm'],
    [() => utils.createAuthority({ key }), 'cert'],
    [() => utils.createAuthority({ cert }), 'key'],
    [() => utils.createAuthority({ key: other.key, cert }), 'key and cert'],
    [() => utils.createAuthority({ key: 'key', cert }), 'key and cert'],
    [() => utils.createAuthority(leaf), 'cert'],
    [() => issue({ hosts: [] }), 'hosts'],
    [() => issue({ hosts: [5 as never] }), 'hosts[0]'],
    [() => issue({ days: Number.NaN }), 'days'],
    [() => issue({ client: 1 as never }), 'client'],
    [() => issue({ host: 'a' } as never), 'host'],
  ] as const) {
    assert.throws(call, (e) => {
      assert.ok(e instanceof errors.ErrorQUICOptionInvalid);
      assert.equal(e.data.option, option);
      assert.doesNotMatch(e.message, /PRIVATE KEY/);
      return true;
    });
  }
});

forEachIO((io) => {
  test('both ends verify each other by one authority', {
    timeout,
  }, async (t) => {
    for (const algorithm of ['ECDSA', 'Ed25519'] as const) {
      const made = utils.createAuthority({ algorithm });
      // As it is kept on a disk
      const { key, cert } = made;
      const authority = utils.createAuthority({ key, cert });
      const ca = authority.cert;
      const { server, connection, serverConnection } = await pair(t, io, {
        server: {
          config: { ...made.issue(), ca, verifyPeer: true },
          onStream: serveEcho,
        },
        client: {
          config: {
            ...authority.issue({ hosts: ['alice'], client: true }),
            ca,
          },
        },
      });
      await exchange(connection.newStream(), payload(1));
      assert.equal(
        serverConnection.peerCertificate?.checkHost('alice'),
        'alice',
      );
      // Nor without a certificate, nor with that of somebody else
      const stranger = utils.createAuthority().issue({ client: true });
      for (const own of [{}, stranger]) {
        await assert.rejects(async () => {
          const client = await connect(t, io, server.port, {
            config: { ...own, ca },
          });
          await client.connection.closedP;
          throw client.connection.getConnectionError();
        });
      }
    }
  });

  test('a certificate for clients does not serve', { timeout }, async (t) => {
    const authority = utils.createAuthority();
    const { port } = await startServer(t, io, {
      config: authority.issue({ client: true }),
    });
    await assert.rejects(
      connect(t, io, port, { config: { ca: authority.cert } }),
      errors.ErrorQUICConnectionLocalTLS,
    );
  });
});
