import type QUICConnection from '../../QUICConnection.js';
import type {
  ErrorQUICServerInternal,
  ErrorQUICServerSocketNotRunning,
} from '../errors/server.js';
import type { QUICConnectionEvents } from './connection.js';
import { EventQUIC, type InstancesOf } from './EventQUIC.js';
import type { QUICSocketEvents } from './socket.js';

/**
 * Base of the events of {@link QUICServer}.
 */
export abstract class EventQUICServer<T = undefined> extends EventQUIC<T> {}

/**
 * A new connection is established; it is `detail`.
 */
export class EventQUICServerConnection extends EventQUICServer<QUICConnection> {
  static override readonly name = 'EventQUICServerConnection';
}

/**
 * The server is about to start.
 */
export class EventQUICServerStart extends EventQUICServer {
  static override readonly name = 'EventQUICServerStart';
}

/**
 * The server accepts connections.
 */
export class EventQUICServerStarted extends EventQUICServer {
  static override readonly name = 'EventQUICServerStarted';
}

/**
 * The server is about to stop.
 */
export class EventQUICServerStop extends EventQUICServer {
  static override readonly name = 'EventQUICServerStop';
}

/**
 * The server has stopped, and so has its socket unless it is shared.
 */
export class EventQUICServerStopped extends EventQUICServer {
  static override readonly name = 'EventQUICServerStopped';
}

/**
 * The server failed. Dispatched before {@link EventQUICServerClose}.
 */
export class EventQUICServerError extends EventQUICServer<
  ErrorQUICServerSocketNotRunning<unknown> | ErrorQUICServerInternal<unknown>
> {
  static override readonly name = 'EventQUICServerError';
}

/**
 * The server is closed, because of an error or, if `detail` is `undefined`, in
 * an orderly way.
 */
export class EventQUICServerClose extends EventQUICServer<
  ErrorQUICServerSocketNotRunning<unknown> | undefined
> {
  static override readonly name = 'EventQUICServerClose';
}

/**
 * The events of a {@link QUICServer}, of its connections and of the socket that it made, by the
 * names of their classes.
 */
export type QUICServerEvents = QUICSocketEvents &
  QUICConnectionEvents &
  InstancesOf<
    | typeof EventQUICServerConnection
    | typeof EventQUICServerStart
    | typeof EventQUICServerStarted
    | typeof EventQUICServerStop
    | typeof EventQUICServerStopped
    | typeof EventQUICServerError
    | typeof EventQUICServerClose
  >;
