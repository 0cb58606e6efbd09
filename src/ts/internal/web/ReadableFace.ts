import {
  type ReadableByteStreamController,
  ReadableStream,
  type ReadableStreamDefaultController,
} from 'node:stream/web';
import { traced } from '../errors/traces.js';
import { isSupported, LazyReadable, type Reader } from './LazyReadable.js';
import type { Pulled, Source } from './Source.js';
import { onFailed, releasedError } from './standIn.js';

type Result = IteratorResult<Uint8Array, undefined>;

type Read = {
  resolve: (result: Result) => void;
  reject: (reason: any) => void;
};

/**
 * A source as a web stream. Its `stream` stands in for one of Node.js, which takes longer to make
 * than a short message to send: readers without buffers and loops are served here. For all else,
 * such as piping, it has one of Node.js made.
 */
class ReadableFace {
  public readonly stream: ReadableStream<Uint8Array>;
  public reader?: Reader;
  /** The stream of Node.js, if there is one. */
  public real?: ReadableStream<Uint8Array>;

  readonly #source: Source;
  /** Reads that wait, first come first served. */
  #reads: Array<Read> = [];
  #isRealBytes = false;
  #controller?:
    | ReadableByteStreamController
    | ReadableStreamDefaultController<Uint8Array>;
  #resolvePull?: () => void;
  /** Locks the stream of Node.js while a reader of the stand-in has it. */
  #realLock?: { releaseLock(): void };

  constructor(source: Source) {
    this.#source = source;
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
    if (this.#source.state !== 'open') return;
    while (this.#reads.length > 0) {
      const pulled = this.#source.pull();
      if (pulled === undefined) return;
      this.#reads.shift()!.resolve(this.#resultOf(pulled));
      if (pulled.done) this.#source.finish();
    }
    if (this.#resolvePull !== undefined && this.#pullReal()) this.#endPull();
  }

  /**
   * The source is closed.
   */
  handleClosed(): void {
    for (const read of this.#reads.splice(0)) read.resolve(this.#next());
    if (this.#source.isDone) this.reader?.end();
    if (this.real !== undefined) this.#closeReal();
    this.#endPull();
  }

  /**
   * The source has failed.
   */
  handleError(): void {
    const reason = this.#source.error;
    this.reader?.fail(reason);
    for (const read of this.#reads.splice(0)) read.reject(reason);
    this.#controller?.error(reason);
    this.#endPull();
  }

  read(): Promise<Result> {
    const source = this.#source;
    if (source.state === 'errored') {
      return Promise.reject(traced(source.error, this.read));
    }
    if (this.#reads.length === 0) {
      const pulled = source.pull();
      if (pulled !== undefined) {
        const result = Promise.resolve(this.#resultOf(pulled));
        if (pulled.done) this.#finish();
        return result;
      }
    }
    if (source.isDone) {
      this.reader?.end();
      return Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => {
      this.#reads.push({ resolve, reject });
    });
  }

  cancel(reason: any): Promise<undefined> {
    if (this.#source.state === 'errored') {
      return Promise.reject(this.#source.error);
    }
    this.#source.cancel(reason);
    this.reader?.end();
    return Promise.resolve(undefined);
  }

  acquire(reader: Reader): void {
    this.reader = reader;
    if (this.#source.state === 'errored') reader.fail(this.#source.error);
    if (this.#source.isDone) reader.end();
  }

  release(): void {
    this.reader = undefined;
    for (const read of this.#reads.splice(0)) {
      read.reject(releasedError('reader'));
    }
    this.#realLock?.releaseLock();
    this.#realLock = undefined;
  }

  /**
   * Has a stream of Node.js made, which gets all calls from now on. Its byte streams make a
   * `Uint8Array` of every chunk, so there is one only for readers that bring buffers, and another
   * for all else.
   *
   * @param forBuffers - whether it is for a reader that brings buffers
   */
  materialise(forBuffers = false): ReadableStream<Uint8Array> {
    const isBytes = forBuffers && this.#source.pullInto !== undefined;
    if (
      this.real !== undefined &&
      (isBytes === this.#isRealBytes || !this.#isRealIdle)
    ) {
      return this.real;
    }
    this.#endPull();
    this.#isRealBytes = isBytes;
    this.real = new ReadableStream<Uint8Array>(
      {
        type: isBytes ? ('bytes' as any) : undefined,
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pullRealOrWait(),
        cancel: (reason) => this.#source.cancel(reason),
      },
      { highWaterMark: 0 },
    );
    onFailed(this.real, (reason) => this.#source.fail(reason));
    if (this.#source.state === 'errored') {
      this.#controller!.error(this.#source.error);
    }
    if (this.#source.state === 'closed') this.#closeReal();
    if (this.reader !== undefined) this.#realLock = this.real.getReader();
    return this.real;
  }

  /** Whether nobody reads from the stream of Node.js, and all that it was given was read. */
  get #isRealIdle(): boolean {
    return isSupported && !this.locked && !this.#controller!.desiredSize;
  }

  #resultOf({ chunk }: Pulled): Result {
    return { done: false, value: chunk };
  }

  /** What a reader gets of a source that is closed. */
  #next(): Result {
    const pulled = this.#source.pull();
    return pulled === undefined
      ? { done: true, value: undefined }
      : this.#resultOf(pulled);
  }

  /** The last chunk was read. */
  #finish(): void {
    this.#source.finish();
    this.reader?.end();
  }

  #pullRealOrWait(): Promise<void> | undefined {
    if (this.#pullReal()) return undefined;
    return new Promise((resolve) => {
      this.#resolvePull = resolve;
    });
  }

  /**
   * Answers a pull of the stream of Node.js, and returns whether there was anything.
   */
  #pullReal(): boolean {
    const source = this.#source;
    const request = this.#byobRequest;
    const view = request?.view as Uint8Array | null | undefined;
    const pulled = view == null ? source.pull() : source.pullInto!(view);
    if (pulled === undefined) return false;
    try {
      if ('chunk' in pulled) this.#controller!.enqueue(pulled.chunk);
      else request!.respond(pulled.length);
    } catch (e) {
      // Others have failed the stream, which is told in a moment. If not, this is why it ends
      setImmediate(() => this.#source.fail(e));
    }
    if (pulled.done) source.finish();
    return true;
  }

  /** The memory that a reader brought, if it did. */
  get #byobRequest(): ReadableStreamBYOBRequest | null | undefined {
    return (this.#controller as ReadableByteStreamController).byobRequest;
  }

  #endPull(): void {
    this.#resolvePull?.();
    this.#resolvePull = undefined;
  }

  #closeReal(): void {
    const controller = this.#controller!;
    try {
      for (let next = this.#next(); !next.done; next = this.#next()) {
        controller.enqueue(next.value);
      }
      controller.close();
      // A reader that brought a buffer gets it back
      this.#byobRequest?.respond(0);
    } catch {
      // The end came within an element of a reader's array, who got the error, or others have
      // failed the stream
    }
  }
}

export default ReadableFace;
