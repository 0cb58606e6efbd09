import { types } from 'node:util';
import type { OptionInvalidData } from '../errors/ErrorQUIC.js';

/**
 * A class of the errors of options.
 */
export type OptionError = new (
  message: string,
  options: { data: OptionInvalidData },
) => Error;

/**
 * Makes the error of an invalid option.
 *
 * @param option - path of the option, such as `config.maxIdleTimeout`
 * @param got - what was given, as {@link describe} or {@link describeSecret}
 *   words it
 * @param expected - what the option accepts
 */
export function optionError(
  ErrorClass: OptionError,
  option: string,
  got: string,
  expected: string,
): Error {
  return new ErrorClass(`${option}: expected ${expected}, got ${got}`, {
    data: { option, got, expected },
  });
}

/**
 * Type and abbreviated value, for an error message.
 */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string': {
      // A private key can be given to the wrong option
      if (value.includes('-----BEGIN')) return describeSecret(value);
      const shown = value.length > 40 ? `${value.slice(0, 40)}…` : value;
      return `string ${JSON.stringify(shown)}`;
    }
    case 'number':
    case 'boolean':
    case 'bigint':
      return `${typeof value} ${value}`;
    default:
      return describeSecret(value);
  }
}

/**
 * Type and size, for an error message about an option that can hold key
 * material.
 */
export function describeSecret(value: unknown): string {
  if (typeof value === 'string') return `string of ${value.length} characters`;
  if (Array.isArray(value)) return `array of ${value.length} elements`;
  if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)) {
    return `${value.constructor.name} of ${value.byteLength} bytes`;
  }
  if (value === null) return 'null';
  return typeof value;
}

export function fail(
  ErrorClass: OptionError,
  option: string,
  value: unknown,
  expected: string,
): never {
  throw optionError(ErrorClass, option, describe(value), expected);
}
