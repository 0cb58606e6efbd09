// What the workloads need of a transport. The library and every peer written in
// JavaScript have an implementation of it.

/** Makes servers and clients that talk over loopback. */
export interface Transport {
  /** The package that an application imports for it. */
  module?: string;
  /** Whether it sends over TCP. */
  tcp?: boolean;
  listen(handlers: Handlers): Promise<Server>;
  /** Opens a connection with a full handshake, which may be for datagrams. */
  connect(port: number, datagrams?: boolean): Promise<Client>;
  /** Frees what the clients share. */
  close?(): Promise<void>;
}

/** What a server does with the streams and the datagrams of its clients. */
export interface Handlers {
  /** Is told how many bytes came over a stream that `send` made, at its end. */
  onReceived?(bytes: number): void;
  /** Is told how many bytes were read, whenever some of such a stream were. */
  onRead?(bytes: number): void;
  /** Gets every other stream, which is echoed without this. */
  onIdle?(): void;
  /** Whether there are datagrams. */
  datagrams?: boolean;
  /** Gets every datagram. */
  onDatagram?(datagram: Uint8Array): void;
  /** How many streams may be open at once; a hundred without this. */
  streams?: number;
}

export interface Server {
  port: number;
  close(): Promise<void>;
}

/** A connection. What a transport cannot do is left out. */
export interface Client {
  /** Sends that many bytes over a new stream, in chunks of `chunkSize`; may be `Infinity`. */
  send?(total: number): Promise<void>;
  /** Sends the message over a new stream and reads it back. */
  echo?(message: Uint8Array): Promise<Uint8Array>;
  /** Sends a datagram again and again, as fast as it can, until told that it is enough. */
  sendDatagrams?(datagram: Uint8Array, isEnough: () => boolean): Promise<void>;
  /** Opens a stream, sends one byte and leaves it so. */
  idle?(): void | Promise<void>;
  /** The smoothed round-trip time (RFC 9002 section 5.3), in milliseconds. */
  rtt?(): number;
  close(): Promise<void>;
}

/** Says that a transport cannot do a bench, and why. */
export class Absent extends Error {}

export const host = '127.0.0.1';

/** A certificate for `host`, which is its own authority; in PEM. */
export const credentials = {
  key: process.env.BENCH_KEY ?? '',
  cert: process.env.BENCH_CERT ?? '',
};

export const chunkSize = 64 * 1024;

/** Writes that many bytes to a web stream and ends it. */
export async function writeChunks(
  writable: WritableStream<Uint8Array>,
  total: number,
): Promise<void> {
  const chunk = new Uint8Array(chunkSize);
  const writer = writable.getWriter();
  for (let sent = 0; sent < total; sent += chunkSize) {
    await writer.ready;
    // A failed write fails `ready` and `close` too.
    writer.write(chunk).catch(() => {});
  }
  await writer.close();
}

/** Writes a chunk to a web stream, again and again, until told that it is enough. */
export async function writeUntil(
  writable: WritableStream<Uint8Array>,
  chunk: Uint8Array,
  isEnough: () => boolean,
): Promise<void> {
  const writer = writable.getWriter();
  while (!isEnough()) {
    await writer.ready;
    writer.write(chunk).catch(() => {});
  }
  writer.releaseLock();
}

/** Calls `f` with every chunk up to the end, however that comes. */
export async function each(
  readable: AsyncIterable<Uint8Array>,
  f: (chunk: Uint8Array) => void,
): Promise<void> {
  try {
    for await (const chunk of readable) f(chunk);
  } catch {
    // The connection was closed.
  }
}

/** Counts the bytes of a stream up to its end, and tells of them meanwhile. */
export async function count(
  readable: AsyncIterable<Uint8Array>,
  onRead?: (bytes: number) => void,
): Promise<number> {
  let received = 0;
  for await (const { byteLength } of readable) {
    received += byteLength;
    onRead?.(byteLength);
  }
  return received;
}

/** Reads up to the end; without a copy when all came in one. */
export async function readAll(
  readable: AsyncIterable<Uint8Array>,
): Promise<Uint8Array> {
  const chunks: Array<Uint8Array> = [];
  for await (const chunk of readable) chunks.push(chunk);
  return chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
}

interface WebStream {
  readable: ReadableStream<Uint8Array>;
  writable: WritableStream<Uint8Array>;
}

/** Writes the message, ends the stream and reads to its end meanwhile. */
export async function exchange(
  { readable, writable }: WebStream,
  message: Uint8Array,
): Promise<Uint8Array> {
  const writer = writable.getWriter();
  const [reply] = await Promise.all([
    readAll(readable),
    writer.write(message),
    writer.close(),
  ]);
  return reply;
}

/** Writes one byte to a stream and leaves it open. */
export async function writeOne({ writable }: WebStream): Promise<void> {
  try {
    await writable.getWriter().write(new Uint8Array(1));
  } catch {
    // Its connection was closed before.
  }
}

/** Does what is asked with a stream of a client of `@matrixai/quic`. */
export function serve(
  stream: WebStream & { type: 'bidi' | 'uni' },
  { onReceived, onRead, onIdle }: Handlers,
): void {
  if (stream.type === 'uni') count(stream.readable, onRead).then(onReceived);
  else if (onIdle) onIdle();
  else echo(stream);
}

/** Reads to the end of a stream and writes all of it back. */
export async function echo({ readable, writable }: WebStream): Promise<void> {
  try {
    const message = await readAll(readable);
    const writer = writable.getWriter();
    await Promise.all([writer.write(message), writer.close()]);
  } catch {
    // The client sees the reset of its stream, or its connection closed.
  }
}
