import type { ConnectionStats } from './connection.js';

/**
 * When a server has clients prove their address by a Retry, which costs a round trip (RFC 9000
 * section 8.1.2).
 */
export type RetryPolicy = 'always' | 'never' | 'auto';

/**
 * What {@link QUICServer.stats} tells: sums over its connections, see {@link ConnectionStats}.
 */
export type ServerStats = Pick<
  ConnectionStats,
  | 'bytesSent'
  | 'packetsSent'
  | 'bytesReceived'
  | 'packetsReceived'
  | 'bytesLost'
  | 'packetsLost'
  | 'streams'
> & {
  /** Connections that are open. */
  connections: number;
  /** Connections that were ever established. */
  acceptedConnections: number;
  /** Unreliable datagrams that came in and were dropped. */
  droppedIncomingDatagrams: number;
  /** Unreliable datagrams that were dropped instead of sent. */
  droppedOutgoingDatagrams: number;
};
