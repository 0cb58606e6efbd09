import { ErrorQUICOptionInvalid } from '../errors/options.js';
import type { StreamPriority } from '../types/stream.js';
import { fail } from './describe.js';
import { validateBoolean, validateObject } from './values.js';

/**
 * Checks the priority of a stream, of which both parts can be left out.
 */
export function validatePriority(value: unknown, option = 'priority'): void {
  validateObject(value, option);
  const { urgency, incremental } = value as Partial<StreamPriority>;
  if (
    urgency !== undefined &&
    !(Number.isInteger(urgency) && urgency >= 0 && urgency <= 7)
  ) {
    fail(
      ErrorQUICOptionInvalid,
      `${option}.urgency`,
      urgency,
      'an integer from 0 to 7',
    );
  }
  validateBoolean(incremental, `${option}.incremental`);
}

/**
 * Checks what `newStream` takes; leaving it out gives `'bidi'`.
 */
export function validateStreamType(
  value: unknown,
  option = 'type',
): 'bidi' | 'uni' {
  if (value === undefined) return 'bidi';
  if (value !== 'bidi' && value !== 'uni') {
    fail(ErrorQUICOptionInvalid, option, value, "'bidi' or 'uni'");
  }
  return value;
}
