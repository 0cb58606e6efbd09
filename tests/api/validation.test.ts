import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import Logger from '@matrixai/logger';
import { errors, type QUICClientConfigInput } from '@matrixai/quic';
import {
  clientDefault,
  minIdleTimeout,
  serverDefault,
} from '@matrixai/quic/config.js';
import {
  toCertificateName,
  validateHost,
  validatePort,
} from '#internal/validation/address.js';
import { validateMinIdleTimeout } from '#internal/validation/client.js';
import { validateCodeArgs } from '#internal/validation/close.js';
import { validateConfig } from '#internal/validation/config.js';
import { validateCrypto } from '#internal/validation/crypto.js';
import { describe as describeValue } from '#internal/validation/describe.js';
import { validateLogger } from '#internal/validation/logger.js';
import { validateIO } from '#internal/validation/socket.js';
import { validateStreamType } from '#internal/validation/stream.js';
import {
  validateBoolean,
  validateFunction,
} from '#internal/validation/values.js';

type ErrorClass = new (...args: any[]) => Error & { data: unknown };

// The engine parses the blocks, the validation only looks for them
const secret = 'MIIsecretMIIsecretMIIsecret';
const key = `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`;
const cert = `-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n`;

/**
 * Asserts an error that names the option, what it got and what it wants.
 */
function refuses(validate: () => unknown, Class: ErrorClass, option: string) {
  assert.throws(validate, (e: unknown) => {
    assert.ok(e instanceof Class, String(e));
    const data = e.data as errors.OptionInvalidData;
    assert.equal(data.option, option);
    assert.ok(data.got);
    assert.ok(data.expected);
    assert.equal(
      e.message,
      `${option}: expected ${data.expected}, got ${data.got}`,
    );
    assert.ok(!JSON.stringify(e).includes(secret.slice(0, 9)));
    return true;
  });
}

describe('config', () => {
  test('the defaults are those of version 2, but for migration', () => {
    assert.equal(minIdleTimeout, Infinity);
    const { verifyPeer, ...common } = serverDefault;
    assert.equal(verifyPeer, false);
    assert.deepEqual(clientDefault, { ...common, verifyPeer: true });
    assert.deepEqual(common, {
      grease: true,
      maxIdleTimeout: 0,
      maxRecvUdpPayloadSize: 65527,
      maxSendUdpPayloadSize: 1200,
      initialMaxData: 10485760,
      initialMaxStreamDataBidiLocal: 1048576,
      initialMaxStreamDataBidiRemote: 1048576,
      initialMaxStreamDataUni: 1048576,
      initialMaxStreamsBidi: 100,
      initialMaxStreamsUni: 100,
      maxConnectionWindow: 25165824,
      maxStreamWindow: 16777216,
      enableDgram: [false, 0, 0],
      congestionControl: 'cubic',
      disableActiveMigration: false,
      applicationProtos: ['quic'],
      enableEarlyData: false,
      readableChunkSize: 65536,
    });
  });

  test('the defaults cannot be changed', () => {
    assert.throws(() => clientDefault.applicationProtos.push('h3'), TypeError);
    assert.throws(() => {
      serverDefault.enableDgram[0] = true;
    }, TypeError);
    const config = validateConfig(undefined, 'client');
    config.applicationProtos.push('h3');
    assert.deepEqual(clientDefault.applicationProtos, ['quic']);
  });

  test('options that are missing or undefined take their default', () => {
    assert.deepEqual(validateConfig(undefined, 'client'), clientDefault);
    assert.deepEqual(
      validateConfig({ grease: undefined, ca: undefined }, 'client'),
      clientDefault,
    );
    assert.deepEqual(
      validateConfig({ key, cert, maxIdleTimeout: 5 }, 'server'),
      { ...serverDefault, key: [Buffer.from(key)], cert, maxIdleTimeout: 5 },
    );
  });

  test('options that do not exist are left out', () => {
    assert.deepEqual(
      validateConfig({ maxAckDelay: 'x', toString: 1 }, 'client'),
      clientDefault,
    );
  });

  test('an update keeps what it leaves out', () => {
    const old = validateConfig({ key, cert, grease: false }, 'server');
    assert.deepEqual(validateConfig({ verifyPeer: true }, 'server', old), {
      ...old,
      verifyPeer: true,
    });
    refuses(
      () => validateConfig({ key: [key, key] }, 'server', old),
      errors.ErrorQUICConfig,
      'config.key and config.cert',
    );
  });

  test('what was checked cannot be changed afterwards', () => {
    const applicationProtos = ['a'];
    const config = validateConfig({ applicationProtos }, 'client');
    applicationProtos[0] = '';
    assert.deepEqual(config.applicationProtos, ['a']);
  });

  test('the config itself is an object', () => {
    for (const config of [null, 1, key, [], () => {}]) {
      refuses(
        () => validateConfig(config, 'client'),
        errors.ErrorQUICConfig,
        'config',
      );
    }
  });

  const nonBoolean = [null, 0, 'true', {}];
  const nonInteger = [null, '1', 1n, true, {}, NaN, Infinity, 1.5, -1, 2 ** 53];
  const bad: Record<string, unknown[]> = {
    sigalgs: [null, 1, '', 'rsa', 'ed25519:', 'ed25519,ed25519', ['ed25519']],
    verifyPeer: nonBoolean,
    verifyCallback: [null, true, {}],
    logKeys: [null, true, '', 'a\0b'],
    grease: nonBoolean,
    keepAliveIntervalTime: [...nonInteger, 0],
    maxIdleTimeout: nonInteger,
    maxRecvUdpPayloadSize: [...nonInteger, 0, 1199, 65528],
    maxSendUdpPayloadSize: [...nonInteger, 0, 1199, 65528],
    initialMaxData: nonInteger,
    initialMaxStreamDataBidiLocal: nonInteger,
    initialMaxStreamDataBidiRemote: nonInteger,
    initialMaxStreamDataUni: nonInteger,
    initialMaxStreamsBidi: nonInteger,
    initialMaxStreamsUni: nonInteger,
    maxConnectionWindow: nonInteger,
    maxStreamWindow: nonInteger,
    enableDgram: [null, 1, { queue: 1 }, [], [true, 1], [true, 1, 1, 1]],
    congestionControl: [null, '', 'BBR', 'toString', 1, ['bbr']],
    disableActiveMigration: nonBoolean,
    applicationProtos: [null, 'quic', {}, []],
    enableEarlyData: nonBoolean,
    readableChunkSize: [...nonInteger, 0, 2 ** 31],
    ca: [null, 1, {}, '', 'ca', key, secret, new Uint8Array(8)],
    key: [null, 1, {}, '', 'key', cert, secret, new Uint8Array(8)],
    cert: [null, 1, {}, '', 'cert', key, secret, new Uint8Array(8)],
  };
  for (const [name, values] of Object.entries(bad)) {
    test(`${name} of a wrong type or out of range is refused`, () => {
      for (const value of values) {
        for (const role of ['client', 'server'] as const) {
          refuses(
            () => validateConfig({ key, cert, [name]: value }, role),
            errors.ErrorQUICConfig,
            `config.${name}`,
          );
        }
      }
    });
  }

  test('every option of the defaults is checked', () => {
    for (const name of Object.keys(clientDefault)) assert.ok(name in bad, name);
  });

  test('an element of an array is named by its index', () => {
    for (const [option, config] of Object.entries({
      'config.enableDgram[0]': { enableDgram: [1, 1, 1] },
      'config.enableDgram[1]': { enableDgram: [true, -1, 1] },
      'config.enableDgram[2]': { enableDgram: [true, 1, 2 ** 31] },
      'config.applicationProtos[0]': { applicationProtos: [''] },
      'config.applicationProtos[1]': { applicationProtos: ['a', 1] },
      'config.applicationProtos[2]': {
        // 256 bytes in 128 characters
        applicationProtos: ['a', 'b', 'é'.repeat(128)],
      },
      'config.ca[1]': { ca: [cert, secret] },
      'config.key[0]': { key: [secret], cert: [cert] },
      'config.cert[0]': { key: [key], cert: [Buffer.from(secret)] },
    })) {
      refuses(
        () => validateConfig(config, 'client'),
        errors.ErrorQUICConfig,
        option,
      );
    }
  });

  test('the limits of each option are accepted', () => {
    const limits = [
      { sigalgs: 'ed25519' },
      { sigalgs: 'rsa_pss_rsae_sha256:ecdsa_secp256r1_sha256' },
      { verifyCallback: async () => undefined },
      { logKeys: 'keys.log' },
      { keepAliveIntervalTime: 1 },
      { maxIdleTimeout: Number.MAX_SAFE_INTEGER },
      { maxRecvUdpPayloadSize: 1200, maxSendUdpPayloadSize: 65527 },
      { initialMaxData: 0, initialMaxStreamsBidi: 0, maxStreamWindow: 0 },
      { initialMaxData: Number.MAX_SAFE_INTEGER },
      { enableDgram: [true, 0, 2 ** 31 - 1] },
      { applicationProtos: ['a', 'b'.repeat(255)] },
      { readableChunkSize: 1 },
      { ca: [] },
      { ca: cert + cert },
      { ca: [Buffer.from(cert), Buffer.from(cert)] },
      { key: new TextEncoder().encode(key), cert: [cert] },
      {
        key: [key.replaceAll('PRIVATE', 'EC PRIVATE'), key],
        cert: [cert, cert],
      },
    ];
    for (const config of limits) {
      const { key, ...others } = config as QUICClientConfigInput;
      const keys = [key ?? []].flat().map((pem) => Buffer.from(pem));
      assert.deepEqual(validateConfig(config, 'client'), {
        ...clientDefault,
        ...others,
        ...(key === undefined ? {} : { key: keys }),
      });
    }
  });

  test('keys and certificate chains come in pairs', () => {
    for (const config of [
      { key },
      { cert },
      { key, cert: [] },
      { key, cert: [cert, cert] },
      { key: [key, key], cert },
    ]) {
      for (const role of ['client', 'server'] as const) {
        refuses(
          () => validateConfig(config, role),
          errors.ErrorQUICConfig,
          'config.key and config.cert',
        );
      }
    }
  });

  test('a server needs a key and a certificate, a client does not', () => {
    for (const config of [undefined, {}, { key: [], cert: [] }]) {
      refuses(
        () => validateConfig(config, 'server'),
        errors.ErrorQUICConfig,
        'config.key and config.cert',
      );
      assert.doesNotThrow(() => validateConfig(config, 'client'));
    }
  });

  test('keep-alive comes before the idle timeout', () => {
    for (const keepAliveIntervalTime of [100, 101]) {
      refuses(
        () =>
          validateConfig(
            { keepAliveIntervalTime, maxIdleTimeout: 100 },
            'client',
          ),
        errors.ErrorQUICConnectionConfigInvalid,
        'config.keepAliveIntervalTime',
      );
    }
    for (const maxIdleTimeout of [0, 101]) {
      assert.doesNotThrow(() =>
        validateConfig(
          { keepAliveIntervalTime: 100, maxIdleTimeout },
          'client',
        ),
      );
    }
  });
});

describe('other options', () => {
  test('ports', () => {
    assert.equal(validatePort(0), 0);
    assert.equal(validatePort(65535, 'port', 1), 65535);
    for (const port of [undefined, null, '80', 80n, -1, 65536, 1.5, NaN]) {
      refuses(
        () => validatePort(port, 'localPort'),
        errors.ErrorQUICPortInvalid,
        'localPort',
      );
    }
    refuses(
      () => validatePort(0, 'port', 1),
      errors.ErrorQUICPortInvalid,
      'port',
    );
  });

  test('hosts', () => {
    for (const host of [
      '127.0.0.1',
      '::',
      '::ffff:127.0.0.1',
      'fe80::1%eth0',
      'localhost',
      'example.org.',
      'under_score',
      'bücher.example',
    ]) {
      assert.equal(validateHost(host), host);
    }
    for (const host of ['::', 'fe80::1%eth0', '::ffff:127.0.0.1']) {
      assert.equal(validateHost(`[${host}]`), host);
    }
    for (const host of [
      undefined,
      null,
      1,
      '',
      ' localhost',
      'a\0b',
      '[::1',
      '::1]',
      '[::1]:80',
      '[127.0.0.1]',
      '[localhost]',
      'localhost:80',
      'https://localhost',
    ]) {
      refuses(
        () => validateHost(host, 'localHost'),
        errors.ErrorQUICHostInvalid,
        'localHost',
      );
    }
  });

  test('names of certificates', () => {
    for (const [host, name] of [
      ['example.org', 'example.org'],
      ['under_score', 'under_score'],
      ['127.1', '127.1'],
      ['127.0.0.1', '127.0.0.1'],
      ['::1', '::1'],
      ['fe80::1%eth0', 'fe80::1'],
      ['bücher.example.', 'xn--bcher-kva.example.'],
      ['*.bücher.example', '*.xn--bcher-kva.example'],
      ['日本語。jp', 'xn--wgv71a119e.jp'],
    ]) {
      assert.equal(toCertificateName(host, 'host'), name);
    }
    for (const host of ['xn--ü', 'ü?', 'ü#', 'ü@b', 'ü\\', '%ü', 'ü:80']) {
      refuses(
        () => toCertificateName(host, 'serverName'),
        errors.ErrorQUICHostInvalid,
        'serverName',
      );
    }
  });

  test('I/O modes and stream types', () => {
    assert.equal(validateIO(undefined), 'dgram');
    assert.equal(validateIO('dgram'), 'dgram');
    assert.equal(validateIO('native'), 'native');
    assert.equal(validateStreamType(undefined), 'bidi');
    assert.equal(validateStreamType('bidi'), 'bidi');
    assert.equal(validateStreamType('uni'), 'uni');
    for (const value of [null, '', 'DGRAM', true, {}]) {
      refuses(() => validateIO(value), errors.ErrorQUICOptionInvalid, 'io');
      refuses(
        () => validateStreamType(value),
        errors.ErrorQUICOptionInvalid,
        'type',
      );
    }
  });

  test('booleans, functions and loggers', () => {
    assert.doesNotThrow(() => {
      validateBoolean(undefined, 'reuseAddr');
      validateBoolean(false, 'reuseAddr');
      validateFunction(undefined, 'reasonToCode');
      validateFunction(() => 0, 'reasonToCode');
      validateLogger(undefined);
      validateLogger(new Logger());
    });
    for (const value of [null, 0, 'true', {}]) {
      refuses(
        () => validateBoolean(value, 'reuseAddr'),
        errors.ErrorQUICOptionInvalid,
        'reuseAddr',
      );
      refuses(
        () => validateFunction(value, 'codeToReason'),
        errors.ErrorQUICOptionInvalid,
        'codeToReason',
      );
      refuses(
        () => validateLogger(value),
        errors.ErrorQUICOptionInvalid,
        'logger',
      );
    }
  });

  test('the minimum idle timeout', () => {
    for (const value of [undefined, 0, 1, 1.5, Infinity]) {
      assert.doesNotThrow(() => validateMinIdleTimeout(value));
    }
    for (const value of [null, -1, NaN, '1', 1n]) {
      refuses(
        () => validateMinIdleTimeout(value),
        errors.ErrorQUICOptionInvalid,
        'minIdleTimeout',
      );
    }
  });

  test('codes to close with', () => {
    for (const args of [
      {},
      { isApp: true, errorCode: 0, reason: new Uint8Array(), force: false },
      { isApp: false, errorCode: Number.MAX_SAFE_INTEGER },
      { reason: Buffer.from('bye') },
      { reason: 'bye' },
    ]) {
      assert.doesNotThrow(() => validateCodeArgs(args));
    }
    const bad: Record<string, unknown[]> = {
      isApp: [null, 1],
      errorCode: [null, -1, 1.5, NaN, '1', 1n, 2 ** 53],
      reason: [null, 1, [1], new ArrayBuffer(1)],
      force: [null, 1],
    };
    for (const [name, values] of Object.entries(bad)) {
      for (const value of values) {
        refuses(
          () => validateCodeArgs({ [name]: value }),
          errors.ErrorQUICOptionInvalid,
          name,
        );
      }
    }
    refuses(
      () => validateCodeArgs(null),
      errors.ErrorQUICOptionInvalid,
      'options',
    );
  });

  test('crypto', () => {
    const async = async () => {};
    for (const crypto of [
      undefined,
      { key: new ArrayBuffer(1) },
      { key: Buffer.from('k') },
      { key: new ArrayBuffer(32), ops: { sign: async, verify: async } },
    ]) {
      assert.doesNotThrow(() => validateCrypto(crypto, 'server'));
    }
    for (const crypto of [undefined, {}, { ops: { randomBytes: async } }]) {
      assert.doesNotThrow(() => validateCrypto(crypto, 'client'));
    }
    for (const bad of [
      undefined,
      null,
      secret,
      [],
      new ArrayBuffer(0),
      new ArrayBuffer(2 ** 20 + 1),
    ]) {
      refuses(
        () => validateCrypto({ key: bad }, 'server'),
        errors.ErrorQUICOptionInvalid,
        'crypto.key',
      );
    }
    for (const role of ['client', 'server'] as const) {
      const valid = { key: new ArrayBuffer(1) };
      refuses(
        () => validateCrypto(null, role),
        errors.ErrorQUICOptionInvalid,
        'crypto',
      );
      refuses(
        () => validateCrypto({ ...valid, ops: 1 }, role),
        errors.ErrorQUICOptionInvalid,
        'crypto.ops',
      );
      refuses(
        () => validateCrypto({ ...valid, ops: {} }, role),
        errors.ErrorQUICOptionInvalid,
        `crypto.ops.${role === 'server' ? 'sign' : 'randomBytes'}`,
      );
    }
  });
});

test('long values are abbreviated', () => {
  assert.equal(describeValue('x'.repeat(1000)), `string "${'x'.repeat(40)}…"`);
  assert.equal(describeValue(key), `string of ${key.length} characters`);
  assert.equal(describeValue(-1), 'number -1');
  assert.equal(describeValue([1, 2]), 'array of 2 elements');
  assert.equal(describeValue(Buffer.alloc(2)), 'Buffer of 2 bytes');
  assert.equal(describeValue(null), 'null');
  assert.equal(describeValue(Symbol('s')), 'symbol');
  assert.equal(describeValue(Object.create(null)), 'object');
});
