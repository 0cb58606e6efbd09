import type { ConnectionId, ConnectionIdString } from '../types/connection.js';
/**
 * Converts a connection ID to hex.
 */
export function encodeConnectionId(connId: ConnectionId): ConnectionIdString {
  return connId.toString('hex') as ConnectionIdString;
}

/**
 * Converts a connection ID from hex.
 */
export function decodeConnectionId(
  connIdString: ConnectionIdString,
): ConnectionId {
  return Buffer.from(connIdString, 'hex') as ConnectionId;
}
