import { lookupAll, resolveHosts } from '../socket/resolve.js';
import type { Host, Port, ResolveHostname } from '../types/address.js';
import type { Class } from '../types/common.js';
import { validatePort } from '../validation/address.js';
import {
  fromIPv4MappedIPv6,
  isHostWildcard,
  isIPv4MappedIPv6,
  isIPv6,
  toIPv4MappedIPv6Dec,
} from './ip.js';

/**
 * Resolves a hostname to its first IPv4 or IPv6 address with the operating
 * system's resolver. Rejects with that resolver's error.
 *
 * @param options
 * @param options.family - 4 or 6 for addresses of that family alone, defaults to 0, both
 */
export async function resolveHostname(
  hostname: string,
  { family = 0 }: { family?: 0 | 4 | 6 | undefined } = {},
): Promise<Host> {
  const [first] = await lookupAll(hostname, { family });
  return first as Host;
}

/**
 * Resolves an IP address or hostname to an address and the type of UDP socket
 * that can use it.
 *
 * @param resolveHostname - called for what is not an IP address, and again for a
 * name that it returns, up to 16 times
 *
 * @throws {ErrorQUICHostInvalid} when it does not resolve, with the resolver's
 * error as `cause`
 */
export async function resolveHost(
  host: string,
  resolveHostname: ResolveHostname,
): Promise<[Host, 'udp4' | 'udp6']> {
  const [first] = await resolveHosts(host, resolveHostname, 0);
  return first;
}

/**
 * Is it a port, an integer from 0 to 65535?
 */
export function isPort(port: any): port is Port {
  return Number.isInteger(port) && port >= 0 && port <= 65535;
}

/**
 * Returns a valid port as such.
 *
 * @throws {ErrorQUICPortInvalid}
 */
export function toPort(port: any): Port {
  return validatePort(port);
}

/**
 * Builds `<HOST>:<PORT>`, with an IPv6 host in brackets.
 *
 * @param port - defaults to 0
 */
export function buildAddress(host: string, port: number = 0): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/**
 * Finds the address with which a socket can send to a target. None can send to a
 * wildcard, see {@link resolvesZeroIP}.
 *
 * - A socket of type `'ipv4'` sends to IPv4 and to IPv4-mapped IPv6: as
 *   IPv4-mapped IPv6 if it is bound to such an address, else as IPv4.
 * - One of type `'ipv6'` sends to IPv6 that is not IPv4-mapped.
 * - A dual stack socket sends to all, to IPv4 as IPv4-mapped IPv6.
 *
 * @param errorClass - thrown when the socket cannot send to the target
 */
export function validateTarget(
  socketHost: Host,
  socketType: 'ipv4' | 'ipv6' | 'ipv4&ipv6',
  targetHost: Host,
  targetUdpType: 'udp4' | 'udp6',
  errorClass: Class<Error>,
): Host {
  if (isHostWildcard(targetHost)) {
    throw new errorClass(`host: nobody can send to the wildcard ${targetHost}`);
  }
  const isMapped = isIPv4MappedIPv6(targetHost);
  const isIPv4Target = targetUdpType === 'udp4' || isMapped;
  if (socketType === 'ipv4' && !isIPv4Target) {
    throw new errorClass(
      `host: a socket bound to IPv4 ${socketHost} cannot send to IPv6 ${targetHost}`,
    );
  }
  if (socketType === 'ipv6' && isIPv4Target) {
    throw new errorClass(
      `host: a socket bound to IPv6 ${socketHost} cannot send to IPv4 ${targetHost}`,
    );
  }
  if (socketType === 'ipv4' && !isIPv4MappedIPv6(socketHost)) {
    return isMapped ? fromIPv4MappedIPv6(targetHost) : targetHost;
  }
  return targetUdpType === 'udp4'
    ? toIPv4MappedIPv6Dec(targetHost)
    : targetHost;
}
