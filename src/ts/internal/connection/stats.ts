import type QUICDatagrams from '../../QUICDatagrams.js';
import {
  CongestionController as CongestionControllers,
  CongestionState as CongestionStates,
  ConnectionNumber,
} from '../engine/shared.js';
import type { CongestionController } from '../types/config.js';
import type { CongestionState, ConnectionStats } from '../types/connection.js';
import type ConnectionState from './ConnectionState.js';

// By the numbers that the engine has for them
const controllers = namesOf<CongestionController>(CongestionControllers);
const states = namesOf<CongestionState>(CongestionStates);

function namesOf<Name extends string>(
  numbers: Record<Name, number>,
): Array<Name> {
  return Object.keys(numbers) as Array<Name>;
}

// Where the engine writes what is measured
const numbers = new Float64Array(ConnectionNumber.count);

/**
 * What a connection has measured and counted.
 */
export function readStats(
  { env, handle }: ConnectionState,
  streams: number,
  datagrams: QUICDatagrams | undefined,
): ConnectionStats {
  numbers.fill(0);
  if (handle !== 0) env.binding.connectionStats(handle, numbers);
  return {
    smoothedRtt: numbers[ConnectionNumber.smoothedRtt],
    latestRtt: numbers[ConnectionNumber.latestRtt],
    minRtt: numbers[ConnectionNumber.minRtt],
    rttVariation: numbers[ConnectionNumber.rttVariation],
    congestionWindow: numbers[ConnectionNumber.congestionWindow],
    bytesSent: numbers[ConnectionNumber.bytesSent],
    packetsSent: numbers[ConnectionNumber.packetsSent],
    bytesReceived: numbers[ConnectionNumber.bytesReceived],
    packetsReceived: numbers[ConnectionNumber.packetsReceived],
    bytesLost: numbers[ConnectionNumber.bytesLost],
    packetsLost: numbers[ConnectionNumber.packetsLost],
    pathMtu: numbers[ConnectionNumber.pathMtu],
    congestionControl:
      controllers[numbers[ConnectionNumber.congestionController]],
    congestionState: states[numbers[ConnectionNumber.congestionState]],
    pacingRate: numbers[ConnectionNumber.pacingRate],
    streams,
    datagrams: {
      droppedIncoming: datagrams?.droppedIncoming ?? 0,
      droppedOutgoing: datagrams?.droppedOutgoing ?? 0,
    },
  };
}
