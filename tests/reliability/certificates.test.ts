import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getHeapSnapshot, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  errors,
  events,
  native,
  type QUICClientConfigInput,
  utils,
} from '@matrixai/quic';
import {
  type CA,
  type Credentials,
  createCA,
  issue,
  toDER,
} from '../helpers/certs.js';
import { once, recordAll } from '../helpers/events.js';
import { forEachIO } from '../helpers/io.js';
import { recordingLogger } from '../helpers/logging.js';
import { connect, pair, startServer } from '../helpers/pair.js';
import { exchange, payload, serveEcho } from '../helpers/streams.js';
import { assertPlain } from '../helpers/texts.js';

const timeout = 60_000;

const { CryptoError } = native;

const day = 24 * 60 * 60 * 1000;
const ca = await createCA('ECDSA');
const otherCA = await createCA('ECDSA', 'Other CA');
const good = await issue(ca, 'ECDSA');

/** A certificate with that of its issuer behind it. */
async function below(issuer: CA): Promise<Credentials> {
  const { key, cert } = await issue(issuer, 'ECDSA');
  return { key, cert: `${cert}\n${issuer.cert}` };
}

/** One bit of the signature is another. */
function tampered({ key, cert }: Credentials): Credentials {
  const der = Buffer.from(toDER(cert));
  der[der.length - 1] ^= 1;
  const text = der.toString('base64');
  return {
    key,
    cert: `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`,
  };
}

const noCA = await createCA('ECDSA', 'No CA', ca, { isCA: false });
const shortCA = await createCA('ECDSA', 'Short CA', undefined, {
  pathLength: 0,
});
const tooDeep = await createCA('ECDSA', 'Too deep', shortCA);

type Case = {
  credentials?: Credentials;
  ca?: string;
  /** What the end that refuses tells the other. */
  code: number;
  /** Why, at that end. */
  why: RegExp;
  /** Which ends it can be tried at, by default both. */
  at?: 'client' | 'server';
  verifyCallback?: QUICClientConfigInput['verifyCallback'];
};

const unknownCA =
  /: no trusted CA has signed the certificate of the peer\. config\.ca lists/;

const cases: Record<string, Case> = {
  'that has expired': {
    credentials: await issue(ca, 'ECDSA', 'localhost', {
      notAfter: new Date(Date.now() - 60_000),
    }),
    code: CryptoError.CertificateExpired,
    why: /: a certificate of the peer has expired on 20\d\d-.*Z$/,
  },
  'that is not valid yet': {
    credentials: await issue(ca, 'ECDSA', 'localhost', {
      notBefore: new Date(Date.now() + day / 2),
    }),
    code: CryptoError.CertificateExpired,
    why: /: a certificate of the peer is only valid from 20\d\d-.*Z$/,
  },
  'for another name': {
    credentials: await issue(ca, 'ECDSA', 'elsewhere.example', { ips: [] }),
    code: CryptoError.BadCertificate,
    why: /: the certificate of the peer is not for 127\.0\.0\.1$/,
    at: 'client',
  },
  'for clients only': {
    credentials: await issue(ca, 'ECDSA', 'localhost', {
      usages: ['clientAuth'],
    }),
    code: CryptoError.UnsupportedCertificate,
    why: /: the certificate of the peer is not meant for this end of a connection$/,
    at: 'client',
  },
  'for servers only': {
    credentials: await issue(ca, 'ECDSA', 'localhost', {
      usages: ['serverAuth'],
    }),
    code: CryptoError.UnsupportedCertificate,
    why: /: the certificate of the peer is not meant for this end of a connection$/,
    at: 'server',
  },
  'of another authority': {
    credentials: await issue(otherCA, 'ECDSA'),
    code: CryptoError.UnknownCA,
    why: unknownCA,
  },
  'that is self-signed': {
    credentials: await issue(undefined, 'ECDSA'),
    code: CryptoError.UnknownCA,
    why: unknownCA,
  },
  'whose issuer is no authority': {
    credentials: await below(noCA),
    code: CryptoError.UnknownCA,
    why: unknownCA,
  },
  'too far below its root': {
    credentials: await below(tooDeep),
    ca: shortCA.cert,
    code: CryptoError.BadCertificate,
    why: /: the chain of the peer has more certificates than its CA allows$/,
  },
  'with a wrong signature': {
    credentials: tampered(good),
    code: CryptoError.UnknownCA,
    why: unknownCA,
  },
  'with a weak key': {
    credentials: await issue(ca, 'RSA 1024'),
    code: CryptoError.BadCertificate,
    why: /: a certificate of the peer has an RSA key of less than 2048 bits$/,
  },
  'that the callback says is revoked': {
    credentials: good,
    code: CryptoError.CertificateRevoked,
    why: /: refused by the application$/,
    verifyCallback: async () => CryptoError.CertificateRevoked,
  },
  'where there is none': {
    code: CryptoError.CertificateRequired,
    why: /: the peer sent no certificate$/,
    at: 'server',
  },
};

function assertTLS(
  error: unknown,
  side: 'Local' | 'Peer',
  code: number,
  why?: RegExp,
): void {
  assert.ok(
    error instanceof errors[`ErrorQUICConnection${side}TLS`],
    `${error}`,
  );
  assert.equal(CryptoError[error.data.errorCode], CryptoError[code]);
  assertPlain(error);
  if (why !== undefined) assert.match(error.message, why);
}

forEachIO((io) => {
  for (const [what, { credentials, code, why, at, ...rest }] of Object.entries(
    cases,
  )) {
    const { ca: trusted = ca.cert, verifyCallback } = rest;
    const checks = { ca: trusted, verifyPeer: true, verifyCallback };
    if (at !== 'server') {
      test(`a client refuses a server's certificate ${what}`, {
        timeout,
      }, async (t) => {
        const server = await startServer(t, io, { config: credentials });
        const names = recordAll(server);
        const atServer = once(server, events.EventQUICConnectionError);
        await assert.rejects(
          connect(t, io, server.port, { config: checks }),
          (e) => {
            assertTLS(e, 'Local', code, why);
            return true;
          },
        );
        assertTLS((await atServer).detail, 'Peer', code);
        assert.ok(!names.includes('ServerConnection'));
      });
    }
    if (at !== 'client') {
      test(`a server refuses a client's certificate ${what}, before it hears of a byte`, {
        timeout,
      }, async (t) => {
        const server = await startServer(t, io, {
          config: { ...good, ...checks },
        });
        const names = recordAll(server);
        const atServer = once(server, events.EventQUICConnectionError);
        // In TLS 1.3 a client is done first, and sends
        const client = await connect(t, io, server.port, {
          config: { ca: ca.cert, ...credentials },
        }).catch((e: Error) => e);
        if (client instanceof Error) {
          // It heard of the refusal before it was there
          assertTLS(client, 'Peer', code);
          return;
        }
        const atClient = once(client, events.EventQUICConnectionError);
        try {
          const { writable } = client.connection.newStream();
          const writer = writable.getWriter();
          writer.write(payload(100)).catch(() => {});
        } catch (e) {
          // It was refused before it had the time to
          assert.ok(e instanceof errors.ErrorQUICConnectionClosed);
        }
        assertTLS((await atServer).detail, 'Local', code, why);
        assertTLS((await atClient).detail, 'Peer', code);
        assert.ok(!names.includes('ServerConnection'));
        assert.ok(!names.includes('ConnectionStream'));
      });
    }
  }

  test('good certificates of all kinds pass, and a client verifies by default', {
    timeout,
  }, async (t) => {
    const intermediate = await createCA('RSA', 'Intermediate', ca);
    for (const credentials of [
      good,
      await issue(ca, 'RSA'),
      await issue(ca, 'ECDSA P-384'),
      await issue(ca, 'Ed25519'),
      await below(intermediate),
    ]) {
      const { connection } = await pair(t, io, {
        server: {
          config: { ...credentials, ca: ca.cert, verifyPeer: true },
          onStream: serveEcho,
        },
        client: { config: { ca: ca.cert, ...credentials } },
      });
      const echoed = await exchange(connection.newStream(), payload(10));
      assert.equal(echoed.length, 10);
    }
    const server = await startServer(t, io);
    await assert.rejects(
      connect(t, io, server.port, { config: { ca: undefined } }),
      errors.ErrorQUICConnectionLocalTLS,
    );
  });

  test('private keys are neither on the heap nor in logs while they are used', {
    timeout,
  }, async (t) => {
    setFlagsFromString('--expose-gc');
    const gc: () => void = runInNewContext('gc');
    const { logger, lines } = recordingLogger();
    // Backwards, so that it is not found by being looked for
    const marks: Array<string> = [];
    const make = () => {
      const { key, cert } = utils.selfSigned();
      marks.push([...key.slice(60, 100)].reverse().join(''));
      return { key, cert };
    };
    // None of its variables outlives it
    const open = async () => {
      const own = make();
      const server = await startServer(t, io, {
        config: {
          ...make(),
          verifyPeer: true,
          verifyCallback: async () => undefined,
        },
        logger,
      });
      const config = {
        ...own,
        verifyCallback: async () => undefined,
      };
      return [server, await connect(t, io, server.port, { config, logger })];
    };
    const ends = await open();
    gc();
    // Which is found, unlike the keys
    const found = [...'a mark of the test'].join('-');
    let heap = '';
    for await (const chunk of getHeapSnapshot()) heap += chunk;
    assert.equal(ends.length, 2);
    assert.equal(marks.length, 2);
    assert.ok(heap.includes(found));
    for (const mark of marks) {
      const part = [...mark].reverse().join('');
      assert.ok(!heap.includes(part));
      assert.ok(!lines.join().includes(part));
    }
  });
});
