import type * as internals from '../internals.js';

/**
 * Kinds of events, as `native/internal/event/kind.go` documents them.
 *
 * @internal
 */
export const EventKind = {
  TransportClosed: 1,
  TransportSend: 2,
  TransportSent: 3,
  ListenerConnection: 4,
  ListenerFailed: 5,
  ListenerClosed: 6,
  ConnectionEstablished: 7,
  ConnectionVerify: 8,
  ConnectionClosed: 9,
  ConnectionDrained: 10,
  ConnectionStream: 11,
  DatagramsReadable: 12,
  DatagramsWritable: 13,
  StreamOpened: 14,
  StreamReadable: 15,
  StreamEnded: 16,
  StreamReset: 17,
  StreamWritable: 18,
  StreamFinished: 19,
  StreamStopped: 20,
  TransportDatagrams: 21,
  ConnectionMigrated: 22,
  ConnectionPath: 23,
  ConnectionSession: 24,
  ConnectionHandshake: 25,
  TransportFailed: 26,
  StreamArrived: 27,
} as const;

/**
 * Why a connection did not migrate, as `native/internal/event/kind.go` documents it.
 *
 * @internal
 */
export const migrationFailures = ['refused', 'unreachable', 'closed'] as const;

/**
 * How a connection ended, as `native/internal/event/kind.go` documents it.
 *
 * @internal
 */
export const CloseKind = {
  Application: 0,
  Transport: 1,
  IdleTimeout: 2,
  HandshakeTimeout: 3,
  StatelessReset: 4,
  VersionNegotiation: 5,
  Aborted: 6,
  SendFailed: 7,
  Internal: 8,
  /** Added to Application and Transport when the peer sent the code. */
  remote: 0x100,
} as const;

/**
 * Something that native events happen to.
 *
 * @internal
 */
export interface NativeEventHandler {
  /**
   * @param data - only valid during the call
   */
  [internals.handleNativeEvent](
    kind: number,
    a: number,
    b: number,
    data: Uint8Array,
  ): void;

  /**
   * Does what must be done in the last moment of the process.
   */
  handleExit?(): void;
}
