import type { ConnectionCloseError } from '../connection/closeErrors.js';
import { environment } from '../engine/Environment.js';
import { lengthAt } from '../engine/layout.js';
import { DatagramsStatus, Layout } from '../engine/shared.js';
import * as internals from '../internals.js';
import { copyBuffer } from '../web/chunk.js';
import ReadableFace from '../web/ReadableFace.js';
import type { Pulled, Source } from '../web/Source.js';
import { returnBatch, takeBatch } from './batch.js';

/**
 * The datagrams that come in.
 */
class IncomingDatagrams implements Source {
  public state: 'open' | 'closed' | 'errored' = 'open';
  public error: unknown;

  readonly #env = environment();
  readonly #handle: number;
  #face?: ReadableFace;
  /**
   * What was taken from the engine, from `offset` on. It is given back once this turn of the event
   * loop is over.
   */
  #batch?: Buffer;
  #offset = 0;
  #end = 0;
  /** Whether the engine had none when it was asked, and an event will come when it has. */
  #isEmpty = false;
  /** Whether more were taken from the engine than one in this turn. */
  #hasTaken = false;
  /** Those that are left when the connection has ended. */
  #rest: Array<Uint8Array> = [];

  /**
   * @param handle - of the connection
   */
  constructor(handle: number) {
    this.#handle = handle;
  }

  /** As a web stream. */
  get face(): ReadableFace {
    this.#face ??= new ReadableFace(this);
    return this.#face;
  }

  get isDone(): boolean {
    return this.state === 'closed' && this.#rest.length === 0;
  }

  pull(): Pulled | undefined {
    if (this.#rest.length > 0) {
      const chunk = this.#rest.shift()!;
      return { chunk, done: this.#rest.length === 0 };
    }
    if (this.state !== 'open') return undefined;
    if (this.#batch === undefined && !this.#take()) return undefined;
    return { chunk: this.#next(), done: false };
  }

  finish(): void {}

  cancel(): void {
    this.#rest = [];
    if (this.state !== 'open') return;
    this.state = 'closed';
    this.#face?.handleClosed();
    this.#stopReading();
  }

  fail(reason: any): void {
    if (this.state !== 'open') return;
    this.#fail(reason);
    this.#stopReading();
  }

  /**
   * Datagrams came in after a read that left none.
   */
  handleReadable(): void {
    this.#isEmpty = false;
    this.#face?.wake();
  }

  /**
   * Ends with the connection.
   *
   * @param isOrderly - whether what has come can still be read, and the end is no error
   */
  connectionClosed(error: ConnectionCloseError, isOrderly: boolean): void {
    const rest = isOrderly ? this.#takeRest() : [];
    if (this.state !== 'open') return;
    if (!isOrderly) {
      this.#fail(error);
      return;
    }
    this.state = 'closed';
    this.#rest = rest;
    this.#face?.handleClosed();
  }

  /** @internal */
  [internals.endTurn](): void {
    this.#hasTaken = false;
    this.#giveBack();
    this.#face?.wake();
  }

  #fail(reason: any): void {
    this.state = 'errored';
    this.error = reason;
    this.#face?.handleError();
  }

  #stopReading(): void {
    this.#giveBack();
    this.#env.binding.datagramsStopReading(this.#handle);
  }

  /**
   * Takes the oldest datagrams from the engine, many at a time, but only once in a turn: the event
   * loop has other things to do.
   */
  #take(): boolean {
    if (this.#isEmpty || this.#hasTaken) return false;
    const batch = takeBatch();
    const result = this.#env.binding.datagramsRead(this.#handle, batch);
    this.#isEmpty = (result & DatagramsStatus.readMore) === 0;
    this.#batch = batch;
    this.#offset = 0;
    this.#end = result & ~DatagramsStatus.readMore;
    if (this.#end === 0) {
      this.#dropBatch();
      return false;
    }
    const isOne = Layout.datagramLength + lengthAt(batch, 0) === this.#end;
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
    const batch = this.#batch!;
    const start = this.#offset + Layout.datagramLength;
    const end = start + lengthAt(batch, this.#offset);
    const datagram = copyBuffer(batch, start, end);
    this.#offset = end;
    if (end === this.#end) this.#dropBatch();
    return datagram;
  }

  /**
   * Gives back what was not read: if it takes too long until it is, newer datagrams take its place.
   */
  #giveBack(): void {
    const batch = this.#batch;
    if (batch === undefined) return;
    let count = 0;
    for (let offset = this.#offset; offset < this.#end; count++) {
      offset += Layout.datagramLength + lengthAt(batch, offset);
    }
    this.#env.binding.datagramsUnread(this.#handle, count);
    this.#isEmpty = false;
    this.#dropBatch();
  }

  #dropBatch(): void {
    returnBatch(this.#batch!);
    this.#batch = undefined;
  }

  /**
   * Takes all that came in.
   */
  #takeRest(): Array<Uint8Array> {
    const rest: Array<Uint8Array> = [];
    this.#isEmpty = false;
    do {
      while (this.#batch !== undefined) rest.push(this.#next());
      this.#hasTaken = false;
    } while (this.#take());
    return rest;
  }
}

function endTurn(incoming: IncomingDatagrams): void {
  incoming[internals.endTurn]();
}

export default IncomingDatagrams;
