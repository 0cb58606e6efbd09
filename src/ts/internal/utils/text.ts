import { isUtf8 } from 'node:buffer';

/**
 * Bytes that a peer sent, for people: text without control characters, which could forge a line of
 * a log, or hex.
 */
export function textOf(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUtf8(buffer)) return `0x${buffer.toString('hex')}`;
  return buffer.toString().replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
