import { ready, StartStop } from '@matrixai/async-init/StartStop.js';
import { running } from '@matrixai/async-init/utils.js';
import { EventAll } from '@matrixai/events';
import {
  ErrorQUICServerNotRunning,
  ErrorQUICServerSocketNotRunning,
} from './internal/errors/server.js';
import { ByClass, type TypedListeners } from './internal/events/listeners.js';
import {
  EventQUICServerClose,
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
import { Overtaking } from './internal/lifecycle/Overtaking.js';
import { attempt } from './internal/lifecycle/turns.js';
import AcceptingServer from './internal/server/AcceptingServer.js';
import type { QUICServerOptions } from './internal/server/options.js';
import type { Host, Port } from './internal/types/address.js';
import { ConnectionErrorCode } from './internal/types/codes.js';
import type { PromiseDeconstructed } from './internal/types/common.js';
import type { CloseOptions } from './internal/types/connection.js';
import type { StartOptions } from './internal/types/socket.js';
import { promise } from './internal/utils/flow.js';
import { checkNames, startNames } from './internal/validation/optionNames.js';
import { validateObject } from './internal/validation/values.js';
import QUICSocket from './QUICSocket.js';

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
 * complete. If `config.verifyPeer` is true, the client is verified by then. The server emits the
 * events of its connections and of their streams again.
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
class QUICServer extends AcceptingServer {
  /**
   * Whether the server shares a socket. A shared socket stays open when the server stops.
   */
  public readonly isSocketShared: boolean;
  /**
   * The socket that the server is on: its own, unless it was given one. For
   * {@link QUICSocket.stats}.
   */
  public readonly socket: QUICSocket;

  #stopped?: PromiseDeconstructed<void>;
  /** Whether the server holds the event loop while it runs. */
  #isHolding: boolean = true;

  /**
   * @param opts - `config.key` and `config.cert` are needed
   *
   * @throws {errors.ErrorQUICConfig} when an option of `config` is wrong or unusable
   * @throws {errors.ErrorQUICConnectionConfigInvalid} when keep-alive is not below the idle timeout
   * @throws {errors.ErrorQUICOptionInvalid} when another option is wrong, or has nearly the name of
   * one that exists
   */
  public constructor(opts: QUICServerOptions) {
    super(opts);
    const { socket, crypto, io, loadBalancing, resolveHostname } = opts;
    this.isSocketShared = socket !== undefined;
    this.socket =
      socket ??
      new QUICSocket({
        ...{ io, crypto, loadBalancing, resolveHostname },
        logger: this[internals.logger].getChild(QUICSocket.name),
      });
    // The server and its connections hold the event loop, not their socket
    if (!this.isSocketShared) this.socket.unref();
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
    return this[internals.closed];
  }

  /** Resolves once the server has stopped. */
  public get closedP(): Promise<void> {
    return this[internals.closedP];
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
   * Lets the process end although the server is running. Its connections keep the process alive
   * until they are closed.
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
    checkNames(opts, startNames, this[internals.logger]);
    const { host = '::', port = 0, reuseAddr = false, ipv6Only = false } = opts;
    this[internals.logger].info(`Start ${this.constructor.name}`);
    // A stop of the socket closes it as well
    await this[internals.listenerClosed];
    if (!this.isSocketShared) {
      this.socket.addEventListener(EventAll.name, this.#handleEventQUICSocket);
      await this.socket.start({ host, port, reuseAddr, ipv6Only });
    } else if (!this.socket[internals.isOpen]) {
      throw new ErrorQUICServerSocketNotRunning();
    }
    try {
      this.socket.setServer(this);
      this[internals.listen](this.socket[internals.transportHandle]);
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
    this[internals.closed] = false;
    this.#stopped = promise();
    this[internals.closedP] = this.#stopped.p;
    this[internals.logger].info(`Started ${this.constructor.name}`);
  }

  /**
   * Refuses new connections, closes the existing ones, and stops the socket
   * unless it is shared.
   *
   * @param opts - the code and reason that the other end gets, and whether to wait for streams
   */
  public async stop(opts: CloseOptions = {}): Promise<void> {
    attempt(() => this[internals.logger].info(`Stop ${this.constructor.name}`));
    await this[internals.closeListener]();
    await this[internals.stopConnections](opts);
    this.socket.removeEventListener(
      EventQUICSocketStopped.name,
      this.#handleEventQUICSocketStopped,
    );
    this.socket.unsetServer(this);
    this.socket[internals.release](this);
    if (!this[internals.closed]) {
      this[internals.closed] = true;
      this.dispatchEvent(new EventQUICServerClose({ detail: undefined }));
    }
    if (!this.isSocketShared) {
      if (this.socket[running]) await this.socket.stop({ force: true });
      this.socket.removeEventListener(
        EventAll.name,
        this.#handleEventQUICSocket,
      );
    }
    this.#stopped?.resolveP();
    attempt(() =>
      this[internals.logger].info(`Stopped ${this.constructor.name}`),
    );
  }

  /**
   * Stops the server, for `await using`. Its connections are closed at once.
   */
  public async [Symbol.asyncDispose](): Promise<void> {
    if (this[running]) await this.stop({ force: true });
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
    if (this[internals.closed]) return;
    this[internals.closed] = true;
    const error = new ErrorQUICServerSocketNotRunning();
    attempt(() =>
      this[internals.logger].error(
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

export default QUICServer;
export type { QUICServerOptions };
