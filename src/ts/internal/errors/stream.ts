import type { POJO } from '@matrixai/errors';
import { type ErrorOptions, ErrorQUIC } from './ErrorQUIC.js';

/**
 * Base of the errors of {@link QUICStream}.
 */
export class ErrorQUICStream<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICStream';
  static override description = 'QUIC stream error';
  static override code = 'ERR_QUIC_STREAM';
}

/**
 * The stream was destroyed or cancelled without a reason. Its `name` is `AbortError`, as that of
 * what is aborted without a reason elsewhere.
 */
export class ErrorQUICStreamDestroyed<T> extends ErrorQUICStream<T> {
  static override readonly name: string = 'ErrorQUICStreamDestroyed';
  static override description = 'QUIC stream is destroyed';
  static override code = 'ERR_QUIC_STREAM_DESTROYED';

  constructor(
    message?: string,
    options?: { timestamp?: Date; data?: POJO; cause?: T },
  ) {
    super(message, options);
    Object.defineProperty(this, 'name', {
      value: 'AbortError',
      configurable: true,
      writable: true,
    });
  }
}

/**
 * `readable.cancel` was called: STOP_SENDING was sent with `data.code`. Or the connection has
 * ended otherwise than by the peer, with the error that is `cause`.
 */
export class ErrorQUICStreamLocalRead<T> extends ErrorQUICStream<T> {
  static override readonly name: string = 'ErrorQUICStreamLocalRead';
  static override description =
    'QUIC stream readable side was cancelled locally';
  static override code = 'ERR_QUIC_STREAM_LOCAL_READ';
  /** What the frame said. */
  declare data: POJO & {
    /**
     * Error code of the application, an integer from 0 to 2^53 - 1; larger ones of the peer are
     * 2^53 - 1.
     */
    code: number;
  };

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
  static override readonly name: string = 'ErrorQUICStreamLocalWrite';
  static override description = 'QUIC stream writable side was aborted locally';
  static override code = 'ERR_QUIC_STREAM_LOCAL_WRITE';
  /** What the frame said. */
  declare data: POJO & {
    /**
     * Error code of the application, an integer from 0 to 2^53 - 1; larger ones of the peer are
     * 2^53 - 1.
     */
    code: number;
  };

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
  static override readonly name: string = 'ErrorQUICStreamPeerRead';
  static override description =
    'QUIC stream readable side was reset by the peer';
  static override code = 'ERR_QUIC_STREAM_PEER_READ';
  /** What the frame said. */
  declare data: POJO & {
    /**
     * Error code of the application, an integer from 0 to 2^53 - 1; larger ones of the peer are
     * 2^53 - 1.
     */
    code: number;
  };

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
  static override readonly name: string = 'ErrorQUICStreamPeerWrite';
  static override description =
    'QUIC stream writable side was stopped by the peer';
  static override code = 'ERR_QUIC_STREAM_PEER_WRITE';
  /** What the frame said. */
  declare data: POJO & {
    /**
     * Error code of the application, an integer from 0 to 2^53 - 1; larger ones of the peer are
     * 2^53 - 1.
     */
    code: number;
  };

  constructor(
    message: string | undefined,
    options: ErrorOptions<T, { code: number }>,
  ) {
    super(message, options);
  }
}

/**
 * The stream failed for a reason of its own. Not thrown by this version.
 */
export class ErrorQUICStreamInternal<T> extends ErrorQUICStream<T> {
  static override readonly name: string = 'ErrorQUICStreamInternal';
  static override description = 'QUIC stream internal error';
  static override code = 'ERR_QUIC_STREAM_INTERNAL';
}

/**
 * The peer's limit of open streams does not allow another one. Not thrown by this version: streams
 * wait for the limit, see {@link QUICStream.opened}.
 */
export class ErrorQUICStreamLimit<T> extends ErrorQUICStream<T> {
  static override readonly name: string = 'ErrorQUICStreamLimit';
  static override description = 'QUIC stream limit is reached';
  static override code = 'ERR_QUIC_STREAM_LIMIT';
}
