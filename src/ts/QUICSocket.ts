import { ready, StartStop } from '@matrixai/async-init/StartStop.js';
import { running, status } from '@matrixai/async-init/utils.js';
import type { Evented } from '@matrixai/events';
import { eventTarget } from '@matrixai/events/utils.js';
import { environment } from './internal/engine/Environment.js';
import { TransportNumber } from './internal/engine/shared.js';
import { ErrorQUICOptionInvalid } from './internal/errors/options.js';
import {
  ErrorQUICSocketConnectionsActive,
  ErrorQUICSocketInternal,
  ErrorQUICSocketInvalidBindAddress,
  ErrorQUICSocketNotRunning,
} from './internal/errors/socket.js';
import { emit } from './internal/events/emit.js';
import { ByClass, type TypedListeners } from './internal/events/listeners.js';
import {
  EventQUICSocketClose,
  EventQUICSocketDatagram,
  EventQUICSocketError,
  EventQUICSocketStart,
  EventQUICSocketStarted,
  EventQUICSocketStop,
  EventQUICSocketStopped,
  type QUICSocketEvents,
} from './internal/events/socket.js';
import * as internals from './internal/internals.js';
import DgramTransport from './internal/io/DgramTransport.js';
import NativeTransport from './internal/io/NativeTransport.js';
import { Abortable } from './internal/lifecycle/abort.js';
import type { Startable } from './internal/lifecycle/Lifecycle.js';
import { attempt } from './internal/lifecycle/turns.js';
import Log from './internal/log/Log.js';
import { reasonNotToBind, socketType } from './internal/socket/bind.js';
import { lookupAll } from './internal/socket/resolve.js';
import SendingSocket from './internal/socket/SendingSocket.js';
import type { AbortOptions } from './internal/types/abort.js';
import type { Host, Port, ResolveHostname } from './internal/types/address.js';
import { ConnectionErrorCode } from './internal/types/codes.js';
import type { PromiseDeconstructed } from './internal/types/common.js';
import type { QUICServerCrypto } from './internal/types/crypto.js';
import type { LoggerLike } from './internal/types/logger.js';
import type {
  LoadBalancing,
  SocketIO,
  SocketStats,
  StartOptions,
} from './internal/types/socket.js';
import { buildAddress, resolveHost } from './internal/utils/address.js';
import { promise, setMaxListeners } from './internal/utils/flow.js';
import { validateHost, validatePort } from './internal/validation/address.js';
import { validateCrypto } from './internal/validation/crypto.js';
import { describe, optionError } from './internal/validation/describe.js';
import { validateLogger } from './internal/validation/logger.js';
import {
  checkNames,
  cryptoNames,
  loadBalancingNames,
  socketNames,
  socketStopNames,
  startNames,
} from './internal/validation/optionNames.js';
import {
  validateIO,
  validateLoadBalancing,
} from './internal/validation/socket.js';
import {
  validateBoolean,
  validateFunction,
  validateObject,
} from './internal/validation/values.js';
import { toBytes } from './internal/web/chunk.js';

interface QUICSocket extends Startable, TypedListeners<QUICSocketEvents> {}

/**
 * One UDP port. It carries one server and any number of clients at once. Packets find their
 * connection by its ID (RFC 9000 section 5.2).
 *
 * A server or client makes a socket of its own, unless it is given a running one. Whoever made a
 * socket stops it.
 */
@ByClass
@Abortable
@StartStop({
  eventStart: EventQUICSocketStart,
  eventStarted: EventQUICSocketStarted,
  eventStop: EventQUICSocketStop,
  eventStopped: EventQUICSocketStopped,
})
class QUICSocket extends SendingSocket {
  /**
   * The UDP I/O of the socket.
   */
  public readonly io: SocketIO;

  /** @internal */
  public readonly [internals.logger]: Log;
  /** @internal */
  public readonly [internals.resolveHostname]: ResolveHostname;

  #key: Uint8Array;
  #connectionIds: Uint8Array;
  #takeOver: boolean;
  #_host!: Host;
  #_port!: Port;
  #_type!: 'ipv4' | 'ipv6' | 'ipv4&ipv6';
  #_closed: boolean = true;
  #stopped?: PromiseDeconstructed<void>;

  /**
   * @param opts
   * @param opts.io - who does the UDP I/O, defaults to `'dgram'`
   * @param opts.crypto - its key is the secret of tokens, session tickets and stateless resets
   * of a server on this socket, defaults to a random one
   * @param opts.loadBalancing - what connection IDs tell load balancers, defaults to nothing: they
   * are random then
   * @param opts.resolveHostname - defaults to the operating system's resolver
   * @param opts.logger - defaults to one that says nothing
   *
   * @throws {errors.ErrorQUICOptionInvalid}
   */
  public constructor(
    opts: {
      io?: SocketIO | undefined;
      crypto?: QUICServerCrypto | undefined;
      loadBalancing?: LoadBalancing | undefined;
      resolveHostname?: ResolveHostname | undefined;
      logger?: LoggerLike | undefined;
    } = {},
  ) {
    super();
    validateObject(opts, 'opts');
    const { io, crypto, loadBalancing, logger } = opts;
    const { resolveHostname = lookupAll } = opts;
    validateLogger(logger);
    checkNames(opts, socketNames, logger);
    checkNames(crypto, cryptoNames, logger);
    checkNames(loadBalancing, loadBalancingNames, logger);
    validateFunction(resolveHostname, 'resolveHostname');
    validateCrypto(crypto, 'server');
    this.io = validateIO(io);
    this.#connectionIds = validateLoadBalancing(loadBalancing);
    this.#takeOver = loadBalancing?.takeOver ?? false;
    this.#key = crypto === undefined ? new Uint8Array(0) : toBytes(crypto.key);
    this[internals.resolveHostname] = resolveHostname;
    this[internals.logger] = Log.of(logger);
  }

  /**
   * The IP address that the socket is bound to, in canonical text. It may be a wildcard: `0.0.0.0`
   * means all addresses of IPv4. `::` means all addresses of IPv6, and of IPv4 too unless
   * `ipv6Only` was set.
   */
  @ready(new ErrorQUICSocketNotRunning())
  public get host(): Host {
    return this.#_host;
  }

  /**
   * The port that the socket is bound to, never `0`.
   */
  @ready(new ErrorQUICSocketNotRunning())
  public get port(): Port {
    return this.#_port;
  }

  /**
   * What the socket can send to.
   */
  @ready(new ErrorQUICSocketNotRunning())
  public get type(): 'ipv4' | 'ipv6' | 'ipv4&ipv6' {
    return this.#_type;
  }

  /** Whether the socket is not bound. */
  public get closed(): boolean {
    return this.#_closed;
  }

  /** Resolves once the socket has stopped. */
  public get closedP(): Promise<void> {
    return this.#stopped?.p ?? Promise.resolve();
  }

  /**
   * Binds the socket.
   *
   * @param opts
   * @param opts.host - IP address or hostname to bind to, defaults to `::`. An IPv6 address may be
   * in brackets and have a zone
   * @param opts.port - defaults to `0`, any free port
   * @param opts.reuseAddr - whether other sockets may bind to the port, defaults to `false`
   * @param opts.ipv6Only - whether `::` leaves out IPv4, which is an error with an IPv4 host,
   * defaults to `false`
   * @param opts.signal - when it aborts, the socket is closed again
   *
   * @throws the reason of the signal
   * @throws {errors.ErrorQUICHostInvalid} when host is no host
   * @throws {errors.ErrorQUICPortInvalid} when port is no port
   * @throws {errors.ErrorQUICSocketInvalidBindAddress} when the host does not
   * resolve, or the operating system cannot bind to the address; `cause` says why
   */
  public async start(opts: StartOptions = {}): Promise<void> {
    validateObject(opts, 'opts');
    checkNames(opts, startNames, this[internals.logger]);
    const { host = '::', port = 0, reuseAddr = false, ipv6Only = false } = opts;
    const bindHost = validateHost(host);
    validatePort(port);
    validateBoolean(reuseAddr, 'reuseAddr');
    validateBoolean(ipv6Only, 'ipv6Only');
    const address = buildAddress(bindHost, port);
    this[internals.logger].info(`Start ${this.constructor.name} on ${address}`);
    // Without the native library nothing works, and it is no fault of the address
    environment();
    try {
      const [ip, udpType] = await resolveHost(
        bindHost,
        this[internals.resolveHostname],
      );
      const options = {
        ...{ host: ip, port, udpType, reuseAddr, ipv6Only },
        key: this.#key,
        connectionIds: this.#connectionIds,
        takeOver: this.#takeOver,
        onRawDatagram: this.#handleRawDatagram,
        onFault: this.#handleFault,
      };
      this[internals.transport] =
        this.io === 'native'
          ? await NativeTransport.open(options, this.#handleTransportError)
          : await DgramTransport.open(options, this.#handleTransportError);
    } catch (e) {
      throw new ErrorQUICSocketInvalidBindAddress(
        `cannot bind to ${address}: ${reasonNotToBind(e as Error)}`,
        { data: { host: bindHost, port }, cause: e },
      );
    }
    this.#_host = this[internals.transport].host;
    this.#_port = this[internals.transport].port;
    this.#_type = socketType(this.#_host, ipv6Only);
    // Each client on the socket listens for its end
    setMaxListeners((this as unknown as Evented)[eventTarget] as EventTarget);
    this.#_closed = false;
    this.#stopped = promise();
    if (this[internals.isHeld]) this[internals.transport].ref();
    this[internals.logger].info(
      `Started ${this.constructor.name} on ${buildAddress(this.#_host, this.#_port)}`,
    );
  }

  /**
   * Stops the socket. Handshakes that are under way end with the transport error code
   * `InternalError`.
   *
   * @param opts
   * @param opts.force - whether to close connections that still use it, with that code, defaults to
   * `false`
   * @param opts.signal - ends the wait when it aborts, the stop goes on
   *
   * @throws {errors.ErrorQUICSocketConnectionsActive} when connections still use it
   */
  public async stop(
    opts: {
      force?: boolean | undefined;
    } & AbortOptions = {},
  ): Promise<void> {
    validateObject(opts, 'opts');
    checkNames(opts, socketStopNames, this[internals.logger]);
    const { force = false } = opts;
    validateBoolean(force, 'force');
    if (this.connectionMap.size > 0 && !force) {
      throw new ErrorQUICSocketConnectionsActive(
        `${this.connectionMap.size} connections are using the socket, stop them first or stop it with force`,
      );
    }
    const address = buildAddress(this.#_host, this.#_port);
    attempt(() =>
      this[internals.logger].info(
        `Stop ${this.constructor.name} on ${address}`,
      ),
    );
    await this[internals.endAll](ConnectionErrorCode.InternalError);
    if (this[internals.isHeld]) this[internals.transport]?.unref();
    await this[internals.transport]?.close();
    this[internals.transport] = undefined;
    this.#_closed = true;
    this.#stopped?.resolveP();
    this.dispatchEvent(new EventQUICSocketClose({ detail: undefined }));
    attempt(() =>
      this[internals.logger].info(
        `Stopped ${this.constructor.name} on ${address}`,
      ),
    );
  }

  /**
   * Counts of the socket since it was started. A call takes about a microsecond.
   */
  @ready(new ErrorQUICSocketNotRunning())
  public stats(): SocketStats {
    environment().binding.transportStats(
      this[internals.transportHandle],
      numbers,
    );
    return {
      connections: this.connectionMap.size,
      handshakes: numbers[TransportNumber.handshakes],
      unvalidatedHandshakes: numbers[TransportNumber.unvalidatedHandshakes],
      retries: numbers[TransportNumber.retries],
      refused: numbers[TransportNumber.refused],
      failedHandshakes: numbers[TransportNumber.failedHandshakes],
      datagramsDropped: numbers[TransportNumber.datagramsDropped],
    };
  }

  /**
   * Stops the socket, for `await using`, and the connections on it.
   */
  public async [Symbol.asyncDispose](): Promise<void> {
    if (this[running]) await this.stop({ force: true });
  }

  /**
   * Whether it is running and not about to stop.
   *
   * @internal
   */
  public get [internals.isOpen](): boolean {
    return this[running] && this[status] !== 'stopping';
  }

  #handleRawDatagram = (
    data: Uint8Array,
    remoteHost: string,
    remotePort: number,
  ): void => {
    emit([this], EventQUICSocketDatagram, {
      detail: { data, remoteHost, remotePort },
    });
  };

  #handleFault = (message: string): void => {
    attempt(() =>
      this[internals.logger].error(
        `A fault inside the library was caught, please report it: ${message}`,
      ),
    );
  };

  #handleTransportError = (e: Error): void => {
    const error = new ErrorQUICSocketInternal(e.message, { cause: e });
    attempt(() =>
      this[internals.logger].error(
        `${this.constructor.name} Error: ${e.message}`,
        {
          error,
        },
      ),
    );
    this.dispatchEvent(new EventQUICSocketError({ detail: error }));
    if (this[running]) void this.stop({ force: true });
  };
}

/**
 * Checks a socket option that can be left out.
 *
 * @internal
 */
export function validateSocket(value: unknown): void {
  if (value !== undefined && !(value instanceof QUICSocket)) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'socket',
      describe(value),
      'a QUICSocket',
    );
  }
}

// Where the engine writes them
const numbers = new Float64Array(TransportNumber.count);

export default QUICSocket;
