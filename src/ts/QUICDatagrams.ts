import type { ConnectionCloseError } from './internal/connection/closeErrors.js';
import { DatagramsStatus } from './internal/engine/binding.js';
import { environment } from './internal/engine/Environment.js';
import type { ErrorQUICConnectionStopping } from './internal/errors/connection.js';
import {
  ErrorQUICDatagramsDisabled,
  ErrorQUICDatagramsTooLarge,
} from './internal/errors/datagrams.js';
import * as internals from './internal/internals.js';
import type { ReadableBytes, WritableBytes } from './internal/types/streams.js';
import { validateHighWaterMark } from './internal/validation/datagrams.js';
import { copyBuffer, toBytes } from './internal/web/chunk.js';
import ReadableSide from './internal/web/ReadableSide.js';
import WritableSide from './internal/web/WritableSide.js';

/**
 * @internal
 */
export type DatagramsOptions = {
  /** Handle of the connection. */
  handle: number;
  /** Whether this end enabled datagrams. */
  local: boolean;
  /** Whether the peer did. */
  peer: boolean;
  incomingHighWaterMark: number;
  outgoingHighWaterMark: number;
};

/**
 * The unreliable datagrams of a connection (RFC 9221), as
 * {@link QUICConnection.datagrams} gives them. The members are named after those of the
 * [`WebTransportDatagramDuplexStream`](https://www.w3.org/TR/webtransport/#duplex-stream) of W3C WebTransport.
 *
 * A datagram arrives whole or not at all, in any order, and at most once. It is encrypted and
 * subject to congestion control like all else, but not sent again when it is lost. Both ends have to set
 * `config.enableDgram`.
 */
class QUICDatagrams {
  #env = environment();
  #handle: number;
  #local: boolean;
  #peer: boolean;
  #incoming: number;
  #outgoing: number;
  /** What the connection ended with. */
  #ended?: { error: ConnectionCloseError; rest: Array<Uint8Array> };

  #readableSide?: ReadableSide;
  /** What was taken from the engine, from `readOffset` on. Once this turn of the event loop is over it is given back. */
  #readBatch?: Buffer;
  #readOffset = 0;
  #readEnd = 0;
  /** Whether the engine had none when it was asked, and an event will come when it has. */
  #isEmpty = false;
  /** Whether more were taken from the engine than one in this turn. */
  #hasTaken = false;

  #writableSide?: WritableSide;
  /** What was written in this turn and the engine does not have yet. */
  #writeBatch?: Buffer;
  #writeLength = 0;
  /** How many datagrams are queued, at most. */
  #queued = 0;
  #isFull = false;
  /** How many were written in this turn. */
  #writtenNow = 0;
  /** Whether writes wait for the next turn of the event loop. */
  #isResting = false;
  #writing?: { resolve: () => void; reject: (reason: any) => void };

  /** As the engine said last. */
  #maxSize = 0;
  #dropped = { incoming: 0, outgoing: 0 };
  /** Datagrams of pipes that were too large. */
  #droppedTooLarge = 0;

  /**
   * @internal
   */
  public constructor(opts: DatagramsOptions) {
    this.#handle = opts.handle;
    this.#local = opts.local;
    this.#peer = opts.peer;
    this.#incoming = opts.incomingHighWaterMark;
    this.#outgoing = opts.outgoingHighWaterMark;
  }

  /**
   * What the peer sends, one datagram a chunk, of which some may be empty. Those that came before the first
   * reader are kept, as {@link QUICDatagrams.incomingHighWaterMark} says. Each is a `Buffer`, as the chunks of
   * {@link QUICStream.readable} are.
   *
   * It closes when either end closes the connection with application code 0, after what has come is
   * read, and errors with the error of the connection when that ends otherwise. Unless this end enabled
   * datagrams nothing comes before. After `cancel()` what comes is dropped and not counted.
   *
   * It is no byte stream: datagrams do not run into each other, so there are no readers with buffers of their own (BYOB).
   */
  public get readable(): ReadableBytes {
    return this.#toReadableSide().stream as ReadableBytes;
  }

  /**
   * Takes the datagrams to send, a chunk each: a `Uint8Array`, another view or an `ArrayBuffer` of up
   * to {@link QUICDatagrams.maxDatagramSize} bytes, which can be used again at once.
   *
   * A `write` is fulfilled when the datagram is queued and there is room for another one, see
   * {@link QUICDatagrams.outgoingHighWaterMark}. It rejects, while the writable can be used
   * as before,
   * - with {@link errors.ErrorQUICDatagramsTooLarge} when the datagram does not fit into a packet;
   * - with {@link errors.ErrorQUICOptionInvalid} when the chunk is no datagram.
   *
   * All writes reject with {@link errors.ErrorQUICDatagramsDisabled} when either end did not enable datagrams, with
   * {@link errors.ErrorQUICConnectionStopping} when they come after a graceful stop of the connection has waited for its
   * streams, and with the error of the connection when that has ended.
   *
   * A pipe would end with its first error: a datagram that comes through `pipeTo` and is too large is
   * dropped instead, and counted by {@link QUICDatagrams.droppedOutgoing}.
   */
  public get writable(): WritableBytes {
    return this.#toWritableSide().stream as WritableBytes;
  }

  /**
   * Size in bytes of the largest datagram that fits into a packet at the moment: it grows as larger packets
   * are found to pass. It is 0 when either end did not enable datagrams (RFC 9221 section 3), and when the connection has
   * ended.
   */
  public get maxDatagramSize(): number {
    this.#refresh();
    return this.#maxSize;
  }

  /**
   * How many datagrams are kept until they are read. When more come, the oldest are dropped, as
   * {@link QUICDatagrams.droppedIncoming} counts. Initially `config.enableDgram[1]`, by default 1024.
   */
  public get incomingHighWaterMark(): number {
    return this.#incoming;
  }

  /**
   * An integer from 1 to 2^31 - 1. The oldest datagrams that are beyond a lower number are dropped at once.
   *
   * @throws {errors.ErrorQUICOptionInvalid} when it is set to something else
   */
  public set incomingHighWaterMark(value: number) {
    this.#incoming = validateHighWaterMark(value, 'incomingHighWaterMark');
    this.#env.binding.datagramsSetIncoming(this.#handle, value);
  }

  /**
   * How many datagrams may be queued before writes wait: they go on when half of them have left. With 1 each
   * waits for its own. A long queue keeps the connection busy, a short one has younger datagrams. Besides, up
   * to 32 wait to be put into packets. Initially `config.enableDgram[2]`, by default 256.
   */
  public get outgoingHighWaterMark(): number {
    return this.#outgoing;
  }

  /**
   * An integer from 1 to 2^31 - 1, for writes to come.
   *
   * @throws {errors.ErrorQUICOptionInvalid} when it is set to something else
   */
  public set outgoingHighWaterMark(value: number) {
    this.#outgoing = validateHighWaterMark(value, 'outgoingHighWaterMark');
  }

  /**
   * Number of datagrams that came in and were dropped, as too many newer ones came before they were read.
   */
  public get droppedIncoming(): number {
    this.#refresh();
    return this.#dropped.incoming;
  }

  /**
   * Number of datagrams that were written and then dropped, as they did not fit into a packet: those
   * of pipes that were too large, and those that were queued when packets became smaller. Datagrams
   * that get lost on their way are not counted, nor those that are queued when the connection ends.
   */
  public get droppedOutgoing(): number {
    this.#refresh();
    return this.#dropped.outgoing + this.#droppedTooLarge;
  }

  /**
   * After a read that left none, datagrams came in.
   *
   * @internal
   */
  public [internals.handleReadable](): void {
    this.#isEmpty = false;
    this.#readableSide?.wake();
  }

  /**
   * After a write that filled the queue, there is room again.
   *
   * @internal
   */
  public [internals.handleWritable](): void {
    this.#isFull = false;
    this.#queued = Math.min(this.#queued, this.#outgoing >> 1);
    this.#resume();
  }

  /**
   * Lets nothing more be written. Resolves once the engine has what was.
   *
   * @internal
   */
  public async [internals.stop](
    error: ErrorQUICConnectionStopping<unknown>,
  ): Promise<void> {
    await this.#writableSide?.allPassed();
    this.#flush();
    // What waits for room is queued
    this.#writing?.resolve();
    this.#writing = undefined;
    this.#writableSide?.fail(error);
  }

  /**
   * @internal
   */
  public [internals.connectionClosed](error: ConnectionCloseError): void {
    const rest = isOrderly(error) ? this.#takeRest() : [];
    this.#refresh();
    this.#ended = { error, rest };
    this.#maxSize = 0;
    this.#endRead();
    this.#failWrite(error);
    this.#takeWritten();
  }

  #toReadableSide(): ReadableSide {
    if (this.#readableSide === undefined) {
      this.#readableSide = new ReadableSide(this);
      if (this.#ended !== undefined) this.#endRead();
    }
    return this.#readableSide;
  }

  /**
   * @internal
   */
  public [internals.pull](): Uint8Array | undefined {
    if (this.#readBatch === undefined && !this.#take()) return undefined;
    return this.#next();
  }

  /**
   * @internal
   */
  public [internals.pulled](): void {}

  /**
   * Nobody wants to read any more.
   *
   * @internal
   */
  public [internals.stopReading](): void {
    this.#giveBack();
    this.#env.binding.datagramsStopReading(this.#handle);
  }

  /**
   * Takes the oldest datagrams from the engine, many at a time, but only once in a turn: the event loop has
   * other things to do.
   */
  #take(): boolean {
    if (this.#isEmpty || this.#hasTaken) return false;
    const batch = takeBatch();
    const result = this.#env.binding.datagramsRead(this.#handle, batch);
    this.#isEmpty = (result & DatagramsStatus.readMore) === 0;
    this.#readBatch = batch;
    this.#readOffset = 0;
    this.#readEnd = result & ~DatagramsStatus.readMore;
    if (this.#readEnd === 0) {
      this.#dropBatch();
      return false;
    }
    const isOne = lengthSize + lengthAt(batch, 0) === this.#readEnd;
    if (!isOne || !this.#isEmpty) {
      this.#hasTaken = true;
      setImmediate(endTurn, this);
    }
    return true;
  }

  /**
   * The oldest datagram that was taken.
   */
  #next(): Uint8Array {
    const batch = this.#readBatch!;
    const start = this.#readOffset + lengthSize;
    const end = start + lengthAt(batch, this.#readOffset);
    const datagram = copyBuffer(batch, start, end);
    this.#readOffset = end;
    if (end === this.#readEnd) this.#dropBatch();
    return datagram;
  }

  /**
   * @internal
   */
  public [internals.endTurn](): void {
    this.#hasTaken = false;
    this.#giveBack();
    this.#readableSide?.wake();
  }

  /**
   * Gives back what was not read: if it takes too long until it is, newer datagrams take its place.
   */
  #giveBack(): void {
    const batch = this.#readBatch;
    if (batch === undefined) return;
    let count = 0;
    for (let offset = this.#readOffset; offset < this.#readEnd; count++) {
      offset += lengthSize + lengthAt(batch, offset);
    }
    this.#env.binding.datagramsUnread(this.#handle, count);
    this.#isEmpty = false;
    this.#dropBatch();
  }

  #dropBatch(): void {
    returnBatch(this.#readBatch!);
    this.#readBatch = undefined;
  }

  /**
   * Takes all that came in.
   */
  #takeRest(): Array<Uint8Array> {
    const rest: Array<Uint8Array> = [];
    this.#isEmpty = false;
    do {
      while (this.#readBatch !== undefined) rest.push(this.#next());
      this.#hasTaken = false;
    } while (this.#take());
    return rest;
  }

  #endRead(): void {
    const { error, rest } = this.#ended!;
    if (isOrderly(error)) this.#readableSide?.close(rest);
    else this.#readableSide?.fail(error);
  }

  #toWritableSide(): WritableSide {
    if (this.#writableSide === undefined) {
      this.#writableSide = new WritableSide(this, false);
      if (this.#ended !== undefined) {
        this.#writableSide.fail(this.#ended.error);
      } else if (!this.#local || !this.#peer) {
        this.#writableSide.fail(disabledError(this.#local, this.#peer));
      }
    }
    return this.#writableSide;
  }

  /**
   * @internal
   */
  public [internals.refuse](chunk: unknown): Error | undefined {
    let size: number;
    try {
      size = toBytes(chunk).byteLength;
    } catch (e) {
      return e as Error;
    }
    if (size <= this.#maxSize) return undefined;
    this.#refresh();
    return size <= this.#maxSize
      ? undefined
      : new ErrorQUICDatagramsTooLarge(
          `a datagram of ${size} bytes does not fit into a packet, of at most ${this.#maxSize} it does`,
          { data: { size, maxDatagramSize: this.#maxSize } },
        );
  }

  /**
   * @internal
   */
  public [internals.drop](chunk: unknown): boolean {
    const refusal = this[internals.refuse](chunk);
    if (!(refusal instanceof ErrorQUICDatagramsTooLarge)) return false;
    this.#droppedTooLarge++;
    return true;
  }

  /**
   * @internal
   */
  public [internals.push](chunk: unknown): Promise<void> | undefined {
    const bytes = toBytes(chunk);
    const size = lengthSize + bytes.byteLength;
    if (this.#writeLength + size > batchSize) this.#flush();
    if (this.#writeBatch === undefined) {
      this.#writeBatch = takeBatch();
      process.nextTick(endWrites, this);
    }
    const batch = this.#writeBatch;
    const offset = this.#writeLength;
    batch[offset] = bytes.byteLength & 0xff;
    batch[offset + 1] = bytes.byteLength >> 8;
    batch.set(bytes, offset + lengthSize);
    this.#writeLength += size;
    if (++this.#queued >= this.#outgoing) this.#flush();
    if (++this.#writtenNow === mostWrites) this.#rest();
    if (!this.#isFull && !this.#isResting) return undefined;
    return new Promise((resolve, reject) => {
      this.#writing = { resolve, reject };
    });
  }

  /**
   * @internal
   */
  public [internals.finish](): undefined {
    this.#flush();
  }

  /**
   * @internal
   */
  public [internals.stopWriting](reason: any): void {
    this.#takeWritten();
    this.#writing?.reject(reason);
    this.#writing = undefined;
  }

  /**
   * Lets writes wait until the event loop had its turn: one that writes as soon as it may, and no faster than
   * the engine sends, would go on forever.
   */
  #rest(): void {
    this.#isResting = true;
    setImmediate(endRest, this);
  }

  /**
   * @internal
   */
  public [internals.endRest](): void {
    this.#isResting = false;
    this.#writtenNow = 0;
    this.#resume();
  }

  #resume(): void {
    if (this.#isFull || this.#isResting) return;
    this.#writing?.resolve();
    this.#writing = undefined;
  }

  /**
   * All of this turn was written.
   *
   * @internal
   */
  public [internals.endWrites](): void {
    if (!this.#isResting) this.#writtenNow = 0;
    this.#flush();
  }

  /**
   * Hands the engine what was written.
   */
  #flush(): void {
    const length = this.#writeLength;
    const batch = this.#takeWritten();
    if (batch === undefined) return;
    this.#queued = this.#env.binding.datagramsWrite(
      this.#handle,
      batch,
      length,
      this.#outgoing,
      numbers,
    );
    this.#maxSize = numbers[0];
    this.#isFull = this.#queued >= this.#outgoing;
  }

  #takeWritten(): Buffer | undefined {
    const batch = this.#writeBatch;
    this.#writeBatch = undefined;
    this.#writeLength = 0;
    if (batch !== undefined) returnBatch(batch);
    return batch;
  }

  #failWrite(reason: any): void {
    this.#writableSide?.fail(reason);
    this.#writing?.reject(reason);
    this.#writing = undefined;
  }

  /**
   * Asks the engine for its numbers, as long as it has some.
   */
  #refresh(): void {
    if (this.#ended !== undefined || !this.#local) return;
    this.#env.binding.datagramsStats(this.#handle, numbers);
    this.#maxSize = numbers[0];
    this.#dropped.incoming = numbers[1];
    this.#dropped.outgoing = numbers[2];
  }
}

function endTurn(datagrams: QUICDatagrams): void {
  datagrams[internals.endTurn]();
}

function endWrites(datagrams: QUICDatagrams): void {
  datagrams[internals.endWrites]();
}

function endRest(datagrams: QUICDatagrams): void {
  datagrams[internals.endRest]();
}

/**
 * Whether a connection was closed without anything having gone wrong.
 */
function isOrderly({ data }: ConnectionCloseError): boolean {
  return data.isApp === true && data.errorCode === 0;
}

function disabledError(
  local: boolean,
  peer: boolean,
): ErrorQUICDatagramsDisabled<unknown> {
  const who =
    local || peer
      ? `the ${local ? 'peer' : 'local side'} did not`
      : 'neither side did';
  return new ErrorQUICDatagramsDisabled(`${who} enable datagrams`, {
    data: { local, peer },
  });
}

// The layout of a batch is that of native/internal/buffer/ring.go: each datagram behind its length
const lengthSize = 2;
const batchSize = 64 * 1024;

function lengthAt(batch: Uint8Array, offset: number): number {
  return batch[offset] | (batch[offset + 1] << 8);
}

// Most writes of a turn
const mostWrites = 256;

// Memory of batches that are not in use
const batches: Array<Buffer> = [];
const maxBatches = 16;

function takeBatch(): Buffer {
  return batches.pop() ?? Buffer.allocUnsafeSlow(batchSize);
}

/**
 * Its content is used at once.
 */
function returnBatch(batch: Buffer): void {
  if (batches.length < maxBatches) batches.push(batch);
}

// Where the engine writes the maximum size and how many were dropped
const numbers = new Float64Array(3);

export default QUICDatagrams;
