import type { ErrorQUICSocketInternal } from '../errors/socket.js';
import { EventQUIC, type InstancesOf } from './EventQUIC.js';

/**
 * Base of the events of {@link QUICSocket}, which the server or client that made the socket emits
 * again.
 */
export abstract class EventQUICSocket<T = undefined> extends EventQUIC<T> {}

/**
 * The socket is about to be bound.
 */
export class EventQUICSocketStart extends EventQUICSocket {
  static override readonly name = 'EventQUICSocketStart';
}

/**
 * The socket is bound.
 */
export class EventQUICSocketStarted extends EventQUICSocket {
  static override readonly name = 'EventQUICSocketStarted';
}

/**
 * The socket is about to stop.
 */
export class EventQUICSocketStop extends EventQUICSocket {
  static override readonly name = 'EventQUICSocketStop';
}

/**
 * The socket has stopped.
 */
export class EventQUICSocketStopped extends EventQUICSocket {
  static override readonly name = 'EventQUICSocketStopped';
}

/**
 * The socket's UDP socket failed. Dispatched before {@link EventQUICSocketClose}.
 */
export class EventQUICSocketError extends EventQUICSocket<
  ErrorQUICSocketInternal<unknown>
> {
  static override readonly name = 'EventQUICSocketError';
}

/**
 * A datagram that is not QUIC, with its sender.
 */
export type SocketDatagram = {
  /** What came in, at least one byte. */
  data: Uint8Array;
  /** IP address of the sender. */
  remoteHost: string;
  /** UDP port of the sender. */
  remotePort: number;
};

/**
 * A datagram that is not QUIC came in: its first two bits are zero, as in STUN (RFC 9443), so that
 * its first byte is less than 64. Text that begins with a letter is taken for QUIC and dropped. So
 * are larger ones than 1,451 bytes, which count among {@link SocketStats.datagramsDropped}. Peers
 * behind NATs send such datagrams to each other with {@link QUICSocket.send}. When they come faster
 * than they are taken, the oldest of 256 are dropped. Dispatched on the socket that was made by the
 * application.
 */
export class EventQUICSocketDatagram extends EventQUICSocket<SocketDatagram> {
  static override readonly name = 'EventQUICSocketDatagram';
}

/**
 * The socket is closed, because of an error or, if `detail` is `undefined`, in
 * an orderly way.
 */
export class EventQUICSocketClose extends EventQUICSocket<
  ErrorQUICSocketInternal<unknown> | undefined
> {
  static override readonly name = 'EventQUICSocketClose';
}

/** The events of a {@link QUICSocket}, by the names of their classes. */
export type QUICSocketEvents = InstancesOf<
  | typeof EventQUICSocketStart
  | typeof EventQUICSocketStarted
  | typeof EventQUICSocketStop
  | typeof EventQUICSocketStopped
  | typeof EventQUICSocketError
  | typeof EventQUICSocketDatagram
  | typeof EventQUICSocketClose
>;
