import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { types } from 'node:util';
import { clientDefault, serverDefault } from '../../config.js';
import {
  ErrorQUICConfig,
  ErrorQUICConnectionConfigInvalid,
  ErrorQUICHostInvalid,
  ErrorQUICOptionInvalid,
  ErrorQUICPortInvalid,
  type OptionInvalidData,
} from '../../errors.js';
import type {
  LoadBalancing,
  Port,
  QUICConfig,
  RetryPolicy,
  SocketIO,
  StreamPriority,
} from '../../types.js';
import { connectionsThatFit } from '../config/memory.js';

/**
 * A class of the errors of options.
 */
export type OptionError = new (
  message: string,
  options: { data: OptionInvalidData },
) => Error;

type Check = (value: unknown, option: string) => void;

const sigalgs = [
  'rsa_pkcs1_sha256',
  'rsa_pkcs1_sha384',
  'rsa_pkcs1_sha512',
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'ecdsa_secp521r1_sha512',
  'ed25519',
];

/**
 * Makes the error of an invalid option.
 *
 * @param option - path of the option, such as `config.maxIdleTimeout`
 * @param got - what was given, as {@link describe} or {@link describeSecret}
 *   words it
 * @param expected - what the option accepts
 */
export function optionError(
  ErrorClass: OptionError,
  option: string,
  got: string,
  expected: string,
): Error {
  return new ErrorClass(`${option}: expected ${expected}, got ${got}`, {
    data: { option, got, expected },
  });
}

/**
 * Type and abbreviated value, for an error message.
 */
export function describe(value: unknown): string {
  switch (typeof value) {
    case 'string': {
      // A private key can be given to the wrong option
      if (value.includes('-----BEGIN')) return describeSecret(value);
      const shown = value.length > 40 ? `${value.slice(0, 40)}…` : value;
      return `string ${JSON.stringify(shown)}`;
    }
    case 'number':
    case 'boolean':
    case 'bigint':
      return `${typeof value} ${value}`;
    default:
      return describeSecret(value);
  }
}

/**
 * Type and size, for an error message about an option that can hold key
 * material.
 */
export function describeSecret(value: unknown): string {
  if (typeof value === 'string') return `string of ${value.length} characters`;
  if (Array.isArray(value)) return `array of ${value.length} elements`;
  if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)) {
    return `${value.constructor.name} of ${value.byteLength} bytes`;
  }
  if (value === null) return 'null';
  return typeof value;
}

function fail(
  ErrorClass: OptionError,
  option: string,
  value: unknown,
  expected: string,
): never {
  throw optionError(ErrorClass, option, describe(value), expected);
}

/**
 * @internal
 */
export function isIntegerWithin(
  value: unknown,
  min: number,
  max: number,
): value is number {
  return (
    Number.isSafeInteger(value) &&
    (value as number) >= min &&
    (value as number) <= max
  );
}

/**
 * Checks an object of options.
 */
export function validateObject(
  value: unknown,
  option: string,
  ErrorClass: OptionError = ErrorQUICOptionInvalid,
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    fail(ErrorClass, option, value, 'an object');
  }
}

/**
 * Checks a boolean option that can be left out.
 */
export function validateBoolean(value: unknown, option: string): void {
  if (value !== undefined && typeof value !== 'boolean') {
    fail(ErrorQUICOptionInvalid, option, value, 'a boolean');
  }
}

/**
 * Checks a signal that can be left out. As in Node's own methods it may be of another realm or
 * maker, such as that of jsdom.
 */
export function validateSignal(value: unknown, option = 'signal'): void {
  if (value === undefined) return;
  const signal = Object(value) as Record<string, unknown>;
  if (!('aborted' in signal) || typeof signal.addEventListener !== 'function') {
    fail(ErrorQUICOptionInvalid, option, value, 'an AbortSignal');
  }
}

/**
 * Checks an option that takes a function and can be left out.
 */
export function validateFunction(value: unknown, option: string): void {
  if (value !== undefined && typeof value !== 'function') {
    fail(ErrorQUICOptionInvalid, option, value, 'a function');
  }
}

/**
 * Checks a session that can be left out. What it holds is not looked at: it may be of another version.
 */
export function validateSession(value: unknown): void {
  if (value !== undefined && !types.isUint8Array(value)) {
    fail(
      ErrorQUICOptionInvalid,
      'session',
      value,
      'the Uint8Array of an EventQUICConnectionSession',
    );
  }
}

/**
 * Checks how load balancers are led to a socket, and puts it in the form that the engine reads, see
 * `native/internal/connectionid`: nothing for none.
 */
export function validateLoadBalancing(value: unknown): Uint8Array {
  if (value === undefined) return new Uint8Array(0);
  validateObject(value, 'loadBalancing');
  const { serverId, key, configId, encodeLength, ...rest } =
    value as Partial<LoadBalancing>;
  const refuse = (name: string, got: string, expected: string) => {
    const option = `loadBalancing.${name}`;
    throw optionError(ErrorQUICOptionInvalid, option, got, expected);
  };
  const isId = types.isUint8Array(serverId);
  if (!isId || serverId.length < 1 || serverId.length > 15) {
    const got = isId ? `${serverId.length} bytes` : describe(serverId);
    refuse('serverId', got, 'a Uint8Array of 1 to 15 bytes');
  }
  const id = serverId as Uint8Array;
  if (key !== undefined && !(types.isUint8Array(key) && key.length === 16)) {
    refuse('key', describeSecret(key), 'a Uint8Array of 16 bytes');
  }
  const room = 19 - id.length;
  const { nonceLength = Math.min(8, room) } = rest;
  if (!isIntegerWithin(nonceLength, 4, room)) {
    refuse(
      'nonceLength',
      describe(nonceLength),
      `an integer from 4 to ${room}`,
    );
  }
  if (configId !== undefined && !isIntegerWithin(configId, 0, 6)) {
    refuse('configId', describe(configId), 'an integer from 0 to 6');
  }
  validateBoolean(encodeLength, 'loadBalancing.encodeLength');
  validateBoolean(rest.takeOver, 'loadBalancing.takeOver');
  return Uint8Array.of(
    configId ?? 0,
    encodeLength ? 1 : 0,
    nonceLength,
    key?.length ?? 0,
    ...(key ?? []),
    ...id,
  );
}

/**
 * Checks a logger that can be left out. Any object that has the methods of a
 * `@matrixai/logger` will do, as several copies of that package can be loaded.
 */
export function validateLogger(value: unknown, option = 'logger'): void {
  if (value === undefined) return;
  const methods = ['debug', 'info', 'warn', 'error'];
  const logger = Object(value) as Record<string, unknown>;
  if (methods.some((method) => typeof logger[method] !== 'function')) {
    fail(
      ErrorQUICOptionInvalid,
      option,
      value,
      'a logger with the methods debug, info, warn and error',
    );
  }
}

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
 * Checks that a host could be an IP address or a hostname, and takes the brackets off an IPv6 address, which has
 * them in a URL.
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

/**
 * Checks the I/O mode of a socket; leaving it out gives `'dgram'`.
 */
export function validateIO(value: unknown, option = 'io'): SocketIO {
  if (value === undefined) return 'dgram';
  if (value !== 'dgram' && value !== 'native') {
    fail(ErrorQUICOptionInvalid, option, value, "'dgram' or 'native'");
  }
  return value;
}

/**
 * Whom a server lets begin a handshake.
 */
export type Admission = {
  retry: RetryPolicy;
  retryThreshold: number;
  maxHandshakes: number;
  maxUnvalidatedHandshakes: number;
  maxConnections: number;
  maxConnectionsPerAddress: number;
  tokenLifetime: number;
};

/**
 * Checks the options of a server that say whom it lets in.
 */
export function validateAdmission({
  retry = 'auto',
  retryThreshold = 256,
  maxHandshakes = 4096,
  maxUnvalidatedHandshakes = 1024,
  maxConnections,
  maxConnectionsPerAddress,
  tokenLifetime = 3_600_000,
}: Partial<Admission>): Admission {
  if (!['always', 'never', 'auto'].includes(retry)) {
    fail(ErrorQUICOptionInvalid, 'retry', retry, "'always', 'never' or 'auto'");
  }
  validateCount(retryThreshold, 'retryThreshold', 1);
  validateCount(maxHandshakes, 'maxHandshakes', 1);
  validateCount(maxUnvalidatedHandshakes, 'maxUnvalidatedHandshakes', 0);
  const most = maxConnections ?? connectionsThatFit();
  // A number that somebody has chosen means that many, from wherever they come
  const mostOfOne =
    maxConnectionsPerAddress ??
    (maxConnections === undefined ? Math.ceil(most / 2) : most);
  validateCount(most, 'maxConnections', 1);
  validateCount(mostOfOne, 'maxConnectionsPerAddress', 1);
  validateCount(tokenLifetime, 'tokenLifetime', 1);
  return {
    retry,
    retryThreshold,
    maxHandshakes,
    maxUnvalidatedHandshakes,
    maxConnections: most,
    maxConnectionsPerAddress: mostOfOne,
    tokenLifetime,
  };
}

function validateCount(value: unknown, option: string, least: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least) {
    fail(
      ErrorQUICOptionInvalid,
      option,
      value,
      `an integer of at least ${least}`,
    );
  }
}

/**
 * Checks the priority of a stream, of which both parts can be left out.
 */
export function validatePriority(value: unknown, option = 'priority'): void {
  validateObject(value, option);
  const { urgency, incremental } = value as Partial<StreamPriority>;
  if (
    urgency !== undefined &&
    !(Number.isInteger(urgency) && urgency >= 0 && urgency <= 7)
  ) {
    fail(
      ErrorQUICOptionInvalid,
      `${option}.urgency`,
      urgency,
      'an integer from 0 to 7',
    );
  }
  validateBoolean(incremental, `${option}.incremental`);
}

/**
 * Checks what `newStream` takes; leaving it out gives `'bidi'`.
 */
export function validateStreamType(
  value: unknown,
  option = 'type',
): 'bidi' | 'uni' {
  if (value === undefined) return 'bidi';
  if (value !== 'bidi' && value !== 'uni') {
    fail(ErrorQUICOptionInvalid, option, value, "'bidi' or 'uni'");
  }
  return value;
}

/**
 * Checks the milliseconds of `minIdleTimeout`, which can be left out.
 */
export function validateMinIdleTimeout(
  value: unknown,
  option = 'minIdleTimeout',
): void {
  if (value === undefined) return;
  // NaN is not >= 0
  if (typeof value !== 'number' || !(value >= 0)) {
    fail(
      ErrorQUICOptionInvalid,
      option,
      value,
      'milliseconds of at least 0, or Infinity',
    );
  }
}

// As node:net has it; RFC 8305 section 5 wants no less
const leastAttemptTimeout = 10;

const longestTimer = 2 ** 31 - 1;

/**
 * Checks how long an attempt to connect is waited for before the next one begins.
 */
export function validateAttemptTimeout(value: unknown, option: string): void {
  if (!isIntegerWithin(value, leastAttemptTimeout, longestTimer)) {
    fail(
      ErrorQUICOptionInvalid,
      option,
      value,
      `an integer from ${leastAttemptTimeout} to ${longestTimer} (milliseconds)`,
    );
  }
}

/**
 * Checks how many datagrams a queue holds.
 */
export function validateHighWaterMark(value: unknown, option: string): number {
  if (!isIntegerWithin(value, 1, maxQueue)) {
    fail(
      ErrorQUICOptionInvalid,
      option,
      value,
      `an integer from 1 to ${maxQueue} (datagrams)`,
    );
  }
  return value as number;
}

const maxQueue = 2 ** 31 - 1;

/**
 * Checks how a connection, client or server is told to close.
 */
export function validateCodeArgs(args: unknown): void {
  validateObject(args, 'options');
  const { isApp, errorCode, reason, force } = args as Record<string, unknown>;
  validateBoolean(isApp, 'isApp');
  // RFC 9000 section 20.2 allows 62 bits, more than a number is exact for
  if (
    errorCode !== undefined &&
    !isIntegerWithin(errorCode, 0, Number.MAX_SAFE_INTEGER)
  ) {
    fail(
      ErrorQUICOptionInvalid,
      'errorCode',
      errorCode,
      'an integer from 0 to 2^53 - 1',
    );
  }
  const isText = typeof reason === 'string';
  if (reason !== undefined && !isText && !types.isUint8Array(reason)) {
    fail(ErrorQUICOptionInvalid, 'reason', reason, 'a string or a Uint8Array');
  }
  validateBoolean(force, 'force');
}

// In bytes. It is hashed when a socket starts, on the thread of JavaScript
const maxKeySize = 2 ** 20;

/**
 * Checks `crypto`, which can be left out; a server's needs a `key`.
 */
export function validateCrypto(
  value: unknown,
  role: 'client' | 'server',
): void {
  if (value === undefined) return;
  validateObject(value, 'crypto');
  const { key, ops } = value as Record<string, unknown>;
  if (role === 'server') {
    const isBuffer = types.isArrayBuffer(key) || ArrayBuffer.isView(key);
    if (!isBuffer || !isIntegerWithin(key.byteLength, 1, maxKeySize)) {
      throw optionError(
        ErrorQUICOptionInvalid,
        'crypto.key',
        describeSecret(key),
        'an ArrayBuffer of at least 1 byte, and of at most 1 MiB',
      );
    }
  }
  if (ops === undefined) return;
  validateObject(ops, 'crypto.ops');
  const names = role === 'server' ? ['sign', 'verify'] : ['randomBytes'];
  for (const name of names) {
    const op = (ops as Record<string, unknown>)[name];
    if (typeof op !== 'function') {
      fail(ErrorQUICOptionInvalid, `crypto.ops.${name}`, op, 'a function');
    }
  }
}

const boolean: Check = (value, option) => {
  if (typeof value !== 'boolean') {
    fail(ErrorQUICConfig, option, value, 'a boolean');
  }
};

function integer(
  unit: string,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): Check {
  const upper = max === Number.MAX_SAFE_INTEGER ? '2^53 - 1' : max;
  return (value, option) => {
    if (!isIntegerWithin(value, min, max)) {
      fail(
        ErrorQUICConfig,
        option,
        value,
        `an integer from ${min} to ${upper} (${unit})`,
      );
    }
  };
}

/**
 * Looks for a block of the kind only; the engine parses it.
 */
function pems(kind: 'CERTIFICATE' | 'PRIVATE KEY'): Check {
  const block = new RegExp(`-----BEGIN (?:[A-Z0-9]+ )*${kind}-----`);
  return (value, option) => {
    const parts = Array.isArray(value) ? value : [value];
    for (const [i, part] of parts.entries()) {
      const isBytes = types.isUint8Array(part);
      const text = isBytes ? Buffer.from(part).toString('latin1') : part;
      if (typeof text !== 'string' || !block.test(text)) {
        throw optionError(
          ErrorQUICConfig,
          Array.isArray(value) ? `${option}[${i}]` : option,
          describeSecret(part),
          `a string or Uint8Array with a PEM block of a ${kind}`,
        );
      }
    }
  };
}

function path(kind: string): Check {
  return (value, option) => {
    if (typeof value !== 'string' || value === '' || value.includes('\0')) {
      fail(ErrorQUICConfig, option, value, `the path of ${kind}`);
    }
  };
}

const checks: { [K in keyof Required<QUICConfig>]: Check } = {
  ca: pems('CERTIFICATE'),
  key: pems('PRIVATE KEY'),
  cert: pems('CERTIFICATE'),
  sigalgs: (value, option) => {
    const names = typeof value === 'string' ? value.split(':') : [];
    const unknown = names.find((name) => !sigalgs.includes(name));
    if (names.length === 0 || unknown !== undefined) {
      fail(
        ErrorQUICConfig,
        option,
        unknown ?? value,
        `a colon separated list of ${sigalgs.join(', ')}`,
      );
    }
  },
  verifyPeer: boolean,
  verifyCallback: (value, option) => {
    if (typeof value !== 'function') {
      fail(ErrorQUICConfig, option, value, 'a function');
    }
  },
  logKeys: path('a file'),
  qlog: path('a directory'),
  grease: boolean,
  keepAliveIntervalTime: integer('milliseconds', 1),
  maxIdleTimeout: integer('milliseconds, 0 for no timeout', 0),
  maxRecvUdpPayloadSize: integer('bytes', 1200, 65527),
  maxSendUdpPayloadSize: integer('bytes', 1200, 65527),
  initialMaxData: integer('bytes', 0),
  initialMaxStreamDataBidiLocal: integer('bytes', 0),
  initialMaxStreamDataBidiRemote: integer('bytes', 0),
  initialMaxStreamDataUni: integer('bytes', 0),
  initialMaxStreamsBidi: integer('streams', 0),
  initialMaxStreamsUni: integer('streams', 0),
  maxConnectionWindow: integer('bytes', 0),
  maxStreamWindow: integer('bytes', 0),
  enableDgram: (value, option) => {
    if (typeof value === 'boolean') return;
    const queue = integer('datagrams, 0 for the default', 0, maxQueue);
    if (Array.isArray(value) && value.length === 3) {
      boolean(value[0], `${option}[0]`);
      queue(value[1], `${option}[1]`);
      queue(value[2], `${option}[2]`);
      return;
    }
    const lengths = Object.entries(value ?? {});
    if (
      typeof value !== 'object' ||
      value === null ||
      Array.isArray(value) ||
      lengths.some(([name]) => name !== 'incoming' && name !== 'outgoing')
    ) {
      fail(
        ErrorQUICConfig,
        option,
        value,
        'true, false, { incoming, outgoing }, or an array of enabled, receive queue length and send queue length',
      );
    }
    for (const [name, length] of lengths) {
      if (length !== undefined) queue(length, `${option}.${name}`);
    }
  },
  disableActiveMigration: boolean,
  applicationProtos: (value, option) => {
    if (!Array.isArray(value) || value.length === 0) {
      fail(ErrorQUICConfig, option, value, 'a non-empty array of strings');
    }
    for (const [i, proto] of value.entries()) {
      const length = typeof proto === 'string' ? Buffer.byteLength(proto) : 0;
      // RFC 7301 section 3.1
      if (length < 1 || length > 255) {
        fail(
          ErrorQUICConfig,
          `${option}[${i}]`,
          proto,
          'a string from 1 to 255 bytes',
        );
      }
    }
  },
  enableEarlyData: boolean,
  readableChunkSize: integer('bytes', 1, 2 ** 31 - 1),
};

const configNames = Object.keys(checks) as Array<keyof QUICConfig>;

function count(pems: QUICConfig['key']): number {
  if (pems === undefined) return 0;
  return Array.isArray(pems) ? pems.length : 1;
}

/**
 * A configuration with its defaults.
 */
export type CompleteConfig = QUICConfig & {
  /** The names of the options that the application has given. */
  readonly given: ReadonlySet<keyof QUICConfig>;
};

/**
 * Checks every option of a `config` and completes it.
 *
 * Options that are missing or `undefined` take their default, options that do
 * not exist are left out.
 *
 * @param defaults - for an update, the configuration up to now
 *
 * @throws {ErrorQUICConfig}
 * @throws {ErrorQUICConnectionConfigInvalid} when `keepAliveIntervalTime` is not
 * smaller than `maxIdleTimeout`
 */
export function validateConfig(
  config: unknown,
  role: 'client' | 'server',
  defaults: Readonly<QUICConfig & Partial<CompleteConfig>> = role === 'client'
    ? clientDefault
    : serverDefault,
): CompleteConfig {
  if (config !== undefined) validateObject(config, 'config', ErrorQUICConfig);
  const given = (config ?? {}) as Record<string, unknown>;
  const merged: Record<string, unknown> = {};
  const givenNames = new Set(defaults.given);
  for (const name of configNames) {
    const value = given[name];
    if (value !== undefined) {
      checks[name](value, `config.${name}`);
      givenNames.add(name);
    }
    const taken =
      (name === 'enableDgram' ? toQueues(value) : value) ?? defaults[name];
    // What was checked must not change afterwards
    if (taken !== undefined) {
      merged[name] = Array.isArray(taken) ? [...taken] : taken;
    }
  }
  const complete = withGiven(merged as QUICConfig, givenNames);
  // A string would stay on the heap of JavaScript for as long as the configuration does
  if (complete.key !== undefined) {
    complete.key = [complete.key].flat().map((pem) => Buffer.from(pem));
  }
  checkKeyPairs(complete, role);
  checkKeepAlive(complete);
  return complete;
}

/**
 * The other ways to write `enableDgram` as an array.
 */
function toQueues(value: unknown): unknown {
  if (value === undefined || Array.isArray(value)) return value;
  if (typeof value === 'boolean') return [value, 0, 0];
  const { incoming = 0, outgoing = 0 } = value as Record<string, number>;
  return [true, incoming, outgoing];
}

/**
 * Changes options that somebody else than the application decides on.
 */
export function withOptions(
  config: CompleteConfig,
  options: Partial<QUICConfig>,
): CompleteConfig {
  return withGiven({ ...config, ...options }, config.given);
}

/** What is given is no option itself. */
function withGiven(
  config: QUICConfig,
  given: CompleteConfig['given'],
): CompleteConfig {
  return Object.defineProperty(config, 'given', {
    value: given,
  }) as CompleteConfig;
}

/**
 * Checks whom a server lets in: one that was told whom to trust must not let in everybody.
 *
 * @throws {ErrorQUICConfig}
 */
export function validateVerification(config: CompleteConfig): void {
  const { ca, verifyCallback, verifyPeer, given } = config;
  const isTrusting = count(ca) > 0 || verifyCallback !== undefined;
  if (isTrusting && !given.has('verifyPeer')) {
    throw optionError(
      ErrorQUICConfig,
      'config.verifyPeer',
      'undefined',
      `true where there is a config.${count(ca) > 0 ? 'ca' : 'verifyCallback'}, as clients are not asked for certificates otherwise, or false to say that they shall not be`,
    );
  }
  if (verifyPeer && !isTrusting) {
    throw optionError(
      ErrorQUICConfig,
      'config.ca',
      'undefined',
      'the authorities of the clients, or a config.verifyCallback, where config.verifyPeer is true: any public authority would do otherwise',
    );
  }
}

function checkKeyPairs(config: QUICConfig, role: 'client' | 'server'): void {
  const keys = count(config.key);
  const certs = count(config.cert);
  if (keys === certs && (keys > 0 || role === 'client')) return;
  throw optionError(
    ErrorQUICConfig,
    'config.key and config.cert',
    `${keys} of config.key and ${certs} of config.cert`,
    role === 'server'
      ? 'a private key for each certificate chain, and at least one'
      : 'a private key for each certificate chain, or none of both',
  );
}

function checkKeepAlive(config: QUICConfig): void {
  const { keepAliveIntervalTime, maxIdleTimeout } = config;
  if (
    keepAliveIntervalTime !== undefined &&
    maxIdleTimeout !== 0 &&
    keepAliveIntervalTime >= maxIdleTimeout
  ) {
    fail(
      ErrorQUICConnectionConfigInvalid,
      'config.keepAliveIntervalTime',
      keepAliveIntervalTime,
      `less than config.maxIdleTimeout, which is ${maxIdleTimeout} milliseconds`,
    );
  }
}
