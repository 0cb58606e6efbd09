import { ErrorQUICOptionInvalid } from './internal/errors/options.js';
import { describe, optionError } from './internal/validation/describe.js';

/**
 * Connection ID of 0 to 20 bytes (RFC 9000 section 5.1).
 */
class QUICConnectionId extends Uint8Array {
  /**
   * Decodes from a hex string.
   *
   * @throws {ErrorQUICOptionInvalid}
   */
  static fromString(idString: string): QUICConnectionId {
    if (typeof idString !== 'string' || !/^(?:[0-9a-f]{2})*$/i.test(idString)) {
      throw optionError(
        ErrorQUICOptionInvalid,
        'idString',
        describe(idString),
        'a string of hex digit pairs',
      );
    }
    // Not of the pool that small buffers share
    const bytes = Buffer.alloc(idString.length / 2);
    bytes.write(idString, 'hex');
    return idOf(bytes);
  }

  /**
   * Decodes from a buffer without copying: both share their bytes.
   */
  static fromBuffer(idBuffer: Buffer): QUICConnectionId {
    return idOf(idBuffer);
  }

  /**
   * The ID as a hex string.
   */
  get string(): string {
    return this.toBuffer().toString('hex');
  }

  /**
   * Encodes to a hex string.
   */
  override toString(): string {
    return this.string;
  }

  /**
   * Encodes to a buffer without copying: both share their bytes.
   */
  toBuffer(): Buffer {
    return Buffer.from(this.buffer, this.byteOffset, this.byteLength);
  }

  /** The ID in hex, whatever is asked for. */
  [Symbol.toPrimitive](_hint: 'string' | 'number' | 'default'): string {
    return this.string;
  }
}

/** A class that names itself gets another `name` from esbuild. */
function idOf({ buffer, byteOffset, byteLength }: Buffer): QUICConnectionId {
  // Typed as possibly shared, which works as well
  return new QUICConnectionId(buffer as ArrayBuffer, byteOffset, byteLength);
}

export default QUICConnectionId;
