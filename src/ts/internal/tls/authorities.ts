import type { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import module from 'node:module';
import { callEngine } from '../engine/calls.js';
import { encodeOptions } from '../engine/config.js';
import { environment } from '../engine/Environment.js';
import type Log from '../log/Log.js';
import type { QUICConfig } from '../types/config.js';
import { splitCertificates } from './chains.js';

/**
 * Checks the configuration of a server as the engine will use it, and warns of the authorities that
 * it will do without.
 *
 * @param engineConfig - the configuration as the engine reads it
 *
 * @throws {errors.ErrorQUICConfig}
 */
export function checkServerConfig(
  config: QUICConfig,
  engineConfig: string,
  logger: Log,
): void {
  const { binding } = environment();
  const skipped = callEngine(() => binding.configCheck(engineConfig, true));
  const certificates = splitCertificates(config.ca);
  for (const warning of warningsOf('config.ca', certificates, skipped)) {
    logger.warn(warning);
  }
  if (certificates.length === 0) provideDefaults(config, logger);
}

/**
 * Checks the authorities of a client alone, as all else is checked when it connects.
 *
 * @throws {errors.ErrorQUICConfig}
 */
export function checkAuthorities(config: QUICConfig, logger: Log): void {
  const ca = splitCertificates(config.ca);
  if (ca.length === 0) {
    provideDefaults(config, logger);
    return;
  }
  const skipped = callEngine(() => check(ca));
  for (const warning of warningsOf('config.ca', ca, skipped)) {
    logger.warn(warning);
  }
}

function check(ca: Array<string>): string {
  return environment().binding.configCheck(encodeOptions({ ca }), false);
}

/** What to say of the certificates that `configCheck` tells of. */
function warningsOf(
  origin: string,
  certificates: Array<string>,
  skipped: string,
): Array<string> {
  return [...skipped.matchAll(/^(\d+) (.*)$/gm)].map(([, index, reason]) => {
    const subject = subjectOf(certificates[Number(index)]);
    return `${origin}: skipped certificate ${index}, counted from 0 (${subject}): ${reason}`;
  });
}

// What is rarely needed is not loaded by an import. Modules of Node.js are found from anywhere.
const require = module.createRequire(process.execPath);

/** OpenSSL reads more than the engine does. */
function subjectOf(pem: string): string {
  const { X509Certificate } = crypto();
  try {
    return new X509Certificate(pem).subject.replaceAll('\n', ', ');
  } catch {
    return 'its subject cannot be read';
  }
}

// What there is to say of the default authorities, once the engine has them
let defaultsWarnings: Array<string> | undefined;

/**
 * Tells the engine, once, which authorities peers are verified with where `config.ca` is left out.
 */
function provideDefaults(config: QUICConfig, logger: Log): void {
  if (!config.verifyPeer || config.verifyCallback !== undefined) return;
  defaultsWarnings ??= provideDefaultsNow();
  for (const warning of defaultsWarnings) logger.warn(warning);
}

function provideDefaultsNow(): Array<string> {
  const store = defaultStore();
  // Other runtimes may have none
  const bundled = store === 'system' ? [] : (tls().rootCertificates ?? []);
  const { extra, warnings } = extraAuthorities();
  environment().binding.authoritiesSet(
    extra.join('\n'),
    bundled.join('\n'),
    store !== 'bundled',
    store === 'fallback',
  );
  return warnings;
}

/**
 * Whose authorities are trusted: those of the system, those that come with Node.js, both, or these
 * if the system has none.
 */
function defaultStore(): 'system' | 'bundled' | 'both' | 'fallback' {
  const { NODE_USE_SYSTEM_CA, SSL_CERT_FILE, SSL_CERT_DIR } = process.env;
  if (hasFlag('use-openssl-ca')) return 'system';
  if (hasFlag('use-system-ca') || NODE_USE_SYSTEM_CA === '1') return 'both';
  if (hasFlag('use-bundled-ca')) return 'bundled';
  // Who says where the system has them wants no others
  return SSL_CERT_FILE || SSL_CERT_DIR ? 'system' : 'fallback';
}

function hasFlag(name: string): boolean {
  const inEnvironment = process.env.NODE_OPTIONS?.split(/\s+/) ?? [];
  const flags = [...inEnvironment, ...process.execArgv].map((flag) =>
    flag.replaceAll('_', '-'),
  );
  return flags.lastIndexOf(`--${name}`) > flags.lastIndexOf(`--no-${name}`);
}

/**
 * Those of `NODE_EXTRA_CA_CERTS`. Node.js goes on without them, too, when that file is of no use.
 */
function extraAuthorities(): { extra: Array<string>; warnings: Array<string> } {
  const origin = 'NODE_EXTRA_CA_CERTS';
  const file = process.env[origin];
  if (!file) return { extra: [], warnings: [] };
  try {
    // Node.js does not heed the variable in a process with privileges, or when it is set too late
    const pems = tls().getCACertificates?.('extra');
    const extra = splitCertificates(pems ?? readFileSync(file));
    if (extra.length === 0) throw new Error('found no certificate');
    return { extra, warnings: warningsOf(origin, extra, check(extra)) };
  } catch (e) {
    const warning = `${origin} is ignored: ${(e as Error).message}`;
    return { extra: [], warnings: [warning] };
  }
}

function crypto(): typeof import('node:crypto') {
  return require('node:crypto');
}

/**
 * A certificate in DER as Node.js has it.
 */
export function toX509(der: Uint8Array): X509Certificate {
  const { X509Certificate } = crypto();
  return new X509Certificate(der);
}

function tls(): Partial<typeof import('node:tls')> & {
  getCACertificates?: (type: 'extra') => Array<string>; // from Node.js 22.15
} {
  return require('node:tls');
}
