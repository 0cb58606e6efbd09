/**
 * What the addon exports. All copies of the library in a thread get the same object.
 */
export interface Addon {
  /**
   * The version of this library that it belongs to. Those of other major versions may have none.
   */
  readonly version?: string;
  /** Opens an environment of its own for a copy; `undefined` when the thread is ending. */
  environmentOpen(onWake: () => void): Binding | undefined;
}

/**
 * The functions of an environment, each named after the function of the C ABI that it calls. They
 * check what they are given, and throw a `TypeError` for what is wrong. Handles are positive
 * integers; 0 is none. Calls on a handle that names nothing any more do nothing, as do all when the
 * environment is closed.
 */
export interface Binding {
  environmentClose(): void;
  /**
   * Closes the environment of a copy that is gone, without waiting until the peers have been told.
   */
  environmentAbandon(): void;
  environmentCloseConnections(milliseconds: number): void;
  environmentRef(): void;
  environmentUnref(): void;
  environmentDrain(buffer: Uint8Array): number;
  environmentStats(collect: boolean, numbers: Float64Array): void;
  issue(request: string): [key: string, cert: string];
  configCheck(config: string, isServer: boolean): string;
  authoritiesSet(
    extra: string,
    bundled: string,
    system: boolean,
    fallback: boolean,
  ): void;

  transportOpenNative(
    host: string,
    port: number,
    reuseAddr: boolean,
    ipv6Only: boolean,
    key: Uint8Array,
    connectionIds: Uint8Array,
    takeOver: boolean,
  ): number;
  /** Binds a socket, and returns its descriptor, which is the caller's then. On Linux alone. */
  transportBind(
    host: string,
    port: number,
    reuseAddr: boolean,
    ipv6Only: boolean,
  ): number;
  /**
   * @param descriptor - where the engine sends, or `-1` if it writes into the ring
   * @param reuseAddr - what the socket was bound with, if there is a descriptor
   */
  transportOpenVirtual(
    host: string,
    port: number,
    key: Uint8Array,
    connectionIds: Uint8Array,
    takeOver: boolean,
    ring: Uint8Array,
    descriptor: number,
    reuseAddr: boolean,
  ): number;
  /** Gives up the ring of a transport that is closed. Until then the addon keeps it. */
  transportForget(transport: number): void;
  transportHost(transport: number): Buffer;
  transportPort(transport: number): number;
  transportDeliver(transport: number, batch: Uint8Array, length: number): void;
  transportPending(transport: number): number;
  transportRelease(transport: number, n: number): number;
  transportFailWrites(
    transport: number,
    host: string,
    port: number,
    errno: number,
  ): void;
  transportSend(
    transport: number,
    id: number,
    data: Uint8Array,
    host: string,
    port: number,
  ): boolean;
  transportReadRawDatagrams(transport: number, buffer: Uint8Array): number;
  transportStats(transport: number, numbers: Float64Array): void;
  transportClose(transport: number): void;

  listenerOpen(transport: number, config: string): number;
  listenerConfigure(listener: number, config: string): void;
  listenerClose(listener: number, code: number): void;

  connectionDial(
    transport: number,
    host: string,
    port: number,
    serverName: string,
    config: string,
    session: Uint8Array,
  ): number;
  connectionDescribe(connection: number): Buffer;
  connectionCertificates(connection: number): Buffer;
  connectionSession(connection: number): Buffer;
  connectionCloseReason(connection: number): Buffer;
  connectionQuestion(connection: number): Buffer;
  connectionVerdict(connection: number, number: number, alert: number): boolean;
  connectionAccept(connection: number): void;
  connectionTellArrived(connection: number): void;
  connectionStats(connection: number, numbers: Float64Array): void;
  connectionCancelMigration(connection: number): void;
  connectionMigrate(connection: number, transport: number): void;
  connectionDrain(
    connection: number,
    withDatagrams: boolean,
    hadTurn: boolean,
  ): boolean;
  connectionClose(
    connection: number,
    isApp: boolean,
    code: number,
    reason: Uint8Array,
  ): void;
  connectionRelease(connection: number): void;
  connectionOpenStream(
    connection: number,
    uni: boolean,
    ids: Float64Array,
  ): number;

  datagramsRead(connection: number, batch: Uint8Array): number;
  datagramsUnread(connection: number, n: number): void;
  datagramsSetIncomingHighWaterMark(connection: number, n: number): void;
  datagramsStopReading(connection: number): void;
  datagramsWrite(
    connection: number,
    batch: Uint8Array,
    length: number,
    highWater: number,
    numbers: Float64Array,
  ): number;
  datagramsStats(connection: number, numbers: Float64Array): void;

  streamRead(stream: number, buffer: Uint8Array): number;
  streamWrite(stream: number, data: Uint8Array, fin: boolean): number;
  streamStopSending(stream: number, code: number): void;
  streamReset(stream: number, code: number): void;
  streamCommit(stream: number): void;
  streamSetPriority(
    stream: number,
    urgency: number,
    incremental: boolean,
  ): void;
  streamRelease(stream: number): void;
}

/**
 * What the addon throws. `kind` is one of {@link BindingErrorKind}.
 */
export type BindingError = Error & {
  kind: number;
  code: number;
  option: string;
};
