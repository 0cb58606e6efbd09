import type { POJO } from '@matrixai/errors';
import type { ConnectionError, CryptoError } from '../types/codes.js';
import { ErrorQUICConnection } from './connection.js';
import type { ErrorOptions } from './ErrorQUIC.js';

/**
 * The local side closed the connection.
 */
export class ErrorQUICConnectionLocal<T> extends ErrorQUICConnection<T> {
  static override readonly name: string = 'ErrorQUICConnectionLocal';
  static override description = 'QUIC connection closed by the local side';
  static override code = 'ERR_QUIC_CONNECTION_LOCAL';
  /** What the CONNECTION_CLOSE frame said. */
  declare data: POJO & ConnectionError;

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, ConnectionError>,
  ) {
    super(message, options);
  }
}

/**
 * The local side refused the peer's handshake. `data.errorCode` is 0x100 plus
 * the TLS alert (RFC 9001 section 4.8).
 */
export class ErrorQUICConnectionLocalTLS<
  T,
> extends ErrorQUICConnectionLocal<T> {
  static override readonly name: string = 'ErrorQUICConnectionLocalTLS';
  static override description =
    'QUIC connection closed by the local side with a TLS error';
  static override code = 'ERR_QUIC_CONNECTION_LOCAL_TLS';
  /** What the CONNECTION_CLOSE frame said. */
  declare data: POJO &
    ConnectionError & {
      /** 0x100 plus the TLS alert. */
      errorCode: CryptoError;
    };

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, ConnectionError & { errorCode: CryptoError }>,
  ) {
    super(message, options);
  }
}

/**
 * The peer closed the connection.
 */
export class ErrorQUICConnectionPeer<T> extends ErrorQUICConnection<T> {
  static override readonly name: string = 'ErrorQUICConnectionPeer';
  static override description = 'QUIC connection closed by the peer';
  static override code = 'ERR_QUIC_CONNECTION_PEER';
  /** What the CONNECTION_CLOSE frame said. */
  declare data: POJO & ConnectionError;

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, ConnectionError>,
  ) {
    super(message, options);
  }
}

/**
 * The peer refused the local side's handshake. `data.errorCode` is 0x100 plus the
 * TLS alert (RFC 9001 section 4.8). It is, as in version 2, a subclass of
 * {@link ErrorQUICConnectionLocal}, not of {@link ErrorQUICConnectionPeer}.
 */
export class ErrorQUICConnectionPeerTLS<T> extends ErrorQUICConnectionLocal<T> {
  static override readonly name: string = 'ErrorQUICConnectionPeerTLS';
  static override description =
    'QUIC connection closed by the peer with a TLS error';
  static override code = 'ERR_QUIC_CONNECTION_PEER_TLS';
  /** What the CONNECTION_CLOSE frame said. */
  declare data: POJO &
    ConnectionError & {
      /** 0x100 plus the TLS alert. */
      errorCode: CryptoError;
    };

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, ConnectionError & { errorCode: CryptoError }>,
  ) {
    super(message, options);
  }
}

/**
 * What the error of a client has in `data` as well, when its host has several addresses and none of
 * them answered.
 */
export type AttemptsData = {
  /** What became of each address, in the order that they failed. */
  attempts: Array<{
    /** IP address that was tried. */
    host: string;
    /** UDP port that was tried. */
    port: number;
    /** Why that failed. */
    error: Error;
  }>;
};

/**
 * Nothing was heard of the peer for the idle timeout (RFC 9000 section 10.1).
 */
export class ErrorQUICConnectionIdleTimeout<T> extends ErrorQUICConnection<T> {
  static override readonly name: string = 'ErrorQUICConnectionIdleTimeout';
  static override description = 'QUIC connection reached its idle timeout';
  static override code = 'ERR_QUIC_CONNECTION_IDLE_TIMEOUT';
}

/**
 * The connection failed, mostly because nothing can be sent any more; `cause` says why.
 */
export class ErrorQUICConnectionInternal<T> extends ErrorQUICConnection<T> {
  static override readonly name: string = 'ErrorQUICConnectionInternal';
  static override description = 'QUIC connection internal error';
  static override code = 'ERR_QUIC_CONNECTION_INTERNAL';
}
