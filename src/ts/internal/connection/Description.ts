/**
 * What the engine tells of a connection, see `native/internal/engine/connection.go`.
 */
export type Description = {
  localHost: string;
  localPort: number;
  remoteHost: string;
  remotePort: number;
  connectionId: string;
  connectionIdPeer: string;
  connectionIdShared: string;
  applicationProto: string;
  serverName: string;
  isComplete: boolean;
  resumed: boolean;
  earlyData: boolean;
  localDatagrams: boolean;
  peerDatagrams: boolean;
  version: number;
};

/**
 * Decodes a description as the engine sends it.
 */
export function decodeDescription(data: Uint8Array): Description {
  const { buffer, byteOffset, byteLength } = data;
  return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString());
}
