import { PromiseCancellable } from '@matrixai/async-cancellable';
import { destroyed, running } from '@matrixai/async-init/utils.js';
import type { ContextTimedInput } from '@matrixai/contexts';
import { EventAll } from '@matrixai/events';
import { type Connected, connect } from './internal/client/connect.js';
import type { QUICClientOptions } from './internal/client/options.js';
import type { ConnectionCloseError } from './internal/connection/closeErrors.js';
import {
  ErrorQUICClientDestroyed,
  ErrorQUICClientSocketNotRunning,
} from './internal/errors/client.js';
import { ErrorQUICConnectionInternal } from './internal/errors/close.js';
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
import { abortable } from './internal/lifecycle/abort.js';
import Lifecycle from './internal/lifecycle/Lifecycle.js';
import { withoutWait } from './internal/lifecycle/Overtaking.js';
import { attempt } from './internal/lifecycle/turns.js';
import type Log from './internal/log/Log.js';
import type { Host, Port } from './internal/types/address.js';
import type { Options } from './internal/types/common.js';
import type { CloseOptions } from './internal/types/connection.js';
import { promise } from './internal/utils/flow.js';
import { validateCodeArgs } from './internal/validation/close.js';
import { checkNames, closeNames } from './internal/validation/optionNames.js';
import type QUICConnection from './QUICConnection.js';
import type QUICSocket from './QUICSocket.js';

/**
 * One connection to a server. Its events, and those of its streams, are emitted again on the
 * client.
 */
class QUICClient extends Lifecycle<QUICClientEvents> {
  /**
   * Connects to a server. It succeeds once the server's certificate is verified. In TLS 1.3 a
   * client is done first: a server that verifies clients may refuse this one later, and the
   * connection then has an error event. With `session` and `config.enableEarlyData` it succeeds at
   * once: see {@link QUICConnection.handshakeCompletedP}.
   *
   * @param opts - where to connect to, and how
   * @param ctx
   * @param ctx.timer - a timer, or milliseconds, after which to give up; by default
   * `opts.minIdleTimeout` does that
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
    return PromiseCancellable.from(create(opts, ctx, controller), controller);
  }

  /**
   * Whether the client shares a socket. A shared socket stays open when the client is destroyed.
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
  readonly #ended = promise();
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
  }: Connected) {
    super();
    this.socket = socket;
    this.#socketInUse = socket;
    this.isSocketShared = isSocketShared;
    this.connection = connection;
    this.#logger = logger;
    this.closedP = this.#ended.p;
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
   * The newest session that the server gave, for `session` of {@link QUICClient.createQUICClient}.
   * `undefined` if it gave none yet. It stays after the client is destroyed.
   * {@link events.EventQUICConnectionSession} tells of each.
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
    this.#ended.resolveP();
    // Not before all have heard of the end
    queueMicrotask(() => void this.destroy({ force: true }));
  }
}

/**
 * Creates a client. The stack of an error leads to the call of {@link QUICClient.createQUICClient}.
 */
function create(
  opts: QUICClientOptions,
  ctx: Options<ContextTimedInput> | undefined,
  controller: AbortController,
): Promise<QUICClient> {
  const site = callSite(QUICClient.createQUICClient);
  const make = (connected: Connected) => {
    const client = new QUICClient(connected);
    client[internals.attach]();
    return client;
  };
  const { name } = QUICClient;
  return connect(make, name, opts, ctx, controller).catch((e) => {
    traceTo(e, site);
    throw e;
  });
}

export default QUICClient;
export type { QUICClientOptions };
