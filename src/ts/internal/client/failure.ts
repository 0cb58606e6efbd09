import { ErrorQUICClientInvalidArgument } from '../errors/client.js';
import {
  ErrorQUICConnectionIdleTimeout,
  ErrorQUICConnectionInternal,
} from '../errors/close.js';
import { ErrorQUIC } from '../errors/ErrorQUIC.js';
import { attempt } from '../lifecycle/turns.js';
import type Log from '../log/Log.js';
import type { Target } from '../socket/targets.js';
import type { Port } from '../types/address.js';
import { buildAddress } from '../utils/address.js';
import { toCanonicalIP } from '../utils/ip.js';
import type { Failure } from './attempts.js';

/**
 * The error of a client whose attempts have all failed: that of the only one, or of the one that
 * says the most, with what became of each address.
 */
export function failureOf(
  name: string,
  address: string,
  port: number,
  failures: ReadonlyArray<Failure<Target>>,
  logger: Log,
): unknown {
  const attempts = failures.map(({ address, error }) => ({
    host: toCanonicalIP(address.host),
    port: port as Port,
    error: (refusalOf(error) ?? error) as Error,
  }));
  if (attempts.length === 1) return attempts[0].error;
  const { error } = attempts.toSorted(
    (a, b) => rankOf(a.error) - rankOf(b.error),
  )[0];
  if (!(error instanceof ErrorQUIC)) return error;
  const message = `no address of ${address} could be connected to: ${attempts
    .map(({ host, error }) => `${buildAddress(host, port)}: ${error.message}`)
    .join('; ')}`;
  attempt(() => logger.warn(`${name} Error: ${message}`));
  const ErrorClass = error.constructor as typeof ErrorQUIC;
  return new ErrorClass(message, {
    data: { ...error.data, attempts },
    cause: error,
  });
}

/** How much an error says: who answered and refused is no network that is down. */
function rankOf(error: Error): number {
  if (error instanceof ErrorQUICConnectionIdleTimeout) return 1;
  if (error instanceof ErrorQUICClientInvalidArgument) return 2;
  return 0;
}

/**
 * The error for an address that the operating system refuses to send to.
 */
function refusalOf(e: unknown): Error | undefined {
  if (!(e instanceof ErrorQUICConnectionInternal)) return undefined;
  const { code, message } = (e.cause ?? {}) as NodeJS.ErrnoException;
  if (code === undefined) return undefined;
  return new ErrorQUICClientInvalidArgument(message, { cause: e.cause });
}
