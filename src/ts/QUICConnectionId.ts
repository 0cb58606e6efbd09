import { ErrorQUICOptionInvalid } from './errors.js';
import { describe, optionError } from './validation.js';

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
    return new QUICConnectionId(Buffer.from(idString, 'hex'));
  }

  /**
   * Decodes from a buffer without copying: both share their bytes.
   */
  static fromBuffer(idBuffer: Buffer): QUICConnectionId {
    return new QUICConnectionId(
      // Typed as possibly shared, which works as well
      idBuffer.buffer as ArrayBuffer,
      idBuffer.byteOffset,
      idBuffer.byteLength,
    );
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

export default QUICConnectionId;
