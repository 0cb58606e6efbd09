import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { fail } from './describe.js';

/**
 * Checks a logger that can be left out. Any object that has the methods of a
 * `@matrixai/logger` will do, as several copies of that package can be loaded.
 */
export function validateLogger(value: unknown, option = 'logger'): void {
  if (value === undefined) return;
  const methods = ['debug', 'info', 'warn', 'error'];
  const logger = Object(value) as Record<string, unknown>;
  if (methods.some((method) => typeof logger[method] !== 'function')) {
    fail(
      ErrorQUICOptionInvalid,
      option,
      value,
      'a logger with the methods debug, info, warn and error',
    );
  }
}
