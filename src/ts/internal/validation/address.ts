import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import {
  ErrorQUICHostInvalid,
  ErrorQUICPortInvalid,
} from '../errors/options.js';
import type { Port } from '../types/address.js';
import { fail } from './describe.js';
import { isIntegerWithin } from './values.js';

/**
 * Checks a port.
 *
 * @param min - 0 to bind, where it stands for any free port, and 1 for a target
 *
 * @throws {ErrorQUICPortInvalid}
 */
export function validatePort(
  value: unknown,
  option = 'port',
  min: 0 | 1 = 0,
): Port {
  if (!isIntegerWithin(value, min, 65535)) {
    fail(
      ErrorQUICPortInvalid,
      option,
      value,
      `an integer from ${min} to 65535`,
    );
  }
  return value as Port;
}

/**
 * Checks that a host could be an IP address or a hostname, and takes the brackets off an IPv6
 * address, which has them in a URL.
 *
 * @throws {ErrorQUICHostInvalid}
 */
export function validateHost(value: unknown, option = 'host'): string {
  const host = typeof value === 'string' ? withoutBrackets(value) : '';
  if (
    host.length === 0 ||
    /[\s\0/[\]]/.test(host) ||
    (host.includes(':') && !isIPv6(host))
  ) {
    fail(
      ErrorQUICHostInvalid,
      option,
      value,
      'an IP address or a hostname, without a port',
    );
  }
  return host;
}

function withoutBrackets(host: string): string {
  const address = /^\[(.+)\]$/.exec(host)?.[1] ?? '';
  return isIPv6(address) ? address : host;
}

/**
 * Turns a host into the name that its certificate is for and that servers are asked for: in ASCII
 * (RFC 5890), and without the zone of an address, which only this machine knows.
 *
 * @param host - as {@link validateHost} returns it
 *
 * @throws {ErrorQUICHostInvalid}
 */
export function toCertificateName(host: string, option: string): string {
  if (isIPv6(host)) return host.split('%', 1)[0];
  // ASCII is left as it is: to URLs, 127.1 would be an address
  if (/^[\0-\x7f]*$/.test(host)) return host;
  // It would cut off what follows these
  const name = /[?#@\\%]/.test(host) ? '' : domainToASCII(host);
  if (name === '') {
    const expected = 'an IP address or a hostname, which may have IDNA labels';
    fail(ErrorQUICHostInvalid, option, host, expected);
  }
  return name;
}
