import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { fail, type OptionError } from './describe.js';

export function isIntegerWithin(
  value: unknown,
  min: number,
  max: number,
): value is number {
  return (
    Number.isSafeInteger(value) &&
    (value as number) >= min &&
    (value as number) <= max
  );
}

/**
 * Checks an object of options.
 */
export function validateObject(
  value: unknown,
  option: string,
  ErrorClass: OptionError = ErrorQUICOptionInvalid,
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(ErrorClass, option, value, 'an object');
  }
}

/**
 * Checks a boolean option that can be left out.
 */
export function validateBoolean(value: unknown, option: string): void {
  if (value !== undefined && typeof value !== 'boolean') {
    fail(ErrorQUICOptionInvalid, option, value, 'a boolean');
  }
}

/**
 * Checks a signal that can be left out. As in Node's own methods it may be of another realm or
 * maker, such as that of jsdom.
 */
export function validateSignal(value: unknown, option = 'signal'): void {
  if (value === undefined) return;
  const signal = Object(value) as Record<string, unknown>;
  if (!('aborted' in signal) || typeof signal.addEventListener !== 'function') {
    fail(ErrorQUICOptionInvalid, option, value, 'an AbortSignal');
  }
}

/**
 * Checks an option that takes a function and can be left out.
 */
export function validateFunction(value: unknown, option: string): void {
  if (value !== undefined && typeof value !== 'function') {
    fail(ErrorQUICOptionInvalid, option, value, 'a function');
  }
}

export function validateCount(
  value: unknown,
  option: string,
  least: number,
): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    fail(
      ErrorQUICOptionInvalid,
      option,
      value,
      `an integer of at least ${least}`,
    );
  }
}
