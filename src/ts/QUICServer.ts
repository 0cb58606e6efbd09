import { ready, StartStop } from '@matrixai/async-init/StartStop.js';
import { running } from '@matrixai/async-init/utils.js';
import { EventAll } from '@matrixai/events';
import { connectionError } from './internal/connection/closeErrors.js';
import { decodeDescription } from './internal/connection/Description.js';
import { callEngine } from './internal/engine/calls.js';
import { toEngineConfig } from './internal/engine/config.js';
import { environment } from './internal/engine/Environment.js';
import { EventKind } from './internal/engine/events.js';
import { ErrorQUICConfig } from './internal/errors/options.js';
import {
  ErrorQUICServerNotRunning,
  ErrorQUICServerSocketNotRunning,
} from './internal/errors/server.js';
import {
  EventQUICConnectionError,
  EventQUICConnectionStream,
} from './internal/events/connection.js';
import { emit } from './internal/events/emit.js';
import { iterate } from './internal/events/iterate.js';
import { ByClass, type TypedListeners } from './internal/events/listeners.js';
import {
  EventQUICServerClose,
  EventQUICServerConnection,
  EventQUICServerError,
  EventQUICServerStart,
  EventQUICServerStarted,
  EventQUICServerStop,
  EventQUICServerStopped,
  type QUICServerEvents,
} from './internal/events/server.js';
import {
  EventQUICSocket,
  EventQUICSocketStopped,
} from './internal/events/socket.js';
import * as internals from './internal/internals.js';
import { Abortable } from './internal/lifecycle/abort.js';
import type { Startable } from './internal/lifecycle/Lifecycle.js';
import { Overtaking, withoutWait } from './internal/lifecycle/Overtaking.js';
import { attempt } from './internal/lifecycle/turns.js';
import Log from './internal/log/Log.js';
import { withLogFiles } from './internal/log/logFiles.js';
import { checkServerConfig } from './internal/tls/authorities.js';
import { questionOf, verdictOf } from './internal/tls/verification.js';
import type {
  AbortableIterable,
  AbortOptions,
} from './internal/types/abort.js';
import type { Host, Port, ResolveHostname } from './internal/types/address.js';
import { ConnectionErrorCode } from './internal/types/codes.js';
import type { Options } from './internal/types/common.js';
import type { QUICServerConfigInput } from './internal/types/config.js';
import type {
  CloseOptions,
  ConnectionStats,
} from './internal/types/connection.js';
import type { QUICServerCrypto } from './internal/types/crypto.js';
import type { LoggerLike } from './internal/types/logger.js';
import type { RetryPolicy, ServerStats } from './internal/types/server.js';
import type {
  LoadBalancing,
  SocketIO,
  StartOptions,
} from './internal/types/socket.js';
import type {
  StreamCodeToReason,
  StreamReasonToCode,
} from './internal/types/stream.js';
import { buildAddress } from './internal/utils/address.js';
import { validateMinIdleTimeout } from './internal/validation/client.js';
import {
  type CompleteConfig,
  validateConfig,
  validateVerification,
} from './internal/validation/config.js';
import { validateCrypto } from './internal/validation/crypto.js';
import { validateLogger } from './internal/validation/logger.js';
import {
  checkNames,
  cryptoNames,
  loadBalancingNames,
  serverConfigNames,
  serverNames,
  startNames,
} from './internal/validation/optionNames.js';
import {
  type Admission,
  validateAdmission,
} from './internal/validation/server.js';
import { validateLoadBalancing } from './internal/validation/socket.js';
import {
  validateFunction,
  validateObject,
} from './internal/validation/values.js';
import QUICConnection from './QUICConnection.js';
import QUICSocket, { validateSocket } from './QUICSocket.js';
import type QUICStream from './QUICStream.js';

const noStats = {
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

declare module './internal/types/classes.js' {
  interface Classes {
    QUICServer: QUICServer;
  }
}

interface QUICServer extends Startable, TypedListeners<QUICServerEvents> {}

/**
 * Accepts connections on a {@link QUICSocket}.
 *
 * Each connection is emitted as {@link events.EventQUICServerConnection} once its handshake is
 * complete, with its peer verified if `config.verifyPeer` says so. Events of the connections and of their
 * streams are emitted again on the server.
 */
@ByClass
@Abortable
@Overtaking('stop')
@StartStop({
  eventStart: EventQUICServerStart,
  eventStarted: EventQUICServerStarted,
  eventStop: EventQUICServerStop,
  eventStopped: EventQUICServerStopped,
})
class QUICServer {
  /**
   * Whether the socket was given to the server, and lives on when the server stops.
   */
  public readonly isSocketShared: boolean;
  /**
   * Maps reasons to codes for streams of new connections.
   */
  public reasonToCode?: StreamReasonToCode;
  /**
   * Maps codes to reasons for streams of new connections.
   */
  public codeToReason?: StreamCodeToReason;
  /**
   * Milliseconds after which the handshake of a new connection times out, if `config.maxIdleTimeout`
   * is not smaller. Defaults to 10,000, so that clients that vanish in the handshake leave nothing behind. `Infinity`
   * means never.
   */
  public minIdleTimeout?: number;

  /** The socket that the server is on: its own, unless it was given one. For {@link QUICSocket.stats}. */
  public readonly socket: QUICSocket;

  #logger: Log;
  #crypto?: QUICServerCrypto;
  #config: CompleteConfig;
  #admission: Admission;
  #listener: number = 0;
  #_closed: boolean = true;
  #_closedP: Promise<void> = Promise.resolve();
  #resolveClosedP: () => void = () => {};
  #resolveListenerClosed: () => void = () => {};
  /** The end of the last listener. */
  #listenerClosing = Promise.resolve();
  #connections: Set<QUICConnection> = new Set();
  /** Those that came when nobody listened. */
  #unheard: Set<QUICConnection> = new Set();
  #hasStarted = false;
  /** Of connections that are closed, and how many there ever were. */
  #closedStats: Omit<ServerStats, 'connections'> = { ...noStats };
  /** Whether the server holds the event loop while it runs. */
  #isHolding: boolean = true;
  /** What `verifyCallback` threw, by the handle of connections that will fail by it. */
  #verifyErrors: Map<number, unknown> = new Map();

  /**
   * @param opts
   * @param opts.config - `key` and `cert` are needed, the others default to `serverDefault`
   * @param opts.crypto - its key is the secret of tokens, session tickets and stateless resets, so that
   * several processes can share it. Defaults to a random one. Ignored if `socket` is given,
   * which takes one itself.
   * @param opts.loadBalancing - what connection IDs tell load balancers. Ignored if `socket` is given, which
   * takes it itself.
   * @param opts.socket - a running socket to share; the server makes its own if there is none
   * @param opts.io - who does the UDP I/O if the server makes its own socket, defaults to `'dgram'`
   * @param opts.resolveHostname - defaults to the operating system's resolver
   * @param opts.reasonToCode - maps reasons of streams to error codes, defaults to `0`
   * @param opts.codeToReason - maps error codes of streams to reasons, defaults to an `Error`
   * @param opts.minIdleTimeout - see {@link QUICServer.minIdleTimeout}
   * @param opts.retry - when clients have to prove their address by a Retry. Defaults to `'auto'`: when
   * `retryThreshold` handshakes are under way
   * @param opts.retryThreshold - an integer from 1, defaults to 256
   * @param opts.maxHandshakes - how many handshakes may be under way, of one address (with IPv6, of one network of /64)
   * an eighth of them. For one more the oldest of the address that holds most is given up, or it is
   * refused with CONNECTION_REFUSED; {@link QUICSocket.stats} counts them. An integer from 1, defaults to 4096
   * @param opts.maxUnvalidatedHandshakes - how many of these may be of clients that have not proved their
   * address. An integer from 0, defaults to 1024
   * @param opts.maxConnections - how many connections there may be. More are refused with CONNECTION_REFUSED, and
   * counted by {@link QUICSocket.stats}. An integer from 1. Defaults to as many as a quarter of the memory of the
   * machine, or of its container, has room for at 128 KiB each, at least 1024
   * @param opts.maxConnectionsPerAddress - how many of them may be from one address, or from one network of /64 with
   * IPv6. An integer from 1. Defaults to `maxConnections` if that is given, else to half of its default
   * @param opts.tokenLifetime - milliseconds for which a client that comes back from the same address needs no Retry:
   * the lifetime of address validation tokens (NEW_TOKEN, RFC 9000 section 8.1.3). They prove that a client has
   * received something at that address within that time, and nothing else. An integer from 1, defaults to an
   * hour
   * @param opts.logger - defaults to one that says nothing
   *
   * @throws {errors.ErrorQUICConfig} when an option of `config` is wrong or unusable
   * @throws {errors.ErrorQUICConnectionConfigInvalid} when keep-alive is not below the idle timeout
   * @throws {errors.ErrorQUICOptionInvalid} when another option is wrong, or has nearly the name of
   * one that exists
   */
  public constructor(opts: {
    config: QUICServerConfigInput;
    crypto?: QUICServerCrypto | undefined;
    loadBalancing?: LoadBalancing | undefined;
    socket?: QUICSocket | undefined;
    io?: SocketIO | undefined;
    resolveHostname?: ResolveHostname | undefined;
    reasonToCode?: StreamReasonToCode | undefined;
    codeToReason?: StreamCodeToReason | undefined;
    minIdleTimeout?: number | undefined;
    retry?: RetryPolicy | undefined;
    retryThreshold?: number | undefined;
    maxHandshakes?: number | undefined;
    maxUnvalidatedHandshakes?: number | undefined;
    maxConnections?: number | undefined;
    maxConnectionsPerAddress?: number | undefined;
    tokenLifetime?: number | undefined;
    logger?: LoggerLike | undefined;
  }) {
    validateObject(opts, 'opts');
    validateLogger(opts.logger);
    checkNames(opts, serverNames, opts.logger);
    // The socket warns of what is unknown in these
    checkNames(opts.crypto, cryptoNames);
    checkNames(opts.loadBalancing, loadBalancingNames);
    checkConfigNames(opts.config, Log.of(opts.logger));
    const { crypto, socket, reasonToCode, codeToReason, minIdleTimeout } = opts;
    validateCrypto(crypto, 'server');
    validateFunction(reasonToCode, 'reasonToCode');
    validateFunction(codeToReason, 'codeToReason');
    validateMinIdleTimeout(minIdleTimeout);
    validateSocket(socket);
    validateLoadBalancing(opts.loadBalancing);
    this.#config = validateConfig(opts.config, 'server');
    this.minIdleTimeout = minIdleTimeout;
    this.#admission = validateAdmission(opts);
    this.#logger = Log.of(opts.logger);
    this.#checkConfig(this.#config);
    this.isSocketShared = socket !== undefined;
    this.socket =
      socket ??
      new QUICSocket({
        io: opts.io,
        crypto,
        loadBalancing: opts.loadBalancing,
        resolveHostname: opts.resolveHostname,
        logger: this.#logger.getChild(QUICSocket.name),
      });
    // The server and its connections hold the event loop, not their socket
    if (!this.isSocketShared) this.socket.unref();
    this.#crypto = crypto;
    this.reasonToCode = reasonToCode;
    this.codeToReason = codeToReason;
  }

  /**
   * IP address of the socket.
   *
   * @throws {errors.ErrorQUICServerNotRunning}
   */
  @ready(new ErrorQUICServerNotRunning())
  public get host(): Host {
    return this.socket.host;
  }

  /**
   * UDP port of the socket.
   *
   * @throws {errors.ErrorQUICServerNotRunning}
   */
  @ready(new ErrorQUICServerNotRunning())
  public get port(): Port {
    return this.socket.port;
  }

  /**
   * Whether the server accepts no connections.
   */
  public get closed(): boolean {
    return this.#_closed;
  }

  /** Resolves once the server has stopped. */
  public get closedP(): Promise<void> {
    return this.#_closedP;
  }

  /** The connections that are open, in the order that they were established. */
  public get connections(): ReadonlySet<QUICConnection> {
    return this.#connections;
  }

  /**
   * Sums over all connections of the server, since it was made. Those of closed ones stay in them. It takes about a
   * microsecond for each that is open. {@link QUICSocket.stats} of {@link QUICServer.socket} tells of handshakes.
   */
  public stats(): ServerStats {
    const sums = { ...this.#closedStats };
    for (const connection of this.#connections) add(sums, connection.stats());
    return { connections: this.#connections.size, ...sums };
  }

  /**
   * Makes the running server keep the process alive, as it does by default.
   */
  public ref(): this {
    this.#isHolding = true;
    if (this[running]) this.socket[internals.hold](this);
    return this;
  }

  /**
   * Lets the process end although the server is running. Its connections hold the
   * process all the same until they are closed.
   */
  public unref(): this {
    this.#isHolding = false;
    this.socket[internals.release](this);
    return this;
  }

  /**
   * Starts to accept connections. If the server has its own socket, that is bound first.
   *
   * @param opts - ignored if the socket is shared
   * @param opts.host - defaults to `::`
   * @param opts.port - defaults to `0`, any free port
   * @param opts.reuseAddr - defaults to `false`
   * @param opts.ipv6Only - defaults to `false`
   * @param opts.signal - when it aborts, the server stops again
   *
   * @throws the reason of the signal
   * @throws {errors.ErrorQUICServerSocketNotRunning} when the shared socket is not running
   * @throws {errors.ErrorQUICSocketInvalidBindAddress} when the address cannot be bound
   * @throws {errors.ErrorQUICSocket} when the socket has a server already
   */
  public async start(opts: StartOptions = {}): Promise<void> {
    validateObject(opts, 'opts');
    checkNames(opts, startNames, this.#logger);
    const { host = '::', port = 0, reuseAddr = false, ipv6Only = false } = opts;
    this.#logger.info(`Start ${this.constructor.name}`);
    // A stop of the socket closes it as well
    await this.#listenerClosing;
    if (!this.isSocketShared) {
      this.socket.addEventListener(EventAll.name, this.#handleEventQUICSocket);
      await this.socket.start({ host, port, reuseAddr, ipv6Only });
    } else if (!this.socket[internals.isOpen]) {
      throw new ErrorQUICServerSocketNotRunning();
    }
    try {
      this.socket.setServer(this);
      const env = environment();
      const config = this.#listenerConfig();
      this.#listener = callEngine(() =>
        env.binding.listenerOpen(
          this.socket[internals.transportHandle],
          config,
        ),
      );
      env.register(this.#listener, this);
    } catch (e) {
      this.socket.unsetServer(this);
      if (!this.isSocketShared) await this.socket.stop({ force: true });
      throw e;
    }
    this.socket.addEventListener(
      EventQUICSocketStopped.name,
      this.#handleEventQUICSocketStopped,
    );
    if (this.#isHolding) this.socket[internals.hold](this);
    this.#_closed = false;
    this.#hasStarted = true;
    this.#_closedP = new Promise((resolve) => {
      this.#resolveClosedP = resolve;
    });
    this.#logger.info(`Started ${this.constructor.name}`);
  }

  /**
   * Refuses new connections, closes the existing ones, and stops the socket
   * unless it is shared.
   *
   * @param opts - the code and reason that the other end gets, and whether to wait for streams
   */
  public async stop(opts: CloseOptions = {}): Promise<void> {
    attempt(() => this.#logger.info(`Stop ${this.constructor.name}`));
    await this[internals.closeListener]();
    // Of handshakes that it gave up, which nobody is told of
    this.#verifyErrors.clear();
    await Promise.all(
      [...this.#connections].map((connection) =>
        connection.stop(withoutWait(opts)),
      ),
    );
    this.socket.removeEventListener(
      EventQUICSocketStopped.name,
      this.#handleEventQUICSocketStopped,
    );
    this.socket.unsetServer(this);
    this.socket[internals.release](this);
    if (!this.#_closed) {
      this.#_closed = true;
      this.dispatchEvent(new EventQUICServerClose({ detail: undefined }));
    }
    if (!this.isSocketShared) {
      if (this.socket[running]) await this.socket.stop({ force: true });
      this.socket.removeEventListener(
        EventAll.name,
        this.#handleEventQUICSocket,
      );
    }
    this.#resolveClosedP();
    attempt(() => this.#logger.info(`Stopped ${this.constructor.name}`));
  }

  /**
   * @internal
   */
  public get [internals.logger](): Log {
    return this.#logger;
  }

  /**
   * Ends the wait of a graceful stop.
   *
   * @internal
   */
  public [internals.overtake](opts?: CloseOptions): void {
    for (const connection of this.#connections)
      connection[internals.overtake](opts);
  }

  /**
   * Accepted as in version 2. The secret of tokens and stateless resets is that of the socket, and
   * stays the same as long as it is bound.
   */
  public updateCrypto(crypto: Options<QUICServerCrypto>): void {
    validateObject(crypto, 'crypto');
    checkNames(crypto, cryptoNames, this.#logger);
    const updated = { ...this.#crypto, ...crypto } as QUICServerCrypto;
    validateCrypto(updated, 'server');
    this.#crypto = updated;
  }

  /**
   * Sets options of new connections. Those that exist keep theirs.
   *
   * @throws as the constructor does; then nothing changes
   */
  public updateConfig(config: Options<QUICServerConfigInput>): void {
    checkConfigNames(config, this.#logger);
    const updated = validateConfig(config, 'server', this.#config);
    this.#checkConfig(updated);
    this.#config = updated;
    if (this.#listener !== 0) {
      const config = this.#listenerConfig();
      callEngine(() =>
        environment().binding.listenerConfigure(this.#listener, config),
      );
    }
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
      case EventKind.ListenerConnection:
        this.#handleConnection(a, data);
        break;
      case EventKind.ListenerFailed:
        this.#handleFailedConnection(a, b, data);
        break;
      case EventKind.ConnectionVerify:
        void this.#verify(a, b);
        break;
      case EventKind.ListenerClosed:
        this.#resolveListenerClosed();
        break;
    }
  }

  #checkConfig(config: CompleteConfig): void {
    validateVerification(config);
    checkServerConfig(config, toEngineConfig(config), this.#logger);
  }

  /**
   * What new connections get.
   */
  #listenerConfig(): string {
    const config = withLogFiles(this.#config, this.#logger);
    return toEngineConfig(config, this.minIdleTimeout, this.#admission);
  }

  #handleConnection(handle: number, data: Uint8Array): void {
    const connection = new QUICConnection({
      type: 'server',
      handle,
      description: decodeDescription(data),
      config: this.#config,
      socket: this.socket,
      reasonToCode: this.reasonToCode,
      codeToReason: this.codeToReason,
      logger: this.#logger.getChild(QUICConnection.name),
    });
    connection[internals.setOwner](this);
    this.#connections.add(connection);
    this.#closedStats.acceptedConnections++;
    void connection.closedP.then(() => {
      this.#connections.delete(connection);
      // Nobody has missed it
      if (this.#unheard.delete(connection)) connection[internals.dequeued]();
      add(this.#closedStats, { ...connection.stats(), streams: 0 });
    });
    // The end of the connection, and its streams, are only heard of once they are accepted
    void connection.start().then(() => {
      if (this.#_closed) {
        void connection.stop();
        return;
      }
      const detail = connection;
      if (!emit([this], EventQUICServerConnection, { detail })) {
        connection[internals.enqueued]();
        this.#unheard.add(connection);
      }
      connection[internals.acceptStreams]();
    });
  }

  /**
   * A handshake that failed made no connection. Who wants to know of it listens to the
   * errors of connections on the server.
   */
  #handleFailedConnection(kind: number, code: number, data: Uint8Array): void {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const handle = view.getUint32(0, true);
    const length = view.getUint32(4, true);
    const description = decodeDescription(data.subarray(8, 8 + length));
    const peer = buildAddress(description.remoteHost, description.remotePort);
    const error = connectionError(kind, code, data.subarray(8 + length), {
      cause: this.#verifyErrors.get(handle),
      peer,
      isEstablished: false,
      applicationProtos: this.#config.applicationProtos,
    });
    this.#verifyErrors.delete(handle);
    environment().binding.connectionRelease(handle);
    attempt(() =>
      this.#logger.warn(`Failed handshake with ${peer}: ${error.message}`, {
        error,
        remoteHost: description.remoteHost,
        remotePort: description.remotePort,
      }),
    );
    emit([this], EventQUICConnectionError, { detail: error });
  }

  /**
   * Answers a question of the engine. When that has given up waiting, the answer counts for nothing.
   */
  async #verify(connection: number, question: number): Promise<void> {
    const chain = questionOf(connection, question);
    if (chain === undefined) return;
    const { verdict, error } = await verdictOf(this.#config, chain);
    const { binding } = environment();
    const isTaken = binding.connectionVerdict(connection, question, verdict);
    if (isTaken && error !== undefined) {
      this.#verifyErrors.set(connection, error);
    }
  }

  /**
   * The connections of a running server, until it stops: first those that are open and came when nobody listened for
   * {@link events.EventQUICServerConnection} or iterated, then all that come. Those that wait to be taken count towards
   * `maxConnections`, which bounds them.
   *
   * ```ts
   * for await (const connection of server) serve(connection);
   * ```
   *
   * @throws {errors.ErrorQUICServerNotRunning} when the server was not started
   */
  public [Symbol.asyncIterator](): AsyncIterator<QUICConnection, undefined> {
    return this.values();
  }

  /**
   * The same, until a signal aborts: the loop then fails with its reason.
   *
   * @throws {errors.ErrorQUICServerNotRunning} when the server was not started
   */
  public values(options?: AbortOptions): AsyncIterableIterator<QUICConnection> {
    return iterate<QUICConnection>(
      this,
      EventQUICServerConnection.name,
      this.#ended(),
      () => {
        const connections = [...this.#unheard];
        this.#unheard.clear();
        return connections;
      },
    ).values(options);
  }

  /**
   * The streams that clients open on any connection of the server, until it stops; {@link QUICStream.connection} tells which.
   * Otherwise it is as {@link QUICConnection.incomingStreams}: each stream goes to all who iterate.
   *
   * ```ts
   * for await (const stream of server.incomingStreams) serve(stream);
   * ```
   *
   * @throws {errors.ErrorQUICServerNotRunning} when the server was not started
   */
  public get incomingStreams(): AbortableIterable<QUICStream> {
    return iterate(this, EventQUICConnectionStream.name, this.#ended(), () =>
      [...this.#connections].flatMap((connection) =>
        connection[internals.takeUnheard](),
      ),
    );
  }

  /** Resolves once the server has stopped. One that was never started would end a loop before it began. */
  #ended(): Promise<void> {
    if (!this.#hasStarted) {
      throw new ErrorQUICServerNotRunning(
        'nothing to iterate over: the server was not started',
      );
    }
    return this.#_closedP;
  }

  /**
   * Stops the server, for `await using`. Its connections are closed at once.
   */
  public async [Symbol.asyncDispose](): Promise<void> {
    if (this[running]) await this.stop({ force: true });
  }

  /**
   * Refuses new connections. Those that are established by then are announced before it resolves.
   *
   * @param code - what clients are told whose handshake is under way
   *
   * @internal
   */
  public [internals.closeListener](
    code: ConnectionErrorCode = ConnectionErrorCode.ConnectionRefused,
  ): Promise<void> {
    if (this.#listener !== 0) {
      this.#listenerClosing = this.#closeListenerNow(this.#listener, code);
      this.#listener = 0;
    }
    return this.#listenerClosing;
  }

  async #closeListenerNow(
    listener: number,
    code: ConnectionErrorCode,
  ): Promise<void> {
    const env = environment();
    const closed = new Promise<void>((resolve) => {
      this.#resolveListenerClosed = resolve;
    });
    env.binding.listenerClose(listener, code);
    await env.holdFor(closed);
    env.unregister(listener);
  }

  /**
   * Emits events of the own socket again.
   */
  #handleEventQUICSocket = (evt: EventAll): void => {
    if (evt.detail instanceof EventQUICSocket) {
      this.dispatchEvent(evt.detail.clone());
    }
  };

  /**
   * A socket must not stop before its server does.
   */
  #handleEventQUICSocketStopped = (): void => {
    if (this.#_closed) return;
    this.#_closed = true;
    const error = new ErrorQUICServerSocketNotRunning();
    attempt(() =>
      this.#logger.error(
        `${this.constructor.name} Error: ${error.description}`,
        { error },
      ),
    );
    this.dispatchEvent(new EventQUICServerError({ detail: error }));
    this.dispatchEvent(new EventQUICServerClose({ detail: error }));
    void this.stop({
      isApp: false,
      errorCode: ConnectionErrorCode.InternalError,
      force: true,
    });
  };
}

function checkConfigNames(
  config: Options<QUICServerConfigInput>,
  logger: Log | undefined,
): void {
  checkNames(config, serverConfigNames, logger, ErrorQUICConfig);
}

function add(
  sums: Omit<ServerStats, 'connections'>,
  stats: ConnectionStats,
): void {
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

export default QUICServer;
