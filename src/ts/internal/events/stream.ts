import type {
  ErrorQUICStreamInternal,
  ErrorQUICStreamLocalRead,
  ErrorQUICStreamLocalWrite,
  ErrorQUICStreamPeerRead,
  ErrorQUICStreamPeerWrite,
} from '../errors/stream.js';
import { EventQUIC, type InstancesOf } from './EventQUIC.js';

/**
 * Base of the events of {@link QUICStream}, which its connection and the server or client of that
 * emit again.
 */
export abstract class EventQUICStream<T = undefined> extends EventQUIC<T> {}

/**
 * Both sides of the stream are closed.
 */
export class EventQUICStreamDestroy extends EventQUICStream {
  static override readonly name = 'EventQUICStreamDestroy';
}

/**
 * The stream is destroyed: its connection does not hold it any more.
 */
export class EventQUICStreamDestroyed extends EventQUICStream {
  static override readonly name = 'EventQUICStreamDestroyed';
}

/**
 * The stream was reset, stopped, or ended with its connection. A stream that ends in an
 * orderly way has no error.
 */
export class EventQUICStreamError extends EventQUICStream<
  | ErrorQUICStreamLocalRead<unknown>
  | ErrorQUICStreamLocalWrite<unknown>
  | ErrorQUICStreamPeerRead<unknown>
  | ErrorQUICStreamPeerWrite<unknown>
  | ErrorQUICStreamInternal<unknown>
> {
  static override readonly name = 'EventQUICStreamError';
}

/**
 * The stream's readable side is closed.
 *
 * - `ErrorQUICStreamLocalRead` - it was cancelled locally, or its connection was closed
 *   locally or timed out
 * - `ErrorQUICStreamPeerRead` - the peer aborted its writable side, or closed the connection
 * - `undefined` - the peer ended it and all was read
 *
 * If it was the connection, the error of the connection is `detail.cause`.
 */
export class EventQUICStreamCloseRead extends EventQUICStream<
  | ErrorQUICStreamLocalRead<unknown>
  | ErrorQUICStreamPeerRead<unknown>
  | undefined
> {
  static override readonly name = 'EventQUICStreamCloseRead';
}

/**
 * The stream's writable side is closed.
 *
 * - `ErrorQUICStreamLocalWrite` - it was aborted locally, or its connection was closed
 *   locally or timed out
 * - `ErrorQUICStreamPeerWrite` - the peer cancelled its readable side, or closed the connection
 * - `undefined` - it was closed in an orderly way
 *
 * If it was the connection, the error of the connection is `detail.cause`.
 */
export class EventQUICStreamCloseWrite extends EventQUICStream<
  | ErrorQUICStreamLocalWrite<unknown>
  | ErrorQUICStreamPeerWrite<unknown>
  | undefined
> {
  static override readonly name = 'EventQUICStreamCloseWrite';
}

/**
 * The stream has data to send. Not dispatched by this version: the engine sends it itself.
 */
export class EventQUICStreamSend extends EventQUICStream {
  static override readonly name = 'EventQUICStreamSend';
}

/** The events of a {@link QUICStream}, by the names of their classes. */
export type QUICStreamEvents = InstancesOf<
  | typeof EventQUICStreamDestroy
  | typeof EventQUICStreamDestroyed
  | typeof EventQUICStreamError
  | typeof EventQUICStreamCloseRead
  | typeof EventQUICStreamCloseWrite
  | typeof EventQUICStreamSend
>;
