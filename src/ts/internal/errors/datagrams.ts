import type { POJO } from '@matrixai/errors';
import { type ErrorOptions, ErrorQUIC } from './ErrorQUIC.js';

/**
 * Base of the errors of {@link QUICDatagrams}.
 */
export class ErrorQUICDatagrams<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICDatagrams';
  static override description = 'QUIC datagrams error';
  static override code = 'ERR_QUIC_DATAGRAMS';
}

/**
 * A datagram was written on a connection whose ends did not both set `config.enableDgram` (RFC 9221
 * section 3).
 */
export class ErrorQUICDatagramsDisabled<T> extends ErrorQUICDatagrams<T> {
  static override readonly name: string = 'ErrorQUICDatagramsDisabled';
  static override description = 'QUIC datagrams are not enabled';
  static override code = 'ERR_QUIC_DATAGRAMS_DISABLED';
  /** Who did. */
  declare data: POJO & {
    /** Whether the local side enabled datagrams. */
    local: boolean;
    /** Whether the peer did. */
    peer: boolean;
  };

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, { local: boolean; peer: boolean }>,
  ) {
    super(message, options);
  }
}

/**
 * A datagram was written that does not fit into a packet (RFC 9221 section 5). Others can still be
 * written.
 */
export class ErrorQUICDatagramsTooLarge<T> extends ErrorQUICDatagrams<T> {
  static override readonly name: string = 'ErrorQUICDatagramsTooLarge';
  static override description = 'QUIC datagram is too large';
  static override code = 'ERR_QUIC_DATAGRAMS_TOO_LARGE';
  /** What was written, and what can be. */
  declare data: POJO & {
    /** Size of the datagram in bytes. */
    size: number;
    /** Size in bytes of the largest one at that time, {@link QUICDatagrams.maxDatagramSize}. */
    maxDatagramSize: number;
  };

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, { size: number; maxDatagramSize: number }>,
  ) {
    super(message, options);
  }
}
