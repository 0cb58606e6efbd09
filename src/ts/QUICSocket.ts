import { constants } from 'node:os';
import { ready, StartStop } from '@matrixai/async-init/StartStop.js';
import { running, status } from '@matrixai/async-init/utils.js';
import type { Evented } from '@matrixai/events';
import { eventTarget } from '@matrixai/events/utils.js';
import { environment } from './internal/engine/Environment.js';
import { ErrorQUIC } from './internal/errors/ErrorQUIC.js';
import { ErrorQUICOptionInvalid } from './internal/errors/options.js';
import {
  ErrorQUICSocket,
  ErrorQUICSocketConnectionsActive,
  ErrorQUICSocketInternal,
  ErrorQUICSocketInvalidBindAddress,
  ErrorQUICSocketInvalidSendAddress,
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
import {
  type SocketTransport,
  systemError,
} from './internal/io/SocketTransport.js';
import { Abortable, abortable } from './internal/lifecycle/abort.js';
import type { Startable } from './internal/lifecycle/Lifecycle.js';
import { attempt } from './internal/lifecycle/turns.js';
import Log from './internal/log/Log.js';
import { lookupAll, resolveHosts } from './internal/socket/resolve.js';
import type { AbortOptions } from './internal/types/abort.js';
import type { Host, Port, ResolveHostname } from './internal/types/address.js';
import type { ConnectionClass, ServerClass } from './internal/types/classes.js';
import { ConnectionErrorCode } from './internal/types/codes.js';
import type { Class } from './internal/types/common.js';
import type { QUICServerCrypto } from './internal/types/crypto.js';
import type { LoggerLike } from './internal/types/logger.js';
import type {
  LoadBalancing,
  SocketIO,
  SocketStats,
  StartOptions,
} from './internal/types/socket.js';
import {
  buildAddress,
  resolveHost,
  validateTarget,
} from './internal/utils/address.js';
import { setMaxListeners } from './internal/utils/flow.js';
import {
  isHostWildcard,
  isIPv4,
  isIPv4MappedIPv6,
  resolvesZeroIP,
} from './internal/utils/ip.js';
import { validateHost, validatePort } from './internal/validation/address.js';
import { validateCrypto } from './internal/validation/crypto.js';
import { describe, optionError } from './internal/validation/describe.js';
import { validateLogger } from './internal/validation/logger.js';
import {
  checkNames,
  cryptoNames,
  loadBalancingNames,
  signalNames,
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
import QUICConnectionMap from './QUICConnectionMap.js';

interface QUICSocket extends Startable, TypedListeners<QUICSocketEvents> {}

/**
 * One UDP port, which carries one server and any number of clients at once. Packets reach
 * their connection by the connection ID (RFC 9000 section 5.2).
 *
 * A server or client makes a socket of its own, unless it is given one that is
 * running: then whoever made that one stops it.
 */
@ByClass
@Abortable
@StartStop({
  eventStart: EventQUICSocketStart,
  eventStarted: EventQUICSocketStarted,
  eventStop: EventQUICSocketStop,
  eventStopped: EventQUICSocketStopped,
})
class QUICSocket {
  /**
   * Who does the UDP I/O.
   */
  public readonly io: SocketIO;

  /**
   * The connections of this socket.
   */
  public readonly connectionMap: QUICConnectionMap = new QUICConnectionMap();

  #logger: Log;
  #resolveHostname: ResolveHostname;
  #server?: ServerClass;
  #key: Uint8Array;
  #connectionIds: Uint8Array;
  #takeOver: boolean;
  #transport?: SocketTransport;
  #_host!: Host;
  #_port!: Port;
  #_type!: 'ipv4' | 'ipv6' | 'ipv4&ipv6';
  #_closed: boolean = true;
  #_closedP: Promise<void> = Promise.resolve();
  #resolveClosedP: () => void = () => {};
  /** Connections of clients whose handshake is under way. */
  #dialing: Set<ConnectionClass> = new Set();
  /** Those that want the event loop to wait for this socket. */
  #holders: Set<object> = new Set([this]);
  #hasWarned = false;

  /**
   * @param opts
   * @param opts.io - who does the UDP I/O, defaults to `'dgram'`
   * @param opts.crypto - its key is the secret of tokens, session tickets and stateless resets
   * of a server on this socket, defaults to a random one
   * @param opts.loadBalancing - what connection IDs tell load balancers, defaults to nothing: they are random then
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
    this.#key = crypto === undefined ? new Uint8Array(0) : bytes(crypto.key);
    this.#resolveHostname = resolveHostname;
    this.#logger = Log.of(logger);
  }

  /**
   * The IP address that the socket is bound to, in canonical text, however it was written for
   * {@link QUICSocket.start}. It may be a wildcard: `::` means all addresses of IPv6, and of IPv4
   * unless `ipv6Only` was set, `0.0.0.0` all of IPv4.
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
    return this.#_closedP;
  }

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
   * Binds the socket.
   *
   * @param opts
   * @param opts.host - IP address or hostname to bind to, defaults to `::`. An IPv6 address may be in brackets
   * and have a zone
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
    checkNames(opts, startNames, this.#logger);
    const { host = '::', port = 0, reuseAddr = false, ipv6Only = false } = opts;
    const bindHost = validateHost(host);
    validatePort(port);
    validateBoolean(reuseAddr, 'reuseAddr');
    validateBoolean(ipv6Only, 'ipv6Only');
    const address = buildAddress(bindHost, port);
    this.#logger.info(`Start ${this.constructor.name} on ${address}`);
    // Without the native library nothing works, and it is no fault of the address
    environment();
    try {
      const [ip, udpType] = await resolveHost(bindHost, this.#resolveHostname);
      const options = {
        ...{ host: ip, port, udpType, reuseAddr, ipv6Only },
        key: this.#key,
        connectionIds: this.#connectionIds,
        takeOver: this.#takeOver,
        onDatagram: this.#handleDatagram,
      };
      this.#transport =
        this.io === 'native'
          ? await NativeTransport.open(options, this.#handleTransportError)
          : await DgramTransport.open(options, this.#handleTransportError);
    } catch (e) {
      throw new ErrorQUICSocketInvalidBindAddress(
        `cannot bind to ${address}: ${reasonNotToBind(e as Error)}`,
        { cause: e },
      );
    }
    this.#_host = this.#transport.host;
    this.#_port = this.#transport.port;
    this.#_type = socketType(this.#_host, ipv6Only);
    // Each client on the socket listens for its end
    setMaxListeners((this as unknown as Evented)[eventTarget] as EventTarget);
    this.#_closed = false;
    this.#_closedP = new Promise((resolve) => {
      this.#resolveClosedP = resolve;
    });
    if (this.#holders.size > 0) this.#transport.ref();
    this.#logger.info(
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
    checkNames(opts, socketStopNames, this.#logger);
    const { force = false } = opts;
    validateBoolean(force, 'force');
    if (this.connectionMap.size > 0 && !force) {
      throw new ErrorQUICSocketConnectionsActive(
        `${this.connectionMap.size} connections are using the socket, stop them first or stop it with force`,
      );
    }
    const address = buildAddress(this.#_host, this.#_port);
    attempt(() =>
      this.#logger.info(`Stop ${this.constructor.name} on ${address}`),
    );
    // All peers are told the same: also clients that are connected already but unknown to the
    // server, and servers that have completed a handshake of which the client here has not heard
    const errorCode = ConnectionErrorCode.InternalError;
    await this.#server?.[internals.closeListener](errorCode);
    await Promise.all([
      ...[...this.connectionMap.values()].map((connection) =>
        connection.stop({ isApp: false, errorCode, force: true }),
      ),
      ...[...this.#dialing].map((connection) =>
        connection[internals.giveUp](errorCode),
      ),
    ]);
    if (this.#holders.size > 0) this.#transport?.unref();
    await this.#transport?.close();
    this.#transport = undefined;
    this.#_closed = true;
    this.#resolveClosedP();
    this.dispatchEvent(new EventQUICSocketClose({ detail: undefined }));
    attempt(() =>
      this.#logger.info(`Stopped ${this.constructor.name} on ${address}`),
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
    const [handshakes, unvalidatedHandshakes, retries, refused, dropped] =
      numbers;
    const failedHandshakes = numbers[5];
    return {
      connections: this.connectionMap.size,
      handshakes,
      unvalidatedHandshakes,
      retries,
      refused,
      failedHandshakes,
      datagramsDropped: dropped,
    };
  }

  /**
   * Sends a datagram that is not QUIC, for example to punch a hole into a NAT. When it cannot be
   * sent only this call fails, the socket goes on.
   *
   * A receiver with QUIC on its socket takes what begins with a byte from 64 for a packet of QUIC, and drops it: text, and three of four
   * random bytes. The first such datagram of a socket is a warning of the logger. Where it is to be heard, as an
   * {@link events.EventQUICSocketDatagram}, put a byte below 64 before it, such as 0.
   *
   * @param msg - the datagram, or an array of its parts
   * @param port - target port
   * @param address - target IP address or hostname. An IPv6 address may be in brackets and have a zone
   * @param options
   * @param options.signal - gives up waiting when it aborts: the datagram may be sent all the same
   *
   * @returns the size of the datagram in bytes
   *
   * @throws {errors.ErrorQUICSocketNotRunning}
   * @throws {errors.ErrorQUICSocketInvalidSendAddress} when the socket's address
   * family cannot reach the target's
   * @throws the operating system's error when it refuses to send
   */
  public async send(
    msg: string | Uint8Array | ReadonlyArray<any>,
    port: number,
    address: string,
    options?: AbortOptions,
  ): Promise<number>;
  /**
   * Sends a part of a buffer.
   *
   * @param offset - where the datagram starts in `msg`, in bytes
   * @param length - size of the datagram in bytes
   */
  public async send(
    msg: string | Uint8Array,
    offset: number,
    length: number,
    port: number,
    address: string,
    options?: AbortOptions,
  ): Promise<number>;
  @ready(new ErrorQUICSocketNotRunning())
  public async send(
    msg: string | Uint8Array | ReadonlyArray<any>,
    ...args: Array<any>
  ): Promise<number> {
    const isWithOptions = typeof args.at(-1) === 'object';
    const options: AbortOptions = (isWithOptions && args.pop()) || {};
    checkNames(options, signalNames, this.#logger);
    const [port, address] = args.slice(-2);
    let data = toDatagram(msg);
    if (args.length > 2) data = part(data, args[0], args[1]);
    validatePort(port, 'port', 1);
    const host = validateHost(address, 'address');
    return abortable(options.signal, () => this.#sendTo(data, port, host));
  }

  async #sendTo(
    data: Uint8Array,
    port: Port,
    address: string,
  ): Promise<number> {
    const [{ target }] = await this[internals.resolveTargets](
      address,
      this.#resolveHostname,
      ErrorQUICSocketInvalidSendAddress,
    );
    if (this.#transport === undefined) {
      throw new ErrorQUICSocketNotRunning();
    }
    if (data.byteLength > maxDatagramSize) {
      const { EMSGSIZE } = constants.errno;
      throw systemError('send', 'EMSGSIZE', -EMSGSIZE, target, port);
    }
    this.#warnOfQUIC(data);
    return await this.#transport.send(data, port, target);
  }

  /** What begins as a packet of QUIC does, another socket of this library does not tell of. */
  #warnOfQUIC(data: Uint8Array): void {
    if (this.#hasWarned || data.byteLength === 0 || data[0] < firstOfQUIC) {
      return;
    }
    this.#hasWarned = true;
    const first = data[0].toString(16).padStart(2, '0');
    this.#logger.warn(
      `Sent a datagram that begins with the byte 0x${first}: a receiver with QUIC takes it for a packet of QUIC and drops it. For EventQUICSocketDatagram put a byte below 0x40 before it, such as 0 (RFC 9443). To punch a hole it need not be heard.`,
    );
  }

  /**
   * Sends a part of a buffer.
   *
   * @deprecated Use {@link QUICSocket.send}, which does the same.
   */
  public async send_(
    msg: string | Uint8Array,
    offset: number,
    length: number,
    port: number,
    address: string,
  ): Promise<number> {
    return await this.send(msg, offset, length, port, address);
  }

  /**
   * Stops the socket, for `await using`, and the connections on it.
   */
  public async [Symbol.asyncDispose](): Promise<void> {
    if (this[running]) await this.stop({ force: true });
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
   * Resolves a host to the addresses that the socket can send to, in the order of preference: at least one.
   *
   * @param ErrorClass - thrown when there is none
   *
   * @internal
   */
  public async [internals.resolveTargets](
    host: string,
    resolveHostname: ResolveHostname,
    ErrorClass: Class<Error>,
  ): Promise<Array<ResolvedTarget>> {
    const _host = this.#_host;
    const _type = this.#_type;
    const resolved = await resolveHosts(host, resolveHostname, families[_type]);
    const targets: Array<ResolvedTarget> = [];
    const unreachable: Array<unknown> = [];
    for (const [address, udpType] of resolved) {
      const host = resolvesZeroIP(address);
      try {
        const target = validateTarget(
          ...([_host, _type, host, udpType, ErrorClass] as const),
        );
        if (targets.every((other) => other.target !== target)) {
          targets.push({ target, isZero: host !== address, host, udpType });
        }
      } catch (e) {
        unreachable.push(e);
      }
    }
    if (targets.length === 0) throw unreachable[0];
    return targets;
  }

  /**
   * Whether it is running and not about to stop.
   *
   * @internal
   */
  public get [internals.isOpen](): boolean {
    return this[running] && this[status] !== 'stopping';
  }

  /**
   * The engine's transport, while the socket is running.
   *
   * @internal
   */
  public get [internals.transportHandle](): number {
    if (this.#transport === undefined) {
      throw new ErrorQUICSocketNotRunning();
    }
    return this.#transport.handle;
  }

  /**
   * Makes the event loop wait for this socket.
   *
   * @internal
   */
  public [internals.hold](holder: object): void {
    this.#holders.add(holder);
    if (this.#holders.size === 1) this.#transport?.ref();
  }

  /**
   * @internal
   */
  public [internals.release](holder: object): void {
    if (!this.#holders.delete(holder)) return;
    if (this.#holders.size === 0) this.#transport?.unref();
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

  #handleDatagram = (
    data: Uint8Array,
    remoteHost: string,
    remotePort: number,
  ): void => {
    emit([this], EventQUICSocketDatagram, {
      detail: { data, remoteHost, remotePort },
    });
  };

  #handleTransportError = (e: Error): void => {
    const error = new ErrorQUICSocketInternal(e.message, { cause: e });
    attempt(() =>
      this.#logger.error(`${this.constructor.name} Error: ${e.message}`, {
        error,
      }),
    );
    this.dispatchEvent(new EventQUICSocketError({ detail: error }));
    if (this[running]) void this.stop({ force: true });
  };
}

/**
 * An address that a socket can send to.
 *
 * @internal
 */
export type ResolvedTarget = {
  /** As the socket has to write it. */
  target: Host;
  host: Host;
  udpType: 'udp4' | 'udp6';
  /** Whether it stands for a wildcard. */
  isZero: boolean;
};

// What a resolver is asked for
const families = { ipv4: 4, ipv6: 6, 'ipv4&ipv6': 0 } as const;

function bytes(buffer: ArrayBuffer | ArrayBufferView): Uint8Array {
  return ArrayBuffer.isView(buffer)
    ? new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
    : new Uint8Array(buffer);
}

function socketType(
  host: Host,
  ipv6Only: boolean,
): 'ipv4' | 'ipv6' | 'ipv4&ipv6' {
  if (isIPv4(host) || isIPv4MappedIPv6(host)) return 'ipv4';
  return isHostWildcard(host) && !ipv6Only ? 'ipv4&ipv6' : 'ipv6';
}

/** The code of the operating system, or what it was else. */
function reasonNotToBind(e: Error): string {
  if (e instanceof ErrorQUIC) return e.message;
  return (e as NodeJS.ErrnoException).code ?? e.message;
}

function toDatagram(msg: unknown): Uint8Array {
  if (typeof msg === 'string') return Buffer.from(msg);
  if (ArrayBuffer.isView(msg)) return bytes(msg);
  if (Array.isArray(msg)) return Buffer.concat(msg.map(toDatagram));
  throw optionError(
    ErrorQUICOptionInvalid,
    'msg',
    describe(msg),
    'a string, a Uint8Array, another view or an array of them',
  );
}

function part(data: Uint8Array, offset: unknown, length: unknown): Uint8Array {
  validateRange(offset, 'offset', data.byteLength);
  validateRange(length, 'length', data.byteLength - offset);
  return data.subarray(offset, offset + length);
}

function validateRange(
  value: unknown,
  option: string,
  max: number,
): asserts value is number {
  if (
    !Number.isSafeInteger(value) ||
    (value as number) < 0 ||
    (value as number) > max
  ) {
    throw optionError(
      ErrorQUICOptionInvalid,
      option,
      describe(value),
      `an integer from 0 to ${max} (bytes)`,
    );
  }
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

// More has no place in the length of UDP, and is not left to what the system makes of it
const maxDatagramSize = 65_535;

// The two highest bits are zero in what is not QUIC, as the first packets of it have one of them (RFC 9443)
const firstOfQUIC = 0x40;

// Where the engine writes them
const numbers = new Float64Array(6);

export default QUICSocket;
