import { environment } from '../engine/Environment.js';
import { StreamStatus } from '../engine/shared.js';
import { ErrorQUICConnectionStopping } from '../errors/connection.js';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import {
  ErrorQUICStreamLocalWrite,
  ErrorQUICStreamPeerWrite,
} from '../errors/stream.js';
import * as internals from '../internals.js';
import { optionError } from '../validation/describe.js';
import { toBytes } from '../web/chunk.js';
import type { Sink } from '../web/Sink.js';
import WritableFace from '../web/WritableFace.js';
import { corkSize, microtask, returnCork, takeCork } from './cork.js';
import { endMessage, type StreamEnd, type StreamSides } from './StreamSides.js';

// Larger chunks are sent in pieces of this size: the engine copies what it is given
const pieceSize = 16 * 1024 * 1024;

// No times: nothing was written yet, and nothing is added to what was written
const nothingWritten = -2;
const nothingFollows = -1;

const empty = new Uint8Array(0);

/**
 * The sending side of a stream (RFC 9000 section 3.1).
 */
class SendSide implements Sink {
  public state: 'open' | 'finishing' | 'closed' | 'errored';
  public error: unknown;

  readonly #stream: StreamSides;
  #face?: WritableFace;
  #corked?: Uint8Array;
  #corkedLength = 0;
  /** What the time was at the last write that was corked, or one of the constants below. */
  #corkedAt = nothingWritten;
  #isUncorking = false;
  /** Whether the engine has no room. */
  #isFull = false;
  /** What is left of a chunk that is sent in pieces. */
  #pieces?: { bytes: Uint8Array; length: number; offset: number };
  /** Whether some of what was written is not going to be sent. */
  #isLost = false;
  /** The peer sent STOP_SENDING with this code, and nobody was told yet. */
  #stopCode?: number;

  /**
   * @param isClosed - whether nothing can be written from the start
   */
  constructor(stream: StreamSides, isClosed: boolean) {
    this.#stream = stream;
    this.state = isClosed ? 'closed' : 'open';
  }

  /** As a web stream. */
  get face(): WritableFace {
    this.#face ??= new WritableFace(this);
    return this.#face;
  }

  get isFull(): boolean {
    return this.#isFull || this.#pieces !== undefined;
  }

  /** Whether it has failed, and a writer that has nothing more to write loses nothing by it. */
  get isAllSent(): boolean {
    return this.state === 'errored' && !this.#isLost;
  }

  /** Whether it has ended, in whatever way. */
  get isOver(): boolean {
    return this.state === 'closed' || this.state === 'errored';
  }

  /**
   * A chunk that has no bytes is refused, and the stream stays as it is.
   */
  refuse(chunk: unknown): Error | undefined {
    try {
      toBytes(chunk);
      return undefined;
    } catch (e) {
      return e as Error;
    }
  }

  push(chunk: unknown): void {
    const bytes = toBytes(chunk);
    if (bytes.byteLength === 0) return;
    if (bytes.byteLength + this.#corkedLength <= corkSize) {
      this.#cork(bytes);
      return;
    }
    this.flush();
    this.#corkedAt = nothingFollows;
    if (bytes.byteLength > pieceSize) {
      this.#pieces = { bytes, length: bytes.byteLength, offset: 0 };
      this.#sendPieces();
    } else {
      this.#send(bytes, false);
    }
  }

  finish(): void {
    // A stream that has no sending side, or that was finished by the peer
    if (this.state !== 'open') return;
    this.state = 'finishing';
    if (this.#send(this.#takeCorked(), true) === StreamStatus.writeFinished) {
      this.#end(undefined);
    }
  }

  /**
   * The writer has given up: the peer is sent RESET_STREAM.
   */
  abort(reason: any): void {
    if (this.isOver) return;
    this.#isLost = true;
    this.#fail(reason);
    this.#reset(reason);
  }

  /**
   * Has the engine given what was written in this turn.
   */
  flush(): void {
    const bytes = this.#takeCorked();
    if (bytes.byteLength > 0) this.#send(bytes, false);
  }

  /**
   * Has the engine reset what was not closed, as the connection is about to close: the stream ends
   * with the error of that.
   */
  abandon(): void {
    if (this.state !== 'open') return;
    const code = this.#stream[internals.codes].codeOf(
      'write',
      new ErrorQUICConnectionStopping(),
    );
    environment().binding.streamReset(this.#stream[internals.handle], code);
  }

  /**
   * The engine has room again.
   */
  handleRoom(): void {
    this.#isFull = false;
    if (this.#pieces !== undefined) this.#sendPieces();
    if (!this.isFull) this.#face?.wake();
  }

  /**
   * The engine has sent all, up to the FIN.
   */
  handleFinished(): void {
    if (!this.isOver) this.#end(undefined);
  }

  /**
   * The peer sent STOP_SENDING.
   *
   * @param lost - how many bytes are not going to be sent
   */
  handleStopped(code: number, lost: number): void {
    if (this.isOver) return;
    this.#stopCode = code;
    if (lost > 0) this.#isLost = true;
    // Whoever reads what came before has it first, and may find that there is nothing more to write
    setImmediate(readBeforeStopped, this);
  }

  /**
   * The peer reads no more, and what it sent before is with the reader, if there is one.
   *
   * @internal
   */
  [internals.readBeforeStopped](): void {
    if (this.#stopCode === undefined) return;
    if (this.#stream[internals.isReaderBehind]()) {
      setImmediate(readBeforeStopped, this);
    } else {
      this.endStopped();
    }
  }

  /**
   * Ends as the peer has asked, if it has.
   */
  endStopped(): void {
    const code = this.#stopCode;
    this.#stopCode = undefined;
    if (code === undefined || this.isOver) return;
    if (this.state === 'finishing' && !this.#isLost) {
      // The peer has all that there was to send
      this.#end(undefined);
      return;
    }
    const reason = this.#stream[internals.codes].reasonOf('write', code);
    this.#fail(reason);
    this.#end(
      new ErrorQUICStreamPeerWrite('Peer stopped the stream', {
        data: { code },
        cause: reason,
      }),
    );
  }

  /**
   * Ends with the error of the connection.
   */
  connectionClosed(error: StreamEnd, isPeer: boolean): void {
    if (this.isOver) return;
    this.#isLost = true;
    this.#fail(error);
    const ErrorWrite = isPeer
      ? ErrorQUICStreamPeerWrite
      : ErrorQUICStreamLocalWrite;
    const code = isPeer
      ? 0
      : this.#stream[internals.codes].codeOf('write', error);
    this.#end(new ErrorWrite(endMessage, { data: { code }, cause: error }));
  }

  /**
   * The turn in which something was corked is over.
   *
   * @internal
   */
  [internals.endTurn](): void {
    this.#isUncorking = false;
    this.flush();
  }

  /**
   * Sends a chunk that is too large to be copied at once, each piece when there is room for it.
   */
  #sendPieces(): void {
    const pieces = this.#pieces!;
    while (!this.#isFull) {
      if (pieces.bytes.byteLength !== pieces.length) {
        this.abort(
          optionError(
            ErrorQUICOptionInvalid,
            'chunk',
            'a buffer that was detached or resized before its write was done',
            'a buffer that stays as it is until then',
          ),
        );
        return;
      }
      if (pieces.offset >= pieces.length) {
        this.#pieces = undefined;
        return;
      }
      const end = pieces.offset + pieceSize;
      this.#send(pieces.bytes.subarray(pieces.offset, end), false);
      pieces.offset = end;
    }
  }

  /**
   * Keeps a small write until the end of this turn. The bytes are copied, as the application may
   * use its buffer again.
   */
  #cork(bytes: Uint8Array): void {
    const now = microtask();
    if (this.#corkedAt !== now) this.flush();
    if (this.#corked === undefined) {
      this.#corked = takeCork();
      if (!this.#isUncorking) process.nextTick(endTurn, this);
      this.#isUncorking = true;
    }
    // Nothing is added to the first write: what announces the stream is a chunk
    this.#corkedAt = this.#corkedAt === nothingWritten ? nothingFollows : now;
    this.#corked.set(bytes, this.#corkedLength);
    this.#corkedLength += bytes.byteLength;
  }

  #takeCorked(): Uint8Array {
    if (this.#corked === undefined) return empty;
    const bytes = this.#corked.subarray(0, this.#corkedLength);
    this.#corked = undefined;
    this.#corkedLength = 0;
    returnCork();
    return bytes;
  }

  #send(bytes: Uint8Array, fin: boolean): number {
    const { binding } = environment();
    const result = binding.streamWrite(
      this.#stream[internals.handle],
      bytes,
      fin,
    );
    // When nothing can be written any more an event says why, and until then the writer waits
    this.#isFull = result === StreamStatus.writeFull || result < 0;
    if (result < 0 && bytes.byteLength > 0) this.#isLost = true;
    return result;
  }

  #reset(reason: any): void {
    // A peer that got nothing of the stream would not hear of it otherwise
    this.flush();
    const code = this.#stream[internals.codes].codeOf('write', reason);
    environment().binding.streamReset(this.#stream[internals.handle], code);
    this.#end(
      new ErrorQUICStreamLocalWrite('Closing writable locally', {
        data: { code },
        cause: reason,
      }),
    );
  }

  #fail(reason: any): void {
    this.state = 'errored';
    this.error = reason;
    this.#pieces = undefined;
    this.#face?.handleError();
  }

  #end(
    error:
      | ErrorQUICStreamLocalWrite<unknown>
      | ErrorQUICStreamPeerWrite<unknown>
      | undefined,
  ): void {
    this.#takeCorked();
    if (error === undefined) {
      this.state = 'closed';
      this.#face?.handleClosed();
    }
    this.#stream[internals.sendEnded](error);
  }
}

function endTurn(side: SendSide): void {
  side[internals.endTurn]();
}

function readBeforeStopped(side: SendSide): void {
  side[internals.readBeforeStopped]();
}

export default SendSide;
