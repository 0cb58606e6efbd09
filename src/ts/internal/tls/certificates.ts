import type { BindingError } from '../engine/binding.js';
import { encodeOptions } from '../engine/config.js';
import { environment } from '../engine/Environment.js';
import { BindingErrorKind } from '../engine/shared.js';
import { ErrorQUIC } from '../errors/ErrorQUIC.js';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { toCertificateName, validateHost } from '../validation/address.js';
import {
  describe,
  describeSecret,
  optionError,
} from '../validation/describe.js';
import {
  authorityNames,
  checkNames,
  issueNames,
  selfSignedNames,
} from '../validation/optionNames.js';
import { validateBoolean, validateObject } from '../validation/values.js';

/**
 * A private key and its certificate, both in PEM.
 */
export type KeyPair = {
  /** Private key in PEM, for `config.key`. */
  key: string;
  /** Certificate in PEM, for `config.cert`. */
  cert: string;
};

/**
 * A certificate authority for development and tests, from {@link createAuthority}.
 */
export type Authority = KeyPair & {
  /**
   * Makes a key and a certificate that the authority has signed. Peers whose `config.ca` is the
   * `cert` of the authority accept it.
   *
   * @param opts
   * @param opts.hosts - DNS names and IP addresses that it is for, as for {@link selfSigned}
   * @param opts.days - days that it is valid, but no longer than the authority, defaults to `30`
   * @param opts.client - whether it is for clients only, defaults to `false`: servers and clients
   *
   * @throws {errors.ErrorQUICOptionInvalid}
   */
  issue(opts?: {
    hosts?: Array<string> | undefined;
    days?: number | undefined;
    client?: boolean | undefined;
  }): KeyPair;
};

/**
 * Makes a private key (ECDSA P-256) and a certificate that it signed itself, for tests and for
 * peers that know each other's certificate.
 *
 * @param opts
 * @param opts.hosts - DNS names and IP addresses that the certificate is for, in every form that
 * `createQUICClient` takes; names may have a `*`, as in `*.example.org`. Defaults to
 * `['localhost', '127.0.0.1', '::1']`
 * @param opts.days - days that the certificate is valid, defaults to `30`
 * @param opts.algorithm - of the key, defaults to `'ECDSA'`, with P-256
 *
 * @returns both as PEM, for `config.key` and `config.cert`; the certificate also
 * serves as the peer's `config.ca`
 *
 * @throws {errors.ErrorQUICOptionInvalid}
 * @throws {errors.ErrorQUIC} when the engine cannot make them
 */
export function selfSigned(
  opts: {
    hosts?: Array<string> | undefined;
    days?: number | undefined;
    algorithm?: 'ECDSA' | 'Ed25519' | undefined;
  } = {},
): KeyPair {
  validateObject(opts, 'opts');
  checkNames(opts, selfSignedNames);
  return make({ kind: 'self-signed', ...checked(opts) });
}

/**
 * Makes a certificate authority in memory, for development and tests: its `cert` is the `config.ca`
 * of both ends, and it issues what servers and clients need, as for mutual TLS. Keep its `key` and
 * `cert` to go on with it later. It takes about a millisecond.
 *
 * ```ts
 * const authority = utils.createAuthority();
 * const server = new QUICServer({
 *   config: { ...authority.issue(), ca: authority.cert, verifyPeer: true },
 * });
 * ```
 *
 * @param opts
 * @param opts.name - what its certificate is called, defaults to `'Development authority'`
 * @param opts.days - days that it is valid, defaults to `365`
 * @param opts.algorithm - of its keys and of those that it issues, defaults to `'ECDSA'`, with
 * P-256
 * @param opts.key - its private key in PEM, of one that was made before, with `cert`
 * @param opts.cert - its certificate in PEM
 *
 * @throws {errors.ErrorQUICOptionInvalid}
 * @throws {errors.ErrorQUIC} when the engine cannot make it
 */
export function createAuthority(
  opts: {
    name?: string | undefined;
    days?: number | undefined;
    algorithm?: 'ECDSA' | 'Ed25519' | undefined;
    key?: string | undefined;
    cert?: string | undefined;
  } = {},
): Authority {
  validateObject(opts, 'opts');
  checkNames(opts, authorityNames);
  const {
    name = 'Development authority',
    days = 365,
    algorithm,
    key,
    cert,
  } = opts;
  if (typeof name !== 'string' || name === '' || /[\0,]/.test(name)) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'name',
      describe(name),
      'a string without commas',
    );
  }
  const common = checked({ hosts: undefined, days, algorithm });
  for (const [option, pem] of Object.entries({ key, cert })) {
    if (pem === undefined && key === cert) continue;
    if (typeof pem === 'string' && !pem.includes('\0')) continue;
    throw optionError(
      ErrorQUICOptionInvalid,
      option,
      describeSecret(pem),
      'a string in PEM, with key and cert together',
    );
  }
  const issuer =
    key !== undefined && cert !== undefined
      ? { key, cert }
      : make({ kind: 'authority', ...common, name, hosts: [] });
  const issue: Authority['issue'] = (opts = {}) => {
    validateObject(opts, 'opts');
    checkNames(opts, issueNames);
    const { client = false } = opts;
    validateBoolean(client, 'client');
    const kind = client ? 'client' : 'peer';
    return make({ kind, ...checked({ ...opts, algorithm }), issuer });
  };
  // One that was made elsewhere is tried
  if (key !== undefined) issue();
  return { ...issuer, issue };
}

type Request = {
  kind: 'self-signed' | 'authority' | 'peer' | 'client';
  algorithm: string;
  hosts: Array<string>;
  days: number;
  name?: string;
  issuer?: KeyPair;
};

function checked({
  hosts = ['localhost', '127.0.0.1', '::1'],
  days = 30,
  algorithm = 'ECDSA',
}: {
  hosts?: unknown;
  days?: unknown;
  algorithm?: unknown;
}): Pick<Request, 'hosts' | 'days' | 'algorithm'> {
  if (!Array.isArray(hosts) || hosts.length === 0) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'hosts',
      describe(hosts),
      certificateHosts,
    );
  }
  if (typeof days !== 'number' || !(days > 0 && days <= 36_500)) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'days',
      describe(days),
      'a number above 0 and up to 36500',
    );
  }
  if (algorithm !== 'ECDSA' && algorithm !== 'Ed25519') {
    throw optionError(
      ErrorQUICOptionInvalid,
      'algorithm',
      describe(algorithm),
      "'ECDSA' or 'Ed25519'",
    );
  }
  return { hosts: hosts.map(certificateHost), days, algorithm };
}

function make({
  kind,
  algorithm,
  hosts,
  days,
  name,
  issuer,
}: Request): KeyPair {
  const { binding } = environment();
  const request = encodeOptions({
    kind,
    algorithm,
    name,
    hosts,
    days,
    issuerKey: issuer?.key,
    issuerCert: issuer?.cert,
  });
  try {
    const [key, cert] = binding.issue(request);
    return { key, cert };
  } catch (e) {
    const { kind, message, option } = e as BindingError;
    if (kind !== BindingErrorKind.Config) {
      throw new ErrorQUIC(`no certificate could be made: ${message}`, {
        cause: e,
      });
    }
    const named = option ?? 'hosts';
    const expected =
      named === 'hosts'
        ? certificateHosts
        : 'the private key and the certificate of an authority in PEM';
    throw new ErrorQUICOptionInvalid(`${named}: ${message}`, {
      cause: e,
      data: { option: named, got: message, expected },
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
