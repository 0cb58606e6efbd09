import {
  type EventEmitter,
  setMaxListeners as setNodeMaxListeners,
} from 'node:events';
import * as net from 'node:net';
import { types } from 'node:util';
import {
  ErrorQUIC,
  ErrorQUICOptionInvalid,
  ErrorQUICStreamPeerRead,
  ErrorQUICStreamPeerWrite,
  ErrorQUICUndefinedBehaviour,
} from './errors.js';
import { lookupAll, resolveHosts } from './internal/socket/resolve.js';
import {
  describe,
  describeSecret,
  optionError,
  validatePort,
} from './internal/validation/validation.js';
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
  ResolveHostname,
  ServerCryptoOps,
  StreamId,
} from './types.js';

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
 * an overloaded function only one signature can be used. `this` of the call is
 * that of the function.
 */
export function promisify<
  T extends Array<unknown>,
  P extends Array<unknown>,
  // biome-ignore lint/suspicious/noConfusingVoidType: becomes the type of a promise
  R extends T extends [] ? void : T extends [unknown] ? T[0] : T,
>(
  f: (...args: [...params: P, callback: Callback<T>]) => unknown,
): (...params: P) => Promise<R> {
  return function (this: unknown, ...params) {
    return new Promise<R>((resolve, reject) => {
      const callback = (error: Error | null | undefined, ...results: T) => {
        if (error != null) {
          reject(error);
        } else {
          resolve((results.length > 1 ? results : results[0]) as R);
        }
      };
      f.call(this, ...params, callback as Callback<T>);
    });
  };
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
 * Wraps an ArrayBuffer, typed array or Buffer into a Buffer without copying. A
 * Buffer is returned as it is.
 *
 * @param offset - in bytes from the start of the ArrayBuffer, also if `array` is a
 * view on one. Defaults to where the view starts
 * @param length - in bytes, defaults to that of `array`
 */
export function bufferWrap(
  array: ArrayBufferLike | ArrayBufferView,
  offset?: number,
  length?: number,
): Buffer {
  if (Buffer.isBuffer(array)) return array;
  return ArrayBuffer.isView(array)
    ? Buffer.from(
        array.buffer,
        offset ?? array.byteOffset,
        length ?? array.byteLength,
      )
    : Buffer.from(array, offset, length);
}

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

/**
 * Collects the keys, chains or authorities of a `QUICConfig` option into an
 * array of strings, each ending with one newline.
 */
export function collectPEMs(
  pems?: string | Array<string> | Uint8Array | Array<Uint8Array>,
): Array<string> {
  const isOne = typeof pems === 'string' || types.isUint8Array(pems);
  const list = isOne ? [pems] : Array.isArray(pems) ? pems : [];
  return list.map((pem) => {
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
  const { buffer, byteOffset, byteLength } = der;
  const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [''];
  return [
    '-----BEGIN CERTIFICATE-----',
    ...lines,
    '-----END CERTIFICATE-----',
    '',
  ].join('\n');
}

/**
 * Formats an error as `Name: description - message`, or as `Name - message` if it
 * has no description.
 */
export function formatError(error: Error): string {
  const { name, message } = error;
  if (!('description' in error)) return `${name} - ${message}`;
  const { description } = error;
  // Errors of this library that were given no message have their description for one
  const isRepeated = error instanceof ErrorQUIC && message === description;
  return `${name}: ${description} - ${isRepeated ? '' : message}`;
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
 * The token is JSON with two parts in base64url: `msg`, which is JSON with the ID in
 * hex and the host, and `sig`, its signature.
 *
 * @throws {ErrorQUICOptionInvalid} when there is no `crypto.ops`
 */
export async function mintToken(
  dcid: QUICConnectionId,
  peerHost: Host,
  crypto: QUICServerCrypto,
): Promise<Buffer> {
  const msg = Buffer.from(
    JSON.stringify({ dcid: dcid.toString(), host: peerHost }),
  );
  const sig = await serverOps(crypto).sign(crypto.key, copyArrayBuffer(msg));
  return encodeToken(msg, bufferWrap(sig));
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
  const { msg, sig } = parseObject(tokenBuffer);
  if (typeof msg !== 'string' || typeof sig !== 'string') return undefined;
  const message = Buffer.from(msg, 'base64url');
  const signature = Buffer.from(sig, 'base64url');
  // There is one way to write a token: it is no other one with a changed byte
  if (!encodeToken(message, signature).equals(tokenBuffer)) return undefined;
  const isOurs = await ops.verify(
    crypto.key,
    copyArrayBuffer(message),
    copyArrayBuffer(signature),
  );
  const { dcid, host } = parseObject(message);
  if (!isOurs || host !== peerHost || typeof dcid !== 'string') {
    return undefined;
  }
  return QUICConnectionId.fromString(dcid as ConnectionIdString);
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
 * is another one. Besides the errors of streams it knows those of version 2 by
 * their message, `StreamStopped(code)`.
 */
export function isStreamStopped(e: Error): number | false {
  return (
    codeIn(e.message, /StreamStopped\((\d{1,16})\)/) ??
    (e instanceof ErrorQUICStreamPeerWrite && e.data.code)
  );
}

/**
 * The code with which the peer reset our readable side, or false if the error
 * is another one. Besides the errors of streams it knows those of version 2 by
 * their message, `StreamReset(code)`.
 */
export function isStreamReset(e: Error): number | false {
  return (
    codeIn(e.message, /StreamReset\((\d{1,16})\)/) ??
    (e instanceof ErrorQUICStreamPeerRead && e.data.code)
  );
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

function codeIn(message: string, pattern: RegExp): number | undefined {
  const match = pattern.exec(message);
  return match === null ? undefined : parseInt(match[1], 10);
}

/**
 * The members of an object in JSON, none if it is none.
 */
function parseObject(json: Buffer): Record<string, unknown> {
  try {
    return Object(JSON.parse(json.toString()));
  } catch {
    return {};
  }
}

function encodeToken(msg: Buffer, sig: Buffer): Buffer {
  return Buffer.from(
    JSON.stringify({
      msg: msg.toString('base64url'),
      sig: sig.toString('base64url'),
    }),
  );
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

export {
  type Authority,
  createAuthority,
  type KeyPair,
  selfSigned,
} from './internal/tls/certificates.js';
