// The addon is given what is wrong: it must say so, and touch no memory that is not there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Binding } from '#internal/engine/binding.js';
import { environment } from '#internal/engine/Environment.js';
import { ConnectionNumber, Layout } from '#internal/engine/shared.js';

const { binding } = environment();

/** A wrong argument for each method that takes any, and what the error says that it wants. */
const wrong: Array<
  [name: keyof Binding, args: Array<unknown>, expected: string]
> = [
  ['environmentCloseConnections', ['50'], 'an integer of 32 bits'],
  ['environmentDrain', [new Float64Array(8)], 'a Uint8Array'],
  [
    'environmentStats',
    [true, new Float64Array(6)],
    'a Float64Array of at least 7 elements',
  ],
  [
    'environmentStats',
    [true, new Uint8Array(56)],
    'a Float64Array of at least 7 elements',
  ],
  ['issue', [30], 'a string'],
  ['configCheck', [{}, true], 'a string'],
  ['authoritiesSet', ['', '', 1, true], 'a boolean'],
  ['transportOpenNative', ['::', 65_536, false, false], 'a port'],
  [
    'transportOpenVirtual',
    ['::', 0, new Uint8Array(), new Uint8Array(), false, new ArrayBuffer(8)],
    'a Uint8Array',
  ],
  [
    'transportDeliver',
    [1, new Uint8Array(8), 9],
    'no more than the size of the array before it',
  ],
  ['transportDeliver', [1, new Uint8Array(8), -1], 'a size'],
  ['transportRelease', [1, 2 ** 31], 'an integer of 32 bits'],
  ['transportSend', [1, 0, 'text', '::1', 1], 'a Uint8Array'],
  ['transportReadRawDatagrams', [1, new Uint16Array(8)], 'a Uint8Array'],
  [
    'transportStats',
    [1, new BigInt64Array(8)],
    'a Float64Array of at least 6 elements',
  ],
  ['transportClose', [-1], 'a handle'],
  ['listenerOpen', [1], 'a string'],
  ['connectionDial', [1, '::1', 1, 'name', 'config', null], 'a Uint8Array'],
  ['connectionVerdict', [1, 1, 256], 'an integer from 0 to 255'],
  [
    'connectionStats',
    [1, new Float64Array(ConnectionNumber.count - 1)],
    'a Float64Array of at least 15 elements',
  ],
  ['connectionClose', [1, true, 0, [1, 2]], 'a Uint8Array'],
  [
    'connectionOpenStream',
    [1, true, new Float64Array(0)],
    'a Float64Array of at least 1 elements',
  ],
  ['datagramsRead', [1, new DataView(new ArrayBuffer(8))], 'a Uint8Array'],
  [
    'datagramsWrite',
    [1, new Uint8Array(8), 2 ** 31 + 8, 1, new Float64Array(1)],
    'no more than the size of the array before it',
  ],
  [
    'datagramsStats',
    [1, new Float32Array(3)],
    'a Float64Array of at least 3 elements',
  ],
  ['streamRead', [1, new Int8Array(8)], 'a Uint8Array'],
  ['streamWrite', [1, new Uint8Array(8), undefined], 'a boolean'],
  ['streamReset', [1, '0'], 'a number'],
  ['streamSetPriority', [1, 0.5, true], 'an integer from 0 to 255'],
];

for (const [name, args, expected] of wrong) {
  test(`${String(name)} wants ${expected}`, () => {
    const method = binding[name] as (...args: Array<unknown>) => unknown;
    assert.throws(() => method(...args), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_TYPE',
      message: new RegExp(`: expected ${expected}, got `),
    });
  });
}

test('a ring must have room for a datagram', () => {
  const none = new Uint8Array(0);
  for (const size of [0, Layout.slot - 1]) {
    const ring = new Uint8Array(size);
    assert.throws(
      () =>
        binding.transportOpenVirtual(
          ...(['::1', 1, none, none, false, ring, -1, false] as const),
        ),
      { message: 'the ring has no room for a datagram' },
    );
  }
});

test('every method that takes arguments refuses a call without', () => {
  const without = [
    'environmentClose',
    'environmentAbandon',
    'environmentRef',
    'environmentUnref',
  ];
  for (const [name, method] of Object.entries(binding)) {
    if (without.includes(name)) continue;
    assert.throws(method as () => unknown, TypeError, name);
  }
});

test('views on a part of a buffer are taken for what they are', () => {
  const numbers = new Float64Array(new ArrayBuffer(80), 8, 7);
  binding.environmentStats(false, numbers);
  assert.ok(numbers[4] > 0);
  assert.equal(new Float64Array(numbers.buffer)[0], 0);
});
