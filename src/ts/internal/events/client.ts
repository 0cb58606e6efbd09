import type {
  ErrorQUICClientInternal,
  ErrorQUICClientSocketNotRunning,
} from '../errors/client.js';
import type {
  ErrorQUICConnectionIdleTimeout,
  ErrorQUICConnectionInternal,
  ErrorQUICConnectionLocal,
  ErrorQUICConnectionPeer,
} from '../errors/close.js';
import type { QUICConnectionEvents } from './connection.js';
import { EventQUIC, type InstancesOf } from './EventQUIC.js';
import { EventQUICSocket, type QUICSocketEvents } from './socket.js';

/**
 * Base of the events of {@link QUICClient}.
 */
export abstract class EventQUICClient<T = undefined> extends EventQUIC<T> {}

/**
 * The client is about to be destroyed.
 */
export class EventQUICClientDestroy extends EventQUICClient {
  static override readonly name = 'EventQUICClientDestroy';
}

/**
 * The client is destroyed, and its socket stopped unless it is shared.
 */
export class EventQUICClientDestroyed extends EventQUICClient {
  static override readonly name = 'EventQUICClientDestroyed';
}

/**
 * The client or its connection failed or closed: a client has one connection, so
 * all errors of the connection are errors of the client too. Dispatched before
 * {@link EventQUICClientClose}.
 */
export class EventQUICClientError extends EventQUICClient<
  | ErrorQUICClientSocketNotRunning<unknown>
  | ErrorQUICClientInternal<unknown>
  | ErrorQUICConnectionLocal<unknown>
  | ErrorQUICConnectionPeer<unknown>
  | ErrorQUICConnectionIdleTimeout<unknown>
  | ErrorQUICConnectionInternal<unknown>
> {
  static override readonly name = 'EventQUICClientError';
}

/**
 * A datagram of the client's connection could not be sent. Not dispatched by this version: the
 * connection fails with an {@link errors.ErrorQUICConnectionInternal}.
 */
export class EventQUICClientErrorSend extends EventQUICSocket<Error> {
  static override readonly name = 'EventQUICClientErrorSend';
}

/**
 * The client is closed. As a QUIC connection always closes with a code or a
 * timeout, `detail` is always an error, even if the close is orderly.
 */
export class EventQUICClientClose extends EventQUICClient<
  | ErrorQUICClientSocketNotRunning<unknown>
  | ErrorQUICConnectionLocal<unknown>
  | ErrorQUICConnectionPeer<unknown>
  | ErrorQUICConnectionIdleTimeout<unknown>
> {
  static override readonly name = 'EventQUICClientClose';
}

/**
 * The events of a {@link QUICClient}, of its connection and of the socket that it made, by the
 * names of their classes.
 */
export type QUICClientEvents = QUICSocketEvents &
  QUICConnectionEvents &
  InstancesOf<
    | typeof EventQUICClientDestroy
    | typeof EventQUICClientDestroyed
    | typeof EventQUICClientError
    | typeof EventQUICClientErrorSend
    | typeof EventQUICClientClose
  >;
