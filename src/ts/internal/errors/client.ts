import { ErrorQUIC } from './ErrorQUIC.js';

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
 * `ctx.timer` expired before the connection was established. `data` has the `host` and `port` of
 * the server.
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
