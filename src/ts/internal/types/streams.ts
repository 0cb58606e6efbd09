import type * as web from 'node:stream/web';

/**
 * Bytes that share no memory with other threads, which TypeScript 5.7 and later tell apart.
 */
type Bytes = ReturnType<typeof Uint8Array.of>;

/**
 * A web stream to read bytes from: of `node:stream/web`, and of the DOM where its types are there.
 */
export type ReadableBytes = ReadableStream<Bytes> & web.ReadableStream<Bytes>;

/**
 * A web stream to write bytes to: of `node:stream/web`, and of the DOM where its types are there.
 */
export type WritableBytes = WritableStream<Uint8Array> &
  web.WritableStream<Uint8Array>;
