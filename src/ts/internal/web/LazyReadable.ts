import { ReadableStream, ReadableStreamDefaultReader } from 'node:stream/web';
import {
  isStandInFor,
  lockedError,
  Outcome,
  releasedError,
  standIn,
  Uncloneable,
} from './standIn.js';

type Result = IteratorResult<Uint8Array, undefined>;

/**
 * What stands behind a stand-in.
 */
export interface Readable {
  /** The reader of the stand-in, if it has one. */
  readonly reader?: Reader;
  /** The stream of Node.js, if there is one. */
  readonly real?: ReadableStream<Uint8Array>;
  readonly locked: boolean;
  read(): Promise<Result>;
  cancel(reason: any): Promise<undefined>;
  acquire(reader: Reader): void;
  release(): void;
  materialise(forBuffers?: boolean): ReadableStream<Uint8Array>;
}

/**
 * Stands in for a `ReadableStream`.
 */
export class LazyReadable extends Uncloneable {
  readonly #face: Readable;

  constructor(face: Readable) {
    super();
    this.#face = face;
  }

  static realOf(stream: LazyReadable): ReadableStream<Uint8Array> {
    return stream.#face.materialise();
  }

  get locked(): boolean {
    return this.#face.locked;
  }

  getReader(options?: any): any {
    const face = this.#face;
    const forBuffers = options?.mode !== undefined;
    if ((forBuffers || face.real !== undefined) && face.reader === undefined) {
      return face.materialise(forBuffers).getReader(options);
    }
    if (face.locked) throw lockedError('ReadableStream');
    return new Reader(face);
  }

  cancel(reason?: any): Promise<unknown> {
    const face = this.#face;
    if (face.reader !== undefined) {
      return Promise.reject(lockedError('ReadableStream'));
    }
    return face.real === undefined
      ? face.cancel(reason)
      : face.real.cancel(reason);
  }

  values({ preventCancel = false } = {}): AsyncIterableIterator<Uint8Array> {
    const face = this.#face;
    if (face.real !== undefined && face.reader === undefined) {
      return face.materialise().values({ preventCancel }) as any;
    }
    return new ReadableIterator(this.getReader(), preventCancel);
  }

  [Symbol.asyncIterator](options?: {
    preventCancel?: boolean;
  }): AsyncIterableIterator<Uint8Array> {
    return this.values(options);
  }

  tee(): [ReadableStream, ReadableStream] {
    return this.#face.materialise().tee();
  }

  pipeTo(...args: Parameters<ReadableStream['pipeTo']>): Promise<void> {
    return this.#face.materialise().pipeTo(...args);
  }

  pipeThrough(...args: Parameters<ReadableStream['pipeThrough']>): any {
    return this.#face.materialise().pipeThrough(...args);
  }
}

/**
 * Stands in for a `ReadableStreamDefaultReader`.
 */
export class Reader {
  #face?: Readable;
  #closed = new Outcome();

  constructor(face: Readable) {
    this.#face = face;
    face.acquire(this);
  }

  get closed(): Promise<undefined> {
    return this.#closed.promise;
  }

  read(): Promise<Result> {
    if (this.#face !== undefined) return this.#face.read();
    return Promise.reject(releasedError('reader'));
  }

  cancel(reason?: any): Promise<undefined> {
    if (this.#face !== undefined) return this.#face.cancel(reason);
    return Promise.reject(releasedError('reader'));
  }

  releaseLock(): void {
    if (this.#face === undefined) return;
    this.#face.release();
    this.#face = undefined;
    if (!this.#closed.isPending) this.#closed = new Outcome();
    this.#closed.reject(() => releasedError('reader'));
  }

  /** @internal */
  end(): void {
    this.#closed.fulfil();
  }

  /** @internal */
  fail(reason: any): void {
    this.#closed.reject(() => reason);
  }
}

/**
 * What a loop over a stand-in runs on.
 */
class ReadableIterator implements AsyncIterableIterator<Uint8Array> {
  readonly #reader: Reader;
  readonly #preventCancel: boolean;
  #isDone = false;
  /** How many reads there are under way, and the last of them. */
  #waiting = 0;
  #last?: Promise<Result>;

  constructor(reader: Reader, preventCancel: boolean) {
    this.#reader = reader;
    this.#preventCancel = preventCancel;
  }

  next(): Promise<Result> {
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined });
    const result = this.#reader.read().then(
      (result) => {
        this.#waiting--;
        if (result.done) this.#finish();
        return result;
      },
      (e) => {
        this.#waiting--;
        this.#finish();
        throw e;
      },
    );
    this.#waiting++;
    this.#last = result;
    return result;
  }

  async return(value?: any): Promise<any> {
    while (this.#waiting > 0) await this.#last?.catch(() => {});
    if (!this.#isDone) {
      const cancelled = this.#preventCancel
        ? undefined
        : this.#reader.cancel(value);
      this.#finish();
      await cancelled;
    }
    return { done: true, value };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #finish(): void {
    this.#isDone = true;
    this.#reader.releaseLock();
  }
}

standIn(
  LazyReadable,
  ReadableStream,
  new ReadableStream(),
  LazyReadable.realOf,
);
Object.setPrototypeOf(Reader.prototype, ReadableStreamDefaultReader.prototype);

/**
 * Whether this runtime takes the stand-in for one of its own streams.
 */
export const isSupported = isStandInFor(() => {
  const real = new ReadableStream<Uint8Array>();
  const stream = new LazyReadable({ materialise: () => real } as Readable);
  new ReadableStreamDefaultReader(stream as unknown as ReadableStream);
});
