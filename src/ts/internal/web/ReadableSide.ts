import {
  type ReadableByteStreamController,
  ReadableStream,
  type ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
} from 'node:stream/web';
import { traced } from '../errors/traces.js';
import * as internals from '../internals.js';
import {
  isStandInFor,
  lockedError,
  Outcome,
  onFailed,
  releasedError,
  standIn,
  Uncloneable,
} from './standIn.js';

/**
 * Where a readable side gets its bytes.
 */
export interface ReadableSource {
  /** Takes a chunk of what is there, `undefined` if there is nothing as yet. */
  [internals.pull](): Uint8Array | undefined;
  /**
   * Takes what is there into memory that a reader brought, and returns how many bytes that
   * were, 0 if there is nothing as yet. A source whose chunks belong together has none.
   */
  [internals.pullInto]?(view: Uint8Array): number;
  /** What was taken is with the reader: an end that came with it can be told. */
  [internals.pulled](): void;
  /** Nobody wants to read any more. */
  [internals.stopReading](reason: any): void;
}

type Result = IteratorResult<Uint8Array, undefined>;

type Read = {
  resolve: (result: Result) => void;
  reject: (reason: any) => void;
};

/**
 * The readable side of a stream. Its `stream` stands in for a web stream of Node, which takes
 * longer to make than a short message to send: it does itself what readers without buffers and loops
 * need. For all else, such as piping, it has one of Node's made.
 */
class ReadableSide {
  public readonly stream: ReadableStream<Uint8Array>;
  public reader?: Reader;

  protected source: ReadableSource;
  protected state: 'readable' | 'closed' | 'errored' = 'readable';
  protected error?: any;
  /** Reads that wait, first come first served. */
  protected reads: Array<Read> = [];
  /** What is left to be read after the source has ended. */
  protected rest: Array<Uint8Array> = [];

  /** The stream of Node, if there is one. */
  public real?: ReadableStream<Uint8Array>;
  protected isRealBytes = false;
  protected controller?:
    | ReadableByteStreamController
    | ReadableStreamDefaultController<Uint8Array>;
  protected resolvePull?: () => void;
  /** Locks the stream of Node while a reader of the stand-in has it. */
  protected realLock?: { releaseLock(): void };

  constructor(source: ReadableSource) {
    this.source = source;
    this.stream = isSupported
      ? (new LazyReadable(this) as unknown as ReadableStream<Uint8Array>)
      : this.materialise(true);
  }

  get locked(): boolean {
    return this.reader !== undefined || (this.real?.locked ?? false);
  }

  /**
   * Bytes have arrived.
   */
  wake(): void {
    if (this.state !== 'readable') return;
    while (this.reads.length > 0) {
      const value = this.source[internals.pull]();
      if (value !== undefined) {
        this.reads.shift()!.resolve({ done: false, value });
      }
      this.source[internals.pulled]();
      if (value === undefined) return;
    }
    if (this.resolvePull !== undefined && this.pullReal()) this.endPull();
  }

  /**
   * The source has ended.
   *
   * @param rest - what is to be read before the end
   */
  close(rest: Array<Uint8Array> = []): void {
    if (this.state !== 'readable') return;
    this.state = 'closed';
    this.rest = rest;
    if (this.reads.length >= rest.length) this.reader?.end();
    for (const read of this.reads.splice(0)) read.resolve(this.next());
    if (this.real !== undefined) this.closeReal();
    this.endPull();
  }

  fail(reason: any): void {
    if (this.state !== 'readable') return;
    this.state = 'errored';
    this.error = reason;
    this.reader?.fail(reason);
    for (const read of this.reads.splice(0)) read.reject(reason);
    this.controller?.error(reason);
    this.endPull();
  }

  read(): Promise<Result> {
    if (this.state === 'readable') {
      if (this.reads.length === 0) {
        const value = this.source[internals.pull]();
        const result = value && Promise.resolve<Result>({ done: false, value });
        this.source[internals.pulled]();
        if (result !== undefined) return result;
      }
      if (this.state === 'readable') {
        return new Promise((resolve, reject) => {
          this.reads.push({ resolve, reject });
        });
      }
    }
    if (this.state === 'errored') {
      return Promise.reject(traced(this.error, this.read));
    }
    const result = Promise.resolve(this.next());
    if (this.isDone) this.reader?.end();
    return result;
  }

  cancel(reason: any): Promise<undefined> {
    if (this.state === 'errored') return Promise.reject(this.error);
    const wasReadable = this.state === 'readable';
    this.close();
    this.rest = [];
    this.reader?.end();
    if (wasReadable) this.source[internals.stopReading](reason);
    return Promise.resolve(undefined);
  }

  acquire(reader: Reader): void {
    this.reader = reader;
    if (this.state === 'errored') reader.fail(this.error);
    if (this.isDone) reader.end();
  }

  release(): void {
    this.reader = undefined;
    for (const read of this.reads.splice(0)) {
      read.reject(releasedError('reader'));
    }
    this.realLock?.releaseLock();
    this.realLock = undefined;
  }

  /**
   * Has a stream of Node made, which all that is asked from now on is passed to. Its byte streams make
   * a `Uint8Array` of every chunk, so there is one only for readers that bring buffers, and another for all else.
   *
   * @param forBuffers - whether it is for a reader that brings buffers
   */
  materialise(forBuffers = false): ReadableStream<Uint8Array> {
    const isBytes = forBuffers && this.source[internals.pullInto] !== undefined;
    if (
      this.real !== undefined &&
      (isBytes === this.isRealBytes || !this.isRealIdle)
    ) {
      return this.real;
    }
    this.endPull();
    this.isRealBytes = isBytes;
    this.real = new ReadableStream<Uint8Array>(
      {
        type: isBytes ? ('bytes' as any) : undefined,
        start: (controller) => {
          this.controller = controller;
        },
        pull: () => this.pullRealOrWait(),
        cancel: (reason) => {
          if (this.state !== 'readable') return;
          this.state = 'closed';
          this.endPull();
          this.source[internals.stopReading](reason);
        },
      },
      { highWaterMark: 0 },
    );
    onFailed(this.real, (reason) => this.giveUp(reason));
    if (this.state === 'errored') this.controller!.error(this.error);
    if (this.state === 'closed') this.closeReal();
    if (this.reader !== undefined) this.realLock = this.real.getReader();
    return this.real;
  }

  /** Whether nobody reads from the stream of Node, and nothing was given to it that was not read. */
  protected get isRealIdle(): boolean {
    return isSupported && !this.locked && !this.controller!.desiredSize;
  }

  protected get isDone(): boolean {
    return this.state === 'closed' && this.rest.length === 0;
  }

  protected next(): Result {
    const value = this.rest.shift();
    return value === undefined
      ? { done: true, value: undefined }
      : { done: false, value };
  }

  protected pullRealOrWait(): Promise<void> | undefined {
    if (this.pullReal()) return undefined;
    return new Promise((resolve) => {
      this.resolvePull = resolve;
    });
  }

  /**
   * Answers a pull of the stream of Node, and returns whether there was anything.
   */
  protected pullReal(): boolean {
    let isAny = false;
    try {
      isAny = this.pullChunk();
    } catch (e) {
      // Others have failed the stream, of which we hear in a moment. If not, this is why it ends
      setImmediate(() => this.giveUp(e));
    }
    this.source[internals.pulled]();
    return isAny;
  }

  protected pullChunk(): boolean {
    const request = this.byobRequest;
    if (request == null) {
      const value = this.source[internals.pull]();
      if (value !== undefined) this.controller!.enqueue(value);
      return value !== undefined;
    }
    const length = this.source[internals.pullInto]!(request.view as Uint8Array);
    if (length > 0) request.respond(length);
    return length > 0;
  }

  /**
   * The stream of Node takes nothing any more, which is as good as a cancellation.
   */
  protected giveUp(reason: any): void {
    if (this.state !== 'readable') return;
    this.fail(reason);
    this.source[internals.stopReading](reason);
  }

  /** The memory that a reader brought, if it did. */
  protected get byobRequest(): ReadableStreamBYOBRequest | null | undefined {
    return (this.controller as ReadableByteStreamController).byobRequest;
  }

  protected endPull(): void {
    this.resolvePull?.();
    this.resolvePull = undefined;
  }

  protected closeReal(): void {
    const controller = this.controller!;
    try {
      for (const chunk of this.rest.splice(0)) controller.enqueue(chunk);
      controller.close();
      // A reader that brought a buffer gets it back
      this.byobRequest?.respond(0);
    } catch {
      // The end came within an element of a reader's array, who got the error, or others have failed the stream
    }
  }
}

/**
 * Stands in for a `ReadableStream`.
 */
class LazyReadable extends Uncloneable {
  readonly #side: ReadableSide;

  constructor(side: ReadableSide) {
    super();
    this.#side = side;
  }

  static realOf(stream: LazyReadable): ReadableStream<Uint8Array> {
    return stream.#side.materialise();
  }

  get locked(): boolean {
    return this.#side.locked;
  }

  getReader(options?: any): any {
    const side = this.#side;
    const forBuffers = options?.mode !== undefined;
    if ((forBuffers || side.real !== undefined) && side.reader === undefined) {
      return side.materialise(forBuffers).getReader(options);
    }
    if (side.locked) throw lockedError('ReadableStream');
    return new Reader(side);
  }

  cancel(reason?: any): Promise<unknown> {
    const side = this.#side;
    if (side.reader !== undefined) {
      return Promise.reject(lockedError('ReadableStream'));
    }
    return side.real === undefined
      ? side.cancel(reason)
      : side.real.cancel(reason);
  }

  values({ preventCancel = false } = {}): AsyncIterableIterator<Uint8Array> {
    const side = this.#side;
    if (side.real !== undefined && side.reader === undefined) {
      return side.materialise().values({ preventCancel }) as any;
    }
    return new ReadableIterator(this.getReader(), preventCancel);
  }

  [Symbol.asyncIterator](options?: {
    preventCancel?: boolean;
  }): AsyncIterableIterator<Uint8Array> {
    return this.values(options);
  }

  tee(): [ReadableStream, ReadableStream] {
    return this.#side.materialise().tee();
  }

  pipeTo(...args: Parameters<ReadableStream['pipeTo']>): Promise<void> {
    return this.#side.materialise().pipeTo(...args);
  }

  pipeThrough(...args: Parameters<ReadableStream['pipeThrough']>): any {
    return this.#side.materialise().pipeThrough(...args);
  }
}

/**
 * Stands in for a `ReadableStreamDefaultReader`.
 */
class Reader {
  #side?: ReadableSide;
  #closed = new Outcome();

  constructor(side: ReadableSide) {
    this.#side = side;
    side.acquire(this);
  }

  get closed(): Promise<undefined> {
    return this.#closed.promise;
  }

  read(): Promise<Result> {
    if (this.#side !== undefined) return this.#side.read();
    return Promise.reject(releasedError('reader'));
  }

  cancel(reason?: any): Promise<undefined> {
    if (this.#side !== undefined) return this.#side.cancel(reason);
    return Promise.reject(releasedError('reader'));
  }

  releaseLock(): void {
    if (this.#side === undefined) return;
    this.#side.release();
    this.#side = undefined;
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
 * What a loop over a readable side runs on.
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
const isSupported = isStandInFor(() => {
  const real = new ReadableStream<Uint8Array>();
  const stream = new LazyReadable({ materialise: () => real } as ReadableSide);
  new ReadableStreamDefaultReader(stream as unknown as ReadableStream);
});

export default ReadableSide;
