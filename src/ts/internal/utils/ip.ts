import * as net from 'node:net';
import type { Host } from '../types/address.js';
import { describe } from '../validation/describe.js';

/**
 * Is it an IPv4 address?
 *
 * @throws {TypeError} when it is no string, as all functions do that take a host
 */
export function isIPv4(host: string): host is Host {
  return net.isIPv4(hostText(host));
}

/**
 * Is it an IPv6 address? IPv4-mapped IPv6 addresses are IPv6 addresses too.
 */
export function isIPv6(host: string): host is Host {
  return net.isIPv6(hostText(host));
}

/**
 * Is it an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2), in any way of
 * writing? There are two ways to write its last part:
 *
 * 1. `::ffff:127.0.0.1` - dotted decimal
 * 2. `::ffff:7f00:1` - hex
 */
export function isIPv4MappedIPv6(host: string): host is Host {
  if (!isIPv6(host)) return false;
  const groups = groupsOf(host);
  return mappedPrefix.every((group, i) => groups[i] === group);
}

/**
 * Is it an IPv4-mapped IPv6 address in hex?
 */
export function isIPv4MappedIPv6Hex(host: string): host is Host {
  return isIPv4MappedIPv6(host) && !isDotted(host);
}

/**
 * Is it an IPv4-mapped IPv6 address in dotted decimal?
 */
export function isIPv4MappedIPv6Dec(host: string): host is Host {
  return isIPv4MappedIPv6(host) && isDotted(host);
}

/**
 * Maps an IPv4 address to IPv6, in dotted decimal.
 *
 * @throws {TypeError} when it is none
 */
export function toIPv4MappedIPv6Dec(host: string): Host {
  if (!isIPv4(host)) {
    throw hostError('Invalid IPv4 address', host, 'an IPv4 address');
  }
  return `::ffff:${host}` as Host;
}

/**
 * Maps an IPv4 address to IPv6, in hex.
 *
 * @throws {TypeError} when it is none
 */
export function toIPv4MappedIPv6Hex(host: string): Host {
  return hexOf(toIPv4MappedIPv6Dec(host)) as Host;
}

/**
 * Extracts the IPv4 address, in dotted decimal, of an IPv4-mapped IPv6 address
 * in dotted decimal or hex.
 *
 * @throws {TypeError} when it is none
 */
export function fromIPv4MappedIPv6(host: string): Host {
  if (!isIPv4MappedIPv6(host)) {
    throw hostError(
      'Invalid IPv4 mapped IPv6 address',
      host,
      'an IPv4-mapped IPv6 address',
    );
  }
  const [high, low] = groupsOf(host).slice(6);
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.') as Host;
}

/**
 * Does the address stand for all interfaces: `0.0.0.0`, `::` or `::ffff:0.0.0.0`
 * in any way of writing?
 */
export function isHostWildcard(host: Host): boolean {
  if (isIPv4MappedIPv6(host)) return fromIPv4MappedIPv6(host) === '0.0.0.0';
  return isIPv6(host)
    ? groupsOf(host).every((group) => group === 0)
    : host === '0.0.0.0';
}

/**
 * Converts an IPv4-mapped IPv6 address to IPv4 and leaves other addresses
 * unchanged.
 *
 * @throws {TypeError} when it is no IP address
 */
export function toCanonicalIP(host: string): Host {
  if (isIPv4MappedIPv6(host)) return fromIPv4MappedIPv6(host);
  if (isIPv4(host) || isIPv6(host)) return host;
  throw hostError('Invalid IP address', host, 'an IP address');
}

/**
 * Resolves a wildcard address to the loopback address of the same kind, since
 * a wildcard cannot be a target, and leaves other addresses unchanged.
 */
export function resolvesZeroIP(host: Host): Host {
  if (!isHostWildcard(host)) return host;
  if (isIPv4(host)) return '127.0.0.1' as Host;
  return (isIPv4MappedIPv6(host) ? '::ffff:127.0.0.1' : '::1') as Host;
}

/**
 * The error that version 2 throws for a host, which also says in `data` what was wrong with it.
 */
function hostError(message: string, host: unknown, expected: string): Error {
  const data = { option: 'host', got: describe(host), expected };
  return Object.assign(new TypeError(message), { data });
}

function hostText(host: unknown): string {
  if (typeof host === 'string') return host;
  const got = describe(host);
  throw hostError(`host: expected a string, got ${got}`, host, 'a string');
}

/** The groups of the IPv6 address that an IPv4 address is mapped to, up to that. */
const mappedPrefix = [0, 0, 0, 0, 0, 0xffff];

const dotted = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/;

// The name of an interface can have dots, too
function isDotted(host: string): boolean {
  return dotted.test(host.split('%')[0]);
}

/**
 * An IPv6 address with its last part in hex if that is in dotted decimal.
 */
function hexOf(host: string): string {
  return host.replace(dotted, (_, ...bytes) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number);
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
}

/**
 * The eight groups of an IPv6 address.
 */
function groupsOf(host: string): Array<number> {
  const [head, tail] = hexOf(host.split('%')[0])
    .split('::')
    .map((part) =>
      part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)),
    );
  if (tail === undefined) return head;
  const zeros = Array<number>(8 - head.length - tail.length).fill(0);
  return [...head, ...zeros, ...tail];
}
