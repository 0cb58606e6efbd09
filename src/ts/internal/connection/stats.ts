import type QUICDatagrams from '../../QUICDatagrams.js';
import type { ConnectionStats } from '../types/connection.js';
import type ConnectionState from './ConnectionState.js';

// Where the engine writes what is measured
const numbers = new Float64Array(12);

/**
 * What a connection has measured and counted.
 *
 * @internal
 */
export function readStats(
  { env, handle }: ConnectionState,
  streams: number,
  datagrams: QUICDatagrams | undefined,
): ConnectionStats {
  numbers.fill(0);
  if (handle !== 0) env.binding.connectionStats(handle, numbers);
  return {
    smoothedRtt: numbers[0],
    latestRtt: numbers[1],
    minRtt: numbers[2],
    rttVariation: numbers[3],
    congestionWindow: numbers[4],
    bytesSent: numbers[5],
    packetsSent: numbers[6],
    bytesReceived: numbers[7],
    packetsReceived: numbers[8],
    bytesLost: numbers[9],
    packetsLost: numbers[10],
    pathMtu: numbers[11],
    streams,
    datagrams: {
      droppedIncoming: datagrams?.droppedIncoming ?? 0,
      droppedOutgoing: datagrams?.droppedOutgoing ?? 0,
    },
  };
}
