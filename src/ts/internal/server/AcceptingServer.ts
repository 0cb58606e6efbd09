import QUICConnection from '../../QUICConnection.js';
import type QUICSocket from '../../QUICSocket.js';
import { validateSocket } from '../../QUICSocket.js';
import type QUICStream from '../../QUICStream.js';
import { toEngineConfig } from '../engine/config.js';
import { ErrorQUICConfig } from '../errors/options.js';
import { ErrorQUICServerNotRunning } from '../errors/server.js';
import {
  EventQUICConnectionError,
  EventQUICConnectionStream,
} from '../events/connection.js';
import { emit } from '../events/emit.js';
import { iterate } from '../events/iterate.js';
import type { TypedListeners } from '../events/listeners.js';
import {
  EventQUICServerConnection,
  type QUICServerEvents,
} from '../events/server.js';
import * as internals from '../internals.js';
import { attempt } from '../lifecycle/turns.js';
import Log from '../log/Log.js';
import { withLogFiles } from '../log/logFiles.js';
import { checkServerConfig } from '../tls/authorities.js';
import type { AbortableIterable, AbortOptions } from '../types/abort.js';
import { ConnectionErrorCode } from '../types/codes.js';
import type { Options } from '../types/common.js';
import type { QUICServerConfigInput } from '../types/config.js';
import type { CloseOptions } from '../types/connection.js';
import type { QUICServerCrypto } from '../types/crypto.js';
import type { ServerStats } from '../types/server.js';
import type {
  StreamCodeToReason,
  StreamReasonToCode,
} from '../types/stream.js';
import { buildAddress } from '../utils/address.js';
import { validateMinIdleTimeout } from '../validation/client.js';
import {
  type CompleteConfig,
  validateConfig,
  validateVerification,
} from '../validation/config.js';
import { validateCrypto } from '../validation/crypto.js';
import { validateLogger } from '../validation/logger.js';
import {
  checkNames,
  cryptoNames,
  loadBalancingNames,
  serverConfigNames,
  serverNames,
} from '../validation/optionNames.js';
import { type Admission, validateAdmission } from '../validation/server.js';
import { validateLoadBalancing } from '../validation/socket.js';
import { validateFunction, validateObject } from '../validation/values.js';
import Listener, { type FailedHandshake } from './Listener.js';
import type { QUICServerOptions } from './options.js';
import ServerConnections from './ServerConnections.js';

interface AcceptingServer extends TypedListeners<QUICServerEvents> {}

/**
 * What a server has for its connections.
 */
abstract class AcceptingServer {
  /** @internal */
  public [internals.closed] = true;
  /** @internal */
  public [internals.closedP]: Promise<void> = Promise.resolve();
  /** @internal */
  public readonly [internals.logger]: Log;

  /**
   * Maps reasons to codes for streams of new connections.
   */
  public reasonToCode?: StreamReasonToCode;
  /**
   * Maps codes to reasons for streams of new connections.
   */
  public codeToReason?: StreamCodeToReason;
  /**
   * Milliseconds after which the handshake of a new connection times out, if
   * `config.maxIdleTimeout` is not smaller. Defaults to 10,000, so that clients that vanish in the
   * handshake leave nothing behind. `Infinity` means never.
   */
  public minIdleTimeout?: number;

  #crypto?: QUICServerCrypto;
  #config: CompleteConfig;
  #admission: Admission;
  readonly #listener = new Listener({
    config: () => this.#config,
    handleConnection: (handle, description) =>
      this.#accepted.add(handle, description),
    handleFailed: (failure) => this.#handleFailed(failure),
  });
  readonly #accepted = new ServerConnections({
    options: () => ({
      config: this.#config,
      socket: this.socket,
      reasonToCode: this.reasonToCode,
      codeToReason: this.codeToReason,
      logger: this[internals.logger].getChild(QUICConnection.name),
    }),
    target: this,
    isClosed: () => this[internals.closed],
  });
  #hasStarted = false;

  /**
   * @internal
   */
  public constructor(opts: QUICServerOptions) {
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
    this[internals.logger] = Log.of(opts.logger);
    this.#checkConfig(this.#config);
    this.#crypto = crypto;
    this.reasonToCode = reasonToCode;
    this.codeToReason = codeToReason;
  }

  /**
   * The socket that the server is on: its own, unless it was given one. For
   * {@link QUICSocket.stats}.
   */
  public abstract readonly socket: QUICSocket;

  /** The connections that are open, in the order that they were established. */
  public get connections(): ReadonlySet<QUICConnection> {
    return this.#accepted.connections;
  }

  /**
   * Sums over all connections that the server ever had, closed ones included. A call takes about a
   * microsecond for each open connection. {@link QUICSocket.stats} of {@link QUICServer.socket}
   * counts handshakes.
   */
  public stats(): ServerStats {
    return this.#accepted.stats();
  }

  /**
   * Accepted as in version 2, without effect on a bound socket: that keeps its secret of tokens and
   * stateless resets.
   */
  public updateCrypto(crypto: Options<QUICServerCrypto>): void {
    validateObject(crypto, 'crypto');
    checkNames(crypto, cryptoNames, this[internals.logger]);
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
    checkConfigNames(config, this[internals.logger]);
    const updated = validateConfig(config, 'server', this.#config);
    this.#checkConfig(updated);
    this.#config = updated;
    this.#listener.configure(() => this.#listenerConfig());
  }

  #checkConfig(config: CompleteConfig): void {
    validateVerification(config);
    checkServerConfig(config, toEngineConfig(config), this[internals.logger]);
  }

  /**
   * What new connections get.
   */
  #listenerConfig(): string {
    const config = withLogFiles(this.#config, this[internals.logger]);
    return toEngineConfig(config, this.minIdleTimeout, this.#admission);
  }

  /**
   * The connections of a running server, until it stops. Open connections that came while nobody
   * listened for {@link events.EventQUICServerConnection} or iterated come first. Connections that
   * wait here count towards `maxConnections`, so that their number is bounded.
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
   * The same, until a signal aborts. The loop then fails with the reason of the signal.
   *
   * @throws {errors.ErrorQUICServerNotRunning} when the server was not started
   */
  public values(options?: AbortOptions): AsyncIterableIterator<QUICConnection> {
    return iterate<QUICConnection>(
      this,
      EventQUICServerConnection.name,
      this.#ended(),
      () => this.#accepted.takeUnheard(),
    ).values(options);
  }

  /**
   * The streams that clients open on any connection of the server, until it stops.
   * {@link QUICStream.connection} tells on which. Each stream goes to all loops, as with
   * {@link QUICConnection.incomingStreams}.
   *
   * ```ts
   * for await (const stream of server.incomingStreams) serve(stream);
   * ```
   *
   * @throws {errors.ErrorQUICServerNotRunning} when the server was not started
   */
  public get incomingStreams(): AbortableIterable<QUICStream> {
    return iterate(this, EventQUICConnectionStream.name, this.#ended(), () =>
      this.#accepted.takeUnheardStreams(),
    );
  }

  /**
   * Resolves once the server has stopped. One that was never started would end a loop before it
   * began.
   */
  #ended(): Promise<void> {
    if (!this.#hasStarted) {
      throw new ErrorQUICServerNotRunning(
        'nothing to iterate over: the server was not started',
      );
    }
    return this[internals.closedP];
  }

  /**
   * Ends the wait of a graceful stop.
   *
   * @internal
   */
  public [internals.overtake](opts?: CloseOptions): void {
    this.#accepted.overtake(opts);
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
    return this.#listener.close(code);
  }

  /**
   * Accepts connections.
   *
   * @internal
   */
  public [internals.listen](transport: number): void {
    this.#listener.open(transport, this.#listenerConfig());
    this.#hasStarted = true;
  }

  /**
   * Resolves once the last listener is closed.
   *
   * @internal
   */
  public get [internals.listenerClosed](): Promise<void> {
    return this.#listener.closed;
  }

  /** @internal */
  public async [internals.stopConnections](opts: CloseOptions): Promise<void> {
    await this.#accepted.stop(opts);
  }

  /**
   * A handshake that failed made no connection. Who wants to know of it listens to the errors of
   * connections on the server.
   */
  #handleFailed(failure: FailedHandshake): void {
    const { error, remoteHost, remotePort } = failure;
    const peer = buildAddress(remoteHost, remotePort);
    attempt(() =>
      this[internals.logger].warn(
        `Failed handshake with ${peer}: ${error.message}`,
        {
          ...failure,
        },
      ),
    );
    emit([this], EventQUICConnectionError, { detail: error });
  }
}

function checkConfigNames(
  config: Options<QUICServerConfigInput>,
  logger: Log | undefined,
): void {
  checkNames(config, serverConfigNames, logger, ErrorQUICConfig);
}

export default AcceptingServer;
