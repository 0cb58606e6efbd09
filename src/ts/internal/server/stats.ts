import type { ConnectionStats } from '../types/connection.js';
import type { ServerStats } from '../types/server.js';

/**
 * What a server sums up of its connections.
 */
export type Sums = Omit<ServerStats, 'connections'>;

/**
 * Sums of no connections.
 */
export function noSums(): Sums {
  return {
    acceptedConnections: 0,
    bytesSent: 0,
    packetsSent: 0,
    bytesReceived: 0,
    packetsReceived: 0,
    bytesLost: 0,
    packetsLost: 0,
    streams: 0,
    droppedIncomingDatagrams: 0,
    droppedOutgoingDatagrams: 0,
  };
}

/**
 * Adds what a connection has counted.
 */
export function add(sums: Sums, stats: ConnectionStats): void {
  for (const name of summed) sums[name] += stats[name];
  sums.droppedIncomingDatagrams += stats.datagrams.droppedIncoming;
  sums.droppedOutgoingDatagrams += stats.datagrams.droppedOutgoing;
}

const summed = [
  'bytesSent',
  'packetsSent',
  'bytesReceived',
  'packetsReceived',
  'bytesLost',
  'packetsLost',
  'streams',
] as const;
