import { ErrorQUICConnectionClosed } from '../errors/connection.js';
import { ErrorQUICConfig } from '../errors/options.js';
import type { BindingError } from './binding.js';
import { BindingErrorKind } from './shared.js';

/**
 * Calls the engine, and throws its errors as those of the public API.
 */
export function callEngine<T>(call: () => T): T {
  try {
    return call();
  } catch (e) {
    const { kind, option, message } = e as BindingError;
    switch (kind) {
      case BindingErrorKind.Config:
        throw new ErrorQUICConfig(`${option}: ${message}`, {
          data: { option, got: message, expected: expected(option) },
        });
      case BindingErrorKind.Stale:
      case BindingErrorKind.Closed:
        throw new ErrorQUICConnectionClosed();
      default:
        throw e;
    }
  }
}

function expected(option: string): string {
  switch (option.replace(/\[\d+\]$/, '')) {
    case 'config.key':
      return 'the private key of the leaf certificate in config.cert, as PEM';
    case 'config.cert':
      return 'a chain of X.509 certificates from leaf to root, as PEM';
    case 'config.ca':
      return 'X.509 certificates, as PEM';
    case 'config.logKeys':
      return 'the path of a file that can be appended to';
    default:
      return 'a value that can be used';
  }
}
