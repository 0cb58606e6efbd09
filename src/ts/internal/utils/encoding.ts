/**
 * Encodes strings as UTF-8.
 */
export const textEncoder = new TextEncoder();

/**
 * Decodes UTF-8.
 */
export const textDecoder = new TextDecoder();

/**
 * Wraps an ArrayBuffer, typed array or Buffer into a Buffer without copying. A
 * Buffer is returned as it is.
 *
 * @param offset - in bytes from the start of the ArrayBuffer, also if `array` is a
 * view on one. Defaults to where the view starts
 * @param length - in bytes, defaults to that of `array`
 */
export function bufferWrap(
  array: ArrayBufferLike | ArrayBufferView,
  offset?: number,
  length?: number,
): Buffer {
  if (Buffer.isBuffer(array)) return array;
  return ArrayBuffer.isView(array)
    ? Buffer.from(
        array.buffer,
        offset ?? array.byteOffset,
        length ?? array.byteLength,
      )
    : Buffer.from(array, offset, length);
}

// Of the bytes alone: a Buffer can share its ArrayBuffer with others
export function copyArrayBuffer(data: Uint8Array): ArrayBuffer {
  return new Uint8Array(data).buffer;
}
