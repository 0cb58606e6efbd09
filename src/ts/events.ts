import { AbstractEvent } from '@matrixai/events';
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
export class EventQUICSocketStart extends EventQUICSocket {}

/**
 * The socket is bound.
 */
export class EventQUICSocketStarted extends EventQUICSocket {}

/**
 * The socket is about to stop.
 */
export class EventQUICSocketStop extends EventQUICSocket {}

/**
 * The socket has stopped.
 */
export class EventQUICSocketStopped extends EventQUICSocket {}

/**
 * The socket's UDP socket failed. Dispatched before {@link EventQUICSocketClose}.
 */
export class EventQUICSocketError extends EventQUICSocket<
  ErrorQUICSocketInternal<unknown>
> {}

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
export class EventQUICSocketDatagram extends EventQUICSocket<SocketDatagram> {}

/**
 * The socket is closed, because of an error or, if `detail` is `undefined`, in
 * an orderly way.
 */
export class EventQUICSocketClose extends EventQUICSocket<
  ErrorQUICSocketInternal<unknown> | undefined
> {}

/**
 * Base of the events of {@link QUICClient}.
 */
export abstract class EventQUICClient<T = undefined> extends EventQUIC<T> {}

/**
 * The client is about to be destroyed.
 */
export class EventQUICClientDestroy extends EventQUICClient {}

/**
 * The client is destroyed, and its socket stopped unless it is shared.
 */
export class EventQUICClientDestroyed extends EventQUICClient {}

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
> {}

/**
 * A datagram of the client's connection could not be sent. Not dispatched by this version: the connection
 * fails with an {@link errors.ErrorQUICConnectionInternal}.
 */
export class EventQUICClientErrorSend extends EventQUICSocket<Error> {}

/**
 * The client is closed. As a QUIC connection always closes with a code or a
 * timeout, `detail` is always an error, even if the close is orderly.
 */
export class EventQUICClientClose extends EventQUICClient<
  | ErrorQUICClientSocketNotRunning<unknown>
  | ErrorQUICConnectionLocal<unknown>
  | ErrorQUICConnectionPeer<unknown>
  | ErrorQUICConnectionIdleTimeout<unknown>
> {}

/**
 * Base of the events of {@link QUICServer}.
 */
export abstract class EventQUICServer<T = undefined> extends EventQUIC<T> {}

/**
 * A new connection is established; it is `detail`.
 */
export class EventQUICServerConnection extends EventQUICServer<QUICConnection> {}

/**
 * The server is about to start.
 */
export class EventQUICServerStart extends EventQUICServer {}

/**
 * The server accepts connections.
 */
export class EventQUICServerStarted extends EventQUICServer {}

/**
 * The server is about to stop.
 */
export class EventQUICServerStop extends EventQUICServer {}

/**
 * The server has stopped, and so has its socket unless it is shared.
 */
export class EventQUICServerStopped extends EventQUICServer {}

/**
 * The server failed. Dispatched before {@link EventQUICServerClose}.
 */
export class EventQUICServerError extends EventQUICServer<
  ErrorQUICServerSocketNotRunning<unknown> | ErrorQUICServerInternal<unknown>
> {}

/**
 * The server is closed, because of an error or, if `detail` is `undefined`, in
 * an orderly way.
 */
export class EventQUICServerClose extends EventQUICServer<
  ErrorQUICServerSocketNotRunning<unknown> | undefined
> {}

/**
 * Base of the events of {@link QUICConnection}, which its server or client emits again.
 */
export abstract class EventQUICConnection<T = undefined> extends EventQUIC<T> {}

/**
 * The connection is about to start.
 */
export class EventQUICConnectionStart extends EventQUICConnection {}

/**
 * The handshake is complete, or early data can be sent.
 */
export class EventQUICConnectionStarted extends EventQUICConnection {}

/**
 * The connection is about to stop, or was closed by the peer.
 */
export class EventQUICConnectionStop extends EventQUICConnection {}

/**
 * The connection has stopped.
 */
export class EventQUICConnectionStopped extends EventQUICConnection {}

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
> {}

/**
 * The connection is closed; `detail` says by whom and with which code.
 */
export class EventQUICConnectionClose extends EventQUICConnection<
  | ErrorQUICConnectionLocal<unknown>
  | ErrorQUICConnectionPeer<unknown>
  | ErrorQUICConnectionIdleTimeout<unknown>
> {}

/**
 * The peer opened a stream; it is `detail`.
 */
export class EventQUICConnectionStream extends EventQUICConnection<QUICStream> {}

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
export class EventQUICConnectionMigrated extends EventQUICConnection<MigrationInfo> {}

/**
 * The server of a client's connection allows to resume it (RFC 8446 section 2.2); `detail` is the session,
 * for `session` of {@link QUICClient.createQUICClient}, also in another process and after the connection has ended.
 * It comes some time after the handshake, and again when the server renews it: the last one counts. It
 * can be used for up to seven days, and should be used once, as who watches the network can link its uses.
 *
 * A session holds secrets: who has it can pass for the client, and read early data that is sent with it. Store it as
 * you store private keys.
 */
export class EventQUICConnectionSession extends EventQUICConnection<Uint8Array> {}

/**
 * A connection of a client that sent early data (0-RTT) has completed its handshake, and the
 * server has taken the early data or not. In the latter case nothing of it has arrived, the streams that were
 * opened before end with {@link errors.ErrorQUICConnectionEarlyDataRejected} as `cause`, and the application
 * sends what it still wants to send again on new ones.
 */
export class EventQUICConnectionEarlyData extends EventQUICConnection<
  'accepted' | 'rejected'
> {}

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
}> {}

/**
 * Base of the events of {@link QUICStream}, which its connection and the server or client of that emit again.
 */
export abstract class EventQUICStream<T = undefined> extends EventQUIC<T> {}

/**
 * Both sides of the stream are closed.
 */
export class EventQUICStreamDestroy extends EventQUICStream {}

/**
 * The stream is destroyed: its connection does not hold it any more.
 */
export class EventQUICStreamDestroyed extends EventQUICStream {}

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
> {}

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
> {}

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
> {}

/**
 * The stream has data to send. Not dispatched by this version: the engine sends it itself.
 */
export class EventQUICStreamSend extends EventQUICStream {}
