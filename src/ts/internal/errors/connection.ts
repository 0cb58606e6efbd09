import { ErrorQUIC } from './ErrorQUIC.js';

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
 * The connection did not migrate to another socket, and goes on over the one that it used before.
 * `data` is {@link MigrationErrorData}.
 */
export class ErrorQUICConnectionMigration<T> extends ErrorQUICConnection<T> {
  static override readonly name: string = 'ErrorQUICConnectionMigration';
  static override description = 'QUIC connection did not migrate';
  static override code = 'ERR_QUIC_CONNECTION_MIGRATION';
}

/**
 * The server did not take the early data (0-RTT, RFC 9001 section 4.6.2): nothing of what was sent
 * on the streams that were open then has arrived. It is the `cause` of their end; to send it again
 * is up to the application, on new streams.
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
