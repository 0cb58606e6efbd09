import { connectionsThatFit } from '../config/memory.js';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import type { RetryPolicy } from '../types/server.js';
import { fail } from './describe.js';
import { validateCount } from './values.js';

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
