import assert from 'node:assert/strict';
import {
  createHmac,
  createPrivateKey,
  timingSafeEqual,
  X509Certificate,
} from 'node:crypto';
import { EventEmitter, getMaxListeners } from 'node:events';
import { describe, test } from 'node:test';
import {
  type Callback,
  type ConnectionIdString,
  errors,
  type Host,
  QUICConnectionId,
  type QUICServerCrypto,
  type StreamId,
  utils,
} from '@matrixai/quic';

const mapped = ['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:FFFF:7F00:1'];

describe('IP addresses', () => {
  test('families are told apart', () => {
    assert.ok(utils.isIPv4('127.0.0.1'));
    assert.ok(!utils.isIPv4('::1'));
    assert.ok(!utils.isIPv4('localhost'));
    for (const host of ['::1', '::', 'fe80::1%eth0', ...mapped]) {
      assert.ok(utils.isIPv6(host), host);
      assert.ok(!utils.isIPv4(host), host);
    }
    assert.ok(!utils.isIPv6('localhost'));
  });

  test('IPv4-mapped IPv6 addresses are recognised', () => {
    for (const host of mapped) assert.ok(utils.isIPv4MappedIPv6(host), host);
    for (const host of ['::1', 'fe80::1%eth0', '127.0.0.1', 'localhost', '']) {
      assert.ok(!utils.isIPv4MappedIPv6(host), host);
    }
    assert.ok(utils.isIPv4MappedIPv6Dec('::ffff:127.0.0.1'));
    assert.ok(!utils.isIPv4MappedIPv6Dec('::ffff:7f00:1'));
    assert.ok(utils.isIPv4MappedIPv6Hex('::ffff:7f00:1'));
    assert.ok(!utils.isIPv4MappedIPv6Hex('::ffff:127.0.0.1'));
  });

  test('IPv4 maps to IPv6 and back', () => {
    assert.equal(utils.toIPv4MappedIPv6Dec('127.0.0.1'), '::ffff:127.0.0.1');
    assert.equal(utils.toIPv4MappedIPv6Hex('127.0.0.1'), '::ffff:7f00:1');
    for (const host of mapped) {
      assert.equal(utils.fromIPv4MappedIPv6(host), '127.0.0.1');
      assert.equal(utils.toCanonicalIP(host), '127.0.0.1');
    }
    assert.equal(utils.toCanonicalIP('10.0.0.1'), '10.0.0.1');
    assert.equal(utils.toCanonicalIP('::1'), '::1');
  });

  test('converting an address of another kind is the error of version 2, which says what it got', () => {
    const { toIPv4MappedIPv6Dec, toIPv4MappedIPv6Hex } = utils;
    for (const [convert, host, message] of [
      [toIPv4MappedIPv6Dec, '::1', 'Invalid IPv4 address'],
      [toIPv4MappedIPv6Hex, 'localhost', 'Invalid IPv4 address'],
      [utils.fromIPv4MappedIPv6, '::1', 'Invalid IPv4 mapped IPv6 address'],
      [utils.toCanonicalIP, 'localhost', 'Invalid IP address'],
    ] as const) {
      assert.throws(
        () => convert(host),
        (e: unknown) => {
          assert.ok(e instanceof TypeError);
          assert.equal(e.message, message);
          const { data } = e as Error & { data: errors.OptionInvalidData };
          assert.equal(data.option, 'host');
          assert.equal(data.got, `string "${host}"`);
          assert.match(data.expected, /address/);
          return true;
        },
      );
    }
  });

  test('addresses that only look alike are told apart', () => {
    for (const host of ['::127.0.0.1', '::ffff:0:127.0.0.1', '::7f00:1']) {
      assert.ok(!utils.isIPv4MappedIPv6(host), host);
      assert.equal(utils.toCanonicalIP(host), host);
    }
    for (const host of ['0.0.0.1', '::ffff:0:1', '::ffff:0.0.0.1', '::1']) {
      assert.ok(!utils.isHostWildcard(host as Host), host);
    }
    for (const zone of ['eth0', 'eth0.100', 'wlan0-1.2.3.4']) {
      assert.ok(!utils.isIPv4MappedIPv6(`fe80::1%${zone}`), zone);
      assert.ok(utils.isIPv4MappedIPv6Hex(`::ffff:7f00:1%${zone}`), zone);
    }
  });

  test('wildcards resolve to the loopback address of their kind', () => {
    const loopbacks = {
      '0.0.0.0': '127.0.0.1',
      '::': '::1',
      '::0': '::1',
      '0:0:0:0:0:0:0:0': '::1',
      '::ffff:0.0.0.0': '::ffff:127.0.0.1',
      '::ffff:0:0': '::ffff:127.0.0.1',
    };
    for (const [wildcard, loopback] of Object.entries(loopbacks)) {
      assert.ok(utils.isHostWildcard(wildcard as Host), wildcard);
      assert.equal(utils.resolvesZeroIP(wildcard as Host), loopback);
    }
    for (const host of ['127.0.0.1', '::1', 'fe80::1%eth0', ...mapped]) {
      assert.ok(!utils.isHostWildcard(host as Host), host);
      assert.equal(utils.resolvesZeroIP(host as Host), host);
    }
  });
});

describe('resolving hosts', () => {
  const unused = () => assert.fail('the resolver is not needed');

  test('an IP address resolves to itself', async () => {
    assert.deepEqual(await utils.resolveHost('127.0.0.1', unused), [
      '127.0.0.1',
      'udp4',
    ]);
    assert.deepEqual(await utils.resolveHost('::1', unused), ['::1', 'udp6']);
  });

  test('a hostname resolves by the resolver given', async () => {
    assert.deepEqual(await utils.resolveHost('four', () => '10.0.0.1'), [
      '10.0.0.1',
      'udp4',
    ]);
    assert.deepEqual(await utils.resolveHost('six', async () => '::2'), [
      '::2',
      'udp6',
    ]);
  });

  test("localhost resolves by the operating system's resolver", async () => {
    const host = await utils.resolveHostname('localhost');
    assert.ok(host === '127.0.0.1' || host === '::1', host);
  });

  test('a host that does not resolve is a typed error with its cause', async () => {
    const cause = new Error('no such host');
    await assert.rejects(
      utils.resolveHost('nowhere.invalid', () => Promise.reject(cause)),
      (e: unknown) =>
        e instanceof errors.ErrorQUICHostInvalid &&
        e.cause === cause &&
        e.message.includes('nowhere.invalid'),
    );
    await assert.rejects(
      utils.resolveHost('sync', () => {
        throw cause;
      }),
      errors.ErrorQUICHostInvalid,
    );
  });

  test('a resolver that returns names is asked for these, in turn', async () => {
    const names: Record<string, string> = { a: 'b', b: 'c', c: '::1' };
    const asked: string[] = [];
    const resolved = await utils.resolveHost('a', (name) => {
      asked.push(name);
      return names[name];
    });
    assert.deepEqual(resolved, ['::1', 'udp6']);
    assert.deepEqual(asked, ['a', 'b', 'c']);
  });

  test('a resolver that returns no IP address is a typed error', async () => {
    for (const result of ['another.name', '', undefined]) {
      await assert.rejects(
        utils.resolveHost('name', () => result as string),
        errors.ErrorQUICHostInvalid,
      );
    }
  });
});

describe('targets of a socket', () => {
  const refused = null;
  type Row = [
    socketHost: string,
    socketType: 'ipv4' | 'ipv6' | 'ipv4&ipv6',
    targetHost: string,
    expected: string | null,
  ];
  const rows: Row[] = [
    ['127.0.0.1', 'ipv4', '127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', 'ipv4', '::ffff:127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', 'ipv4', '::ffff:7f00:1', '127.0.0.1'],
    ['127.0.0.1', 'ipv4', '::1', refused],
    ['::1', 'ipv6', '::1', '::1'],
    ['::1', 'ipv6', '127.0.0.1', refused],
    ['::1', 'ipv6', '::ffff:127.0.0.1', refused],
    ['::', 'ipv4&ipv6', '::1', '::1'],
    ['::', 'ipv4&ipv6', '127.0.0.1', '::ffff:127.0.0.1'],
    ['::', 'ipv4&ipv6', '::ffff:7f00:1', '::ffff:7f00:1'],
    ['::ffff:127.0.0.1', 'ipv4', '127.0.0.1', '::ffff:127.0.0.1'],
    ['::ffff:127.0.0.1', 'ipv4', '::ffff:7f00:1', '::ffff:7f00:1'],
    ['::ffff:127.0.0.1', 'ipv4', '::1', refused],
    ['::', 'ipv6', '127.0.0.1', refused],
    ['127.0.0.1', 'ipv4', '0.0.0.0', refused],
    ['::1', 'ipv6', '::', refused],
    ['::', 'ipv4&ipv6', '0:0:0:0:0:0:0:0', refused],
    ['::', 'ipv4&ipv6', '::ffff:0:0', refused],
  ];
  for (const [socketHost, socketType, targetHost, expected] of rows) {
    test(`${socketHost} (${socketType}) to ${targetHost}: ${expected ?? 'refused'}`, () => {
      const validate = () =>
        utils.validateTarget(
          socketHost as Host,
          socketType,
          targetHost as Host,
          utils.isIPv4(targetHost) ? 'udp4' : 'udp6',
          errors.ErrorQUICClientInvalidHost,
        );
      if (expected === refused) {
        assert.throws(
          validate,
          (e: unknown) =>
            e instanceof errors.ErrorQUICClientInvalidHost &&
            e.message.includes(targetHost),
        );
      } else {
        assert.equal(validate(), expected);
      }
    });
  }
});

describe('ports and addresses', () => {
  test('ports are integers from 0 to 65535', () => {
    for (const port of [0, 1, 65535]) {
      assert.ok(utils.isPort(port));
      assert.equal(utils.toPort(port), port);
    }
    for (const port of [-1, 65536, 1.5, NaN, '80', undefined, null]) {
      assert.ok(!utils.isPort(port));
      assert.throws(() => utils.toPort(port), errors.ErrorQUICPortInvalid);
    }
  });

  test('an address has an IPv6 host in brackets', () => {
    assert.equal(utils.buildAddress('127.0.0.1', 80), '127.0.0.1:80');
    assert.equal(utils.buildAddress('::1', 80), '[::1]:80');
    assert.equal(utils.buildAddress('localhost'), 'localhost:0');
  });
});

describe('PEM', () => {
  const der = new Uint8Array(100).map((_, i) => i);
  const pem = utils.derToPEM(der);

  test('DER converts to PEM and back', () => {
    const lines = pem.split('\n');
    assert.equal(lines[0], '-----BEGIN CERTIFICATE-----');
    assert.ok(lines.every((line) => line.length <= 64));
    assert.deepEqual(utils.pemToDER(pem), der);
    assert.deepEqual(utils.pemToDER(pem.replaceAll('\n', '\r\n')), der);
    const part = Buffer.concat([Buffer.alloc(8), der]).subarray(8);
    assert.equal(utils.derToPEM(part), pem);
  });

  test('a string without a block is a typed error that does not show it', () => {
    assert.throws(
      () => utils.pemToDER('MIIsecret'),
      (e: unknown) =>
        e instanceof errors.ErrorQUICOptionInvalid &&
        !JSON.stringify(e).includes('secret'),
    );
  });

  test('options of all types are collected to strings', () => {
    const chain = pem + pem;
    assert.deepEqual(utils.collectPEMs(), []);
    assert.deepEqual(utils.collectPEMs([]), []);
    assert.deepEqual(utils.collectPEMs(chain), [chain]);
    assert.deepEqual(utils.collectPEMs([pem.trim(), `${chain}\n`]), [
      pem,
      chain,
    ]);
    assert.deepEqual(utils.collectPEMs(Buffer.from(pem)), [pem]);
    assert.deepEqual(utils.collectPEMs([utils.textEncoder.encode(pem)]), [pem]);
  });
});

describe('self-signed certificates', () => {
  const parse = (hosts: Array<string>) =>
    new X509Certificate(utils.selfSigned({ hosts }).cert);

  test('they are for names and addresses, as certificates have them', () => {
    const { subjectAltName, subject } = parse([
      'münchen.de',
      '*.münchen.de',
      'localhost',
      '127.0.0.1',
      '[::1]',
      'fe80::1%eth0',
    ]);
    assert.equal(
      subjectAltName,
      [
        'DNS:xn--mnchen-3ya.de, DNS:*.xn--mnchen-3ya.de, DNS:localhost',
        'IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
        'IP Address:FE80:0:0:0:0:0:0:1',
      ].join(', '),
    );
    assert.equal(subject, 'CN=xn--mnchen-3ya.de');
    const { key, cert } = utils.selfSigned({ hosts: ['münchen.de'] });
    assert.ok(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)));
  });

  test('what they cannot be for is a typed error', () => {
    for (const host of ['', 'a b', 'a,b', 'ü,b', 'ü:80', '[::1]:80', 5, null]) {
      assert.throws(
        () => utils.selfSigned({ hosts: ['localhost', host as string] }),
        (e: unknown) =>
          e instanceof errors.ErrorQUICOptionInvalid &&
          e.data.option === 'hosts[1]' &&
          e.message.startsWith('hosts[1]: expected'),
      );
    }
    for (const hosts of [[], 'localhost', null]) {
      assert.throws(
        () => utils.selfSigned({ hosts: hosts as Array<string> }),
        errors.ErrorQUICOptionInvalid,
      );
    }
  });

  test('what the engine says against them is a typed error', () => {
    const names = Array.from({ length: 5000 }, (_, i) => `host-${i}.example`);
    assert.throws(
      () => utils.selfSigned({ hosts: names }),
      (e: unknown) =>
        e instanceof errors.ErrorQUICOptionInvalid &&
        e.data.option === 'hosts' &&
        /^hosts: too many/.test(e.message),
    );
  });
});

describe('tokens', () => {
  const host = '127.0.0.1' as Host;
  const dcid = QUICConnectionId.fromString('00112233445566778899');

  function hmac(key: ArrayBuffer, data: ArrayBuffer): Buffer {
    return createHmac('sha256', Buffer.from(key))
      .update(Buffer.from(data))
      .digest();
  }

  function crypto(secret: number): QUICServerCrypto {
    return {
      key: new Uint8Array(32).fill(secret).buffer,
      ops: {
        async sign(key, data) {
          return new Uint8Array(hmac(key, data)).buffer;
        },
        async verify(key, data, sig) {
          const expected = hmac(key, data);
          const given = Buffer.from(sig);
          return (
            expected.length === given.length && timingSafeEqual(expected, given)
          );
        },
      },
    };
  }

  test('a token gives its connection ID back', async () => {
    const token = await utils.mintToken(dcid, host, crypto(1));
    const found = await utils.validateToken(token, host, crypto(1));
    assert.equal(found?.toString(), dcid.toString());
  });

  test('an empty connection ID and an IPv6 host fit', async () => {
    const none = new QUICConnectionId();
    const token = await utils.mintToken(none, '::1' as Host, crypto(1));
    const found = await utils.validateToken(token, '::1' as Host, crypto(1));
    assert.equal(found?.length, 0);
  });

  test('another host, another key and other bytes are refused', async () => {
    const token = await utils.mintToken(dcid, host, crypto(1));
    const other = '127.0.0.2' as Host;
    assert.equal(await utils.validateToken(token, other, crypto(1)), undefined);
    assert.equal(await utils.validateToken(token, host, crypto(2)), undefined);
    for (let i = 0; i < token.length; i++) {
      const changed = Buffer.from(token);
      changed[i] ^= 0x01;
      assert.equal(
        await utils.validateToken(changed, host, crypto(1)),
        undefined,
      );
      assert.equal(
        await utils.validateToken(token.subarray(0, i), host, crypto(1)),
        undefined,
      );
    }
  });

  test('tokens need the operations of crypto', async () => {
    const { key } = crypto(1);
    await assert.rejects(
      utils.mintToken(dcid, host, { key }),
      errors.ErrorQUICOptionInvalid,
    );
    await assert.rejects(
      utils.validateToken(Buffer.alloc(0), host, { key }),
      errors.ErrorQUICOptionInvalid,
    );
  });
});

describe('streams', () => {
  test('a stream ID tells who opened it and its directions', () => {
    // The last is beyond 32 bits
    for (const base of [0, 4, 2 ** 40]) {
      const [clientBidi, serverBidi, clientUni, serverUni] = [0, 1, 2, 3].map(
        (type) => (base + type) as StreamId,
      );
      for (const id of [clientBidi, clientUni]) {
        assert.ok(utils.isStreamClientInitiated(id));
        assert.ok(!utils.isStreamServerInitiated(id));
      }
      for (const id of [serverBidi, serverUni]) {
        assert.ok(utils.isStreamServerInitiated(id));
        assert.ok(!utils.isStreamClientInitiated(id));
      }
      for (const id of [clientBidi, serverBidi]) {
        assert.ok(utils.isStreamBidirectional(id));
        assert.ok(!utils.isStreamUnidirectional(id));
      }
      for (const id of [clientUni, serverUni]) {
        assert.ok(utils.isStreamUnidirectional(id));
        assert.ok(!utils.isStreamBidirectional(id));
      }
    }
  });

  test('codes of the peer are read from its errors', () => {
    const data = { code: 0 };
    const stopped = new errors.ErrorQUICStreamPeerWrite('', { data });
    const reset = new errors.ErrorQUICStreamPeerRead('', { data });
    assert.equal(utils.isStreamStopped(stopped), 0);
    assert.equal(utils.isStreamStopped(reset), false);
    assert.equal(utils.isStreamReset(reset), 0);
    assert.equal(utils.isStreamReset(stopped), false);
    assert.equal(utils.isStreamReset(new Error('StreamReset(1)')), 1);
    assert.equal(utils.isStreamStopped(new Error('StreamStopped(2)')), 2);
    assert.equal(utils.isStreamStopped(new Error('StreamReset(1)')), false);
    assert.equal(utils.isStreamReset(new Error('StreamReset(x)')), false);
  });
});

describe('the rest', () => {
  test('callbacks convert to promises', async () => {
    const give = (n: number, done: Callback<number[]>) => {
      done(null, ...[1, 2].slice(0, n));
    };
    assert.equal(await utils.promisify(give)(0), undefined);
    assert.equal(await utils.promisify(give)(1), 1);
    assert.deepEqual(await utils.promisify(give)(2), [1, 2]);
    const error = new Error('failed');
    const refuse = (done: Callback<number[]>) => done(error);
    await assert.rejects(utils.promisify(refuse)(), error);
  });

  test('a deconstructed promise settles from outside', async () => {
    const { p, resolveP } = utils.promise<number>();
    resolveP(1);
    assert.equal(await p, 1);
    const { p: p2, rejectP } = utils.promise();
    rejectP(new Error('no'));
    await assert.rejects(p2, /no/);
  });

  test('buffers wrap without copying', () => {
    const array = new Uint8Array([1, 2, 3, 4]);
    assert.deepEqual([...utils.bufferWrap(array.buffer)], [1, 2, 3, 4]);
    assert.deepEqual([...utils.bufferWrap(array, 1, 3)], [2, 3, 4]);
    assert.deepEqual([...utils.bufferWrap(array.subarray(1))], [2, 3, 4]);
    // The offset is in the ArrayBuffer
    assert.deepEqual([...utils.bufferWrap(array.subarray(2), 1, 1)], [2]);
    utils.bufferWrap(array)[0] = 9;
    assert.equal(array[0], 9);
  });

  test('connection IDs encode to hex', () => {
    const id = utils.decodeConnectionId('0aff' as ConnectionIdString);
    assert.deepEqual([...id], [0x0a, 0xff]);
    assert.equal(utils.encodeConnectionId(id), '0aff');
  });

  test('errors format with what they have', () => {
    assert.equal(utils.formatError(new TypeError('why')), 'TypeError - why');
    assert.equal(utils.formatError(new Error()), 'Error - ');
    assert.equal(
      utils.formatError(new errors.ErrorQUICPortInvalid('why')),
      'ErrorQUICPortInvalid: Port is invalid - why',
    );
  });

  test('never throws', () => {
    assert.throws(
      () => utils.never('here'),
      errors.ErrorQUICUndefinedBehaviour,
    );
  });

  test('micro tasks run while yielding', async () => {
    let ran = false;
    queueMicrotask(() => {
      ran = true;
    });
    await utils.yieldMicro();
    assert.ok(ran);
  });

  test('the number of listeners can be raised', () => {
    const target = new EventTarget();
    utils.setMaxListeners(target);
    assert.equal(getMaxListeners(target), 100000);
    const emitter = new EventEmitter();
    utils.setMaxListeners(emitter, 20);
    assert.equal(getMaxListeners(emitter), 20);
  });
});
