import { constants } from 'node:os';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { systemError } from '../io/SocketTransport.js';
import { describe, optionError } from '../validation/describe.js';
import { isIntegerWithin } from '../validation/values.js';

// More has no place in the length of UDP, and is not left to what the system makes of it
const maxSize = 65_535;

// The two highest bits are zero in what is not QUIC: the first packets of QUIC have one of them
// (RFC 9443)
const firstOfQUIC = 0x40;

/**
 * The raw datagram that an application sends.
 *
 * @param msg - the datagram, or an array of its parts
 *
 * @throws {ErrorQUICOptionInvalid}
 */
export function toRawDatagram(msg: unknown): Uint8Array {
  if (typeof msg === 'string') return Buffer.from(msg);
  if (ArrayBuffer.isView(msg)) {
    return new Uint8Array(msg.buffer, msg.byteOffset, msg.byteLength);
  }
  if (Array.isArray(msg)) return Buffer.concat(msg.map(toRawDatagram));
  throw optionError(
    ErrorQUICOptionInvalid,
    'msg',
    describe(msg),
    'a string, a Uint8Array, another view or an array of them',
  );
}

/**
 * A part of a raw datagram.
 *
 * @throws {ErrorQUICOptionInvalid}
 */
export function part(
  data: Uint8Array,
  offset: unknown,
  length: unknown,
): Uint8Array {
  validateRange(offset, 'offset', data.byteLength);
  validateRange(length, 'length', data.byteLength - offset);
  return data.subarray(offset, offset + length);
}

/**
 * Refuses a raw datagram that is too large, as the system does.
 *
 * @throws what the system would
 */
export function checkSize(data: Uint8Array, host: string, port: number): void {
  if (data.byteLength <= maxSize) return;
  const { EMSGSIZE } = constants.errno;
  throw systemError('send', 'EMSGSIZE', -EMSGSIZE, host, port);
}

/**
 * Whether a raw datagram begins as a packet of QUIC does: another socket of this library does not
 * tell of it.
 */
export function beginsAsQUIC(data: Uint8Array): boolean {
  return data.byteLength > 0 && data[0] >= firstOfQUIC;
}

/**
 * What to say of such a datagram.
 */
export function warningOf(data: Uint8Array): string {
  const first = data[0].toString(16).padStart(2, '0');
  return `Sent a datagram that begins with the byte 0x${first}: a receiver with QUIC takes it for a packet of QUIC and drops it. For EventQUICSocketDatagram put a byte below 0x40 before it, such as 0 (RFC 9443). To punch a hole it need not be heard.`;
}

function validateRange(
  value: unknown,
  option: string,
  max: number,
): asserts value is number {
  if (!isIntegerWithin(value, 0, max)) {
    throw optionError(
      ErrorQUICOptionInvalid,
      option,
      describe(value),
      `an integer from 0 to ${max} (bytes)`,
    );
  }
}
