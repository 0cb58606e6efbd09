import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { errors, QUICClient, QUICServer } from '@matrixai/quic';
import { forEachIO } from '../helpers/io.js';
import { connect, credentials, startServer } from '../helpers/pair.js';

const timeout = 20_000;

const { key, cert } = credentials;
const passphrase = 'open sesame';
const pkcs8 = { type: 'pkcs8', format: 'pem' } as const;
const encryption = { cipher: 'aes-256-cbc', passphrase };

const encrypted = {
  'PKCS#8': createPrivateKey(key).export({ ...pkcs8, ...encryption }),
  'SEC 1': createPrivateKey(key).export({
    type: 'sec1',
    format: 'pem',
    ...encryption,
  }),
};

/** Keys that cannot be used, and what the error is to say of them. */
const unusable: Array<[name: string, key: string | Buffer, says: RegExp]> = [
  ...Object.entries(encrypted).map(
    ([form, pem]): [string, string | Buffer, RegExp] => [
      `an encrypted one in ${form}`,
      pem,
      /the private key is encrypted.*createPrivateKey\(\{ key, passphrase \}\).*export/,
    ],
  ),
  [
    'an RSA-PSS one',
    generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey.export(
      pkcs8,
    ),
    /RSA-PSS key.*take an RSA, ECDSA .* or Ed25519 key/,
  ],
  [
    'an Ed448 one',
    generateKeyPairSync('ed448').privateKey.export(pkcs8),
    /Ed448 key.*take an RSA, ECDSA .* or Ed25519 key/,
  ],
  [
    'one on another curve',
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey.export(
      pkcs8,
    ),
    /EC key on a curve.*P-256/,
  ],
  [
    'one that cannot sign',
    generateKeyPairSync('x25519').privateKey.export(pkcs8),
    /of a type that cannot be used \(1\.3\.101\.110\).*Ed25519/,
  ],
  [
    'one that cannot be read',
    '-----BEGIN PRIVATE KEY-----\nTk9OU0VOU0U=\n-----END PRIVATE KEY-----\n',
    /cannot be read.*PKCS#8, PKCS#1 or SEC 1/,
  ],
];

function refuses(option: string, says: RegExp, secret: string) {
  return (e: unknown) => {
    assert.ok(e instanceof errors.ErrorQUICConfig, `${e}`);
    assert.match(e.message, says);
    assert.ok(e.message.startsWith(`${option}: `), e.message);
    assert.equal(e.data.option, option);
    assert.equal(
      e.data.expected,
      'the private key of the leaf certificate in config.cert, as PEM',
    );
    assert.ok(!JSON.stringify(e).includes(secret));
    return true;
  };
}

forEachIO((io) => {
  for (const [name, bad, says] of unusable) {
    test(`of a private key that cannot be used, ${name}, the error says what to do`, {
      timeout,
    }, async (t) => {
      const secret = bad.toString().split('\n').at(-3)!;
      const one = refuses('config.key', says, secret);
      const second = refuses('config.key[1]', says, secret);
      const config = { key: bad.toString(), cert };
      const two = { key: [key, bad.toString()], cert: [cert, cert] };
      assert.throws(() => new QUICServer({ config, io }), one);
      assert.throws(() => new QUICServer({ config: two, io }), second);
      const server = await startServer(t, io);
      assert.throws(() => server.updateConfig(config), one);
      const { port } = server;
      for (const [bad, isRefusal] of [
        [config, one],
        [two, second],
      ] as const) {
        await assert.rejects(
          QUICClient.createQUICClient({
            host: '127.0.0.1',
            port,
            config: bad,
            io,
          }),
          isRefusal,
        );
      }
    });
  }

  test('what the error says of encrypted keys works', {
    timeout,
  }, async (t) => {
    for (const pem of Object.values(encrypted)) {
      const decrypted = createPrivateKey({ key: pem, passphrase });
      const { port } = await startServer(t, io, {
        config: { key: decrypted.export(pkcs8).toString(), cert },
      });
      await connect(t, io, port);
    }
  });
});
