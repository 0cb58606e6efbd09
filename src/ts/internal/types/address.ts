import type { Opaque } from './common.js';

/**
 * Host is always an IP address.
 */
export type Host = Opaque<'Host', string>;

/**
 * Hostnames are resolved to IP addresses.
 */
export type Hostname = Opaque<'Hostname', string>;

/**
 * Ports are integers from 0 to 65535.
 */
export type Port = Opaque<'Port', number>;

/**
 * Combination of `<HOST>:<PORT>`, with an IPv6 host in brackets.
 */
export type Address = Opaque<'Address', string>;

/**
 * Address of a peer.
 */
export type RemoteInfo = {
  /** IP address. */
  host: Host;
  /** UDP port. */
  port: Port;
};

/**
 * Custom hostname resolution.
 *
 * @param hostname - the name as it was given
 * @param options
 * @param options.family - which addresses the socket can reach: 4 for those of IPv4, 6 for those of
 * IPv6, 0 for both. Others are left out
 * @returns an IP address, or several in the order of preference (RFC 6724). A name is resolved
 * again
 */
export type ResolveHostname = (
  hostname: string,
  options: { family: 0 | 4 | 6 },
) =>
  | string
  | ReadonlyArray<string>
  | PromiseLike<string | ReadonlyArray<string>>;
