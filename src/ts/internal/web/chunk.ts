import { types } from 'node:util';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { describe, optionError } from '../validation/describe.js';

/**
 * The bytes of a chunk that the application writes.
 *
 * @throws {ErrorQUICOptionInvalid} when it has none
 */
export function toBytes(chunk: unknown): Uint8Array {
  if (ArrayBuffer.isView(chunk)) {
    const bytes = types.isUint8Array(chunk)
      ? chunk
      : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    // The addon cannot take memory that other threads may write to
    return types.isSharedArrayBuffer(bytes.buffer)
      ? new Uint8Array(bytes)
      : bytes;
  }
  if (types.isArrayBuffer(chunk)) return new Uint8Array(chunk);
  throw optionError(
    ErrorQUICOptionInvalid,
    'chunk',
    describe(chunk),
    'a Uint8Array, another view or an ArrayBuffer',
  );
}

/**
 * A copy of a part of a buffer, in memory of its own: whoever gets it may transfer that, which
 * Node's pool does not allow.
 */
export function copyBuffer(buffer: Buffer, start: number, end: number): Buffer {
  // `slice` of a Buffer does not copy
  return Uint8Array.prototype.slice.call(buffer, start, end) as Buffer;
}
