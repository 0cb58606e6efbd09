import {
  type EventEmitter,
  setMaxListeners as setNodeMaxListeners,
} from 'node:events';
import * as net from 'node:net';
import { AbstractError } from '@matrixai/errors';
import ipaddr from 'ipaddr.js';
import {
  ErrorQUIC,
  ErrorQUICHostInvalid,
  ErrorQUICOptionInvalid,
  ErrorQUICStreamPeerRead,
  ErrorQUICStreamPeerWrite,
  ErrorQUICUndefinedBehaviour,
} from './errors.js';
import { type BindingError, BindingErrorKind } from './native/binding.js';
import { environment } from './native/Environment.js';
import QUICConnectionId from './QUICConnectionId.js';
import type {
  Callback,
  Class,
  ConnectionId,
  ConnectionIdString,
  Host,
  Port,
  PromiseDeconstructed,
  QUICServerCrypto,
  ServerCryptoOps,
  StreamId,
} from './types.js';
import {
  describe,
  describeSecret,
  optionError,
  toCertificateName,
  validateHost,
  validatePort,
} from './validation.js';

/**
 * Encodes strings as UTF-8.
 */
export const textEncoder = new TextEncoder();

/**
 * Decodes UTF-8.
 */
export const textDecoder = new TextDecoder();

/**
 * Marks a state that cannot be reached.
 *
 * @throws {ErrorQUICUndefinedBehaviour} always
 */
export function never(message: string): never {
  throw new ErrorQUICUndefinedBehaviour(message);
}

/**
 * Yields to let other micro tasks run.
 */
export async function yieldMicro(): Promise<void> {
  await new Promise<void>((resolve) => queueMicrotask(resolve));
}

/**
 * Converts callback style to promise style. Several results become an array. Of
 * an overloaded function only one signature can be used.
 */
export function promisify<
  T extends Array<unknown>,
  P extends Array<unknown>,
  // biome-ignore lint/suspicious/noConfusingVoidType: becomes the type of a promise
  R extends T extends [] ? void : T extends [unknown] ? T[0] : T,
>(
  f: (...args: [...params: P, callback: Callback<T>]) => unknown,
): (...params: P) => Promise<R> {
  return (...params) =>
    new Promise<R>((resolve, reject) => {
      const callback = (error: Error | null | undefined, ...results: T) => {
        if (error != null) {
          reject(error);
        } else {
          resolve((results.length > 1 ? results : results[0]) as R);
        }
      };
      f(...params, callback as Callback<T>);
    });
}

/**
 * Deconstructed promise.
 */
export function promise<T = void>(): PromiseDeconstructed<T> {
  let resolveP!: PromiseDeconstructed<T>['resolveP'];
  let rejectP!: PromiseDeconstructed<T>['rejectP'];
  const p = new Promise<T>((resolve, reject) => {
    resolveP = resolve;
    rejectP = reject;
  });
  return { p, resolveP, rejectP };
}

/**
 * Wraps an ArrayBuffer, typed array or Buffer into a Buffer without copying.
 *
 * @param offset - in bytes, defaults to 0
 * @param length - in bytes, defaults to the rest
 */
export function bufferWrap(
  array: ArrayBufferLike | ArrayBufferView,
  offset: number = 0,
  length: number = array.byteLength - offset,
): Buffer {
  return ArrayBuffer.isView(array)
    ? Buffer.from(array.buffer, array.byteOffset + offset, length)
    : Buffer.from(array, offset, length);
}

/**
 * Is it an IPv4 address?
 */
export function isIPv4(host: string): host is Host {
  return net.isIPv4(host);
}

/**
 * Is it an IPv6 address? IPv4-mapped IPv6 addresses are IPv6 addresses too.
 */
export function isIPv6(host: string): host is Host {
  return net.isIPv6(host);
}

/**
 * Is it an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2)? There are two
 * ways to write it:
 *
 * 1. `::ffff:127.0.0.1` - dotted decimal
 * 2. `::ffff:7f00:1` - hex
 */
export function isIPv4MappedIPv6(host: string): host is Host {
  return isIPv6(host) && ipaddr.IPv6.parse(host).isIPv4MappedAddress();
}

/**
 * Is it an IPv4-mapped IPv6 address in hex?
 */
export function isIPv4MappedIPv6Hex(host: string): host is Host {
  return isIPv4MappedIPv6(host) && !host.includes('.');
}

/**
 * Is it an IPv4-mapped IPv6 address in dotted decimal?
 */
export function isIPv4MappedIPv6Dec(host: string): host is Host {
  return isIPv4MappedIPv6(host) && host.includes('.');
}

/**
 * Maps an IPv4 address to IPv6, in dotted decimal.
 *
 * @throws {ErrorQUICHostInvalid}
 */
export function toIPv4MappedIPv6Dec(host: string): Host {
  if (!isIPv4(host)) throw hostError(host, 'an IPv4 address');
  return `::ffff:${host}` as Host;
}

/**
 * Maps an IPv4 address to IPv6, in hex.
 *
 * @throws {ErrorQUICHostInvalid}
 */
export function toIPv4MappedIPv6Hex(host: string): Host {
  if (!isIPv4(host)) throw hostError(host, 'an IPv4 address');
  return ipaddr.IPv4.parse(host).toIPv4MappedAddress().toString() as Host;
}

/**
 * Extracts the IPv4 address, in dotted decimal, of an IPv4-mapped IPv6 address
 * in dotted decimal or hex.
 *
 * @throws {ErrorQUICHostInvalid}
 */
export function fromIPv4MappedIPv6(host: string): Host {
  if (!isIPv4MappedIPv6(host)) {
    throw hostError(host, 'an IPv4-mapped IPv6 address');
  }
  return ipaddr.IPv6.parse(host).toIPv4Address().toString() as Host;
}

/**
 * Does the address stand for all interfaces: `0.0.0.0`, `::` or `::ffff:0.0.0.0`
 * in any way of writing?
 */
export function isHostWildcard(host: Host): boolean {
  return net.isIP(host) !== 0 && ipaddr.process(host).range() === 'unspecified';
}

/**
 * Converts an IPv4-mapped IPv6 address to IPv4 and leaves other addresses
 * unchanged.
 *
 * @throws {ErrorQUICHostInvalid}
 */
export function toCanonicalIP(host: string): Host {
  if (isIPv4MappedIPv6(host)) return fromIPv4MappedIPv6(host);
  if (isIPv4(host) || isIPv6(host)) return host;
  throw hostError(host, 'an IP address');
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
 * Resolves a hostname to its first IPv4 or IPv6 address with the operating
 * system's resolver. Rejects with that resolver's error.
 */
export async function resolveHostname(hostname: string): Promise<Host> {
  // Loaded at the first use, as all that an import can do without
  const { lookup } = await import('node:dns/promises');
  const { address } = await lookup(hostname);
  return address as Host;
}

/**
 * Resolves an IP address or hostname to an address and the type of UDP socket
 * that can use it.
 *
 * @param resolveHostname - called for what is not an IP address
 *
 * @throws {ErrorQUICHostInvalid} when it does not resolve, with the resolver's
 * error as `cause`
 */
export async function resolveHost(
  host: string,
  resolveHostname: (hostname: string) => string | PromiseLike<string>,
): Promise<[Host, 'udp4' | 'udp6']> {
  if (isIPv4(host)) return [host, 'udp4'];
  if (isIPv6(host)) return [host, 'udp6'];
  let resolved: string;
  try {
    resolved = await resolveHostname(host);
  } catch (e) {
    throw new ErrorQUICHostInvalid(
      `host: ${describe(host)} does not resolve to an IP address`,
      { cause: e },
    );
  }
  if (isIPv4(resolved)) return [resolved, 'udp4'];
  if (isIPv6(resolved)) return [resolved, 'udp6'];
  throw new ErrorQUICHostInvalid(
    `host: ${describe(host)} resolves to ${describe(resolved)}, which is not an IP address`,
  );
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
 * Finds the address with which a socket can send to a target.
 *
 * - An IPv4 socket sends to IPv4, and to IPv4-mapped IPv6 as IPv4.
 * - A socket bound to an IPv4-mapped IPv6 address sends to IPv4 and to
 *   IPv4-mapped IPv6, as IPv4-mapped IPv6.
 * - An IPv6 socket sends to IPv6 that is not IPv4-mapped.
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
  const targetIsMapped = isIPv4MappedIPv6(targetHost);
  const targetIsIPv4 = targetUdpType === 'udp4' || targetIsMapped;
  const socketIsMapped = isIPv4MappedIPv6(socketHost);
  if (socketType === 'ipv4' || socketIsMapped) {
    if (!targetIsIPv4) {
      throw new errorClass(
        `host: a socket bound to IPv4 ${socketHost} cannot send to IPv6 ${targetHost}`,
      );
    }
    if (targetIsMapped === socketIsMapped) return targetHost;
    return socketIsMapped
      ? toIPv4MappedIPv6Dec(targetHost)
      : fromIPv4MappedIPv6(targetHost);
  }
  if (socketType === 'ipv6' && targetIsIPv4) {
    throw new errorClass(
      `host: a socket bound to IPv6 ${socketHost} cannot send to IPv4 ${targetHost}`,
    );
  }
  return targetUdpType === 'udp4'
    ? toIPv4MappedIPv6Dec(targetHost)
    : targetHost;
}

/**
 * Collects the keys, chains or authorities of a `QUICConfig` option into an
 * array of strings, each ending with one newline.
 */
export function collectPEMs(
  pems?: string | Array<string> | Uint8Array | Array<Uint8Array>,
): Array<string> {
  if (pems === undefined) return [];
  return (Array.isArray(pems) ? pems : [pems]).map((pem) => {
    const text = typeof pem === 'string' ? pem : textDecoder.decode(pem);
    return `${text.trim()}\n`;
  });
}

/**
 * Converts the first block of a PEM string to DER.
 *
 * @throws {ErrorQUICOptionInvalid} when there is no such block
 */
export function pemToDER(pem: string): Uint8Array {
  const block = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/.exec(pem);
  if (block === null) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'pem',
      describeSecret(pem),
      'a string with a PEM block',
    );
  }
  return new Uint8Array(Buffer.from(block[2], 'base64'));
}

/**
 * Converts a certificate in DER to PEM.
 */
export function derToPEM(der: Uint8Array): string {
  const base64 = bufferWrap(der).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [];
  return [
    '-----BEGIN CERTIFICATE-----',
    ...lines,
    '-----END CERTIFICATE-----',
    '',
  ].join('\n');
}

/**
 * Makes a private key (ECDSA P-256) and a certificate that it signed itself, for tests and for peers
 * that know each other's certificate.
 *
 * @param opts
 * @param opts.hosts - DNS names and IP addresses that the certificate is for, in every form that
 * `createQUICClient` takes; names may have a `*`, as in `*.example.org`. Defaults to
 * `['localhost', '127.0.0.1', '::1']`
 * @param opts.days - days that the certificate is valid, defaults to `30`
 *
 * @returns both as PEM, for `config.key` and `config.cert`; the certificate also
 * serves as the peer's `config.ca`
 *
 * @throws {errors.ErrorQUICOptionInvalid}
 * @throws {errors.ErrorQUIC} when the engine cannot make them
 */
export function selfSigned({
  hosts = ['localhost', '127.0.0.1', '::1'],
  days = 30,
}: {
  hosts?: Array<string>;
  days?: number;
} = {}): {
  /** Private key in PEM. */
  key: string;
  /** Certificate in PEM. */
  cert: string;
} {
  if (!Array.isArray(hosts) || hosts.length === 0) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'hosts',
      describe(hosts),
      certificateHosts,
    );
  }
  const names = hosts.map(certificateHost);
  if (typeof days !== 'number' || !(days > 0 && days <= 36_500)) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'days',
      describe(days),
      'a number above 0 and up to 36500',
    );
  }
  const { binding } = environment();
  try {
    const [key, cert] = binding.selfSigned(names.join(), days);
    return { key, cert };
  } catch (e) {
    const { kind, message } = e as BindingError;
    if (kind !== BindingErrorKind.Config) {
      throw new ErrorQUIC(`no certificate could be made: ${message}`, {
        cause: e,
      });
    }
    throw new ErrorQUICOptionInvalid(`hosts: ${message}`, {
      cause: e,
      data: { option: 'hosts', got: message, expected: certificateHosts },
    });
  }
}

const certificateHosts = 'a non-empty array of DNS names and IP addresses';

function certificateHost(host: unknown, i: number): string {
  const option = `hosts[${i}]`;
  try {
    const name = toCertificateName(validateHost(host, option), option);
    // They are handed down in one string
    if (!name.includes(',')) return name;
  } catch {
    // The error is not that of an argument
  }
  throw optionError(
    ErrorQUICOptionInvalid,
    option,
    describe(host),
    'a DNS name or an IP address',
  );
}

/**
 * Formats an error as `Name: description - message`, leaving out what it does
 * not have.
 */
export function formatError(error: Error): string {
  const description = error instanceof AbstractError ? error.description : '';
  const named = description ? `${error.name}: ${description}` : error.name;
  return error.message && error.message !== description
    ? `${named} - ${error.message}`
    : named;
}

/**
 * Converts a connection ID to hex.
 */
export function encodeConnectionId(connId: ConnectionId): ConnectionIdString {
  return connId.toString('hex') as ConnectionIdString;
}

/**
 * Converts a connection ID from hex.
 */
export function decodeConnectionId(
  connIdString: ConnectionIdString,
): ConnectionId {
  return Buffer.from(connIdString, 'hex') as ConnectionId;
}

/**
 * Makes a token that proves to whoever has `crypto` that `dcid` and `peerHost`
 * were put into it. The server's own Retry tokens are made by the engine.
 *
 * The token is the length and the bytes of the ID, the length and the bytes of
 * the host, and the signature of all these.
 *
 * @throws {ErrorQUICOptionInvalid} when there is no `crypto.ops`
 */
export async function mintToken(
  dcid: QUICConnectionId,
  peerHost: Host,
  crypto: QUICServerCrypto,
): Promise<Buffer> {
  const host = textEncoder.encode(peerHost);
  const data = Buffer.from([dcid.length, ...dcid, host.length, ...host]);
  const signature = await serverOps(crypto).sign(
    crypto.key,
    copyArrayBuffer(data),
  );
  return Buffer.concat([data, bufferWrap(signature)]);
}

/**
 * Checks a token of {@link mintToken} and returns its connection ID, or
 * `undefined` when it is malformed, of another key or of another host.
 *
 * @throws {ErrorQUICOptionInvalid} when there is no `crypto.ops`
 */
export async function validateToken(
  tokenBuffer: Buffer,
  peerHost: Host,
  crypto: QUICServerCrypto,
): Promise<QUICConnectionId | undefined> {
  const ops = serverOps(crypto);
  const dcidEnd = 1 + tokenBuffer[0];
  const hostEnd = dcidEnd + 1 + tokenBuffer[dcidEnd];
  // Written so that the NaN of a length that is missing fails too
  if (!(hostEnd <= tokenBuffer.length)) return undefined;
  const isOurs = await ops.verify(
    crypto.key,
    copyArrayBuffer(tokenBuffer.subarray(0, hostEnd)),
    copyArrayBuffer(tokenBuffer.subarray(hostEnd)),
  );
  const host = tokenBuffer.toString('utf8', dcidEnd + 1, hostEnd);
  if (!isOurs || host !== peerHost) return undefined;
  return new QUICConnectionId(tokenBuffer.subarray(1, dcidEnd));
}

/**
 * Was the stream opened by the client (RFC 9000 section 2.1)?
 */
export function isStreamClientInitiated(streamId: StreamId): boolean {
  return (streamId & 0b01) === 0;
}

/**
 * Was the stream opened by the server (RFC 9000 section 2.1)?
 */
export function isStreamServerInitiated(streamId: StreamId): boolean {
  return (streamId & 0b01) !== 0;
}

/**
 * Can both ends send (RFC 9000 section 2.1)?
 */
export function isStreamBidirectional(streamId: StreamId): boolean {
  return (streamId & 0b10) === 0;
}

/**
 * Can only the end that opened it send (RFC 9000 section 2.1)?
 */
export function isStreamUnidirectional(streamId: StreamId): boolean {
  return (streamId & 0b10) !== 0;
}

/**
 * The code with which the peer stopped our writable side, or false if the error
 * is another one.
 */
export function isStreamStopped(e: Error): number | false {
  return e instanceof ErrorQUICStreamPeerWrite && e.data.code;
}

/**
 * The code with which the peer reset our readable side, or false if the error
 * is another one.
 */
export function isStreamReset(e: Error): number | false {
  return e instanceof ErrorQUICStreamPeerRead && e.data.code;
}

/**
 * Raises the number of listeners from which Node prints a warning, for a target
 * that has many.
 *
 * @param limit - defaults to 100000
 */
export function setMaxListeners(
  target: EventTarget | EventEmitter,
  limit: number = 100000,
): void {
  setNodeMaxListeners(limit, target);
}

function hostError(host: unknown, expected: string): Error {
  return optionError(ErrorQUICHostInvalid, 'host', describe(host), expected);
}

// Of the bytes alone: a Buffer can share its ArrayBuffer with others
function copyArrayBuffer(data: Uint8Array): ArrayBuffer {
  return new Uint8Array(data).buffer;
}

function serverOps(crypto: QUICServerCrypto): ServerCryptoOps {
  if (crypto.ops === undefined) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'crypto.ops',
      describe(crypto.ops),
      'an object with sign and verify',
    );
  }
  return crypto.ops;
}
