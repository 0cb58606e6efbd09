import { ErrorQUIC } from './ErrorQUIC.js';

/**
 * An option or argument outside of `config`, `host` and `port` has the wrong
 * type, is out of range, or has nearly the name of one that exists. `data` is
 * {@link OptionInvalidData}.
 */
export class ErrorQUICOptionInvalid<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICOptionInvalid';
  static override description = 'Option or argument is invalid';
  static override code = 'ERR_QUIC_OPTION_INVALID';
}

/**
 * A host option is not an IP address or hostname, or does not resolve to one.
 * Of an option, `data` is {@link OptionInvalidData}; of a failed resolution, `data` has the `host`,
 * and `cause` is what the resolver threw.
 */
export class ErrorQUICHostInvalid<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICHostInvalid';
  static override description =
    'Host is invalid or does not resolve to an IP address';
  static override code = 'ERR_QUIC_HOST_INVALID';
}

/**
 * A port option is not an integer from 0 to 65535. `data` is
 * {@link OptionInvalidData}.
 */
export class ErrorQUICPortInvalid<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICPortInvalid';
  static override description = 'Port is invalid';
  static override code = 'ERR_QUIC_PORT_INVALID';
}

/**
 * A `config` option has the wrong type, is out of range, cannot be used, or has nearly the name of
 * one that exists. Key material never appears in the message or in `data`.
 */
export class ErrorQUICConfig<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICConfig';
  static override description = 'QUIC configuration is invalid';
  static override code = 'ERR_QUIC_CONFIG';
}
