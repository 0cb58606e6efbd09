import { environment } from '../engine/Environment.js';
import { StreamStatus } from '../engine/shared.js';
import {
  ErrorQUICStreamLocalRead,
  ErrorQUICStreamPeerRead,
} from '../errors/stream.js';
import * as internals from '../internals.js';
import ReadableFace from '../web/ReadableFace.js';
import type { Pulled, Source } from '../web/Source.js';
import { endMessage, type StreamEnd, type StreamSides } from './StreamSides.js';
import { largestChunk, scratch, takeScratch } from './scratch.js';

// The number of bytes in what a read returns
const lengthMask = ~(StreamStatus.readFin | StreamStatus.readApart);

/**
 * The receiving side of a stream (RFC 9000 section 3.2).
 */
class ReceiveSide implements Source {
  public state: 'open' | 'closed' | 'errored';
  public error: unknown;

  readonly #stream: StreamSides;
  #face?: ReadableFace;
  /** What was read before anybody asked for it. */
  #rest: Array<Uint8Array> = none;
  /** Whether the last read found something, unless that was asked since. */
  #mayHaveMore = false;
  /**
   * What reads wait for: the next chunk for the next turn of the event loop (`'rest'`), or any of
   * them until the event loop has had its turn (`'turn'`).
   */
  #waitsFor?: 'rest' | 'turn';

  /**
   * @param isClosed - whether nothing can be read from the start
   */
  constructor(stream: StreamSides, isClosed: boolean) {
    this.#stream = stream;
    this.state = isClosed ? 'closed' : 'open';
  }

  /** As a web stream. */
  get face(): ReadableFace {
    this.#face ??= new ReadableFace(this);
    return this.#face;
  }

  get isDone(): boolean {
    return this.state === 'closed' && this.#rest.length === 0;
  }

  /**
   * Whether there may be something that the reader has not got. It is asked again in the next turn
   * of the event loop: by then somebody who reads has read.
   */
  isBehind(): boolean {
    const isBehind = this.#waitsFor !== undefined || this.#mayHaveMore;
    this.#mayHaveMore = false;
    return isBehind && this.state === 'open';
  }

  pull(): Pulled | undefined {
    if (this.#rest.length > 0) {
      const chunk = this.#rest.shift()!;
      return { chunk, done: this.#rest.length === 0 };
    }
    if (this.state !== 'open') return undefined;
    const result = this.#read(scratch(this.#stream[internals.chunkSize]));
    if (result < 0) return undefined;
    const length = result & lengthMask;
    const done = (result & StreamStatus.readFin) !== 0;
    if (length > 0) return { chunk: takeScratch(length), done };
    if (done) this.finish();
    return undefined;
  }

  pullInto(view: Uint8Array): { length: number; done: boolean } | undefined {
    const result = this.#read(view);
    if (result < 0) return undefined;
    const length = result & lengthMask;
    const done = (result & StreamStatus.readFin) !== 0;
    if (length > 0) return { length, done };
    if (done) this.finish();
    return undefined;
  }

  /**
   * The FIN of the peer was read.
   */
  finish(): void {
    if (this.state !== 'open') return;
    this.#close([]);
    this.#stream[internals.receiveEnded](undefined);
  }

  /**
   * Nobody wants to read any more: the peer is sent STOP_SENDING.
   */
  cancel(reason: any): void {
    this.#rest = none;
    if (this.state !== 'open') return;
    this.#close([]);
    this.#stopSending(reason);
  }

  /**
   * The same, and readers get the reason as an error.
   */
  fail(reason: any): void {
    if (this.state !== 'open') return;
    this.#fail(reason);
    this.#stopSending(reason);
  }

  /**
   * Bytes have arrived.
   */
  wake(): void {
    this.#face?.wake();
  }

  /**
   * The event loop has had its turn: a read that waits for that may go on.
   *
   * @internal
   */
  [internals.resume](): void {
    if (this.#waitsFor === 'turn') this.#waitsFor = undefined;
    this.wake();
  }

  /** @internal */
  [internals.endRest](): void {
    this.#waitsFor = undefined;
    this.wake();
  }

  /**
   * Keeps what has arrived for whoever reads it later, when nothing more comes and nobody waits.
   * Returns whether the peer had finished the stream.
   */
  takeRest(): boolean {
    if (this.state !== 'open') return false;
    const chunks: Array<Uint8Array> = [];
    for (;;) {
      const buffer = scratch(largestChunk);
      const result = environment().binding.streamRead(
        this.#stream[internals.handle],
        buffer,
      );
      if (result < 0) return false;
      const length = result & lengthMask;
      if (length > 0) chunks.push(takeScratch(length));
      if ((result & StreamStatus.readFin) !== 0) break;
    }
    this.#close(chunks);
    this.#stream[internals.receiveEnded](undefined);
    return true;
  }

  /**
   * The peer sent RESET_STREAM.
   */
  handleReset(code: number): void {
    if (this.state !== 'open') return;
    const reason = this.#stream[internals.codes].reasonOf('read', code);
    this.#fail(reason);
    this.#stream[internals.receiveEnded](
      new ErrorQUICStreamPeerRead('Peer reset the stream', {
        data: { code },
        cause: reason,
      }),
    );
  }

  /**
   * Ends with the error of the connection.
   */
  connectionClosed(error: StreamEnd, isPeer: boolean): void {
    if (this.state !== 'open' || this.takeRest()) return;
    this.#fail(error);
    const ErrorRead = isPeer
      ? ErrorQUICStreamPeerRead
      : ErrorQUICStreamLocalRead;
    const code = isPeer
      ? 0
      : this.#stream[internals.codes].codeOf('read', error);
    this.#stream[internals.receiveEnded](
      new ErrorRead(endMessage, { data: { code }, cause: error }),
    );
  }

  /**
   * Returns what the engine says: a number of bytes with flags, or less than 0 if there is nothing.
   */
  #read(view: Uint8Array): number {
    if (this.#waitsFor === 'rest') return StreamStatus.readWouldBlock;
    this.#waitsFor = environment().postpone(this) ? 'turn' : undefined;
    if (this.#waitsFor !== undefined) return StreamStatus.readWouldBlock;
    const result = environment().binding.streamRead(
      this.#stream[internals.handle],
      view,
    );
    // The end without bytes and errors come as events
    this.#mayHaveMore = result >= 0;
    if (result < 0) return result;
    if ((result & StreamStatus.readApart) !== 0) {
      // A pipe that was to pass this chunk only would have taken the next one before it is told
      this.#waitsFor = 'rest';
      setImmediate(endRest, this);
    }
    return result;
  }

  #close(rest: Array<Uint8Array>): void {
    this.state = 'closed';
    this.#rest = rest;
    this.#face?.handleClosed();
  }

  #fail(reason: any): void {
    this.state = 'errored';
    this.error = reason;
    this.#face?.handleError();
  }

  #stopSending(reason: any): void {
    // The peer gets what was written before it hears of this
    this.#stream[internals.flush]();
    const code = this.#stream[internals.codes].codeOf('read', reason);
    environment().binding.streamStopSending(
      this.#stream[internals.handle],
      code,
    );
    this.#stream[internals.receiveEnded](
      new ErrorQUICStreamLocalRead('Closing readable locally', {
        data: { code },
        cause: reason,
      }),
    );
  }
}

const none: Array<Uint8Array> = [];

function endRest(side: ReceiveSide): void {
  side[internals.endRest]();
}

export default ReceiveSide;
