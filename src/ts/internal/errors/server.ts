import { ErrorQUIC } from './ErrorQUIC.js';

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
