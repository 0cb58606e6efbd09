import {
  WritableStream,
  type WritableStreamDefaultController,
} from 'node:stream/web';
import { traced } from '../errors/traces.js';
import { isSupported, LazyWritable, type Writer } from './LazyWritable.js';
import type { Sink } from './Sink.js';
import { Outcome, onFailed, stateError } from './standIn.js';

/** A write that waits. */
type Waiting = {
  resolve: () => void;
  reject: (reason: any) => void;
};

type Write = Waiting & {
  chunk: unknown;
  /** Called when it was given to the sink, or is not going to be. */
  passed?: () => void;
};

/**
 * A sink as a web stream. Its `stream` stands in for one of Node.js, which takes longer to make
 * than a short message to send: writers are served here. For all else, such as being piped to, it
 * has one of Node.js made.
 */
class WritableFace {
  public readonly stream: WritableStream<Uint8Array>;
  public writer?: Writer;
  /** The stream of Node.js, if there is one. */
  public real?: WritableStream<Uint8Array>;

  readonly #sink: Sink;
  /** The write that filled the sink. */
  #taken?: Waiting;
  /** Those behind it. */
  #writes: Array<Write> = [];
  /** The close, once it was asked for. */
  #closing?: Outcome;
  /** Whether a writer that closes although the sink has failed loses nothing. */
  #mayClose: boolean;

  #controller?: WritableStreamDefaultController;
  /** Locks the stream of Node.js while a writer of the stand-in has it. */
  #realLock?: { releaseLock(): void };

  constructor(sink: Sink) {
    this.#sink = sink;
    this.#mayClose = sink.isAllSent;
    this.stream = isSupported
      ? (new LazyWritable(this) as unknown as WritableStream<Uint8Array>)
      : this.materialise();
  }

  get locked(): boolean {
    return this.writer !== undefined || (this.real?.locked ?? false);
  }

  get desiredSize(): number | null {
    if (this.#sink.state === 'errored') return null;
    if (this.#sink.state === 'closed') return 0;
    return this.#taken === undefined ? 1 : 0 - this.#writes.length;
  }

  write(chunk: unknown): Promise<void> {
    if (this.#sink.state === 'errored') {
      this.#mayClose = false;
      return Promise.reject(traced(this.#sink.error, this.write));
    }
    if (!this.#isWritable) return Promise.reject(closedError());
    if (this.#taken === undefined) return this.#pass(chunk);
    return new Promise((resolve, reject) => {
      this.#writes.push({ chunk, resolve, reject });
    });
  }

  close(): Promise<void> {
    if (this.#mayClose) {
      this.#mayClose = false;
      return Promise.resolve();
    }
    if (!this.#isWritable) return Promise.reject(closedError());
    const closing = new Outcome();
    this.#closing = closing;
    this.writer?.setReady();
    if (this.#taken === undefined) this.#finish();
    return closing.promise as Promise<any>;
  }

  abort(reason: any): Promise<void> {
    // A close that is under way fails, and the abort with it
    const isFinishing = this.#sink.state === 'finishing';
    this.#sink.abort(reason);
    return isFinishing ? Promise.reject(reason) : Promise.resolve();
  }

  /**
   * The sink has room.
   */
  wake(): void {
    this.#taken?.resolve();
    this.#taken = undefined;
    while (this.#taken === undefined && this.#writes.length > 0) {
      const { chunk, resolve, reject, passed } = this.#writes.shift()!;
      this.#pass(chunk).then(resolve, reject);
      passed?.();
    }
    if (this.#taken !== undefined) return;
    if (this.#closing === undefined) this.writer?.setReady();
    else if (this.#sink.state === 'open') this.#finish();
  }

  /**
   * The sink is closed.
   */
  handleClosed(): void {
    this.#taken?.resolve();
    this.#taken = undefined;
    this.#closing?.fulfil();
    this.writer?.end();
  }

  /**
   * The sink has failed: nothing can be written any more.
   */
  handleError(): void {
    const { error, isAllSent } = this.#sink;
    const hasMore = this.#closing !== undefined || this.#writes.length > 0;
    this.#mayClose = isAllSent && !hasMore;
    this.#taken?.reject(error);
    this.#taken = undefined;
    for (const { reject, passed } of this.#writes.splice(0)) {
      reject(error);
      passed?.();
    }
    this.#closing?.reject(() => error);
    this.writer?.fail(error);
    this.#controller?.error(error);
  }

  /**
   * Resolves once all that has been written so far was given to the sink, or is not going to be.
   */
  async allPassed(): Promise<void> {
    const last = this.#writes.at(-1);
    if (last === undefined) return;
    await new Promise<void>((resolve) => {
      last.passed = resolve;
    });
  }

  /**
   * Whether writers are served here in any case: those of a stream of Node.js would end it with the
   * first chunk that is refused.
   */
  get keepsWriters(): boolean {
    return this.#sink.drop !== undefined;
  }

  acquire(writer: Writer): void {
    this.writer = writer;
    this.#realLock = this.real?.getWriter();
    if (this.#sink.state === 'errored') writer.fail(this.#sink.error);
    if (this.#sink.state === 'closed') writer.end();
    if (!this.#isWritable || this.#taken === undefined) writer.setReady();
  }

  release(): void {
    this.writer = undefined;
    this.#realLock?.releaseLock();
    this.#realLock = undefined;
  }

  /**
   * Has a stream of Node.js made, which gets all calls from now on.
   */
  materialise(): WritableStream<Uint8Array> {
    if (this.real !== undefined) return this.real;
    const sink = this.#sink;
    this.real = new WritableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      write: (chunk) => (sink.drop?.(chunk) ? undefined : this.write(chunk)),
      close: () => (this.#isWritable ? this.close() : this.#closing?.promise),
      abort: (reason) => this.#abortReal(reason),
    });
    const { signal } = this.#controller as unknown as { signal: AbortSignal };
    // Until what is under way is done, a stream of Node.js keeps an abort to itself
    signal.addEventListener('abort', () => this.#abortReal(signal.reason));
    onFailed(this.real, (reason) => this.#abortReal(reason));
    if (sink.state === 'errored') this.#controller!.error(sink.error);
    if (!this.#isWritable && sink.state !== 'errored') {
      void this.real.close().catch(() => {});
    }
    if (this.writer !== undefined) this.#realLock = this.real.getWriter();
    return this.real;
  }

  get #isWritable(): boolean {
    return this.#sink.state === 'open' && this.#closing === undefined;
  }

  /**
   * The stream of Node.js was aborted, or others have failed it: it must not be failed again.
   */
  #abortReal(reason: any): void {
    this.#controller = undefined;
    this.#sink.abort(reason);
  }

  /**
   * Gives a chunk to the sink.
   */
  #pass(chunk: unknown): Promise<void> {
    const sink = this.#sink;
    const refusal = sink.refuse(chunk);
    if (refusal !== undefined) return Promise.reject(refusal);
    sink.push(chunk);
    if (!sink.isFull) return Promise.resolve();
    this.writer?.setUnready();
    const room = new Promise<void>((resolve, reject) => {
      this.#taken = { resolve, reject };
    });
    // Not everybody waits for it: writers and streams have errors of their own
    room.catch(() => {});
    return room;
  }

  #finish(): void {
    this.#sink.finish();
    // One that had no more to do tells nobody
    if (this.#sink.state === 'closed') this.handleClosed();
  }
}

function closedError(): TypeError {
  return stateError('WritableStream is closed');
}

export default WritableFace;
