import * as base from '@matrixai/events';
import type {
  ErrorQUICClientInternal,
  ErrorQUICClientSocketNotRunning,
  ErrorQUICConnectionIdleTimeout,
  ErrorQUICConnectionInternal,
  ErrorQUICConnectionLocal,
  ErrorQUICConnectionPeer,
  ErrorQUICServerInternal,
  ErrorQUICServerSocketNotRunning,
  ErrorQUICSocketInternal,
  ErrorQUICStreamInternal,
  ErrorQUICStreamLocalRead,
  ErrorQUICStreamLocalWrite,
  ErrorQUICStreamPeerRead,
  ErrorQUICStreamPeerWrite,
} from './errors.js';
import type QUICConnection from './QUICConnection.js';
import type QUICStream from './QUICStream.js';

/**
 * The part of `AbstractEvent` of `@matrixai/events` that applications use, which it is an instance of. The types of that
 * package need those of the DOM.
 */
interface AbstractEvent<T> extends Event {
  /** What the event tells. */
  readonly detail: T;
  /** Makes another event of the same: an event cannot be dispatched twice. */
  clone(): this;
}

/** Options of events. */
type EventOptions<T> = {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
  detail?: T;
};

const AbstractEvent = base.AbstractEvent as unknown as new <T>(
  typeOrOptions?: string | EventOptions<T>,
  options?: EventOptions<T>,
) => AbstractEvent<T>;

/**
 * Base of all events of this library. They are dispatched after the fact they
 * name, except those that are named in the present tense, such as
 * {@link EventQUICSocketStart}, which are dispatched before.
 */
export abstract class EventQUIC<T = undefined> extends AbstractEvent<T> {}

/**
 * Base of the events of {@link QUICSocket}, which the server or client that made the socket emits again.
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
 * A datagram that is not QUIC came in: its first two bits are zero, as in STUN (RFC 9443), so that its first byte is
 * less than 64. Text that begins with a letter is taken for QUIC and dropped. So are larger ones than 1,451 bytes,
 * which count among {@link SocketStats.datagramsDropped}. Peers
 * behind NATs send such datagrams to each other with {@link QUICSocket.send}. When they come faster than they are
 * taken, the oldest of 256 are dropped. Dispatched on the socket that was made by the application.
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
 * A datagram of the client's connection could not be sent. Not dispatched by this version: the connection
 * fails with an {@link errors.ErrorQUICConnectionInternal}.
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
 * Base of the events of {@link QUICConnection}, which its server or client emits again.
 */
export abstract class EventQUICConnection<T = undefined> extends EventQUIC<T> {}

/**
 * The connection is about to start.
 */
export class EventQUICConnectionStart extends EventQUICConnection {
  static override readonly name = 'EventQUICConnectionStart';
}

/**
 * The handshake is complete, or early data can be sent.
 */
export class EventQUICConnectionStarted extends EventQUICConnection {
  static override readonly name = 'EventQUICConnectionStarted';
}

/**
 * The connection is about to stop, or was closed by the peer.
 */
export class EventQUICConnectionStop extends EventQUICConnection {
  static override readonly name = 'EventQUICConnectionStop';
}

/**
 * The connection has stopped.
 */
export class EventQUICConnectionStopped extends EventQUICConnection {
  static override readonly name = 'EventQUICConnectionStopped';
}

/**
 * The connection failed or closed. Closing a connection carries a code and a
 * reason, so it is an error even if it is orderly: look at `detail.data`.
 * Dispatched before {@link EventQUICConnectionClose}.
 */
export class EventQUICConnectionError extends EventQUICConnection<
  | ErrorQUICConnectionLocal<unknown>
  | ErrorQUICConnectionPeer<unknown>
  | ErrorQUICConnectionIdleTimeout<unknown>
  | ErrorQUICConnectionInternal<unknown>
> {
  static override readonly name = 'EventQUICConnectionError';
}

/**
 * The connection is closed; `detail` says by whom and with which code.
 */
export class EventQUICConnectionClose extends EventQUICConnection<
  | ErrorQUICConnectionLocal<unknown>
  | ErrorQUICConnectionPeer<unknown>
  | ErrorQUICConnectionIdleTimeout<unknown>
> {
  static override readonly name = 'EventQUICConnectionClose';
}

/**
 * The peer opened a stream; it is `detail`.
 */
export class EventQUICConnectionStream extends EventQUICConnection<QUICStream> {
  static override readonly name = 'EventQUICConnectionStream';
}

/**
 * What {@link EventQUICConnectionMigrated} tells.
 */
export type MigrationInfo = {
  /** The local IP address before. */
  localHost: string;
  /** The local UDP port before. */
  localPort: number;
  /** The IP address of the peer before. */
  remoteHost: string;
  /** The UDP port of the peer before. */
  remotePort: number;
};

/**
 * The connection goes over another path now (RFC 9000 section 9): this end has migrated to another
 * socket, or the peer has another address, as it migrated or a NAT gave it another port. The
 * connection has the new addresses; `detail` is {@link MigrationInfo}, the addresses before.
 */
export class EventQUICConnectionMigrated extends EventQUICConnection<MigrationInfo> {
  static override readonly name = 'EventQUICConnectionMigrated';
}

/**
 * The server of a client's connection allows to resume it (RFC 8446 section 2.2); `detail` is the session,
 * for `session` of {@link QUICClient.createQUICClient}, also in another process and after the connection has ended.
 * It comes some time after the handshake, and again when the server renews it: the last one counts. It
 * can be used for up to seven days, and should be used once, as who watches the network can link its uses.
 *
 * A session holds secrets: who has it can pass for the client, and read early data that is sent with it. Store it as
 * you store private keys.
 */
export class EventQUICConnectionSession extends EventQUICConnection<Uint8Array> {
  static override readonly name = 'EventQUICConnectionSession';
}

/**
 * A connection of a client that sent early data (0-RTT) has completed its handshake, and the
 * server has taken the early data or not. In the latter case nothing of it has arrived, the streams that were
 * opened before end with {@link errors.ErrorQUICConnectionEarlyDataRejected} as `cause`, and the application
 * sends what it still wants to send again on new ones.
 */
export class EventQUICConnectionEarlyData extends EventQUICConnection<
  'accepted' | 'rejected'
> {
  static override readonly name = 'EventQUICConnectionEarlyData';
}

/**
 * A packet of the connection is to be sent. Not dispatched by this version: the engine sends packets itself.
 */
export class EventQUICConnectionSend extends EventQUICConnection<{
  /** {@link QUICConnection.sendId} of the connection. */
  id: string;
  /** The packet. */
  msg: Uint8Array;
  /** UDP port of the peer. */
  port: number;
  /** IP address of the peer. */
  address: string;
}> {
  static override readonly name = 'EventQUICConnectionSend';
}

/**
 * Base of the events of {@link QUICStream}, which its connection and the server or client of that emit again.
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

/** Instances of classes of events, by their names. */
type InstancesOf<
  Class extends { readonly name: string } & (abstract new (
    ...params: any[]
  ) => unknown),
> = {
  [Name in Class['name']]: InstanceType<
    Extract<Class, { readonly name: Name }>
  >;
};

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

/** The events of a {@link QUICStream}, by the names of their classes. */
export type QUICStreamEvents = InstancesOf<
  | typeof EventQUICStreamDestroy
  | typeof EventQUICStreamDestroyed
  | typeof EventQUICStreamError
  | typeof EventQUICStreamCloseRead
  | typeof EventQUICStreamCloseWrite
  | typeof EventQUICStreamSend
>;

/** The events of a {@link QUICConnection} and of its streams, by the names of their classes. */
export type QUICConnectionEvents = QUICStreamEvents &
  InstancesOf<
    | typeof EventQUICConnectionStart
    | typeof EventQUICConnectionStarted
    | typeof EventQUICConnectionStop
    | typeof EventQUICConnectionStopped
    | typeof EventQUICConnectionError
    | typeof EventQUICConnectionClose
    | typeof EventQUICConnectionStream
    | typeof EventQUICConnectionMigrated
    | typeof EventQUICConnectionSession
    | typeof EventQUICConnectionEarlyData
    | typeof EventQUICConnectionSend
  >;

/** The events of a {@link QUICClient}, of its connection and of the socket that it made, by the names of their classes. */
export type QUICClientEvents = QUICSocketEvents &
  QUICConnectionEvents &
  InstancesOf<
    | typeof EventQUICClientDestroy
    | typeof EventQUICClientDestroyed
    | typeof EventQUICClientError
    | typeof EventQUICClientErrorSend
    | typeof EventQUICClientClose
  >;

/** The events of a {@link QUICServer}, of its connections and of the socket that it made, by the names of their classes. */
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
