import { AbstractError, type POJO } from '@matrixai/errors';
import type { ConnectionError, CryptoError } from './native/types.js';

/**
 * What the errors of invalid options carry in `data`.
 */
export type OptionInvalidData = {
  /** Path of the option, such as `config.maxIdleTimeout`. */
  option: string;
  /** Type and abbreviated value of what was given. */
  got: string;
  /** What the option accepts. */
  expected: string;
};

type ErrorOptions<T, D> = {
  timestamp?: Date;
  data: POJO & D;
  cause?: T;
};

/**
 * Base of all errors of this library.
 */
export class ErrorQUIC<T> extends AbstractError<T> {
  static override description = 'QUIC error';

  constructor(
    message?: string,
    options?: { timestamp?: Date; data?: POJO; cause?: T },
  ) {
    super(message ?? new.target.description, options);
  }
}

/**
 * A state that the library rules out was reached. Please report it as a bug.
 */
export class ErrorQUICUndefinedBehaviour<T> extends ErrorQUIC<T> {
  static override description = 'This should never happen';
}

/**
 * An option or argument outside of `config`, `host` and `port` has the wrong
 * type or is out of range. `data` is {@link OptionInvalidData}.
 */
export class ErrorQUICOptionInvalid<T> extends ErrorQUIC<T> {
  static override description = 'Option or argument is invalid';
}

/**
 * A host option is not an IP address or hostname, or does not resolve to one.
 * Of an option, `data` is {@link OptionInvalidData}; of a failed resolution,
 * `cause` is what the resolver threw.
 */
export class ErrorQUICHostInvalid<T> extends ErrorQUIC<T> {
  static override description =
    'Host is invalid or does not resolve to an IP address';
}

/**
 * A port option is not an integer from 0 to 65535. `data` is
 * {@link OptionInvalidData}.
 */
export class ErrorQUICPortInvalid<T> extends ErrorQUIC<T> {
  static override description = 'Port is invalid';
}

/**
 * A `config` option has the wrong type, is out of range or cannot be used.
 * Key material never appears in the message or in `data`.
 */
export class ErrorQUICConfig<T> extends ErrorQUIC<T> {
  static override description = 'QUIC configuration is invalid';
}

export class ErrorQUICSocket<T> extends ErrorQUIC<T> {
  static override description = 'QUIC socket error';
}

export class ErrorQUICSocketNotRunning<T> extends ErrorQUICSocket<T> {
  static override description = 'QUIC socket is not running';
}

/**
 * A socket was stopped without `force` while connections were still using it.
 */
export class ErrorQUICSocketConnectionsActive<T> extends ErrorQUICSocket<T> {
  static override description = 'QUIC socket has active connections';
}

/**
 * The address is invalid, in use or not of this machine.
 */
export class ErrorQUICSocketInvalidBindAddress<T> extends ErrorQUICSocket<T> {
  static override description = 'QUIC socket cannot bind to the address';
}

/**
 * The socket's address family cannot send to this address.
 */
export class ErrorQUICSocketInvalidSendAddress<T> extends ErrorQUICSocket<T> {
  static override description = 'QUIC socket cannot send to the address';
}

export class ErrorQUICSocketInternal<T> extends ErrorQUICSocket<T> {
  static override description = 'QUIC socket internal error';
}

export class ErrorQUICClient<T> extends ErrorQUIC<T> {
  static override description = 'QUIC client error';
}

export class ErrorQUICClientDestroyed<T> extends ErrorQUICClient<T> {
  static override description = 'QUIC client is destroyed';
}

export class ErrorQUICClientCreateTimeout<T> extends ErrorQUICClient<T> {
  static override description = 'QUIC client creation timed out';
}

export class ErrorQUICClientSocketNotRunning<T> extends ErrorQUICClient<T> {
  static override description = 'QUIC client socket is not running';
}

/**
 * The operating system refuses to send to the target (`EINVAL`, `EACCES`,
 * `EADDRNOTAVAIL`, `ENETUNREACH`).
 */
export class ErrorQUICClientInvalidArgument<T> extends ErrorQUICClient<T> {
  static override description = 'QUIC client cannot send to the target address';
}

export class ErrorQUICClientInvalidHost<T> extends ErrorQUICClient<T> {
  static override description =
    'QUIC client cannot reach the target host from its local host';
}

export class ErrorQUICClientInternal<T> extends ErrorQUICClient<T> {
  static override description = 'QUIC client internal error';
}

export class ErrorQUICServer<T> extends ErrorQUIC<T> {
  static override description = 'QUIC server error';
}

export class ErrorQUICServerNotRunning<T> extends ErrorQUICServer<T> {
  static override description = 'QUIC server is not running';
}

export class ErrorQUICServerSocketNotRunning<T> extends ErrorQUICServer<T> {
  static override description = 'QUIC server socket is not running';
}

export class ErrorQUICServerNewConnection<T> extends ErrorQUICServer<T> {
  static override description = 'QUIC server could not accept a new connection';
}

export class ErrorQUICServerInternal<T> extends ErrorQUICServer<T> {
  static override description = 'QUIC server internal error';
}

export class ErrorQUICServerStopping<T> extends ErrorQUICServer<T> {
  static override description = 'QUIC server is stopping';
}

export class ErrorQUICConnection<T> extends ErrorQUIC<T> {
  static override description = 'QUIC connection error';
}

export class ErrorQUICConnectionStopping<T> extends ErrorQUICConnection<T> {
  static override description = 'QUIC connection is stopping';
}

export class ErrorQUICConnectionNotRunning<T> extends ErrorQUICConnection<T> {
  static override description = 'QUIC connection is not running';
}

export class ErrorQUICConnectionClosed<T> extends ErrorQUICConnection<T> {
  static override description = 'QUIC connection is closed';
}

export class ErrorQUICConnectionStartData<T> extends ErrorQUIC<T> {
  static override description = 'QUIC connection start requires initial data';
}

export class ErrorQUICConnectionStartTimeout<T> extends ErrorQUICConnection<T> {
  static override description = 'QUIC connection start timed out';
}

/**
 * `config.keepAliveIntervalTime` is not smaller than `config.maxIdleTimeout`, so
 * the connection would time out before it is kept alive.
 */
export class ErrorQUICConnectionConfigInvalid<
  T,
> extends ErrorQUICConnection<T> {
  static override description = 'QUIC connection configuration is invalid';
}

/**
 * The local side closed the connection.
 */
export class ErrorQUICConnectionLocal<T> extends ErrorQUICConnection<T> {
  static override description = 'QUIC connection closed by the local side';
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
  static override description =
    'QUIC connection closed by the local side with a TLS error';
  declare data: POJO & ConnectionError & { errorCode: CryptoError };

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
  static override description = 'QUIC connection closed by the peer';
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
  static override description =
    'QUIC connection closed by the peer with a TLS error';
  declare data: POJO & ConnectionError & { errorCode: CryptoError };

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, ConnectionError & { errorCode: CryptoError }>,
  ) {
    super(message, options);
  }
}

/**
 * Nothing was heard of the peer for the idle timeout (RFC 9000 section 10.1).
 */
export class ErrorQUICConnectionIdleTimeout<T> extends ErrorQUICConnection<T> {
  static override description = 'QUIC connection reached its idle timeout';
}

export class ErrorQUICConnectionInternal<T> extends ErrorQUICConnection<T> {
  static override description = 'QUIC connection internal error';
}

export class ErrorQUICStream<T> extends ErrorQUIC<T> {
  static override description = 'QUIC stream error';
}

export class ErrorQUICStreamDestroyed<T> extends ErrorQUICStream<T> {
  static override description = 'QUIC stream is destroyed';
}

/**
 * `readable.cancel` was called: STOP_SENDING was sent with `data.code`. Or the connection has
 * ended otherwise than by the peer, with the error that is `cause`.
 */
export class ErrorQUICStreamLocalRead<T> extends ErrorQUICStream<T> {
  static override description =
    'QUIC stream readable side was cancelled locally';
  declare data: POJO & { code: number };

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, { code: number }>,
  ) {
    super(message, options);
  }
}

/**
 * `writable.abort` was called: RESET_STREAM was sent with `data.code`. Or the connection has
 * ended otherwise than by the peer, with the error that is `cause`.
 */
export class ErrorQUICStreamLocalWrite<T> extends ErrorQUICStream<T> {
  static override description = 'QUIC stream writable side was aborted locally';
  declare data: POJO & { code: number };

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, { code: number }>,
  ) {
    super(message, options);
  }
}

/**
 * The peer aborted its writable side: RESET_STREAM arrived with `data.code`. Or it closed the
 * connection, with the error that is `cause`; the code is 0 then.
 */
export class ErrorQUICStreamPeerRead<T> extends ErrorQUICStream<T> {
  static override description =
    'QUIC stream readable side was reset by the peer';
  declare data: POJO & { code: number };

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, { code: number }>,
  ) {
    super(message, options);
  }
}

/**
 * The peer cancelled its readable side: STOP_SENDING arrived with `data.code`. Or it closed the
 * connection, with the error that is `cause`; the code is 0 then.
 */
export class ErrorQUICStreamPeerWrite<T> extends ErrorQUICStream<T> {
  static override description =
    'QUIC stream writable side was stopped by the peer';
  declare data: POJO & { code: number };

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, { code: number }>,
  ) {
    super(message, options);
  }
}

export class ErrorQUICStreamInternal<T> extends ErrorQUICStream<T> {
  static override description = 'QUIC stream internal error';
}

/**
 * The peer's limit of open streams does not allow another one.
 */
export class ErrorQUICStreamLimit<T> extends ErrorQUICStream<T> {
  static override description = 'QUIC stream limit is reached';
}
