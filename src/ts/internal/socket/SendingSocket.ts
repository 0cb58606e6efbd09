import { ready } from '@matrixai/async-init/StartStop.js';
import {
  ErrorQUICSocketInvalidSendAddress,
  ErrorQUICSocketNotRunning,
} from '../errors/socket.js';
import * as internals from '../internals.js';
import { abortable } from '../lifecycle/abort.js';
import type Log from '../log/Log.js';
import type { AbortOptions } from '../types/abort.js';
import type { Host, Port, ResolveHostname } from '../types/address.js';
import type { Class } from '../types/common.js';
import { validateHost, validatePort } from '../validation/address.js';
import { checkNames, signalNames } from '../validation/optionNames.js';
import {
  beginsAsQUIC,
  checkSize,
  part,
  toRawDatagram,
  warningOf,
} from './rawDatagrams.js';
import SharedSocket from './SharedSocket.js';
import { resolveTargets, type Target } from './targets.js';

/**
 * A socket that sends raw datagrams.
 */
abstract class SendingSocket extends SharedSocket {
  /** @internal */
  public abstract readonly [internals.logger]: Log;
  /** @internal */
  public abstract readonly [internals.resolveHostname]: ResolveHostname;
  #hasWarned = false;

  /** The IP address that the socket is bound to. */
  public abstract get host(): Host;
  /** What the socket can send to. */
  public abstract get type(): 'ipv4' | 'ipv6' | 'ipv4&ipv6';

  /**
   * Sends a raw datagram, one that is not QUIC, for example to punch a hole into a NAT. If it
   * cannot be sent, this call alone fails.
   *
   * A receiver with QUIC on its socket takes a datagram whose first byte is 64 or more for a packet
   * of QUIC, and drops it. That is all text, and three of four random bytes. The logger warns of
   * the first such datagram of a socket. To be heard as an {@link events.EventQUICSocketDatagram},
   * put a byte below 64 before it, such as 0.
   *
   * @param msg - the datagram, or an array of its parts
   * @param port - target port
   * @param address - target IP address or hostname. An IPv6 address may be in brackets and have a
   * zone
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
    checkNames(options, signalNames, this[internals.logger]);
    const [port, address] = args.slice(-2);
    let data = toRawDatagram(msg);
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
      this[internals.resolveHostname],
      ErrorQUICSocketInvalidSendAddress,
    );
    if (this[internals.transport] === undefined) {
      throw new ErrorQUICSocketNotRunning();
    }
    checkSize(data, target, port);
    if (!this.#hasWarned && beginsAsQUIC(data)) {
      this.#hasWarned = true;
      this[internals.logger].warn(warningOf(data));
    }
    return await this[internals.transport].send(data, port, target);
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
   * Resolves a host to the addresses that the socket can send to, in the order of preference: at
   * least one.
   *
   * @param ErrorClass - thrown when there is none
   *
   * @internal
   */
  public async [internals.resolveTargets](
    host: string,
    resolveHostname: ResolveHostname,
    ErrorClass: Class<Error>,
  ): Promise<Array<Target>> {
    const bound = { host: this.host, type: this.type };
    return resolveTargets(bound, host, resolveHostname, ErrorClass);
  }
}

export default SendingSocket;
