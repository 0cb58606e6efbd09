import {
  WritableStream,
  type WritableStreamDefaultController,
  WritableStreamDefaultWriter,
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
  stateError,
  Uncloneable,
} from './standIn.js';

/**
 * Where a writable side puts its bytes.
 */
export interface WritableSink {
  /**
   * Takes a chunk. Returns a promise if there is no more room, for the time when there is.
   *
   * @throws when it is no chunk
   */
  [internals.push](chunk: unknown): Promise<void> | undefined;
  /** Why this chunk alone cannot be taken, if so. Without it, what `push` throws is the end. */
  [internals.refuse]?(chunk: unknown): Error | undefined;
  /** Whether a chunk of a pipe is dropped instead, as an error would end the pipe and the web stream behind it. */
  [internals.drop]?(chunk: unknown): boolean;
  /** Returns a promise if it takes time until all has been handed on. */
  [internals.finish](): Promise<void> | undefined;
  /** Nothing more will come. What `push` and `finish` have promised is rejected. */
  [internals.stopWriting](reason: any): void;
}

type Write = {
  chunk: unknown;
  resolve: () => void;
  reject: (reason: any) => void;
  /** Called when it has been given to the sink, or is not going to be. */
  passed?: () => void;
};

/**
 * The writable side of a stream. Its `stream` stands in for a web stream of Node, which takes
 * longer to make than a short message to send: it does itself what writers need. For all
 * else, such as being piped to, it has one of Node's made.
 */
class WritableSide {
  public readonly stream: WritableStream<Uint8Array>;
  public writer?: Writer;

  /** The stream of Node, if there is one. */
  public real?: WritableStream<Uint8Array>;

  protected sink: WritableSink;
  protected state: 'writable' | 'closing' | 'closed' | 'errored' = 'writable';
  protected error?: any;
  /** Whether it failed when all that was written had been passed on. */
  protected isAllSent = false;
  /** Whether the sink has no room. */
  protected isFull = false;
  /** Writes that wait for it. */
  protected writes: Array<Write> = [];
  protected closing?: Outcome;
  /** Whether the sink is closing. */
  protected isFinishing = false;

  protected controller?: WritableStreamDefaultController;
  /** Locks the stream of Node while a writer of the stand-in has it. */
  protected realLock?: { releaseLock(): void };

  /**
   * @param isClosed - whether nothing can be written from the start
   */
  constructor(sink: WritableSink, isClosed: boolean) {
    this.sink = sink;
    if (isClosed) this.state = 'closed';
    this.stream = isSupported
      ? (new LazyWritable(this) as unknown as WritableStream<Uint8Array>)
      : this.materialise();
  }

  get locked(): boolean {
    return this.writer !== undefined || (this.real?.locked ?? false);
  }

  get desiredSize(): number | null {
    if (this.state === 'errored') return null;
    if (this.state === 'closed') return 0;
    return this.isFull ? 0 - this.writes.length : 1;
  }

  write(chunk: unknown): Promise<void> {
    if (this.state === 'errored') {
      this.isAllSent = false;
      return Promise.reject(traced(this.error, this.write));
    }
    if (this.state !== 'writable') return Promise.reject(closedError());
    if (!this.isFull) return this.pass(chunk) ?? Promise.resolve();
    return new Promise((resolve, reject) => {
      this.writes.push({ chunk, resolve, reject });
    });
  }

  close(): Promise<void> {
    if (this.isAllSent) {
      this.isAllSent = false;
      return Promise.resolve();
    }
    if (this.state !== 'writable') return Promise.reject(closedError());
    this.state = 'closing';
    this.writer?.setReady();
    if (!this.isFull) return this.finish() ?? Promise.resolve();
    this.closing = new Outcome();
    return this.closing.promise as Promise<any>;
  }

  abort(reason: any): Promise<void> {
    const { isFinishing } = this;
    if (this.isOpen) {
      this.fail(reason);
      this.sink[internals.stopWriting](reason);
    }
    // A close that is under way fails, and the abort with it
    return isFinishing ? Promise.reject(reason) : Promise.resolve();
  }

  /**
   * Nothing can be written any more.
   *
   * @param isAllSent - whether all that was written was passed on. A writer that closes then loses nothing.
   */
  fail(reason: any, isAllSent = false): void {
    if (!this.isOpen) return;
    this.isAllSent =
      isAllSent && this.state === 'writable' && this.writes.length === 0;
    this.failWrites(reason);
    this.controller?.error(reason);
  }

  /**
   * Resolves once all that has been written so far was given to the sink, or is not going to be.
   */
  async allPassed(): Promise<void> {
    const last = this.writes.at(-1);
    if (last === undefined) return;
    await new Promise<void>((resolve) => {
      last.passed = resolve;
    });
  }

  protected get isOpen(): boolean {
    return this.state === 'writable' || this.state === 'closing';
  }

  protected failWrites(reason: any): void {
    this.state = 'errored';
    this.isFinishing = false;
    this.error = reason;
    for (const { reject, passed } of this.writes.splice(0)) {
      reject(reason);
      passed?.();
    }
    this.closing?.reject(() => reason);
    this.writer?.fail(reason);
  }

  /**
   * Whether writers are served here in any case: those of the stream of Node would end it with the first
   * chunk that is refused.
   */
  get keepsWriters(): boolean {
    return this.sink[internals.drop] !== undefined;
  }

  acquire(writer: Writer): void {
    this.writer = writer;
    this.realLock = this.real?.getWriter();
    if (this.state === 'errored') writer.fail(this.error);
    if (this.state === 'closed') writer.end();
    if (this.state !== 'writable' || !this.isFull) writer.setReady();
  }

  release(): void {
    this.writer = undefined;
    this.realLock?.releaseLock();
    this.realLock = undefined;
  }

  /**
   * Has a stream of Node made, which all that is asked from now on is passed to.
   */
  materialise(): WritableStream<Uint8Array> {
    if (this.real !== undefined) return this.real;
    this.real = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.controller = controller;
      },
      write: (chunk) =>
        this.sink[internals.drop]?.(chunk) ? undefined : this.write(chunk),
      close: () =>
        this.state === 'writable' ? this.close() : this.closing?.promise,
      abort: (reason) => this.abortReal(reason),
    });
    const { signal } = this.controller as unknown as { signal: AbortSignal };
    // Until what is under way is done, a stream of Node keeps an abort to itself
    signal.addEventListener('abort', () => this.abortReal(signal.reason));
    onFailed(this.real, (reason) => this.abortReal(reason));
    if (this.state === 'errored') this.controller!.error(this.error);
    if (this.state === 'closing' || this.state === 'closed') {
      void this.real.close().catch(() => {});
    }
    if (this.writer !== undefined) this.realLock = this.real.getWriter();
    return this.real;
  }

  /**
   * The stream of Node was aborted, or others have failed it.
   */
  protected abortReal(reason: any): void {
    if (!this.isOpen) return;
    this.failWrites(reason);
    this.sink[internals.stopWriting](reason);
  }

  /**
   * Gives a chunk to the sink.
   */
  protected pass(chunk: unknown): Promise<void> | undefined {
    const refusal = this.sink[internals.refuse]?.(chunk);
    if (refusal !== undefined) return Promise.reject(refusal);
    let room: Promise<void> | undefined;
    try {
      room = this.sink[internals.push](chunk);
    } catch (e) {
      this.fail(e);
      return Promise.reject(e);
    }
    if (room === undefined) return undefined;
    this.isFull = true;
    this.writer?.setUnready();
    // When it fails the sink says so to all
    room.then(
      () => this.resume(),
      () => {},
    );
    return room;
  }

  protected resume(): void {
    this.isFull = false;
    while (this.writes.length > 0 && !this.isFull) {
      const { chunk, resolve, reject, passed } = this.writes.shift()!;
      const room = this.pass(chunk);
      if (room === undefined) resolve();
      else room.then(resolve, reject);
      passed?.();
    }
    if (this.isFull) return;
    if (this.state === 'closing') {
      const finished = this.finish();
      if (finished === undefined) this.closing?.fulfil();
      else
        finished.then(
          () => this.closing?.fulfil(),
          () => {},
        );
    } else {
      this.writer?.setReady();
    }
  }

  /**
   * Closes the sink.
   */
  protected finish(): Promise<void> | undefined {
    const finished = this.sink[internals.finish]();
    if (finished === undefined) {
      this.end();
      return undefined;
    }
    this.isFinishing = true;
    finished.then(
      () => this.end(),
      () => {},
    );
    return finished;
  }

  protected end(): void {
    if (this.state !== 'closing') return;
    this.isFinishing = false;
    this.state = 'closed';
    this.writer?.end();
  }
}

/**
 * Stands in for a `WritableStream`.
 */
class LazyWritable extends Uncloneable {
  readonly #side: WritableSide;

  constructor(side: WritableSide) {
    super();
    this.#side = side;
  }

  static realOf(stream: LazyWritable): WritableStream<Uint8Array> {
    return stream.#side.materialise();
  }

  get locked(): boolean {
    return this.#side.locked;
  }

  getWriter(): Writer | WritableStreamDefaultWriter<Uint8Array> {
    const side = this.#side;
    if (side.locked) throw lockedError('WritableStream');
    if (side.real !== undefined && !side.keepsWriters) {
      return side.real.getWriter();
    }
    return new Writer(side);
  }

  close(): Promise<void> {
    const side = this.#side;
    if (side.writer !== undefined) {
      return Promise.reject(lockedError('WritableStream'));
    }
    return side.real === undefined ? side.close() : side.real.close();
  }

  abort(reason?: any): Promise<void> {
    const side = this.#side;
    if (side.writer !== undefined) {
      return Promise.reject(lockedError('WritableStream'));
    }
    return side.real === undefined
      ? side.abort(reason)
      : side.real.abort(reason);
  }
}

/**
 * Stands in for a `WritableStreamDefaultWriter`.
 */
class Writer {
  #side?: WritableSide;
  #ready = new Outcome();
  #closed = new Outcome();

  constructor(side: WritableSide) {
    this.#side = side;
    side.acquire(this);
  }

  get ready(): Promise<undefined> {
    return this.#ready.promise;
  }

  get closed(): Promise<undefined> {
    return this.#closed.promise;
  }

  get desiredSize(): number | null {
    if (this.#side === undefined) throw releasedError('writer');
    return this.#side.desiredSize;
  }

  write(chunk?: unknown): Promise<void> {
    if (this.#side !== undefined) return this.#side.write(chunk);
    return Promise.reject(releasedError('writer'));
  }

  close(): Promise<void> {
    if (this.#side !== undefined) return this.#side.close();
    return Promise.reject(releasedError('writer'));
  }

  abort(reason?: any): Promise<void> {
    if (this.#side !== undefined) return this.#side.abort(reason);
    return Promise.reject(releasedError('writer'));
  }

  releaseLock(): void {
    if (this.#side === undefined) return;
    this.#side.release();
    this.#side = undefined;
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

function closedError(): TypeError {
  return stateError('WritableStream is closed');
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
const isSupported = isStandInFor(() => {
  const real = new WritableStream<Uint8Array>();
  const stream = new LazyWritable({ materialise: () => real } as WritableSide);
  new WritableStreamDefaultWriter(stream as unknown as WritableStream);
});

export default WritableSide;
