import { ErrorQUIC } from './ErrorQUIC.js';

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
 * The address is invalid, in use or not of this machine. `data` has its `host` and `port`, `cause`
 * says why.
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
