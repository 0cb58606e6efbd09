import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';
import type { BindingError } from '../engine/binding.js';
import { BindingErrorKind } from '../engine/shared.js';
import type { Host, Port } from '../types/address.js';
import { isIPv4, isIPv4MappedIPv6 } from '../utils/ip.js';

/**
 * Where and how a socket binds.
 */
export type BindOptions = {
  host: Host;
  port: number;
  udpType: 'udp4' | 'udp6';
  reuseAddr: boolean;
  ipv6Only: boolean;
  /** Gets the datagrams that are not QUIC. */
  onRawDatagram: (data: Uint8Array, host: string, port: number) => void;
  /** Hears of faults inside the library. */
  onFault: (message: string) => void;
  /** Secret of tokens, session tickets and stateless resets, empty for a random one. */
  key: Uint8Array;
  /** How connection IDs are made, see `native/internal/connectionid`. */
  connectionIds: Uint8Array;
  /** Whether to send stateless resets for all sockets with the same key. */
  takeOver: boolean;
};

/**
 * How the datagrams of a `QUICSocket` get to and from the network.
 */
export interface SocketTransport {
  /** Handle of the engine's transport. */
  readonly handle: number;
  /** The address that it is bound to, in canonical text. */
  readonly host: Host;
  readonly port: Port;
  /** Sends a datagram of the application; resolves with its length. */
  send(data: Uint8Array, port: number, host: string): Promise<number>;
  /** Sends what is queued, then closes. */
  close(): Promise<void>;
  /** Holds the event loop, which an open transport does not do by itself. */
  ref(): void;
  unref(): void;
}

/**
 * Makes an error like those of Node's own `dgram`.
 */
export function systemError(
  syscall: string,
  code: string,
  errno: number,
  address: string,
  port: number,
): NodeJS.ErrnoException {
  return Object.assign(
    new Error(`${syscall} ${code} ${address}${port ? `:${port}` : ''}`),
    { syscall, code, errno, address, port },
  );
}

/**
 * Has the engine bind a socket, and throws as `dgram` does where it cannot.
 */
export function bindInEngine(
  { host, port, ipv6Only }: BindOptions,
  bind: () => number,
): number {
  if (ipv6Only && (isIPv4(host) || isIPv4MappedIPv6(host))) {
    throw systemError('bind', 'EINVAL', -constants.errno.EINVAL, host, port);
  }
  try {
    return bind();
  } catch (e) {
    const { kind, code } = e as BindingError;
    if (kind !== BindingErrorKind.System) throw e;
    throw systemError('bind', errorName(code), -code, host, port);
  }
}

export function errorName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `E${errno}`;
  }
}
