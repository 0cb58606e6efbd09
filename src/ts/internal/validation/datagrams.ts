import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { fail } from './describe.js';
import { isIntegerWithin } from './values.js';

/**
 * Checks how many datagrams a queue holds.
 */
export function validateHighWaterMark(value: unknown, option: string): number {
  if (!isIntegerWithin(value, 1, maxQueue)) {
    fail(
      ErrorQUICOptionInvalid,
      option,
      value,
      `an integer from 1 to ${maxQueue} (datagrams)`,
    );
  }
  return value as number;
}

export const maxQueue = 2 ** 31 - 1;
