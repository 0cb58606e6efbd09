import { types } from 'node:util';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { fail } from './describe.js';
import { isIntegerWithin } from './values.js';

/**
 * Checks a session that can be left out. What it holds is not looked at: it may be of another
 * version.
 */
export function validateSession(value: unknown): void {
  if (value !== undefined && !types.isUint8Array(value)) {
    fail(
      ErrorQUICOptionInvalid,
      'session',
      value,
      'the Uint8Array of an EventQUICConnectionSession',
    );
  }
}

/**
 * Checks the milliseconds of `minIdleTimeout`, which can be left out.
 */
export function validateMinIdleTimeout(
  value: unknown,
  option = 'minIdleTimeout',
): void {
  if (value === undefined) return;
  // NaN is not >= 0
  if (typeof value !== 'number' || !(value >= 0)) {
    fail(
      ErrorQUICOptionInvalid,
      option,
      value,
      'milliseconds of at least 0, or Infinity',
    );
  }
}

// As node:net has it; RFC 8305 section 5 wants no less
const leastAttemptTimeout = 10;

const longestTimer = 2 ** 31 - 1;

/**
 * Checks how long an attempt to connect is waited for before the next one begins.
 */
export function validateAttemptTimeout(value: unknown, option: string): void {
  if (!isIntegerWithin(value, leastAttemptTimeout, longestTimer)) {
    fail(
      ErrorQUICOptionInvalid,
      option,
      value,
      `an integer from ${leastAttemptTimeout} to ${longestTimer} (milliseconds)`,
    );
  }
}
