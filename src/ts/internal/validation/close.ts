import { types } from 'node:util';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { fail } from './describe.js';
import { isIntegerWithin, validateBoolean, validateObject } from './values.js';

/**
 * Checks how a connection, client or server is told to close.
 */
export function validateCodeArgs(args: unknown): void {
  validateObject(args, 'options');
  const { isApp, errorCode, reason, force } = args as Record<string, unknown>;
  validateBoolean(isApp, 'isApp');
  // RFC 9000 section 20.2 allows 62 bits, more than a number is exact for
  if (
    errorCode !== undefined &&
    !isIntegerWithin(errorCode, 0, Number.MAX_SAFE_INTEGER)
  ) {
    fail(
      ErrorQUICOptionInvalid,
      'errorCode',
      errorCode,
      'an integer from 0 to 2^53 - 1',
    );
  }
  const isText = typeof reason === 'string';
  if (reason !== undefined && !isText && !types.isUint8Array(reason)) {
    fail(ErrorQUICOptionInvalid, 'reason', reason, 'a string or a Uint8Array');
  }
  validateBoolean(force, 'force');
}
