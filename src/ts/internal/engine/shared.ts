// Written by `go test ./native/internal/shared -update`. Change it in Go.

/** Kinds of events, see `native/internal/event/kind.go`. */
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
  TransportRawDatagrams: 21,
  ConnectionMigrated: 22,
  ConnectionPath: 23,
  ConnectionSession: 24,
  ConnectionHandshake: 25,
  TransportFailed: 26,
  StreamArrived: 27,
  Fault: 28,
} as const;

/** How a connection ended, see `native/internal/event/kind.go`. */
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
  remote: 256,
} as const;

/** Why a connection did not migrate, see `native/internal/event/kind.go`. */
export const MigrationFailure = {
  refused: 1,
  unreachable: 2,
  closed: 3,
} as const;

/** What an error of the addon is, see `native/abi.h`. */
export const BindingErrorKind = {
  Stale: 1,
  Config: 2,
  System: 3,
  Closed: 4,
  Internal: 5,
} as const;

/** What `streamRead` and `streamWrite` return besides a number of bytes. */
export const StreamStatus = {
  readFin: 1073741824,
  readApart: 536870912,
  readWouldBlock: -1,
  readClosed: -2,
  writeQueued: 0,
  writeFull: 1,
  writeFinished: 2,
  writeClosed: -2,
} as const;

/** What `datagramsRead` returns besides a number of bytes. */
export const DatagramsStatus = {
  readMore: 1073741824,
} as const;

/** Indexes of what `environmentStats` writes. */
export const EnvironmentNumber = {
  transports: 0,
  listeners: 1,
  connections: 2,
  streams: 3,
  goroutines: 4,
  goHeap: 5,
  faults: 6,
  count: 7,
} as const;

/** Indexes of what `transportStats` writes. */
export const TransportNumber = {
  handshakes: 0,
  unvalidatedHandshakes: 1,
  retries: 2,
  refused: 3,
  failedHandshakes: 4,
  datagramsDropped: 5,
  count: 6,
} as const;

/** Indexes of what `connectionStats` writes. */
export const ConnectionNumber = {
  smoothedRtt: 0,
  latestRtt: 1,
  minRtt: 2,
  rttVariation: 3,
  congestionWindow: 4,
  bytesSent: 5,
  packetsSent: 6,
  bytesReceived: 7,
  packetsReceived: 8,
  bytesLost: 9,
  packetsLost: 10,
  pathMtu: 11,
  congestionController: 12,
  congestionState: 13,
  pacingRate: 14,
  count: 15,
} as const;

/** Values of `config.congestionControl`, by what `connectionStats` writes. */
export const CongestionController = {
  cubic: 0,
  reno: 1,
  bbr: 2,
} as const;

/** What congestion controllers are at, by what `connectionStats` writes. */
export const CongestionState = {
  slow_start: 0,
  recovery: 1,
  congestion_avoidance: 2,
  startup: 3,
  drain: 4,
  probe_bw_down: 5,
  probe_bw_cruise: 6,
  probe_bw_refill: 7,
  probe_bw_up: 8,
  probe_rtt: 9,
} as const;

/** Indexes of what `datagramsStats` writes. */
export const DatagramsNumber = {
  maxSize: 0,
  droppedIncoming: 1,
  droppedOutgoing: 2,
  count: 3,
} as const;

/** TLS alerts for handshakes that the application did not let pass (RFC 8446 section 6). */
export const TLSAlert = {
  certificateUnknown: 46,
  userCanceled: 90,
} as const;

/** Offsets and sizes in bytes of what both sides lay out in memory, see
 * `native/internal/shared/layout.go`. */
export const Layout = {
  eventSize: 0,
  eventKind: 4,
  eventHandle: 8,
  eventDataLength: 12,
  eventA: 16,
  eventB: 24,
  eventHeader: 32,
  slotLength: 0,
  slotPort: 2,
  slotDestination: 4,
  slotHostLength: 8,
  slotHost: 9,
  slotHeader: 64,
  slot: 1536,
  sourcedLength: 0,
  sourcedPort: 2,
  sourcedHostLength: 4,
  sourcedHeader: 5,
  datagramLength: 2,
  certificateLength: 4,
  questionNumber: 0,
  questionChain: 8,
  closeKind: 0,
  closeCode: 4,
  closeReason: 12,
  failedHandle: 0,
  failedDescriptionLength: 4,
  failedDescription: 8,
} as const;
