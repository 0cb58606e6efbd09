import { AbstractError, type POJO } from '@matrixai/errors';
import { withoutFailure } from './internal/errors/withoutFailure.js';
import { textOf } from './internal/utils/text.js';
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
  static override readonly name: string = 'ErrorQUIC';
  /** What kind of error it is, in words. */
  static override description = 'QUIC error';
  /** What kind of error it is, for programs: it never changes, and is no part of a bundle that renames classes. */
  static code = 'ERR_QUIC';

  constructor(
    message?: string,
    options?: { timestamp?: Date; data?: POJO; cause?: T },
  ) {
    super(message ?? new.target.description, options);
  }

  /** What kind of error it is: the table of codes is in docs/errors.md. */
  get code(): string {
    return (this.constructor as typeof ErrorQUIC).code;
  }

  /**
   * What a log can hold of the error, for `JSON.stringify()`: bytes of `data` are text if they are UTF-8, else hex with
   * `0x` before it, and errors that are a cause or in `data` say what they are.
   */
  override toJSON(): ReturnType<AbstractError<T>['toJSON']> & { code: string } {
    return toJSONValue(this, new Set());
  }
}

/**
 * A value as JSON can have it, without those that contain themselves.
 */
function toJSONValue(value: any, seen: Set<unknown>): any {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return textOf(value);
  if (seen.has(value)) return '(circular)';
  seen.add(value);
  if (value instanceof Date) return value;
  if (value instanceof ErrorQUIC) {
    const { code, description, message, timestamp, stack, data, cause } = value;
    return {
      ...{ type: value.constructor.name, code, description },
      data: {
        ...{ message, timestamp, stack },
        data: toJSONValue(data, seen),
        cause: toJSONValue(cause, seen),
      },
    };
  }
  if (typeof value.toJSON === 'function') return value;
  if (Array.isArray(value)) return value.map((v) => toJSONValue(v, seen));
  const own = Object.entries(value).map(([name, v]) => [
    name,
    toJSONValue(v, seen),
  ]);
  if (!(value instanceof Error)) return Object.fromEntries(own);
  const { name, message, stack, cause } = value;
  return {
    ...{ name, message, stack, cause: toJSONValue(cause, seen) },
    ...Object.fromEntries(own),
  };
}

/**
 * A state that the library rules out was reached. Please report it as a bug.
 */
export class ErrorQUICUndefinedBehaviour<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICUndefinedBehaviour';
  static override description = 'This should never happen';
  static override code = 'ERR_QUIC_UNDEFINED_BEHAVIOUR';
}

/**
 * What {@link ErrorQUICNativeLibrary} says in `data`.
 */
export type NativeLibraryData = {
  /** `process.platform`. */
  platform: string;
  /** `process.arch`. */
  arch: string;
  /** The C library: `glibc` with its version, `musl`, or that it was not found out. */
  libc: string;
  /** The package that should hold the library. */
  package: string;
  /** The version that it must have, which is that of `@matrixai/quic`. */
  version: string;
  /** What was tried in turn. */
  failures: Array<{
    /** The name of a package, or the path of a local build. */
    tried: string;
    /** Whether it was there. */
    found: boolean;
    /**
     * What is wrong: it is missing, for another platform, for a newer C library, damaged, of another version;
     * or Node.js was started so that it loads no native addons or may not read the file.
     */
    fault:
      | 'missing'
      | 'platform'
      | 'libc'
      | 'corrupt'
      | 'version'
      | 'disabled'
      | 'denied';
    /** Why it was of no use. */
    reason: string;
  }>;
};

/**
 * The native library was not found or cannot be loaded. It is looked for at the
 * first use of the library, not at its import. The message says what was tried
 * and what to do; `data` is {@link NativeLibraryData}, or empty where too few file descriptors were left to try.
 */
export class ErrorQUICNativeLibrary<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICNativeLibrary';
  static override description = 'The native library cannot be loaded';
  static override code = 'ERR_QUIC_NATIVE_LIBRARY';
}

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
 * Of an option, `data` is {@link OptionInvalidData}; of a failed resolution,
 * `cause` is what the resolver threw.
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

/**
 * Base of the errors of {@link QUICSocket}.
 */
export class ErrorQUICSocket<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICSocket';
  static override description = 'QUIC socket error';
  static override code = 'ERR_QUIC_SOCKET';
}

/**
 * The socket was not started, or is stopped.
 */
export class ErrorQUICSocketNotRunning<T> extends ErrorQUICSocket<T> {
  static override readonly name: string = 'ErrorQUICSocketNotRunning';
  static override description = 'QUIC socket is not running';
  static override code = 'ERR_QUIC_SOCKET_NOT_RUNNING';
}

/**
 * A socket was stopped without `force` while connections were still using it.
 */
export class ErrorQUICSocketConnectionsActive<T> extends ErrorQUICSocket<T> {
  static override readonly name: string = 'ErrorQUICSocketConnectionsActive';
  static override description = 'QUIC socket has active connections';
  static override code = 'ERR_QUIC_SOCKET_CONNECTIONS_ACTIVE';
}

/**
 * The address is invalid, in use or not of this machine.
 */
export class ErrorQUICSocketInvalidBindAddress<T> extends ErrorQUICSocket<T> {
  static override readonly name: string = 'ErrorQUICSocketInvalidBindAddress';
  static override description = 'QUIC socket cannot bind to the address';
  static override code = 'ERR_QUIC_SOCKET_INVALID_BIND_ADDRESS';
}

/**
 * The socket's address family cannot send to this address.
 */
export class ErrorQUICSocketInvalidSendAddress<T> extends ErrorQUICSocket<T> {
  static override readonly name: string = 'ErrorQUICSocketInvalidSendAddress';
  static override description = 'QUIC socket cannot send to the address';
  static override code = 'ERR_QUIC_SOCKET_INVALID_SEND_ADDRESS';
}

/**
 * The UDP socket failed, with what the operating system said as `cause`. The socket stops.
 */
export class ErrorQUICSocketInternal<T> extends ErrorQUICSocket<T> {
  static override readonly name: string = 'ErrorQUICSocketInternal';
  static override description = 'QUIC socket internal error';
  static override code = 'ERR_QUIC_SOCKET_INTERNAL';
}

/**
 * Base of the errors of {@link QUICClient}.
 */
export class ErrorQUICClient<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICClient';
  static override description = 'QUIC client error';
  static override code = 'ERR_QUIC_CLIENT';
}

/**
 * The client was asked for something that it does not know after its end.
 */
export class ErrorQUICClientDestroyed<T> extends ErrorQUICClient<T> {
  static override readonly name: string = 'ErrorQUICClientDestroyed';
  static override description = 'QUIC client is destroyed';
  static override code = 'ERR_QUIC_CLIENT_DESTROYED';
}

/**
 * `ctx.timer` expired before the connection was established.
 */
export class ErrorQUICClientCreateTimeout<T> extends ErrorQUICClient<T> {
  static override readonly name: string = 'ErrorQUICClientCreateTimeout';
  static override description = 'QUIC client creation timed out';
  static override code = 'ERR_QUIC_CLIENT_CREATE_TIMEOUT';
}

/**
 * The socket of the client is not running, or was stopped under it.
 */
export class ErrorQUICClientSocketNotRunning<T> extends ErrorQUICClient<T> {
  static override readonly name: string = 'ErrorQUICClientSocketNotRunning';
  static override description = 'QUIC client socket is not running';
  static override code = 'ERR_QUIC_CLIENT_SOCKET_NOT_RUNNING';
}

/**
 * The operating system refuses to send to the target (`EINVAL`, `EACCES`,
 * `EADDRNOTAVAIL`, `ENETUNREACH`).
 */
export class ErrorQUICClientInvalidArgument<T> extends ErrorQUICClient<T> {
  static override readonly name: string = 'ErrorQUICClientInvalidArgument';
  static override description = 'QUIC client cannot send to the target address';
  static override code = 'ERR_QUIC_CLIENT_INVALID_ARGUMENT';
}

/**
 * The address family of the client's socket cannot reach that of the target.
 */
export class ErrorQUICClientInvalidHost<T> extends ErrorQUICClient<T> {
  static override readonly name: string = 'ErrorQUICClientInvalidHost';
  static override description =
    'QUIC client cannot reach the target host from its local host';
  static override code = 'ERR_QUIC_CLIENT_INVALID_HOST';
}

/**
 * The client failed for a reason of its own. Not thrown by this version.
 */
export class ErrorQUICClientInternal<T> extends ErrorQUICClient<T> {
  static override readonly name: string = 'ErrorQUICClientInternal';
  static override description = 'QUIC client internal error';
  static override code = 'ERR_QUIC_CLIENT_INTERNAL';
}

/**
 * Base of the errors of {@link QUICServer}.
 */
export class ErrorQUICServer<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICServer';
  static override description = 'QUIC server error';
  static override code = 'ERR_QUIC_SERVER';
}

/**
 * The server was not started, or is stopped.
 */
export class ErrorQUICServerNotRunning<T> extends ErrorQUICServer<T> {
  static override readonly name: string = 'ErrorQUICServerNotRunning';
  static override description = 'QUIC server is not running';
  static override code = 'ERR_QUIC_SERVER_NOT_RUNNING';
}

/**
 * The socket of the server is not running, or was stopped under it.
 */
export class ErrorQUICServerSocketNotRunning<T> extends ErrorQUICServer<T> {
  static override readonly name: string = 'ErrorQUICServerSocketNotRunning';
  static override description = 'QUIC server socket is not running';
  static override code = 'ERR_QUIC_SERVER_SOCKET_NOT_RUNNING';
}

/**
 * A connection could not be accepted. Not thrown by this version: handshakes that fail are
 * {@link events.EventQUICConnectionError} events of the server.
 */
export class ErrorQUICServerNewConnection<T> extends ErrorQUICServer<T> {
  static override readonly name: string = 'ErrorQUICServerNewConnection';
  static override description = 'QUIC server could not accept a new connection';
  static override code = 'ERR_QUIC_SERVER_NEW_CONNECTION';
}

/**
 * The server failed for a reason of its own. Not thrown by this version.
 */
export class ErrorQUICServerInternal<T> extends ErrorQUICServer<T> {
  static override readonly name: string = 'ErrorQUICServerInternal';
  static override description = 'QUIC server internal error';
  static override code = 'ERR_QUIC_SERVER_INTERNAL';
}

/**
 * The server is stopping. Not thrown by this version.
 */
export class ErrorQUICServerStopping<T> extends ErrorQUICServer<T> {
  static override readonly name: string = 'ErrorQUICServerStopping';
  static override description = 'QUIC server is stopping';
  static override code = 'ERR_QUIC_SERVER_STOPPING';
}

/**
 * Base of the errors of {@link QUICConnection}.
 */
export class ErrorQUICConnection<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICConnection';
  static override description = 'QUIC connection error';
  static override code = 'ERR_QUIC_CONNECTION';
}

/**
 * What {@link ErrorQUICConnectionMigration} says in `data`.
 */
export type MigrationErrorData = {
  /**
   * - `'refused'`: one of the ends does not support it, see `config.disableActiveMigration`
   * - `'unreachable'`: the socket cannot send to the peer, or the peer did not answer over the
   *   new path within 3 seconds
   * - `'closed'`: the connection or the socket was closed meanwhile
   */
  reason: 'refused' | 'unreachable' | 'closed';
};

/**
 * The connection did not migrate to another socket, and goes on over the one that it used before. `data` is
 * {@link MigrationErrorData}.
 */
export class ErrorQUICConnectionMigration<T> extends ErrorQUICConnection<T> {
  static override readonly name: string = 'ErrorQUICConnectionMigration';
  static override description = 'QUIC connection did not migrate';
  static override code = 'ERR_QUIC_CONNECTION_MIGRATION';
}

/**
 * The server did not take the early data (0-RTT, RFC 9001 section 4.6.2): nothing of what was sent on the
 * streams that were open then has arrived. It is the `cause` of their end; to send it again is up to the
 * application, on new streams.
 */
export class ErrorQUICConnectionEarlyDataRejected<
  T,
> extends ErrorQUICConnection<T> {
  static override readonly name: string =
    'ErrorQUICConnectionEarlyDataRejected';
  static override description = 'QUIC connection had its early data rejected';
  static override code = 'ERR_QUIC_CONNECTION_EARLY_DATA_REJECTED';
}

/**
 * The connection waits for its streams to end, and opens no new ones.
 */
export class ErrorQUICConnectionStopping<T> extends ErrorQUICConnection<T> {
  static override readonly name: string = 'ErrorQUICConnectionStopping';
  static override description = 'QUIC connection is stopping';
  static override code = 'ERR_QUIC_CONNECTION_STOPPING';
}

/**
 * The connection was stopped.
 */
export class ErrorQUICConnectionNotRunning<T> extends ErrorQUICConnection<T> {
  static override readonly name: string = 'ErrorQUICConnectionNotRunning';
  static override description = 'QUIC connection is not running';
  static override code = 'ERR_QUIC_CONNECTION_NOT_RUNNING';
}

/**
 * The connection was closed by the peer or timed out.
 */
export class ErrorQUICConnectionClosed<T> extends ErrorQUICConnection<T> {
  static override readonly name: string = 'ErrorQUICConnectionClosed';
  static override description = 'QUIC connection is closed';
  static override code = 'ERR_QUIC_CONNECTION_CLOSED';
}

/**
 * A server connection was started without initial data. Not thrown by this version.
 */
export class ErrorQUICConnectionStartData<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICConnectionStartData';
  static override description = 'QUIC connection start requires initial data';
  static override code = 'ERR_QUIC_CONNECTION_START_DATA';
}

/**
 * A connection was not established in time. Not thrown by this version: it is an
 * {@link ErrorQUICConnectionIdleTimeout}.
 */
export class ErrorQUICConnectionStartTimeout<T> extends ErrorQUICConnection<T> {
  static override readonly name: string = 'ErrorQUICConnectionStartTimeout';
  static override description = 'QUIC connection start timed out';
  static override code = 'ERR_QUIC_CONNECTION_START_TIMEOUT';
}

/**
 * `config.keepAliveIntervalTime` is not smaller than `config.maxIdleTimeout`, so
 * the connection would time out before it is kept alive.
 */
export class ErrorQUICConnectionConfigInvalid<
  T,
> extends ErrorQUICConnection<T> {
  static override readonly name: string = 'ErrorQUICConnectionConfigInvalid';
  static override description = 'QUIC connection configuration is invalid';
  static override code = 'ERR_QUIC_CONNECTION_CONFIG_INVALID';
}

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
 * What the error of a client carries in `data`, besides what it has, when its host has several addresses and none could be
 * connected to.
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

/**
 * Base of the errors of {@link QUICDatagrams}.
 */
export class ErrorQUICDatagrams<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICDatagrams';
  static override description = 'QUIC datagrams error';
  static override code = 'ERR_QUIC_DATAGRAMS';
}

/**
 * A datagram was written on a connection whose ends did not both set `config.enableDgram` (RFC 9221 section 3).
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
 * A datagram was written that does not fit into a packet (RFC 9221 section 5). Others can still be written.
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

/**
 * Base of the errors of {@link QUICStream}.
 */
export class ErrorQUICStream<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICStream';
  static override description = 'QUIC stream error';
  static override code = 'ERR_QUIC_STREAM';
}

/**
 * The stream was destroyed or cancelled without a reason. Its `name` is `AbortError`, as that of what is aborted without a
 * reason elsewhere.
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
    /** Error code of the application, an integer from 0 to 2^53 - 1; larger ones of the peer are 2^53 - 1. */
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
    /** Error code of the application, an integer from 0 to 2^53 - 1; larger ones of the peer are 2^53 - 1. */
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
    /** Error code of the application, an integer from 0 to 2^53 - 1; larger ones of the peer are 2^53 - 1. */
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
    /** Error code of the application, an integer from 0 to 2^53 - 1; larger ones of the peer are 2^53 - 1. */
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
 * The peer's limit of open streams does not allow another one.
 */
export class ErrorQUICStreamLimit<T> extends ErrorQUICStream<T> {
  static override readonly name: string = 'ErrorQUICStreamLimit';
  static override description = 'QUIC stream limit is reached';
  static override code = 'ERR_QUIC_STREAM_LIMIT';
}

/**
 * Whether an error tells of an orderly end: that of a connection that either side closed with the code 0, that of a stream that the
 * peer ended with the code 0 where `codeToReason` maps no codes, or a read, a write or a call that ended with it. All other ends lost
 * something, or were told to be failures.
 *
 * @param error - anything that was thrown, rejected or is the detail of an event
 */
export function isOrderly(error: unknown): boolean {
  let e = error;
  for (; e instanceof ErrorQUIC; e = e.cause) {
    if (
      e instanceof ErrorQUICConnectionLocal ||
      e instanceof ErrorQUICConnectionPeer
    ) {
      return e.data.errorCode === 0;
    }
  }
  return typeof e === 'object' && e !== null && withoutFailure.has(e);
}
