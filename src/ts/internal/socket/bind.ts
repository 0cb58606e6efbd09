import { ErrorQUIC } from '../errors/ErrorQUIC.js';
import type { Host } from '../types/address.js';
import { isHostWildcard, isIPv4, isIPv4MappedIPv6 } from '../utils/ip.js';

/**
 * What a socket that is bound to an address can send to.
 */
export function socketType(
  host: Host,
  ipv6Only: boolean,
): 'ipv4' | 'ipv6' | 'ipv4&ipv6' {
  if (isIPv4(host) || isIPv4MappedIPv6(host)) return 'ipv4';
  return isHostWildcard(host) && !ipv6Only ? 'ipv4&ipv6' : 'ipv6';
}

/**
 * The code of the operating system, or what it was else.
 */
export function reasonNotToBind(e: Error): string {
  if (e instanceof ErrorQUIC) return e.message;
  return (e as NodeJS.ErrnoException).code ?? e.message;
}
