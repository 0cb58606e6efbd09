import QUICConnectionMap from '../../QUICConnectionMap.js';
import {
  ErrorQUICSocket,
  ErrorQUICSocketNotRunning,
} from '../errors/socket.js';
import * as internals from '../internals.js';
import type { SocketTransport } from '../io/SocketTransport.js';
import type { ConnectionClass, ServerClass } from '../types/classes.js';
import type { ConnectionErrorCode } from '../types/codes.js';

/**
 * Those that share a socket: a server, connections, and whoever holds the event loop by it.
 */
abstract class SharedSocket {
  /**
   * The connections of this socket.
   */
  public readonly connectionMap: QUICConnectionMap = new QUICConnectionMap();

  /** @internal */
  public [internals.transport]?: SocketTransport;

  #server?: ServerClass;
  /** Connections of clients whose handshake is under way. */
  #dialing: Set<ConnectionClass> = new Set();
  /** Those that want the event loop to wait for this socket. */
  #holders: Set<object> = new Set([this]);

  /**
   * Makes the open socket keep the process alive, as it does by default.
   */
  public ref(): this {
    this[internals.hold](this);
    return this;
  }

  /**
   * Lets the process end although the socket is open, unless a server or connection on it holds it.
   */
  public unref(): this {
    this[internals.release](this);
    return this;
  }

  /**
   * Registers the server of this socket. Servers do it themselves.
   *
   * @throws {errors.ErrorQUICSocket} when there is another one
   */
  public setServer(server: ServerClass): void {
    if (this.#server !== undefined && this.#server !== server) {
      throw new ErrorQUICSocket('the socket already has a server');
    }
    this.#server = server;
  }

  /** Unregisters the server of this socket. Servers do it themselves. */
  public unsetServer(server?: ServerClass): void {
    if (server === undefined || server === this.#server)
      this.#server = undefined;
  }

  /**
   * The engine's transport, while the socket is running.
   *
   * @internal
   */
  public get [internals.transportHandle](): number {
    if (this[internals.transport] === undefined) {
      throw new ErrorQUICSocketNotRunning();
    }
    return this[internals.transport].handle;
  }

  /**
   * Makes the event loop wait for this socket.
   *
   * @internal
   */
  public [internals.hold](holder: object): void {
    this.#holders.add(holder);
    if (this.#holders.size === 1) this[internals.transport]?.ref();
  }

  /**
   * @internal
   */
  public [internals.release](holder: object): void {
    if (!this.#holders.delete(holder)) return;
    if (this.#holders.size === 0) this[internals.transport]?.unref();
  }

  /**
   * @internal
   */
  public [internals.addDialing](connection: ConnectionClass): void {
    this.#dialing.add(connection);
  }

  /**
   * @internal
   */
  public [internals.removeDialing](connection: ConnectionClass): void {
    this.#dialing.delete(connection);
  }

  /**
   * @internal
   */
  public [internals.addConnection](connection: ConnectionClass): void {
    this.connectionMap.set(connection.connectionId, connection);
  }

  /**
   * @internal
   */
  public [internals.removeConnection](connection: ConnectionClass): void {
    this.connectionMap.delete(connection.connectionId);
  }

  /**
   * Whether anybody wants the event loop to wait for this socket.
   *
   * @internal
   */
  public get [internals.isHeld](): boolean {
    return this.#holders.size > 0;
  }

  /**
   * Ends the server and all connections, with the same code for all peers.
   *
   * @internal
   */
  public async [internals.endAll](
    errorCode: ConnectionErrorCode,
  ): Promise<void> {
    // Also clients that are connected already but unknown to the server, and servers that have
    // completed a handshake and the client here has not heard of it
    await this.#server?.[internals.closeListener](errorCode);
    await Promise.all([
      ...[...this.connectionMap.values()].map((connection) =>
        connection.stop({ isApp: false, errorCode, force: true }),
      ),
      ...[...this.#dialing].map((connection) =>
        connection[internals.giveUp](errorCode),
      ),
    ]);
  }
}

export default SharedSocket;
