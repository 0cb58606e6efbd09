import { types } from 'node:util';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { describeSecret, optionError } from '../validation/describe.js';
import { textDecoder } from './encoding.js';

/**
 * Collects the keys, chains or authorities of a `QUICConfig` option into an
 * array of strings, each ending with one newline.
 */
export function collectPEMs(
  pems?: string | Array<string> | Uint8Array | Array<Uint8Array>,
): Array<string> {
  const isOne = typeof pems === 'string' || types.isUint8Array(pems);
  const list = isOne ? [pems] : Array.isArray(pems) ? pems : [];
  return list.map((pem) => {
    const text = typeof pem === 'string' ? pem : textDecoder.decode(pem);
    return `${text.trim()}\n`;
  });
}

/**
 * Converts the first block of a PEM string to DER.
 *
 * @throws {ErrorQUICOptionInvalid} when there is no such block
 */
export function pemToDER(pem: string): Uint8Array {
  const block = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/.exec(pem);
  if (block === null) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'pem',
      describeSecret(pem),
      'a string with a PEM block',
    );
  }
  return new Uint8Array(Buffer.from(block[2], 'base64'));
}

/**
 * Converts a certificate in DER to PEM.
 */
export function derToPEM(der: Uint8Array): string {
  const { buffer, byteOffset, byteLength } = der;
  const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64');
  const lines = base64.match(/.{1,64}/g) ?? [''];
  return [
    '-----BEGIN CERTIFICATE-----',
    ...lines,
    '-----END CERTIFICATE-----',
    '',
  ].join('\n');
}
