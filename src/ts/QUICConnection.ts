import type { X509Certificate } from 'node:crypto';
import { running, status } from '@matrixai/async-init/utils.js';
import type { ContextTimedInput } from '@matrixai/contexts';
import {
  type ConnectionCloseError,
  connectionError,
  levelOf,
} from './internal/connection/closeErrors.js';
import {
  type BindingError,
  BindingErrorKind,
} from './internal/engine/binding.js';
import { environment } from './internal/engine/Environment.js';
import {
  callEngine,
  certificatesToDER,
  decodeChain,
  highWaterMarks,
  questionOf,
  toEngineConfig,
  verdictOf,
} from './internal/engine/engine.js';
import { EventKind, migrationFailures } from './internal/engine/events.js';
import { ErrorQUICConnectionInternal } from './internal/errors/close.js';
import {
  ErrorQUICConnectionClosed,
  ErrorQUICConnectionEarlyDataRejected,
  ErrorQUICConnectionMigration,
  ErrorQUICConnectionNotRunning,
  ErrorQUICConnectionStopping,
  type MigrationErrorData,
} from './internal/errors/connection.js';
import { ErrorQUICSocketNotRunning } from './internal/errors/socket.js';
import {
  EventQUICConnectionClose,
  EventQUICConnectionEarlyData,
  EventQUICConnectionError,
  EventQUICConnectionMigrated,
  EventQUICConnectionSession,
  EventQUICConnectionStart,
  EventQUICConnectionStarted,
  EventQUICConnectionStop,
  EventQUICConnectionStopped,
  EventQUICConnectionStream,
  type QUICConnectionEvents,
} from './internal/events/connection.js';
import { iterate } from './internal/events/iterate.js';
import * as internals from './internal/internals.js';
import {
  abortable,
  reasonOf,
  throwIfAborted,
} from './internal/lifecycle/abort.js';
import {
  attempt,
  codeOfReason,
  emit,
  nextTick,
  type Target,
} from './internal/lifecycle/internal.js';
import Lifecycle from './internal/lifecycle/Lifecycle.js';
import * as channels from './internal/log/channels.js';
import type Log from './internal/log/Log.js';
import type { LogFields } from './internal/log/Log.js';
import { toX509 } from './internal/tls/authorities.js';
import type {
  AbortableIterable,
  AbortOptions,
} from './internal/types/abort.js';
import type { Host, Port, RemoteInfo } from './internal/types/address.js';
import type {
  ConnectionError,
  ConnectionErrorCode,
} from './internal/types/codes.js';
import type {
  CloseOptions,
  ConnectionMetadata,
  ConnectionStats,
} from './internal/types/connection.js';
import type {
  StreamCodeToReason,
  StreamId,
  StreamReasonToCode,
} from './internal/types/stream.js';
import { buildAddress, validateTarget } from './internal/utils/address.js';
import { isIPv4, toCanonicalIP } from './internal/utils/ip.js';
import { validateCodeArgs } from './internal/validation/close.js';
import {
  type CompleteConfig,
  withOptions,
} from './internal/validation/config.js';
import {
  checkNames,
  closeNames,
  migrateNames,
  newStreamNames,
} from './internal/validation/optionNames.js';
import {
  validatePriority,
  validateStreamType,
} from './internal/validation/stream.js';
import {
  validateObject,
  validateSignal,
} from './internal/validation/values.js';
import QUICConnectionId from './QUICConnectionId.js';
import QUICDatagrams from './QUICDatagrams.js';
import type QUICSocket from './QUICSocket.js';
import { validateSocket } from './QUICSocket.js';
import QUICStream from './QUICStream.js';

/**
 * What the engine tells of a connection, see `native/internal/engine/connection.go`.
 *
 * @internal
 */
export type ConnectionDescription = {
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
 * @internal
 */
export type ConnectionOptions = {
  config: CompleteConfig;
  socket: QUICSocket;
  reasonToCode?: StreamReasonToCode;
  codeToReason?: StreamCodeToReason;
  logger: Log;
} & (
  | { type: 'server'; handle: number; description: ConnectionDescription }
  | {
      type: 'client';
      remoteInfo: RemoteInfo;
      serverName: string;
      session?: Uint8Array;
      minIdleTimeout?: number;
      /** Whether it is no failure of anybody if its handshake does not complete. */
      isOneOfSeveral?: boolean;
    }
);

/**
 * A QUIC connection (RFC 9000 section 5). Servers and clients make them.
 *
 * A connection always ends with an error, which says who closed it with which code, or that the
 * peer was not heard of any more: {@link events.EventQUICConnectionError}, then
 * {@link events.EventQUICConnectionClose}. All its streams end with it.
 *
 * `node:diagnostics_channel` has `matrixai.quic.connection.open` and `matrixai.quic.connection.close` for all
 * connections of the thread, see `QUICConnectionMessage`.
 */
class QUICConnection extends Lifecycle<QUICConnectionEvents> {
  /** Which end of the connection this is. */
  public readonly type: 'client' | 'server';

  /**
   * Resolves once the connection is closed, for whatever reason.
   */
  public readonly closedP: Promise<void>;

  /**
   * Resolves once the handshake is complete, at once unless there is early data (0-RTT): the peer is
   * there and verified, and what it sends is no repetition of what somebody recorded. Rejects with the error
   * of a connection that ends before.
   */
  public readonly handshakeCompletedP: Promise<void>;

  /**
   * The streams that are open, by their ID.
   */
  public readonly streamMap: Map<StreamId, QUICStream> = new Map();

  #logger: Log;
  #streamLogger?: Log;
  #_socket: QUICSocket;
  #config: CompleteConfig;
  #owner?: Target;
  #reasonToCode?: StreamReasonToCode;
  #codeToReason?: StreamCodeToReason;
  #env = environment();
  #handle = 0;
  #description?: ConnectionDescription;
  #remoteInfo?: RemoteInfo;
  #serverName: string;
  #session: Uint8Array;
  #minIdleTimeout?: number;
  #isOneOfSeveral: boolean;
  #_earlyData: 'none' | 'accepted' | 'rejected' = 'none';
  #handshake!: {
    resolve: () => void;
    reject: (e: Error) => void;
  };
  #remoteCerts?: Array<Uint8Array>;
  #peerCertificate?: X509Certificate;
  #newestSession?: Uint8Array;
  #verifyError?: unknown;
  #isHolding = true;

  /** Streams that wait for the peer's limit have no ID yet. */
  #streams: Set<QUICStream> = new Set();
  /** Streams of the peer that came when nobody listened, also those that have ended since. */
  #unheard: Set<QUICStream> = new Set();
  #_datagrams?: QUICDatagrams;
  #resolveStreamsEnded?: () => void;
  #resolveDrained?: (isSilent: boolean) => void;
  #isRunning = false;
  #starting?: Promise<void>;
  #stopping?: Promise<void>;
  #migrating?: {
    resolve: (description: ConnectionDescription) => void;
    reject: (e: Error) => void;
  };
  #overtaken?: CloseOptions;
  #lastStats?: ConnectionStats;
  #_closed = false;
  #resolveClosedP!: () => void;
  #errorLast: ConnectionCloseError | null = null;
  /** What it has ended with, as the engine was asked before the event of that came. */
  #errorComing?: ConnectionCloseError;
  #started?: {
    resolve: () => void;
    reject: (e: Error) => void;
  };

  /**
   * @internal
   */
  public constructor(opts: ConnectionOptions) {
    super();
    this.type = opts.type;
    this.#config = opts.config;
    this.#_socket = opts.socket;
    this.#reasonToCode = opts.reasonToCode;
    this.#codeToReason = opts.codeToReason;
    this.#logger = opts.logger.with(() => this.#logFields());
    this.#serverName = opts.type === 'client' ? opts.serverName : '';
    this.#session = (opts.type === 'client' && opts.session) || noSession;
    this.#minIdleTimeout =
      opts.type === 'client' ? opts.minIdleTimeout : undefined;
    this.#isOneOfSeveral =
      opts.type === 'client' && opts.isOneOfSeveral === true;
    this.closedP = new Promise((resolve) => {
      this.#resolveClosedP = resolve;
    });
    this.handshakeCompletedP = new Promise((resolve, reject) => {
      this.#handshake = { resolve, reject };
    });
    // Not everybody asks
    this.handshakeCompletedP.catch(() => {});
    if (opts.type === 'server') {
      this.#setHandle(opts.handle);
      this.#establish(opts.description);
    } else {
      this.#remoteInfo = opts.remoteInfo;
    }
  }

  /**
   * Tells this connection from all others of the process, as long as it is open.
   */
  public get sendId(): string {
    return String(this.#handle);
  }

  /**
   * The first connection ID that this end chose for itself.
   */
  public get connectionId(): QUICConnectionId {
    return this.#id('connectionId');
  }

  /**
   * The first connection ID that the peer chose for itself.
   */
  public get connectionIdPeer(): QUICConnectionId {
    return this.#id('connectionIdPeer');
  }

  /**
   * The original destination connection ID, the same at both ends.
   */
  public get connectionIdShared(): QUICConnectionId {
    return this.#id('connectionIdShared');
  }

  /** IP address of the peer. */
  public get remoteHost(): Host {
    return (this.#description?.remoteHost ?? this.#remoteInfo!.host) as Host;
  }

  /** UDP port of the peer. */
  public get remotePort(): Port {
    return (this.#description?.remotePort ?? this.#remoteInfo!.port) as Port;
  }

  /**
   * The local address, that of the socket if it is bound to a wildcard.
   */
  public get localHost(): Host {
    return (this.#description?.localHost ??
      this[internals.socket].host) as Host;
  }

  /** UDP port of the socket. */
  public get localPort(): Port {
    return (this.#description?.localPort ??
      this[internals.socket].port) as Port;
  }

  /**
   * The socket that the connection goes over.
   *
   * @internal
   */
  public get [internals.socket](): QUICSocket {
    return this.#_socket;
  }

  /**
   * Whether the handshake resumed a session of an earlier connection (RFC 8446 section 2.2), without
   * certificates being sent. Not known before {@link handshakeCompletedP} resolves.
   */
  public get resumed(): boolean {
    return this.#description?.resumed ?? false;
  }

  /**
   * Whether the server took early data (0-RTT, RFC 9001 section 4.6) of the client: `'none'` if none was
   * sent, or as long as the server has not answered. See {@link events.EventQUICConnectionEarlyData}.
   */
  public get earlyData(): 'none' | 'accepted' | 'rejected' {
    return this.#_earlyData;
  }

  /**
   * The name of the server that the client asked for (SNI, RFC 6066 section 3), `''` if it asked for none. A client
   * has verified the server's certificate for it, or for the address.
   */
  public get serverName(): string {
    return this.#description?.serverName ?? this.#serverName;
  }

  /**
   * The protocol that both ends agreed on (ALPN, RFC 7301), one of `config.applicationProtos`. `''` before the handshake.
   */
  public get applicationProtocol(): string {
    return this.#description?.applicationProto ?? '';
  }

  /**
   * The version of QUIC that both ends agreed on: 1 (RFC 9000), or 0x6b3343cf for version 2 (RFC 9369). 0 before the
   * handshake.
   */
  public get version(): number {
    return this.#description?.version ?? 0;
  }

  /**
   * The certificate of the peer, whether it was verified or not; `undefined` if it sent none, and before the handshake.
   * {@link QUICConnection.getRemoteCertsChain} has the whole chain.
   */
  public get peerCertificate(): X509Certificate | undefined {
    const [leaf] = this.getRemoteCertsChain();
    if (leaf === undefined) return undefined;
    this.#peerCertificate ??= toX509(leaf);
    return this.#peerCertificate;
  }

  /**
   * Of a client, the newest session that the server gave, see {@link events.EventQUICConnectionSession}; `undefined` if it
   * gave none as yet.
   */
  public get session(): Uint8Array | undefined {
    return this.#newestSession;
  }

  /** Whether the connection is closed, for whatever reason. */
  public get closed(): boolean {
    return this.#_closed;
  }

  /** Whether the connection is open for streams, or is stopping. */
  public get [running](): boolean {
    return this.#isRunning;
  }

  /**
   * Makes the open connection keep the process alive, as it does by default.
   */
  public ref(): this {
    this.#isHolding = true;
    if (this.#handle !== 0 && !this.#_closed)
      this[internals.socket][internals.hold](this);
    return this;
  }

  /**
   * Lets the process end although the connection is open.
   */
  public unref(): this {
    this.#isHolding = false;
    this[internals.socket][internals.release](this);
    return this;
  }

  /**
   * Completes the handshake. Servers and clients call it before they hand the connection out, so
   * for an application it resolves at once, until the connection is closed: it cannot be started again.
   *
   * @param _opts - ignored: the engine gets the packets from the socket
   * @param ctx
   * @param ctx.timer - ignored
   * @param ctx.signal - gives up the handshake when it aborts
   *
   * @throws {errors.ErrorQUICConnectionClosed}
   */
  public async start(
    _opts?: object,
    ctx?: {
      timer?: ContextTimedInput['timer'] | undefined;
      signal?: AbortSignal | undefined;
    },
  ): Promise<void> {
    if (this.#isRunning) return;
    if (this.#_closed) throw this.#closedError();
    this.#starting ??= this.#startNow(ctx?.signal);
    await this.#starting;
  }

  /**
   * Closes the connection. Without `force` it waits for running streams to end, refuses new ones meanwhile with the
   * code of an `ErrorQUICConnectionStopping`, and until the datagrams are sent. A stop with `force` that follows ends that
   * wait, as {@link QUICConnection.destroyStreams} does. In any case it then delivers what was written to closed writers: it
   * waits until the peer has acknowledged that, or does not answer for three probe timeouts (RFC 9002 section 6.2.1). It
   * does not wait until what has arrived whole is read: that can be done later.
   *
   * @param opts - the code and reason that the other end gets, and whether to wait for streams
   */
  public async stop(opts: CloseOptions = {}): Promise<void> {
    validateCodeArgs(opts);
    checkNames(opts, closeNames, this.#logger);
    await abortable(opts.signal, async () => {
      if (opts.force !== false) this[internals.overtake](opts);
      if (this[status] === 'starting') await this.#starting?.catch(() => {});
      if (this.#isRunning) this.#stopping ??= this.#stopNow(opts);
      await this.#stopping;
    });
  }

  /**
   * Ends the handshake of a client with a transport error code.
   *
   * @internal
   */
  public async [internals.giveUp](code: ConnectionErrorCode): Promise<void> {
    this.#env.binding.connectionClose(this.#handle, false, code, noReason);
    await this.#env.holdFor(this.closedP);
  }

  /**
   * Ends the wait of a graceful stop, which then uses these codes.
   *
   * @internal
   */
  public [internals.overtake](opts: CloseOptions = {}): void {
    this.#overtaken ??= opts;
    this.#resolveStreamsEnded?.();
  }

  /**
   * The code and reason that the connection was closed with, or `undefined` if it is open
   * or ended without, as by an idle timeout.
   */
  public getConnectionError(): ConnectionError | undefined {
    const data = this.#errorLast?.data;
    if (data === undefined || !('errorCode' in data)) return undefined;
    return data as ConnectionError;
  }

  /**
   * The certificates of `config.ca` in DER.
   */
  public getLocalCACertsChain(): Array<Uint8Array> {
    return certificatesToDER(this.#config.ca);
  }

  /**
   * The local certificates from leaf to root in DER.
   */
  public getLocalCertsChain(): Array<Uint8Array> {
    return certificatesToDER(this.#config.cert);
  }

  /**
   * The certificates that the peer sent from leaf to root in DER, whether they were verified or not.
   */
  public getRemoteCertsChain(): Array<Uint8Array> {
    if (this.#remoteCerts !== undefined) return this.#remoteCerts;
    const chain = decodeChain(
      this.#env.binding.connectionCertificates(this.#handle),
    );
    if (this.#description?.isComplete || this.#_closed)
      this.#remoteCerts = chain;
    return chain;
  }

  /** Addresses and certificate chains of both ends. */
  public meta(): ConnectionMetadata {
    return {
      localHost: this.localHost,
      localPort: this.localPort,
      remoteHost: this.remoteHost,
      remotePort: this.remotePort,
      localCertsChain: this.getLocalCertsChain(),
      localCACertsChain: this.getLocalCACertsChain(),
      remoteCertsChain: this.getRemoteCertsChain(),
    };
  }

  /**
   * What the connection has measured and counted so far; once it is closed, until then. A call takes about a
   * microsecond.
   */
  public stats(): ConnectionStats {
    if (this.#lastStats !== undefined) return this.#lastStats;
    numbers.fill(0);
    if (this.#handle !== 0) {
      this.#env.binding.connectionStats(this.#handle, numbers);
    }
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
      streams: this.streamMap.size,
      datagrams: {
        droppedIncoming: this.#_datagrams?.droppedIncoming ?? 0,
        droppedOutgoing: this.#_datagrams?.droppedOutgoing ?? 0,
      },
    };
  }

  /**
   * Opens a stream. When the peer's limit is reached (RFC 9000 section 4.6) the stream opens as soon as
   * the peer gives credit; what is written meanwhile is sent then.
   *
   * The peer learns of a stream with its first byte, or with the reset of one that was written to, even if none
   * of that has left yet. Of a stream that ends before anything was written it does not.
   *
   * @param type - defaults to `'bidi'`
   * @param options
   * @param options.urgency - see {@link QUICStream.setPriority}
   * @param options.incremental - see {@link QUICStream.setPriority}
   * @param options.signal - cancels the stream with its reason when it aborts, also while it waits to be opened
   *
   * @throws the reason of a signal that has aborted
   * @throws {errors.ErrorQUICConnectionNotRunning} when the connection was stopped; `cause` says what it ended with
   * @throws {errors.ErrorQUICConnectionStopping} when the connection waits for its streams to end
   * @throws {errors.ErrorQUICConnectionClosed} when the connection was closed, likewise
   */
  public newStream(
    type: 'bidi' | 'uni' = 'bidi',
    options?: {
      urgency?: number | undefined;
      incremental?: boolean | undefined;
    } & AbortOptions,
  ): QUICStream {
    validateStreamType(type);
    if (options !== undefined) {
      validatePriority(options, 'options');
      checkNames(options, newStreamNames, this.#logger);
      validateSignal(options.signal, 'options.signal');
      throwIfAborted(options.signal);
    }
    if (!this.#isRunning) throw this.#notRunningError();
    if (this.#_closed) throw this.#closedError();
    if (this.#stopping) throw new ErrorQUICConnectionStopping();
    const handle = this.#openInEngine(type);
    const stream = this.#addStream(handle, openedId[0], type, 'local');
    if (options !== undefined) {
      const { urgency, incremental, signal } = options;
      if (urgency !== undefined || incremental !== undefined) {
        stream.setPriority({ urgency, incremental });
      }
      if (signal !== undefined) stream[internals.cancelWith](signal);
    }
    return stream;
  }

  /**
   * Moves the connection of a client to another socket (connection migration, RFC 9000 section 9), as
   * to another network. The new path is probed first: until the server has answered there, and
   * if it does not, the connection goes on as before. No byte of any stream is lost.
   *
   * The socket that the connection leaves may be stopped then; one that the client had made itself is stopped
   * along with the client.
   *
   * @param opts
   * @param opts.socket - a running socket, which is shared: whoever made it stops it, after the client
   * @param opts.signal - gives up the migration when it aborts, unless it has succeeded
   *
   * @throws the reason of the signal
   * @throws {errors.ErrorQUICConnectionMigration} when it did not succeed, see its `data`
   * @throws {errors.ErrorQUICConnectionNotRunning}
   */
  public async migrate(
    opts: { socket: QUICSocket } & AbortOptions,
  ): Promise<void> {
    validateObject(opts, 'opts');
    checkNames(opts, migrateNames, this.#logger);
    const { socket, signal } = opts;
    validateSocket(socket ?? null);
    validateSignal(signal);
    throwIfAborted(signal);
    if (!this.#isRunning || this.#_closed) throw this.#notRunningError();
    if (this.type === 'server' || this.#config.disableActiveMigration) {
      throw migrationError(
        'refused',
        this.type === 'server'
          ? 'only the client can migrate a connection'
          : 'config.disableActiveMigration is set',
      );
    }
    if (this.#migrating !== undefined) {
      throw migrationError('refused', 'a migration is under way');
    }
    if (!socket[internals.isOpen])
      throw migrationError('closed', 'the socket is not running');
    try {
      validateTarget(
        socket.host,
        socket.type,
        this.remoteHost,
        isIPv4(this.remoteHost) ? 'udp4' : 'udp6',
        Error,
      );
    } catch (e) {
      throw migrationError('unreachable', (e as Error).message, e as Error);
    }
    const abort = () =>
      this.#env.binding.connectionCancelMigration(this.#handle);
    signal?.addEventListener('abort', abort);
    try {
      const migrated = new Promise<ConnectionDescription>((resolve, reject) => {
        this.#migrating = { resolve, reject };
      });
      this.#env.binding.connectionMigrate(
        this.#handle,
        socket[internals.transportHandle],
      );
      const description = await migrated.catch((e) => {
        throw signal?.aborted ? reasonOf(signal) : e;
      });
      if (this.#_closed)
        throw migrationError('closed', 'the connection was closed');
      this[internals.socket][internals.release](this);
      this[internals.socket][internals.removeConnection](this);
      this.#_socket = socket;
      if (this.#isHolding) socket[internals.hold](this);
      socket[internals.addConnection](this);
      this.#changePath(description);
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#migrating = undefined;
    }
  }

  /**
   * Unreliable datagrams (RFC 9221), which both ends have to enable with `config.enableDgram`. The object is
   * always the same, and there also when datagrams are not enabled.
   */
  public get datagrams(): QUICDatagrams {
    if (this.#_datagrams === undefined) {
      const { incoming, outgoing } = highWaterMarks(this.#config);
      this.#_datagrams = new QUICDatagrams({
        handle: this.#handle,
        local: this.#description?.localDatagrams ?? false,
        peer: this.#description?.peerDatagrams ?? false,
        incomingHighWaterMark: incoming,
        outgoingHighWaterMark: outgoing,
      });
      if (this.#errorLast !== null) {
        this.#_datagrams[internals.connectionClosed](this.#errorLast);
      }
    }
    return this.#_datagrams;
  }

  /**
   * The streams that the peer opens, until the connection is closed: first those that came when nobody listened,
   * then all that come from the moment on that iteration begins. Those that wait to be taken count towards `config.initialMaxStreamsBidi` and `initialMaxStreamsUni`, which
   * bounds them.
   *
   * ```ts
   * for await (const stream of connection.incomingStreams) serve(stream);
   * ```
   *
   * Its method `values({ signal })` gives those until a signal aborts, with whose reason the loop then fails.
   */
  public get incomingStreams(): AbortableIterable<QUICStream> {
    return iterate(this, EventQUICConnectionStream.name, this.closedP, () =>
      this[internals.takeUnheard](),
    );
  }

  /**
   * Takes out the streams that came when nobody listened.
   *
   * @internal
   */
  public [internals.takeUnheard](): Array<QUICStream> {
    const streams = [...this.#unheard];
    this.#unheard.clear();
    return streams;
  }

  /**
   * Closes the connection, for `await using`. Streams that have not ended are cancelled.
   */
  public async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ force: true });
  }

  /**
   * Ends all streams without closing the connection, also those that `stop` waits for.
   */
  public destroyStreams(reason?: any): void {
    for (const stream of this.#streams) stream.cancel(reason);
  }

  /**
   * Starts to emit the streams of the peer, and the end of the connection.
   *
   * @internal
   */
  public [internals.acceptStreams](): void {
    this.#env.binding.connectionAccept(this.#handle);
  }

  /**
   * Where events of this connection and its streams are emitted.
   *
   * @internal
   */
  public get [internals.targets](): Array<Target> {
    return this.#owner === undefined ? [this] : [this, this.#owner];
  }

  /**
   * Whose listeners hear of the connection too.
   *
   * @internal
   */
  public [internals.setOwner](owner: Target): void {
    this.#owner = owner;
  }

  /**
   * @internal
   */
  public [internals.streamOpened](stream: QUICStream): void {
    this.streamMap.set(stream.streamId, stream);
    this[internals.logStream]('Created', stream);
    if (channels.streamOpen.hasSubscribers) {
      channels.streamOpen.publish({ connection: this, stream });
    }
  }

  /**
   * @param error - what ended a side of the stream before its time
   *
   * @internal
   */
  public [internals.streamDestroyed](stream: QUICStream, error?: Error): void {
    this.#streams.delete(stream);
    this.streamMap.delete(stream.streamId);
    // Nobody has missed it
    if (error !== undefined && this.#unheard.delete(stream))
      stream[internals.dequeued]();
    if (channels.streamClose.hasSubscribers && stream.streamId >= 0) {
      channels.streamClose.publish({ connection: this, stream, error });
    }
    if (this.#streams.size === 0) this.#resolveStreamsEnded?.();
  }

  /**
   * @internal
   */
  public [internals.logStream](what: string, stream: QUICStream): void {
    const id = stream.streamId < 0 ? '' : ` ${stream.streamId}`;
    attempt(() =>
      this[internals.loggerOfStreams].debug(
        `${what} ${stream.constructor.name}${id}`,
      ),
    );
  }

  /**
   * @internal
   */
  public get [internals.loggerOfStreams](): Log {
    this.#streamLogger ??= this.#logger.getChild(QUICStream.name);
    return this.#streamLogger;
  }

  /**
   * @internal
   */
  public [internals.handleNativeEvent](
    kind: number,
    a: number,
    b: number,
    data: Uint8Array,
  ): void {
    switch (kind) {
      case EventKind.ConnectionStream:
        this.#handleStream(a, b);
        break;
      case EventKind.DatagramsReadable:
        this.#_datagrams?.[internals.handleReadable]();
        break;
      case EventKind.DatagramsWritable:
        this.#_datagrams?.[internals.handleWritable]();
        break;
      case EventKind.ConnectionEstablished:
        this.#establish(JSON.parse(Buffer.from(data).toString()));
        this.#started?.resolve();
        break;
      case EventKind.ConnectionHandshake:
        this.#completeHandshake(
          JSON.parse(Buffer.from(data).toString()),
          a === 1,
        );
        break;
      case EventKind.ConnectionSession:
        this.#handleSession();
        break;
      case EventKind.ConnectionVerify:
        void this.#verify(b);
        break;
      case EventKind.ConnectionMigrated:
        if (a === 0) {
          this.#migrating?.resolve(JSON.parse(Buffer.from(data).toString()));
        } else {
          this.#migrating?.reject(
            migrationError(
              migrationFailures[a - 1],
              Buffer.from(data).toString(),
            ),
          );
        }
        break;
      case EventKind.ConnectionPath:
        this.#changePath(
          JSON.parse(
            this.#env.binding.connectionDescribe(this.#handle).toString(),
          ),
        );
        break;
      case EventKind.ConnectionDrained:
        this.#resolveDrained?.(a === 1);
        break;
      case EventKind.ConnectionClosed:
        this.#handleClosed(this.#errorComing ?? this.#toError(a, b, data));
        break;
    }
  }

  #id(name: keyof ConnectionDescription): QUICConnectionId {
    return QUICConnectionId.fromString(
      (this.#description?.[name] ?? '') as string,
    );
  }

  #setHandle(handle: number): void {
    this.#handle = handle;
    this.#env.register(handle, this);
    if (this.#isHolding) this[internals.socket][internals.hold](this);
  }

  #establish(description: ConnectionDescription): void {
    this.#description = description;
    this[internals.socket][internals.addConnection](this);
    if (description.earlyData) this.#_earlyData = 'accepted';
    if (description.isComplete) this.#handshake.resolve();
  }

  /**
   * Completes the handshake of a connection that has been there before, for early data.
   */
  #completeHandshake(
    description: ConnectionDescription,
    isAccepted: boolean,
  ): void {
    this.#description = description;
    this.#_earlyData = isAccepted ? 'accepted' : 'rejected';
    if (!isAccepted) {
      const error = new ErrorQUICConnectionEarlyDataRejected();
      for (const stream of this.#streams) {
        // The others still wait to be opened
        if (stream.streamId >= 0) stream[internals.connectionClosed](error);
      }
      this[internals.acceptStreams]();
    }
    this.#handshake.resolve();
    if (this.type === 'client') {
      emit(this[internals.targets], EventQUICConnectionEarlyData, {
        detail: this.#_earlyData,
      });
    }
  }

  #handleSession(): void {
    // Without that the engine would tell of no other one
    const session = new Uint8Array(
      this.#env.binding.connectionSession(this.#handle),
    );
    this.#newestSession = session;
    emit(this[internals.targets], EventQUICConnectionSession, {
      detail: session,
    });
  }

  #changePath(description: ConnectionDescription): void {
    const { localHost, localPort, remoteHost, remotePort } = this;
    this.#description = description;
    emit(this[internals.targets], EventQUICConnectionMigrated, {
      detail: { localHost, localPort, remoteHost, remotePort },
    });
  }

  async #startNow(signal?: AbortSignal): Promise<void> {
    const level = this.#isOneOfSeveral ? 'debug' : 'info';
    this.#logger[level](`Start ${this.#label()}`);
    this[internals.setStatus]('starting');
    emit(this[internals.targets], EventQUICConnectionStart, {});
    try {
      if (this.type === 'client') await this.#dial(signal);
      this.#isRunning = true;
      this.#publish(channels.connectionOpen);
      emit(this[internals.targets], EventQUICConnectionStarted, {});
    } finally {
      this[internals.setStatus](null);
    }
    this.#logger.info(`Started ${this.#label()}`);
  }

  async #stopNow(opts: CloseOptions): Promise<void> {
    attempt(() => this.#logger.info(`Stop ${this.#label()}`));
    this[internals.setStatus]('stopping');
    emit(this[internals.targets], EventQUICConnectionStop, {});
    if (!this.#_closed) {
      if (opts.force === false) await this.#awaitStreams();
      // A close() that was called just now is passed on by a promise
      if (this.#streams.size > 0) await nextTick();
      const withDatagrams = opts.force === false;
      if (
        this.#env.binding.connectionDrain(this.#handle, withDatagrams, false)
      ) {
        await this.#deliver(withDatagrams);
      }
      const {
        isApp = true,
        errorCode = 0,
        reason = noReason,
      } = this.#overtaken ?? opts;
      this.#env.binding.connectionClose(
        this.#handle,
        isApp,
        errorCode,
        typeof reason === 'string' ? Buffer.from(reason) : reason,
      );
      await this.#env.holdFor(this.closedP);
    }
    this.#isRunning = false;
    emit(this[internals.targets], EventQUICConnectionStopped, {});
    this[internals.setStatus](null);
    attempt(() => this.#logger.info(`Stopped ${this.#label()}`));
  }

  async #dial(signal?: AbortSignal): Promise<void> {
    throwIfAborted(signal);
    if (!this[internals.socket][internals.isOpen])
      throw new ErrorQUICSocketNotRunning();
    const { host, port } = this.#remoteInfo!;
    const handle = callEngine(() =>
      this.#env.binding.connectionDial(
        this[internals.socket][internals.transportHandle],
        host,
        port,
        this.#serverName,
        toEngineConfig(this.#config, this.#minIdleTimeout),
        this.#session,
      ),
    );
    // It was needed for the handshake only
    this.#config = withOptions(this.#config, { key: undefined });
    this.#session = noSession;
    this.#setHandle(handle);
    const handleAbort = () => {
      this.#env.binding.connectionClose(handle, true, 0, noReason);
    };
    signal?.addEventListener('abort', handleAbort);
    this[internals.socket][internals.addDialing](this);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#started = { resolve, reject };
      });
    } catch (e) {
      throw signal?.aborted ? reasonOf(signal) : e;
    } finally {
      signal?.removeEventListener('abort', handleAbort);
      this[internals.socket][internals.removeDialing](this);
      this.#started = undefined;
    }
    if (signal?.aborted) {
      // It was too late to give up the handshake
      handleAbort();
      await this.closedP;
      throw reasonOf(signal);
    }
    // It was given up when the handshake had just completed
    if (this.#errorLast !== null) throw this.#errorLast;
  }

  /**
   * Answers a question of the engine. When that has given up waiting, the answer counts for nothing.
   */
  async #verify(question: number): Promise<void> {
    const chain = questionOf(this.#handle, question);
    if (chain === undefined) return;
    const { verdict, error } = await verdictOf(this.#config, chain);
    const { binding } = this.#env;
    if (binding.connectionVerdict(this.#handle, question, verdict)) {
      this.#verifyError = error;
    }
  }

  /**
   * Waits until all streams have ended, and all datagrams were handed down.
   */
  async #awaitStreams(): Promise<void> {
    if (this.#streams.size > 0 && this.#overtaken === undefined) {
      const ended = new Promise<void>((resolve) => {
        this.#resolveStreamsEnded = resolve;
      });
      // What has arrived whole can be read later
      this.#env.binding.connectionTellArrived(this.#handle);
      await ended;
    }
    if (this.#_closed || this.#overtaken !== undefined) return;
    await this.#_datagrams?.[internals.stop](new ErrorQUICConnectionStopping());
  }

  /**
   * Once the engine drains, waits until what was written to closed streams has arrived, or the peer does not answer any
   * more. What was not closed makes nobody wait.
   */
  async #deliver(withDatagrams: boolean): Promise<void> {
    for (const stream of this.#streams) stream[internals.abandon]();
    const { binding } = this.#env;
    do {
      const drained = new Promise<boolean>((resolve) => {
        this.#resolveDrained = resolve;
      });
      const isSilent = await this.#env.holdFor(drained);
      if (!isSilent) return;
      // What the peer sent may wait for this thread
      await new Promise((resolve) => setImmediate(resolve));
    } while (binding.connectionDrain(this.#handle, withDatagrams, true));
  }

  #openInEngine(type: 'bidi' | 'uni'): number {
    try {
      return this.#env.binding.connectionOpenStream(
        this.#handle,
        type === 'uni',
        openedId,
      );
    } catch (e) {
      const { kind, message } = e as BindingError;
      if (kind !== BindingErrorKind.Closed && kind !== BindingErrorKind.Stale) {
        throw new ErrorQUICConnectionInternal(message);
      }
      // The event that tells of it is on its way
      const data = this.#env.binding.connectionCloseReason(this.#handle);
      if (data.length > 0) {
        this.#errorComing ??= this.#toError(
          data.readUInt32LE(),
          data.readDoubleLE(4),
          data.subarray(12),
        );
      }
      throw this.#closedError();
    }
  }

  /** Which connection it is, for a log. */
  #label(): string {
    const address = buildAddress(
      toCanonicalIP(this.remoteHost),
      this.remotePort,
    );
    const preposition = this.type === 'client' ? 'to' : 'from';
    const { connectionId } = this.#logFields();
    const id = connectionId === undefined ? '' : ` ${connectionId}`;
    return `${this.constructor.name}${id} ${preposition} ${address}`;
  }

  #logFields(): LogFields {
    const { remotePort } = this;
    const remoteHost = toCanonicalIP(this.remoteHost);
    return this.#description === undefined
      ? { remoteHost, remotePort }
      : { connectionId: `${this.connectionId}`, remoteHost, remotePort };
  }

  #closedError(): ErrorQUICConnectionClosed<unknown> {
    const cause = this.#errorLast ?? this.#errorComing;
    return new ErrorQUICConnectionClosed(undefined, { cause });
  }

  #notRunningError(): ErrorQUICConnectionNotRunning<unknown> {
    const cause = this.#errorLast ?? undefined;
    return new ErrorQUICConnectionNotRunning(undefined, { cause });
  }

  /**
   * What the engine says that the connection ended with.
   */
  #toError(
    kind: number,
    code: number,
    reason: Uint8Array,
  ): ConnectionCloseError {
    const host = toCanonicalIP(this.remoteHost);
    return connectionError(kind, code, reason, {
      cause: this.#verifyError,
      peer: buildAddress(host, this.remotePort),
      isEstablished: this.#description !== undefined,
      applicationProtos: this.#config.applicationProtos,
    });
  }

  #addStream(
    handle: number,
    streamId: number,
    type: 'bidi' | 'uni',
    initiated: 'local' | 'peer',
  ): QUICStream {
    const stream = new QUICStream({
      handle,
      streamId,
      type,
      initiated,
      connection: this,
      config: this.#config,
      reasonToCode: this.#reasonToCode,
      codeToReason: this.#codeToReason,
    });
    this.#streams.add(stream);
    this[internals.logStream]('Create', stream);
    if (streamId >= 0) this[internals.streamOpened](stream);
    return stream;
  }

  #handleStream(handle: number, streamId: number): void {
    if (this.#stopping !== undefined) {
      this.#refuseStream(handle);
      return;
    }
    // The second lowest bit is the type (RFC 9000 section 2.1)
    const type = (streamId & 2) === 0 ? 'bidi' : 'uni';
    const stream = this.#addStream(handle, streamId, type, 'peer');
    const targets = this[internals.targets];
    if (!emit(targets, EventQUICConnectionStream, { detail: stream })) {
      stream[internals.enqueued]();
      this.#unheard.add(stream);
    }
  }

  /**
   * Gives up a stream that the peer opened after a stop began.
   */
  #refuseStream(handle: number): void {
    const { binding } = this.#env;
    const reason = new ErrorQUICConnectionStopping();
    const codeOf = (type: 'read' | 'write') =>
      codeOfReason(
        this.#reasonToCode,
        type,
        reason,
        () => this[internals.loggerOfStreams],
      );
    binding.streamStopSending(handle, codeOf('read'));
    // Of a unidirectional stream this has no effect
    binding.streamReset(handle, codeOf('write'));
    binding.streamRelease(handle);
  }

  /**
   * Somebody else may connect.
   *
   * @internal
   */
  public override [internals.giveBack](): void {
    if (!this.#_closed || this[internals.isQueued]) return;
    this.#env.binding.connectionRelease(this.#handle);
  }

  #publish(
    channel: (typeof channels)['connectionOpen'],
    error?: ConnectionCloseError,
  ): void {
    if (channel.hasSubscribers) channel.publish({ connection: this, error });
  }

  #handleClosed(error: ConnectionCloseError): void {
    this.#_closed = true;
    this.#lastStats = this.stats();
    // Those that came in can still be read, even if nobody has asked for them yet
    const datagrams = this.#description?.localDatagrams
      ? this.datagrams
      : this.#_datagrams;
    this.#errorLast = error;
    // The peer's certificates can still be asked for afterwards
    this.getRemoteCertsChain();
    for (const stream of this.#streams) {
      attempt(() => stream[internals.connectionClosed](error));
    }
    attempt(() => datagrams?.[internals.connectionClosed](error));
    this.#env.unregister(this.#handle);
    this[internals.giveBack]();
    this[internals.socket][internals.release](this);
    if (this.#description !== undefined)
      this[internals.socket][internals.removeConnection](this);
    attempt(() => this.#tellEnd(error));
    this.#started?.reject(error);
    this.#handshake.reject(error);
    this.#migrating?.reject(
      migrationError('closed', 'the connection was closed', error),
    );
    this.#resolveDrained?.(false);
    this.#resolveClosedP();
    // Not before all have heard of the end
    queueMicrotask(() => void this.stop());
  }

  #tellEnd(error: ConnectionCloseError): void {
    const isAttempt = this.#isOneOfSeveral && !this.#isRunning;
    attempt(() =>
      this.#logger[isAttempt ? 'debug' : levelOf(error)](
        `${this.#label()} Error: ${error.message}`,
        { error },
      ),
    );
    if (this.#isRunning) this.#publish(channels.connectionClose, error);
    emit(this[internals.targets], EventQUICConnectionError, {
      detail: error,
    });
    if (!(error instanceof ErrorQUICConnectionInternal)) {
      emit(this[internals.targets], EventQUICConnectionClose, {
        detail: error,
      });
    }
  }
}

function migrationError(
  reason: MigrationErrorData['reason'],
  message: string,
  cause?: Error,
): ErrorQUICConnectionMigration<Error | undefined> {
  return new ErrorQUICConnectionMigration(message, {
    data: { reason },
    cause,
  });
}

const noSession = new Uint8Array(0);

const noReason = new Uint8Array(0);

// Where the engine writes what is measured
const numbers = new Float64Array(12);

// Where the engine writes the ID of a stream that it opens
const openedId = new Float64Array(1);

export default QUICConnection;
