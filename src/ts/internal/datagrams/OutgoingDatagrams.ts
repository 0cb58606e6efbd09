import { environment } from '../engine/Environment.js';
import { putDatagram } from '../engine/layout.js';
import { DatagramsNumber, Layout } from '../engine/shared.js';
import { ErrorQUICDatagramsTooLarge } from '../errors/datagrams.js';
import * as internals from '../internals.js';
import { toBytes } from '../web/chunk.js';
import type { Sink } from '../web/Sink.js';
import WritableFace from '../web/WritableFace.js';
import { batchSize, returnBatch, takeBatch } from './batch.js';

// Most writes of a turn
const mostWrites = 256;

// Where the engine writes the maximum size
const numbers = new Float64Array(DatagramsNumber.count);

/**
 * What those that are written need to know of all datagrams of the connection.
 */
export interface DatagramLimits {
  /** How many datagrams may be queued. */
  readonly outgoingHighWaterMark: number;
  /** The size in bytes of the largest datagram, as the engine says now. */
  readonly maxDatagramSize: number;
}

/**
 * The datagrams that are written.
 */
class OutgoingDatagrams implements Sink {
  public state: 'open' | 'closed' | 'errored' = 'open';
  public error: unknown;
  public readonly isAllSent = false;
  /** Datagrams of pipes that were too large. */
  public droppedTooLarge = 0;

  readonly #env = environment();
  readonly #handle: number;
  readonly #limits: DatagramLimits;
  /** The size of the largest datagram, as the engine said last. */
  #maxSize = 0;
  #face?: WritableFace;
  /** What was written in this turn and the engine does not have yet. */
  #batch?: Buffer;
  #length = 0;
  /** How many datagrams are queued, at most. */
  #queued = 0;
  /** Whether the queue of the engine is full. */
  #isFull = false;
  /** How many were written in this turn. */
  #writtenNow = 0;
  /** Whether writes wait for the next turn of the event loop. */
  #isResting = false;

  /**
   * @param handle - of the connection
   */
  constructor(handle: number, limits: DatagramLimits) {
    this.#handle = handle;
    this.#limits = limits;
  }

  /** As a web stream. */
  get face(): WritableFace {
    this.#face ??= new WritableFace(this);
    return this.#face;
  }

  get isFull(): boolean {
    return this.#isFull || this.#isResting;
  }

  refuse(chunk: unknown): Error | undefined {
    let size: number;
    try {
      size = toBytes(chunk).byteLength;
    } catch (e) {
      return e as Error;
    }
    if (size <= this.#maxSize) return undefined;
    this.#maxSize = this.#limits.maxDatagramSize;
    return size <= this.#maxSize
      ? undefined
      : new ErrorQUICDatagramsTooLarge(
          `the datagram has ${size} bytes, and a packet has room for ${this.#maxSize}`,
          { data: { size, maxDatagramSize: this.#maxSize } },
        );
  }

  drop(chunk: unknown): boolean {
    if (!(this.refuse(chunk) instanceof ErrorQUICDatagramsTooLarge)) {
      return false;
    }
    this.droppedTooLarge++;
    return true;
  }

  push(chunk: unknown): void {
    const bytes = toBytes(chunk);
    const size = Layout.datagramLength + bytes.byteLength;
    if (this.#length + size > batchSize) this.#flush();
    if (this.#batch === undefined) {
      this.#batch = takeBatch();
      process.nextTick(endWrites, this);
    }
    putDatagram(this.#batch, this.#length, bytes);
    this.#length += size;
    if (++this.#queued >= this.#limits.outgoingHighWaterMark) this.#flush();
    if (++this.#writtenNow === mostWrites) this.#rest();
  }

  finish(): void {
    this.#flush();
    this.state = 'closed';
  }

  abort(reason: any): void {
    if (this.state !== 'open') return;
    this.#takeWritten();
    this.fail(reason);
  }

  /**
   * Nothing can be written any more.
   */
  fail(error: unknown): void {
    if (this.state !== 'open') return;
    this.state = 'errored';
    this.error = error;
    this.#face?.handleError();
  }

  /**
   * Lets nothing more be written. Resolves once the engine has what was.
   */
  async stop(error: Error): Promise<void> {
    await this.#face?.allPassed();
    this.#flush();
    // What waits for room is queued
    this.#face?.wake();
    this.fail(error);
  }

  /**
   * Ends with the connection.
   */
  connectionClosed(error: Error): void {
    this.fail(error);
    this.#takeWritten();
  }

  /**
   * There is room after a write that filled the queue.
   */
  handleWritable(): void {
    this.#isFull = false;
    const half = this.#limits.outgoingHighWaterMark >> 1;
    this.#queued = Math.min(this.#queued, half);
    this.#resume();
  }

  /**
   * All of this turn was written.
   *
   * @internal
   */
  [internals.endWrites](): void {
    if (!this.#isResting) this.#writtenNow = 0;
    this.#flush();
  }

  /** @internal */
  [internals.endRest](): void {
    this.#isResting = false;
    this.#writtenNow = 0;
    this.#resume();
  }

  /**
   * Lets writes wait until the event loop had its turn: one that writes as soon as it may, and no
   * faster than the engine sends, would go on forever.
   */
  #rest(): void {
    this.#isResting = true;
    setImmediate(endRest, this);
  }

  #resume(): void {
    if (!this.isFull && this.state === 'open') this.#face?.wake();
  }

  /**
   * Hands the engine what was written.
   */
  #flush(): void {
    const length = this.#length;
    const batch = this.#takeWritten();
    if (batch === undefined) return;
    const { outgoingHighWaterMark } = this.#limits;
    this.#queued = this.#env.binding.datagramsWrite(
      this.#handle,
      batch,
      length,
      outgoingHighWaterMark,
      numbers,
    );
    this.#maxSize = numbers[0];
    this.#isFull = this.#queued >= outgoingHighWaterMark;
  }

  #takeWritten(): Buffer | undefined {
    const batch = this.#batch;
    this.#batch = undefined;
    this.#length = 0;
    if (batch !== undefined) returnBatch(batch);
    return batch;
  }
}

function endWrites(outgoing: OutgoingDatagrams): void {
  outgoing[internals.endWrites]();
}

function endRest(outgoing: OutgoingDatagrams): void {
  outgoing[internals.endRest]();
}

export default OutgoingDatagrams;
