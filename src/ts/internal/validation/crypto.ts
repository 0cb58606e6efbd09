import { types } from 'node:util';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { describeSecret, fail, optionError } from './describe.js';
import { isIntegerWithin, validateObject } from './values.js';

// In bytes. It is hashed when a socket starts, on the thread of JavaScript
const maxKeySize = 2 ** 20;

/**
 * Checks `crypto`, which can be left out; a server's needs a `key`.
 */
export function validateCrypto(
  value: unknown,
  role: 'client' | 'server',
): void {
  if (value === undefined) return;
  validateObject(value, 'crypto');
  const { key, ops } = value as Record<string, unknown>;
  if (role === 'server') {
    const isBuffer = types.isArrayBuffer(key) || ArrayBuffer.isView(key);
    if (!isBuffer || !isIntegerWithin(key.byteLength, 1, maxKeySize)) {
      throw optionError(
        ErrorQUICOptionInvalid,
        'crypto.key',
        describeSecret(key),
        'an ArrayBuffer of at least 1 byte, and of at most 1 MiB',
      );
    }
  }
  if (ops === undefined) return;
  validateObject(ops, 'crypto.ops');
  const names = role === 'server' ? ['sign', 'verify'] : ['randomBytes'];
  for (const name of names) {
    const op = (ops as Record<string, unknown>)[name];
    if (typeof op !== 'function') {
      fail(ErrorQUICOptionInvalid, `crypto.ops.${name}`, op, 'a function');
    }
  }
}
