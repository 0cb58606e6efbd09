import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { getMaxListeners } from 'node:events';
import { isIPv6, SocketAddress } from 'node:net';
import { test } from 'node:test';
import * as v3 from '@matrixai/quic';
import * as v2 from '@matrixai/quic-v2';
import fc from 'fast-check';
import { seed } from '../helpers/random.js';

// Each function of `utils` gets the same generated inputs in both versions. The differences that
// remain are the ones of docs/migrating-from-2.md: each has a test below, and the inputs that show
// it are left out elsewhere.

type Version = typeof v2 | typeof v3;
type Outcome = { returned: unknown } | { threw: string; message?: string };

async function outcome(call: () => unknown): Promise<Outcome> {
  try {
    return { returned: await call() };
  } catch (e) {
    assert.ok(e instanceof Error, `${e}`);
    // Errors of the library say more than they did
    return e instanceof TypeError || e instanceof RangeError
      ? { threw: e.name, message: e.message }
      : { threw: e.name };
  }
}

const compared = new Set<string>();

/**
 * Calls a function of both versions with what `args` makes of generated values, and compares what
 * comes of it.
 */
async function assertSame<T extends Array<unknown>>(
  name: keyof typeof v2.utils,
  inputs: fc.Arbitrary<T>,
  args: (input: T, version: Version) => Array<unknown> = (input) => input,
): Promise<void> {
  compared.add(name);
  const call = (version: Version, input: T) => {
    const f = version.utils[name] as (...args: Array<unknown>) => unknown;
    return outcome(() => f(...args(input, version)));
  };
  await fc.assert(
    fc.asyncProperty(inputs, async (input) => {
      assert.deepEqual(await call(v3, input), await call(v2, input));
    }),
    { seed },
  );
}

/** In the text that the operating system gives it. */
function canonical(host: string): string {
  return isIPv6(host)
    ? new SocketAddress({ address: host, family: 'ipv6' }).address
    : host;
}

const ipv4 = fc.oneof(
  fc.ipV4(),
  fc.constantFrom('0.0.0.0', '0.0.0.1', '127.0.0.1'),
);
const mappedHex = fc
  .tuple(fc.nat(0xffff), fc.nat(0xffff))
  .map(([a, b]) => `::ffff:${a.toString(16)}:${b.toString(16)}`);
const mapped = fc.oneof(
  ipv4.map((host) => `::ffff:${host}`),
  mappedHex,
);
const ipv6 = fc.oneof(
  fc.ipV6().map(canonical),
  fc.constantFrom('::', '::0', '::1', 'fe80::1%eth0'),
);
const ip = fc.oneof(ipv4, ipv6, mapped);
const host = fc.oneof(ip, fc.ipV4Extended(), fc.domain(), fc.string());
/** IPv6 in any way of writing. */
const anyIPv6 = fc
  .oneof(fc.ipV6(), mapped)
  .chain((host) =>
    fc.mixedCase(fc.constant(host), { toggleCase: (c) => c.toUpperCase() }),
  );

test('what tells addresses apart', async () => {
  await assertSame('isIPv4', fc.tuple(host));
  await assertSame('isIPv6', fc.tuple(fc.oneof(host, anyIPv6)));
  await assertSame('isIPv4MappedIPv6', fc.tuple(host));
  await assertSame('isIPv4MappedIPv6Dec', fc.tuple(host));
  const inHex = host.filter((host) => !/^::ffff:.*\./.test(host));
  await assertSame('isIPv4MappedIPv6Hex', fc.tuple(inHex));
  await assertSame('isHostWildcard', fc.tuple(host));
});

test('what converts addresses', async () => {
  await assertSame('toIPv4MappedIPv6Dec', fc.tuple(host));
  await assertSame('toIPv4MappedIPv6Hex', fc.tuple(host));
  // Of another IPv6 address version 2 makes up an IPv4 address
  const mappedOrNone = fc.oneof(
    mapped,
    host.filter((host) => !isIPv6(host)),
  );
  await assertSame('fromIPv4MappedIPv6', fc.tuple(mappedOrNone));
  await assertSame('toCanonicalIP', fc.tuple(host));
  await assertSame('resolvesZeroIP', fc.tuple(host));
});

test('what resolves hosts', async () => {
  const resolver = () =>
    fc.oneof(
      ip.map((ip) => () => ip),
      ip.map((ip) => async () => ip),
      ip.map((ip) => (name: string) => (name === 'last' ? ip : 'last')),
      fc.constant(() => {
        throw new Error('unknown');
      }),
      fc.constant(() => Promise.reject(new Error('unknown'))),
    );
  await assertSame('resolveHost', fc.tuple(host, resolver()));
  const known = fc.constantFrom('localhost', '127.0.0.1', '::1');
  await assertSame('resolveHostname', fc.tuple(known));
});

test('what finds the address of a target', async () => {
  const types = fc.constantFrom('ipv4', 'ipv6', 'ipv4&ipv6');
  await assertSame(
    'validateTarget',
    fc.tuple(ip, types, ip),
    ([socketHost, type, target], { errors }) => [
      socketHost,
      type,
      target,
      isIPv6(target) ? 'udp6' : 'udp4',
      errors.ErrorQUICClientInvalidHost,
    ],
  );
});

test('ports and addresses', async () => {
  const port = fc.oneof(
    fc.integer({ min: -1, max: 65536 }),
    fc.constantFrom(NaN, Infinity, '80', '', undefined, null, true, {}, []),
  );
  await assertSame('isPort', fc.tuple(port));
  await assertSame('toPort', fc.tuple(port));
  await assertSame('buildAddress', fc.tuple(host));
  await assertSame('buildAddress', fc.tuple(host, port));
});

test('buffers', async () => {
  const bytes = fc.uint8Array({ minLength: 8, maxLength: 8 });
  const array = bytes.chain((bytes) =>
    fc.constantFrom(
      bytes,
      bytes.buffer,
      bytes.subarray(2),
      new Uint16Array(bytes.buffer, 2),
      new DataView(bytes.buffer, 3),
      Buffer.from(bytes.buffer, 1),
      new SharedArrayBuffer(8),
    ),
  );
  const number = fc.option(fc.integer({ min: -1, max: 9 }), { nil: undefined });
  await assertSame('bufferWrap', fc.tuple(array));
  await assertSame('bufferWrap', fc.tuple(array, number));
  await assertSame('bufferWrap', fc.tuple(array, number, number));
  const array8 = new Uint8Array(8);
  assert.equal(v3.utils.bufferWrap(array8, 2, 3).buffer, array8.buffer);
});

test('PEM', async () => {
  const label = fc.constantFrom('CERTIFICATE', 'PRIVATE KEY');
  const der = fc.uint8Array({ maxLength: 200 });
  await assertSame('derToPEM', fc.tuple(der));
  await assertSame(
    'derToPEM',
    fc.tuple(fc.constantFrom(new ArrayBuffer(1), [1])),
  );
  const pem = fc
    .tuple(der, label, fc.constantFrom('\n', '\r\n'))
    .map(([der, label, newline]) =>
      v2.utils
        .derToPEM(der)
        .replaceAll('CERTIFICATE', label)
        .replaceAll('\n', newline),
    );
  await assertSame('pemToDER', fc.tuple(pem));
  const part = fc.oneof(
    pem,
    fc.string(),
    pem.map((pem) => Buffer.from(pem)),
  );
  const pems = fc.oneof(
    part,
    fc.array(part),
    fc.constantFrom(undefined, null, 5, {}),
  );
  await assertSame('collectPEMs', fc.tuple(pems));
});

test('errors', async () => {
  await assertSame('never', fc.tuple(fc.string()));
  const error = fc
    .tuple(fc.string(), fc.string(), fc.option(fc.string()))
    .map(([name, message, description]) =>
      Object.assign(
        new Error(message),
        { name },
        description !== null && { description },
      ),
    );
  await assertSame('formatError', fc.tuple(error));

  const code = fc.oneof(
    fc.nat().map(String),
    fc.string(),
    fc.maxSafeNat().map((code) => `${code}0`),
  );
  const message = fc
    .tuple(fc.constantFrom('StreamStopped', 'StreamReset', 'Done'), code)
    .map(([name, code]) => new Error(`${name}(${code})`));
  await assertSame('isStreamStopped', fc.tuple(message));
  await assertSame('isStreamReset', fc.tuple(message));
});

test('connection IDs and stream IDs', async () => {
  const bytes = fc.uint8Array().map((bytes) => Buffer.from(bytes));
  await assertSame('encodeConnectionId', fc.tuple(bytes));
  const hex = fc.oneof(
    bytes.map((b) => b.toString('hex')),
    fc.string(),
  );
  await assertSame('decodeConnectionId', fc.tuple(hex));
  const id = fc.oneof(fc.maxSafeNat(), fc.nat(7));
  await assertSame('isStreamClientInitiated', fc.tuple(id));
  await assertSame('isStreamServerInitiated', fc.tuple(id));
  await assertSame('isStreamBidirectional', fc.tuple(id));
  await assertSame('isStreamUnidirectional', fc.tuple(id));
});

function crypto(secret: number) {
  const mac = (key: ArrayBuffer, data: ArrayBuffer) =>
    createHmac('sha256', Buffer.from(key)).update(Buffer.from(data)).digest();
  return {
    key: new Uint8Array(16).fill(secret).buffer,
    ops: {
      async sign(key: ArrayBuffer, data: ArrayBuffer) {
        return new Uint8Array(mac(key, data)).buffer;
      },
      async verify(key: ArrayBuffer, data: ArrayBuffer, sig: ArrayBuffer) {
        return mac(key, data).equals(Buffer.from(sig));
      },
    },
  };
}

test('tokens are the same, and those of either version are valid in the other one', async () => {
  const id = fc.uint8Array({ maxLength: 20 });
  const secret = fc.nat(255);
  await assertSame(
    'mintToken',
    fc.tuple(id, ip, secret),
    ([id, host, secret], { QUICConnectionId }) => [
      new QUICConnectionId(id),
      host,
      crypto(secret),
    ],
  );
  compared.add('validateToken');
  await fc.assert(
    fc.asyncProperty(id, ip, ip, secret, async (id, host, other, secret) => {
      for (const [from, to] of [
        [v2, v3],
        [v3, v2],
      ] as Array<[any, any]>) {
        const token = await from.utils.mintToken(
          new from.QUICConnectionId(id),
          host,
          crypto(secret),
        );
        const validate = async (host: string, secret: number) =>
          (
            await to.utils.validateToken(token, host, crypto(secret))
          )?.toString();
        assert.equal(
          await validate(host, secret),
          Buffer.from(id).toString('hex'),
        );
        assert.equal(await validate(host, secret ^ 1), undefined);
        if (other !== host) {
          assert.equal(await validate(other, secret), undefined);
        }
      }
    }),
    { seed },
  );
  const bytes = fc.oneof(fc.uint8Array(), fc.json(), fc.string());
  await assertSame('validateToken', fc.tuple(bytes), ([bytes]) => [
    Buffer.from(bytes as string),
    '127.0.0.1',
    crypto(1),
  ]);
});

test('promises', async () => {
  const error = fc.constantFrom(null, undefined, new Error('failed'));
  const results = fc.array(fc.anything({ maxDepth: 0 }), { maxLength: 3 });
  compared.add('promisify');
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(error, fc.constantFrom(0, '', false)),
      results,
      async (error, results) => {
        const call = async ({ utils }: Version) => {
          const promisify = utils.promisify as (
            f: (...args: Array<any>) => void,
          ) => (...args: Array<any>) => Promise<unknown>;
          const f = promisify(function (this: object, ...args) {
            args.pop()(error, this, ...args, ...results);
          });
          const self = { self: true };
          return f
            .call(self, 1, 2)
            .then((returned) => ({ returned }))
            .catch((threw) => ({ threw }));
        };
        assert.deepEqual(await call(v3), await call(v2));
      },
    ),
    { seed },
  );
  for (const { utils } of [v2, v3]) {
    const { p, resolveP, rejectP } = utils.promise<number>();
    resolveP(1);
    rejectP(new Error('too late'));
    assert.equal(await p, 1);
    assert.equal(await utils.yieldMicro(), undefined);
    const target = new EventTarget();
    utils.setMaxListeners(target);
    assert.equal(getMaxListeners(target), 100000);
    for (const [text, bytes] of [['é', Buffer.from('é')]] as const) {
      assert.deepEqual(Buffer.from(utils.textEncoder.encode(text)), bytes);
      assert.equal(utils.textDecoder.decode(bytes), text);
    }
  }
  for (const name of [
    'promise',
    'yieldMicro',
    'setMaxListeners',
    'textEncoder',
    'textDecoder',
  ]) {
    compared.add(name);
  }
});

test('promisify keeps this', async () => {
  const socket = createSocket('udp4');
  const bind: (port: number, host: string) => Promise<void> = v3.utils
    .promisify<[], [number, string], void>(socket.bind)
    .bind(socket);
  await bind(0, '127.0.0.1');
  assert.ok(socket.address().port > 0);
  await v3.utils.promisify<[], [], void>(socket.close).call(socket);
});

test('every function of version 2 is compared', () => {
  assert.deepEqual([...compared].sort(), Object.keys(v2.utils).sort());
});

test('difference: addresses are known in any way of writing, and only those', () => {
  const { utils } = v3;
  for (const host of [
    '::FFFF:7F00:1',
    '0:0:0:0:0:ffff:7f00:1',
    '0::ffff:127.0.0.1',
  ]) {
    assert.equal(v2.utils.isIPv4MappedIPv6(host), false);
    assert.equal(utils.isIPv4MappedIPv6(host), true);
    assert.equal(utils.toCanonicalIP(host), '127.0.0.1');
  }
  for (const host of ['::ffff:0', '::ffff:0:127.0.0.1']) {
    assert.equal(v2.utils.isIPv4MappedIPv6(host), true);
    assert.equal(utils.isIPv4MappedIPv6(host), false);
    assert.equal(utils.toCanonicalIP(host), host);
  }
  const { isIPv6 } = v2.utils;
  assert.equal(isIPv6('fe80::1%eth0.1'), false);
  assert.equal(utils.isIPv6('fe80::1%eth0.1'), true);
  const wildcard = '0:0:0:0:0:0:0:0' as v3.Host;
  assert.equal(v2.utils.isHostWildcard(wildcard as any), false);
  assert.equal(utils.isHostWildcard(wildcard), true);
  assert.equal(v2.utils.fromIPv4MappedIPv6('ffff::7f00:1'), '15.0.0.1');
  assert.throws(() => utils.fromIPv4MappedIPv6('ffff::7f00:1'), TypeError);

  // All that both agree on otherwise, in any way of writing
  fc.assert(
    fc.property(anyIPv6, (host) => {
      const text = canonical(host);
      assert.equal(
        utils.isIPv4MappedIPv6(host),
        v2.utils.isIPv4MappedIPv6(text),
      );
      const isMapped = utils.isIPv4MappedIPv6(host);
      assert.equal(
        utils.toCanonicalIP(host),
        isMapped ? v2.utils.toCanonicalIP(text) : host,
      );
      if (!isMapped) {
        assert.throws(() => utils.fromIPv4MappedIPv6(host), TypeError);
      }
      assert.equal(
        utils.isHostWildcard(host as v3.Host),
        v2.utils.isHostWildcard(text as any),
      );
    }),
    { seed },
  );
});

test('difference: dotted decimal is not hex', () => {
  const host = '::ffff:127.0.0.1';
  assert.equal(v2.utils.isIPv4MappedIPv6Hex(host), true);
  assert.equal(v3.utils.isIPv4MappedIPv6Hex(host), false);
});

test('difference: a port is an integer', () => {
  assert.equal(v2.utils.isPort(1.5), true);
  assert.equal(v3.utils.isPort(1.5), false);
  assert.equal(v2.utils.toPort(1.5), 1.5);
  assert.throws(() => v3.utils.toPort(1.5), v3.errors.ErrorQUICPortInvalid);
});

test('difference: a string without a PEM block is an error', () => {
  for (const text of ['', 'no PEM', 'AAEC']) {
    assert.ok(v2.utils.pemToDER(text) instanceof Uint8Array);
    assert.throws(
      () => v3.utils.pemToDER(text),
      v3.errors.ErrorQUICOptionInvalid,
    );
  }
});

test('difference: a resolver that returns no text or goes round in circles is a typed error', async () => {
  const { resolveHost } = v3.utils;
  const { ErrorQUICHostInvalid } = v3.errors;
  await assert.rejects(
    v2.utils.resolveHost('name', () => undefined as any),
    TypeError,
  );
  for (const result of [undefined, null, 5]) {
    await assert.rejects(
      resolveHost('name', () => result as any),
      ErrorQUICHostInvalid,
    );
  }
  let calls = 0;
  const circle = (name: string) => {
    calls++;
    return name === 'a' ? 'b' : 'a';
  };
  await assert.rejects(resolveHost('a', circle), ErrorQUICHostInvalid);
  assert.equal(calls, 16);
});

test('difference: the errors of streams tell their code', () => {
  for (const [{ utils, errors }, code] of [
    [v2, false],
    [v3, 3],
  ] as const) {
    const options = { data: { code: 3 } };
    const { ErrorQUICStreamPeerRead, ErrorQUICStreamPeerWrite } = errors;
    assert.equal(
      utils.isStreamReset(new ErrorQUICStreamPeerRead('', options)),
      code,
    );
    assert.equal(
      utils.isStreamStopped(new ErrorQUICStreamPeerWrite('', options)),
      code,
    );
  }
});

test('difference: what is no host is a TypeError that says so', () => {
  for (const host of [undefined, null, 5, {}, ['127.0.0.1']] as Array<any>) {
    for (const name of ['isIPv4', 'isIPv6', 'toCanonicalIP', 'buildAddress']) {
      for (const { utils } of [v2, v3]) {
        const f = (utils as any)[name];
        assert.throws(() => f(host), TypeError, name);
      }
    }
    assert.throws(() => v3.utils.isIPv4(host), /^TypeError: host: expected/);
  }
});

test('difference: crypto without operations is a typed error', async () => {
  const { QUICConnectionId, utils, errors } = v3;
  const crypto = { key: new ArrayBuffer(1) };
  await assert.rejects(
    utils.mintToken(new QUICConnectionId(), '::1' as v3.Host, crypto),
    errors.ErrorQUICOptionInvalid,
  );
});
