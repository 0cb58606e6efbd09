import { types } from 'node:util';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import type { LoadBalancing, SocketIO } from '../types/socket.js';
import { describe, describeSecret, fail, optionError } from './describe.js';
import { isIntegerWithin, validateBoolean, validateObject } from './values.js';

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
 * Checks the I/O mode of a socket; leaving it out gives `'dgram'`.
 */
export function validateIO(value: unknown, option = 'io'): SocketIO {
  if (value === undefined) return 'dgram';
  if (value !== 'dgram' && value !== 'native') {
    fail(ErrorQUICOptionInvalid, option, value, "'dgram' or 'native'");
  }
  return value;
}
