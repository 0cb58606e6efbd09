import { PromiseCancellable } from '@matrixai/async-cancellable';
import { destroyed, running } from '@matrixai/async-init/utils.js';
import type { ContextTimedInput } from '@matrixai/contexts';
import { EventAll } from '@matrixai/events';
import type { Timer } from '@matrixai/timer';
import {
  type Failure,
  firstOf,
  interleave,
} from './internal/client/attempts.js';
import type { ConnectionCloseError } from './internal/connection/closeErrors.js';
import {
  ErrorQUICClientCreateTimeout,
  ErrorQUICClientDestroyed,
  ErrorQUICClientInvalidArgument,
  ErrorQUICClientInvalidHost,
  ErrorQUICClientSocketNotRunning,
} from './internal/errors/client.js';
import {
  ErrorQUICConnectionIdleTimeout,
  ErrorQUICConnectionInternal,
} from './internal/errors/close.js';
import { ErrorQUIC } from './internal/errors/ErrorQUIC.js';
import {
  ErrorQUICConfig,
  ErrorQUICOptionInvalid,
} from './internal/errors/options.js';
import { callSite, traceTo } from './internal/errors/traces.js';
import {
  EventQUICClientClose,
  EventQUICClientDestroy,
  EventQUICClientDestroyed,
  EventQUICClientError,
  type QUICClientEvents,
} from './internal/events/client.js';
import {
  EventQUICConnectionError,
  EventQUICConnectionMigrated,
} from './internal/events/connection.js';
import { emit } from './internal/events/emit.js';
import {
  EventQUICSocket,
  EventQUICSocketStopped,
} from './internal/events/socket.js';
import * as internals from './internal/internals.js';
import {
  abortable,
  reasonOf,
  throwIfAborted,
} from './internal/lifecycle/abort.js';
import Lifecycle from './internal/lifecycle/Lifecycle.js';
import { withoutWait } from './internal/lifecycle/Overtaking.js';
import { attempt } from './internal/lifecycle/turns.js';
import Log from './internal/log/Log.js';
import { withLogFiles } from './internal/log/logFiles.js';
import { lookupAll } from './internal/socket/resolve.js';
import { checkAuthorities } from './internal/tls/authorities.js';
import type { Host, Port, ResolveHostname } from './internal/types/address.js';
import type { Options } from './internal/types/common.js';
import type { QUICClientConfigInput } from './internal/types/config.js';
import type { CloseOptions } from './internal/types/connection.js';
import type { QUICClientCrypto } from './internal/types/crypto.js';
import type { LoggerLike } from './internal/types/logger.js';
import type { SocketIO } from './internal/types/socket.js';
import type {
  StreamCodeToReason,
  StreamReasonToCode,
} from './internal/types/stream.js';
import { buildAddress } from './internal/utils/address.js';
import { toCanonicalIP } from './internal/utils/ip.js';
import {
  toCertificateName,
  validateHost,
  validatePort,
} from './internal/validation/address.js';
import {
  validateAttemptTimeout,
  validateMinIdleTimeout,
  validateSession,
} from './internal/validation/client.js';
import { validateCodeArgs } from './internal/validation/close.js';
import { validateConfig } from './internal/validation/config.js';
import { validateCrypto } from './internal/validation/crypto.js';
import { describe, optionError } from './internal/validation/describe.js';
import { validateLogger } from './internal/validation/logger.js';
import {
  checkNames,
  clientConfigNames,
  clientNames,
  closeNames,
  contextNames,
  cryptoNames,
} from './internal/validation/optionNames.js';
import {
  validateBoolean,
  validateFunction,
  validateObject,
  validateSignal,
} from './internal/validation/values.js';
import QUICConnection from './QUICConnection.js';
import QUICSocket, {
  type ResolvedTarget,
  validateSocket,
} from './QUICSocket.js';

/**
 * Options of {@link QUICClient.createQUICClient}.
 */
type QUICClientOptions = {
  /**
   * IP address or hostname of the server; a wildcard means the loopback address. An IPv6 address may be in
   * brackets and have a zone.
   */
  host: string;
  /** UDP port of the server, from 1. */
  port: number;
  /**
   * The name that the server's certificate is verified for and that is sent as SNI, an address without its
   * zone, a name in Unicode as its certificate has it (`xn--…`). Defaults to `host`.
   */
  serverName?: string | undefined;
  /** Where the client's own socket is bound. Defaults to `::`, which reaches IPv4 and IPv6. */
  localHost?: string | undefined;
  /** UDP port of the client's own socket. Defaults to `0`, any free port. */
  localPort?: number | undefined;
  /** A running socket to share. The client makes its own if there is none. */
  socket?: QUICSocket | undefined;
  /** Who does the UDP I/O of the client's own socket. Defaults to `'dgram'`. */
  io?: SocketIO | undefined;
  /** Accepted as in version 2; the engine has its own randomness. */
  crypto?: QUICClientCrypto | undefined;
  /**
   * A session of an earlier connection to this server, from {@link events.EventQUICConnectionSession}: the handshake
   * takes less, a server that asks for a proof of the address (Retry) needs none, and with
   * `config.enableEarlyData` data can be sent with the first packet. One that cannot be used, as it is
   * too old, damaged, of another version of this library, or was made with another `config.cert`, or whose server
   * would not be accepted now, is ignored: see {@link QUICConnection.resumed}.
   */
  session?: Uint8Array | undefined;
  /**
   * Milliseconds after which a handshake that nobody answers times out, if `config.maxIdleTimeout` is not smaller.
   * Defaults to 10,000, or to `Infinity` where `ctx.timer` says when to give up. `Infinity` means never.
   */
  minIdleTimeout?: number | undefined;
  /** Defaults to `clientDefault`, as does each option that is left out. */
  config?: QUICClientConfigInput | undefined;
  /** Defaults to the operating system's resolver. */
  resolveHostname?: ResolveHostname | undefined;
  /**
   * Whether all addresses of the host are tried, of both families in turns, until the first handshake completes (Happy
   * Eyeballs, RFC 8305). With `false` only the first address is. Early data is for the first address alone. Defaults to
   * `true`.
   */
  autoSelectFamily?: boolean | undefined;
  /**
   * Milliseconds after which the next address is tried although the last one may still answer, from 10. One that fails is
   * not waited for. Defaults to 250.
   */
  autoSelectFamilyAttemptTimeout?: number | undefined;
  /** Whether other sockets may bind to the port of the client's own socket. Defaults to `false`. */
  reuseAddr?: boolean | undefined;
  /** Whether the client's own socket on `::` leaves out IPv4. Defaults to `false`. */
  ipv6Only?: boolean | undefined;
  /** Maps reasons of streams to error codes. Defaults to `0`. */
  reasonToCode?: StreamReasonToCode | undefined;
  /** Maps error codes of streams to reasons. Defaults to an `Error`. */
  codeToReason?: StreamCodeToReason | undefined;
  /** Gives up when it aborts, as that of `ctx` does. */
  signal?: AbortSignal | undefined;
  /** Defaults to one that says nothing. */
  logger?: LoggerLike | undefined;
};

/**
 * One connection to a server. Its events, and those of its streams, are emitted again on the client.
 */
class QUICClient extends Lifecycle<QUICClientEvents> {
  /**
   * Connects to a server. It succeeds once the server's certificate is verified; a server that
   * verifies clients may refuse this one thereafter, which is an error event of
   * the connection (in TLS 1.3 a client is done first). With `session` and `config.enableEarlyData` it
   * succeeds at once: see {@link QUICConnection.handshakeCompletedP}.
   *
   * @param opts - where to connect to, and how
   * @param ctx
   * @param ctx.timer - a timer, or milliseconds, after which to give up; by default `opts.minIdleTimeout` does that
   * @param ctx.signal - gives up when it aborts
   *
   * @returns a promise whose `cancel()` gives up
   *
   * @throws {errors.ErrorQUICClientCreateTimeout} when `ctx.timer` expired
   * @throws the reason of a signal when it aborted, `undefined` if that was given none
   * @throws {errors.ErrorQUICClientSocketNotRunning} when the shared socket is not running
   * @throws {errors.ErrorQUICClientInvalidHost} when the local host cannot reach the target
   * @throws {errors.ErrorQUICClientInvalidArgument} when the operating system refuses to send there
   * @throws {errors.ErrorQUICConfig} when an option of `config` is wrong or unusable
   * @throws {errors.ErrorQUICOptionInvalid} when another option is wrong, or has nearly the name of
   * one that exists
   * @throws {errors.ErrorQUICHostInvalid} when a host does not resolve
   * @throws {errors.ErrorQUICSocket} when the socket cannot be bound
   * @throws {errors.ErrorQUICConnection} when the connection fails
   */
  public static createQUICClient(
    opts: QUICClientOptions,
    ctx?: {
      timer?: ContextTimedInput['timer'] | undefined;
      signal?: AbortSignal | undefined;
    },
  ): PromiseCancellable<QUICClient> {
    const controller = new AbortController();
    const creation = createTraced(ctx, opts, controller);
    return PromiseCancellable.from(creation, controller);
  }

  /**
   * Whether the socket was given to the client, and lives on when the client is destroyed.
   */
  public readonly isSocketShared: boolean;
  /** The connection to the server. */
  public readonly connection: QUICConnection;

  /**
   * Resolves once the connection is closed.
   */
  public readonly closedP: Promise<void>;

  /** The socket that the connection was made over, and goes over unless it has migrated. */
  public readonly socket: QUICSocket;

  #logger: Log;
  #socketInUse: QUICSocket;
  #_closed: boolean = false;
  #resolveClosedP!: () => void;
  #destroying?: Promise<void>;
  #isDestroyed = false;

  /**
   * @internal
   */
  public constructor({
    socket,
    isSocketShared,
    connection,
    logger,
  }: {
    socket: QUICSocket;
    isSocketShared: boolean;
    connection: QUICConnection;
    logger: Log;
  }) {
    super();
    this.socket = socket;
    this.#socketInUse = socket;
    this.isSocketShared = isSocketShared;
    this.connection = connection;
    this.#logger = logger;
    this.closedP = new Promise((resolve) => {
      this.#resolveClosedP = resolve;
    });
  }

  /**
   * IP address of the server.
   *
   * @throws {errors.ErrorQUICClientDestroyed}
   */
  public get host(): Host {
    if (this.#isDestroyed) throw new ErrorQUICClientDestroyed();
    return this.connection.remoteHost;
  }

  /**
   * Port of the server.
   *
   * @throws {errors.ErrorQUICClientDestroyed}
   */
  public get port(): Port {
    if (this.#isDestroyed) throw new ErrorQUICClientDestroyed();
    return this.connection.remotePort;
  }

  /**
   * IP address of the socket.
   *
   * @throws {errors.ErrorQUICClientDestroyed}
   */
  public get localHost(): Host {
    if (this.#isDestroyed) throw new ErrorQUICClientDestroyed();
    return this.connection.localHost;
  }

  /**
   * Port of the socket.
   *
   * @throws {errors.ErrorQUICClientDestroyed}
   */
  public get localPort(): Port {
    if (this.#isDestroyed) throw new ErrorQUICClientDestroyed();
    return this.connection.localPort;
  }

  /**
   * The newest session that the server gave, for `session` of {@link QUICClient.createQUICClient}, also after the client was
   * destroyed; `undefined` if it gave none as yet. {@link events.EventQUICConnectionSession} tells of each.
   */
  public get session(): Uint8Array | undefined {
    return this.connection.session;
  }

  /** Whether the connection is closed. */
  public get closed(): boolean {
    return this.#_closed;
  }

  /** Whether the client is destroyed. */
  public get [destroyed](): boolean {
    return this.#isDestroyed;
  }

  /**
   * Makes the client keep the process alive, as it does by default.
   */
  public ref(): this {
    this.connection.ref();
    return this;
  }

  /**
   * Lets the process end although the client is connected.
   */
  public unref(): this {
    this.connection.unref();
    return this;
  }

  /**
   * Closes the connection, and stops the socket unless it is shared.
   *
   * @param opts - the code and reason that the other end gets, and whether to wait for streams
   */
  public async destroy(opts: CloseOptions = {}): Promise<void> {
    validateCodeArgs(opts);
    checkNames(opts, closeNames, this.#logger);
    await abortable(opts.signal, () => {
      if (opts.force !== false) this.connection[internals.overtake](opts);
      this.#destroying ??= this.#destroyNow(opts);
      return this.#destroying;
    });
  }

  /**
   * Destroys the client, for `await using`. Streams that have not ended are cancelled.
   */
  public async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy({ force: true });
  }

  /**
   * Takes over the connection and socket, once they are there.
   *
   * @internal
   */
  public [internals.attach](): void {
    const { connection, socket } = this;
    connection[internals.setOwner](this);
    connection.addEventListener(
      EventQUICConnectionError.name,
      this.#handleEventQUICConnectionError,
    );
    connection.addEventListener(
      EventQUICConnectionMigrated.name,
      this.#handleEventQUICConnectionMigrated,
    );
    socket.addEventListener(
      EventQUICSocketStopped.name,
      this.#handleEventQUICSocketStopped,
    );
    if (!this.isSocketShared) {
      socket.addEventListener(EventAll.name, this.#handleEventQUICSocket);
    }
    // Not before the caller had its turn to listen
    setImmediate(() => connection[internals.acceptStreams]());
  }

  /**
   * All errors of the connection are errors of the client, and close it. A socket that is
   * stopped with force closes the connection first.
   */
  #handleEventQUICConnectionError = ({
    detail: error,
  }: EventQUICConnectionError): void => {
    this.#close(
      this.#destroying === undefined && !this.#socketInUse[internals.isOpen]
        ? new ErrorQUICClientSocketNotRunning(undefined, {
            cause: error,
          })
        : error,
    );
  };

  /**
   * The client depends on the socket that the connection goes over.
   */
  #handleEventQUICConnectionMigrated = (): void => {
    const { name } = EventQUICSocketStopped;
    const listener = this.#handleEventQUICSocketStopped;
    this.#socketInUse.removeEventListener(name, listener);
    this.#socketInUse = this.connection[internals.socket];
    this.#socketInUse.addEventListener(name, listener);
  };

  /**
   * A socket must not stop before its client is destroyed.
   */
  #handleEventQUICSocketStopped = (): void => {
    if (this.#destroying !== undefined) return;
    this.#close(new ErrorQUICClientSocketNotRunning());
  };

  /**
   * Emits events of the own socket again.
   */
  #handleEventQUICSocket = (evt: EventAll): void => {
    if (evt.detail instanceof EventQUICSocket) {
      this.dispatchEvent(evt.detail.clone());
    }
  };

  async #destroyNow(opts: CloseOptions): Promise<void> {
    attempt(() => this.#logger.info(`Destroy ${this.constructor.name}`));
    this[internals.setStatus]('destroying');
    emit([this], EventQUICClientDestroy, {});
    await this.connection.stop(withoutWait(opts));
    this.#socketInUse.removeEventListener(
      EventQUICSocketStopped.name,
      this.#handleEventQUICSocketStopped,
    );
    if (!this.isSocketShared && this.socket[running]) {
      await this.socket.stop({ force: true });
    }
    this.#isDestroyed = true;
    emit([this], EventQUICClientDestroyed, {});
    this[internals.setStatus](null);
    attempt(() => this.#logger.info(`Destroyed ${this.constructor.name}`));
  }

  #close(
    error: ConnectionCloseError | ErrorQUICClientSocketNotRunning<unknown>,
  ): void {
    emit([this], EventQUICClientError, { detail: error });
    if (this.#_closed) return;
    this.#_closed = true;
    if (!(error instanceof ErrorQUICConnectionInternal)) {
      emit([this], EventQUICClientClose, { detail: error });
    }
    this.#resolveClosedP();
    // Not before all have heard of the end
    queueMicrotask(() => void this.destroy({ force: true }));
  }
}

/**
 * Creates a client. The stack of an error leads to the call of {@link QUICClient.createQUICClient}.
 */
function createTraced(
  ctx: Options<ContextTimedInput> | undefined,
  opts: QUICClientOptions,
  controller: AbortController,
): Promise<QUICClient> {
  const site = callSite(QUICClient.createQUICClient);
  return create(ctx, opts, controller).catch((e) => {
    traceTo(e, site);
    throw e;
  });
}

/**
 * Creates a client, and aborts it as the context says.
 */
async function create(
  ctx: Options<ContextTimedInput> = {},
  opts: QUICClientOptions,
  controller: AbortController,
): Promise<QUICClient> {
  validateObject(opts, 'opts');
  validateObject(ctx, 'ctx');
  validateLogger(opts.logger);
  checkNames(opts, clientNames, opts.logger);
  checkNames(ctx, contextNames, opts.logger);
  validateContext(ctx);
  validateSignal(opts.signal);
  const unlinks = [ctx, { signal: opts.signal }].map((ctx) =>
    link(ctx, controller),
  );
  try {
    return await createClient(controller.signal, opts, ctx.timer !== undefined);
  } finally {
    for (const unlink of unlinks) unlink();
  }
}

/**
 * Aborts with the signal or when the timer expires, until the function that it returns is called.
 */
function link(
  { timer, signal }: Options<ContextTimedInput>,
  controller: AbortController,
): () => void {
  const expire = () => controller.abort(new ErrorQUICClientCreateTimeout());
  let isLinked = true;
  let timeout: NodeJS.Timeout | undefined;
  if (isTimer(timer)) {
    // It belongs to the caller, who may cancel it
    timer.then(
      () => isLinked && expire(),
      () => {},
    );
  } else if (timer !== undefined && timer < Infinity) {
    timeout = setTimeout(expire, Math.min(timer, longestTimeout));
  }
  const abort = () => controller.abort(signal && reasonOf(signal));
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort);
  return () => {
    isLinked = false;
    clearTimeout(timeout);
    signal?.removeEventListener('abort', abort);
  };
}

/** Also one of another copy of that package. */
function isTimer(timer: unknown): timer is Timer {
  return (
    typeof timer === 'object' &&
    timer !== null &&
    'then' in timer &&
    'getTimeout' in timer
  );
}

// In milliseconds, of timers in JavaScript
const longestTimeout = 2 ** 31 - 1;

function validateContext({ timer, signal }: Options<ContextTimedInput>): void {
  const isTime = typeof timer === 'number' && timer >= 0;
  if (timer !== undefined && !isTime && !isTimer(timer)) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'ctx.timer',
      describe(timer),
      'a Timer, or milliseconds of at least 0',
    );
  }
  validateSignal(signal, 'ctx.signal');
}

async function createClient(
  signal: AbortSignal,
  opts: QUICClientOptions,
  hasTimer: boolean,
): Promise<QUICClient> {
  const { port, reasonToCode, codeToReason, logger: given } = opts;
  checkNames(opts.crypto, cryptoNames, given);
  checkNames(opts.config, clientConfigNames, given, ErrorQUICConfig);
  const peer = validateHost(opts.host);
  validatePort(port, 'port', 1);
  if (opts.localHost !== undefined) validateHost(opts.localHost, 'localHost');
  if (opts.localPort !== undefined) validatePort(opts.localPort, 'localPort');
  const serverName = certificateName(peer, opts.serverName);
  validateSocket(opts.socket);
  validateMinIdleTimeout(opts.minIdleTimeout);
  validateSession(opts.session);
  validateCrypto(opts.crypto, 'client');
  validateFunction(opts.resolveHostname, 'resolveHostname');
  const { autoSelectFamily = true, autoSelectFamilyAttemptTimeout = 250 } =
    opts;
  validateBoolean(autoSelectFamily, 'autoSelectFamily');
  validateAttemptTimeout(
    autoSelectFamilyAttemptTimeout,
    'autoSelectFamilyAttemptTimeout',
  );
  validateFunction(reasonToCode, 'reasonToCode');
  validateFunction(codeToReason, 'codeToReason');
  const config = validateConfig(opts.config ?? {}, 'client');
  // It may be changed while the host is resolved
  const session = opts.session && new Uint8Array(opts.session);
  const resolveHostname = opts.resolveHostname ?? lookupAll;
  const logger = Log.of(given);
  checkAuthorities(config, logger);

  const isSocketShared = opts.socket !== undefined;
  const socket = opts.socket ?? newSocket(opts, resolveHostname, logger);
  if (isSocketShared && !socket[internals.isOpen]) {
    throw new ErrorQUICClientSocketNotRunning();
  }
  const address = buildAddress(peer, port);
  logger.info(`Create ${QUICClient.name} to ${address}`);
  if (!isSocketShared) {
    // Which families it reaches is known then
    await socket.start({
      host: opts.localHost,
      port: opts.localPort,
      reuseAddr: opts.reuseAddr,
      ipv6Only: opts.ipv6Only,
    });
  }
  try {
    throwIfAborted(signal);
    const found = await socket[internals.resolveTargets](
      peer,
      resolveHostname,
      ErrorQUICClientInvalidHost,
    );
    const targets = autoSelectFamily
      ? interleave(found, ({ udpType }) => udpType)
      : found.slice(0, 1);
    const connection = await firstOf(
      targets,
      autoSelectFamilyAttemptTimeout,
      signal,
      async ({ target, host, isZero }, signal) => {
        const connection = new QUICConnection({
          type: 'client',
          remoteInfo: { host: target, port: port as Port },
          isOneOfSeveral: targets.length > 1,
          // Nobody has a certificate for a wildcard
          serverName:
            opts.serverName === undefined && isZero ? host : serverName,
          config: withLogFiles(config, logger),
          session,
          minIdleTimeout:
            opts.minIdleTimeout ?? (hasTimer ? Infinity : undefined),
          socket,
          reasonToCode,
          codeToReason,
          logger: logger.getChild(QUICConnection.name),
        });
        await connection.start({}, { signal });
        return connection;
      },
      (connection) => void connection.stop({ force: true }),
      (failures) => failureOf(address, port, failures, logger),
    );
    const client = new QUICClient({
      socket,
      isSocketShared,
      connection,
      logger,
    });
    client[internals.attach]();
    logger.info(`Created ${QUICClient.name} to ${address}`);
    return client;
  } catch (e) {
    if (!isSocketShared) {
      await socket.stop({ force: true });
    } else if (!socket[internals.isOpen] && !signal.aborted) {
      throw new ErrorQUICClientSocketNotRunning(undefined, { cause: e });
    }
    throw e;
  }
}

/**
 * The error of a client whose attempts have all failed: that of the only one, or of the one that says the most, with what became
 * of each address.
 */
function failureOf(
  address: string,
  port: number,
  failures: ReadonlyArray<Failure<ResolvedTarget>>,
  logger: Log,
): unknown {
  const attempts = failures.map(({ address, error }) => ({
    host: toCanonicalIP(address.host),
    port: port as Port,
    error: (refusalOf(error) ?? error) as Error,
  }));
  if (attempts.length === 1) return attempts[0].error;
  const { error } = attempts.toSorted(
    (a, b) => rankOf(a.error) - rankOf(b.error),
  )[0];
  if (!(error instanceof ErrorQUIC)) return error;
  const message = `no address of ${address} could be connected to: ${attempts
    .map(({ host, error }) => `${buildAddress(host, port)}: ${error.message}`)
    .join('; ')}`;
  attempt(() => logger.warn(`${QUICClient.name} Error: ${message}`));
  const ErrorClass = error.constructor as typeof ErrorQUIC;
  return new ErrorClass(message, {
    data: { ...error.data, attempts },
    cause: error,
  });
}

/** How much an error says: who answered and refused is no network that is down. */
function rankOf(error: Error): number {
  if (error instanceof ErrorQUICConnectionIdleTimeout) return 1;
  if (error instanceof ErrorQUICClientInvalidArgument) return 2;
  return 0;
}

function certificateName(host: string, serverName?: string): string {
  if (serverName === undefined) return toCertificateName(host, 'host');
  return toCertificateName(
    validateHost(serverName, 'serverName'),
    'serverName',
  );
}

function newSocket(
  opts: QUICClientOptions,
  resolveHostname: ResolveHostname,
  logger: Log,
): QUICSocket {
  const socket = new QUICSocket({
    io: opts.io,
    resolveHostname,
    logger: logger.getChild(QUICSocket.name),
  });
  // The connection holds the event loop, not its socket
  return socket.unref();
}

/**
 * The error for an address that the operating system refuses to send to.
 */
function refusalOf(e: unknown): Error | undefined {
  if (!(e instanceof ErrorQUICConnectionInternal)) return undefined;
  const { code, message } = (e.cause ?? {}) as NodeJS.ErrnoException;
  if (code === undefined) return undefined;
  return new ErrorQUICClientInvalidArgument(message, { cause: e.cause });
}

export default QUICClient;
export type { QUICClientOptions };
