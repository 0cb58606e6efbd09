import type QUICStream from '../../QUICStream.js';
import type {
  ErrorQUICConnectionIdleTimeout,
  ErrorQUICConnectionInternal,
  ErrorQUICConnectionLocal,
  ErrorQUICConnectionPeer,
} from '../errors/close.js';
import { EventQUIC, type InstancesOf } from './EventQUIC.js';
import type { QUICStreamEvents } from './stream.js';

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
 * The server of a client's connection allows to resume it (RFC 8446 section 2.2); `detail` is the
 * session, for `session` of {@link QUICClient.createQUICClient}, also in another process and after
 * the connection has ended. It comes some time after the handshake, and again when the server
 * renews it: the last one counts. It can be used for up to seven days, and should be used once, as
 * who watches the network can link its uses.
 *
 * A session holds secrets: who has it can pass for the client, and read early data that is sent
 * with it. Store it as you store private keys.
 */
export class EventQUICConnectionSession extends EventQUICConnection<Uint8Array> {
  static override readonly name = 'EventQUICConnectionSession';
}

/**
 * A connection of a client that sent early data (0-RTT) has completed its handshake, and the server
 * has taken the early data or not. In the latter case nothing of it has arrived, the streams that
 * were opened before end with {@link errors.ErrorQUICConnectionEarlyDataRejected} as `cause`, and
 * the application sends what it still wants to send again on new ones.
 */
export class EventQUICConnectionEarlyData extends EventQUICConnection<
  'accepted' | 'rejected'
> {
  static override readonly name = 'EventQUICConnectionEarlyData';
}

/**
 * A packet of the connection is to be sent. Not dispatched by this version: the engine sends
 * packets itself.
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
