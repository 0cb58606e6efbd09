import { clientDefault, serverDefault } from '../../config.js';
import { ErrorQUICConnectionConfigInvalid } from '../errors/connection.js';
import { ErrorQUICConfig } from '../errors/options.js';
import type { QUICConfig } from '../types/config.js';
import { checks } from './configOptions.js';
import { fail, optionError } from './describe.js';
import { validateObject } from './values.js';

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
