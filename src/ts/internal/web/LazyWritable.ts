import { WritableStream, WritableStreamDefaultWriter } from 'node:stream/web';
import {
  isStandInFor,
  lockedError,
  Outcome,
  releasedError,
  standIn,
  Uncloneable,
} from './standIn.js';

/**
 * What stands behind a stand-in.
 */
export interface Writable {
  /** The writer of the stand-in, if it has one. */
  readonly writer?: Writer;
  /** The stream of Node.js, if there is one. */
  readonly real?: WritableStream<Uint8Array>;
  readonly locked: boolean;
  readonly desiredSize: number | null;
  /** Whether a writer is one of the stand-in even if there is a stream of Node.js. */
  readonly keepsWriters: boolean;
  write(chunk: unknown): Promise<void>;
  close(): Promise<void>;
  abort(reason: any): Promise<void>;
  acquire(writer: Writer): void;
  release(): void;
  materialise(): WritableStream<Uint8Array>;
}

/**
 * Stands in for a `WritableStream`.
 */
export class LazyWritable extends Uncloneable {
  readonly #face: Writable;

  constructor(face: Writable) {
    super();
    this.#face = face;
  }

  static realOf(stream: LazyWritable): WritableStream<Uint8Array> {
    return stream.#face.materialise();
  }

  get locked(): boolean {
    return this.#face.locked;
  }

  getWriter(): Writer | WritableStreamDefaultWriter<Uint8Array> {
    const face = this.#face;
    if (face.locked) throw lockedError('WritableStream');
    if (face.real !== undefined && !face.keepsWriters) {
      return face.real.getWriter();
    }
    return new Writer(face);
  }

  close(): Promise<void> {
    const face = this.#face;
    if (face.writer !== undefined) {
      return Promise.reject(lockedError('WritableStream'));
    }
    return face.real === undefined ? face.close() : face.real.close();
  }

  abort(reason?: any): Promise<void> {
    const face = this.#face;
    if (face.writer !== undefined) {
      return Promise.reject(lockedError('WritableStream'));
    }
    return face.real === undefined
      ? face.abort(reason)
      : face.real.abort(reason);
  }
}

/**
 * Stands in for a `WritableStreamDefaultWriter`.
 */
export class Writer {
  #face?: Writable;
  #ready = new Outcome();
  #closed = new Outcome();

  constructor(face: Writable) {
    this.#face = face;
    face.acquire(this);
  }

  get ready(): Promise<undefined> {
    return this.#ready.promise;
  }

  get closed(): Promise<undefined> {
    return this.#closed.promise;
  }

  get desiredSize(): number | null {
    if (this.#face === undefined) throw releasedError('writer');
    return this.#face.desiredSize;
  }

  write(chunk?: unknown): Promise<void> {
    if (this.#face !== undefined) return this.#face.write(chunk);
    return Promise.reject(releasedError('writer'));
  }

  close(): Promise<void> {
    if (this.#face !== undefined) return this.#face.close();
    return Promise.reject(releasedError('writer'));
  }

  abort(reason?: any): Promise<void> {
    if (this.#face !== undefined) return this.#face.abort(reason);
    return Promise.reject(releasedError('writer'));
  }

  releaseLock(): void {
    if (this.#face === undefined) return;
    this.#face.release();
    this.#face = undefined;
    this.#reject(() => releasedError('writer'));
  }

  /** @internal */
  setReady(): void {
    this.#ready.fulfil();
  }

  /** @internal */
  setUnready(): void {
    if (!this.#ready.isPending) this.#ready = new Outcome();
  }

  /** @internal */
  end(): void {
    this.#closed.fulfil();
  }

  /** @internal */
  fail(reason: any): void {
    this.#reject(() => reason);
  }

  #reject(reason: () => any): void {
    if (!this.#ready.isPending) this.#ready = new Outcome();
    if (!this.#closed.isPending) this.#closed = new Outcome();
    this.#ready.reject(reason);
    this.#closed.reject(reason);
  }
}

standIn(
  LazyWritable,
  WritableStream,
  new WritableStream(),
  LazyWritable.realOf,
);
Object.setPrototypeOf(Writer.prototype, WritableStreamDefaultWriter.prototype);

/**
 * Whether this runtime takes the stand-in for one of its own streams.
 */
export const isSupported = isStandInFor(() => {
  const real = new WritableStream<Uint8Array>();
  const stream = new LazyWritable({ materialise: () => real } as Writable);
  new WritableStreamDefaultWriter(stream as unknown as WritableStream);
});
