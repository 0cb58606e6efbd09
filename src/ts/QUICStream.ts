import { Duplex } from 'node:stream';
import { destroyed } from '@matrixai/async-init/utils.js';
import type { ConnectionCloseError } from './internal/connection/closeErrors.js';
import { StreamStatus } from './internal/engine/binding.js';
import { environment } from './internal/engine/Environment.js';
import { EventKind } from './internal/engine/events.js';
import {
  ErrorQUICConnectionPeer,
  ErrorQUICConnectionPeerTLS,
} from './internal/errors/close.js';
import {
  type ErrorQUICConnectionEarlyDataRejected,
  ErrorQUICConnectionStopping,
} from './internal/errors/connection.js';
import { isOrderly } from './internal/errors/isOrderly.js';
import { ErrorQUICOptionInvalid } from './internal/errors/options.js';
import {
  ErrorQUICStreamDestroyed,
  ErrorQUICStreamLocalRead,
  ErrorQUICStreamLocalWrite,
  ErrorQUICStreamPeerRead,
  ErrorQUICStreamPeerWrite,
} from './internal/errors/stream.js';
import { withoutFailure } from './internal/errors/withoutFailure.js';
import {
  EventQUICStreamCloseRead,
  EventQUICStreamCloseWrite,
  EventQUICStreamDestroy,
  EventQUICStreamDestroyed,
  EventQUICStreamError,
  type QUICStreamEvents,
} from './internal/events/stream.js';
import * as internals from './internal/internals.js';
import { abortable, reasonOf } from './internal/lifecycle/abort.js';
import {
  attempt,
  codeOfReason,
  emit,
  nextTick,
} from './internal/lifecycle/internal.js';
import Lifecycle from './internal/lifecycle/Lifecycle.js';
import type { AbortOptions } from './internal/types/abort.js';
import type { Options } from './internal/types/common.js';
import type { QUICConfig } from './internal/types/config.js';
import type { ConnectionMetadata } from './internal/types/connection.js';
import type {
  StreamCodeToReason,
  StreamId,
  StreamPriority,
  StreamReasonToCode,
} from './internal/types/stream.js';
import type { ReadableBytes, WritableBytes } from './internal/types/streams.js';
import { optionError } from './internal/validation/describe.js';
import {
  checkNames,
  destroyStreamNames,
  priorityNames,
} from './internal/validation/optionNames.js';
import { validatePriority } from './internal/validation/stream.js';
import {
  validateBoolean,
  validateObject,
} from './internal/validation/values.js';
import { copyBuffer, toBytes } from './internal/web/chunk.js';
import ReadableSide from './internal/web/ReadableSide.js';
import WritableSide from './internal/web/WritableSide.js';
import type QUICConnection from './QUICConnection.js';

/**
 * @internal
 */
export type StreamOptions = {
  handle: number;
  /** -1 while the stream waits for the peer's limit. */
  streamId: number;
  type: 'bidi' | 'uni';
  initiated: 'local' | 'peer';
  connection: QUICConnection;
  config: QUICConfig;
  reasonToCode?: StreamReasonToCode;
  codeToReason?: StreamCodeToReason;
};

/**
 * What a stream ends with whose connection has ended, or that was opened for early data that the server did not take.
 */
type StreamEnd =
  | ConnectionCloseError
  | ErrorQUICConnectionEarlyDataRejected<unknown>;

const endMessage = 'Connection has ended';

// Writes up to this size wait for the end of the current turn, in which the FIN often follows: then
// all goes out in one packet. Of those that the application did not wait for in between more go together
const corkSize = 4 * 1024;

// Chunks of at least this size keep the buffer that they were read into
const largeChunkSize = 16 * 1024;

// Larger chunks are sent in pieces of this size: the engine copies what it is given
const pieceSize = 16 * 1024 * 1024;

const empty = new Uint8Array(0);

// The number of bytes in what a read returns
const lengthMask = ~(StreamStatus.readFin | StreamStatus.readApart);

/**
 * A QUIC stream (RFC 9000 section 2). Connections make them.
 *
 * `readable` and `writable` are web streams with backpressure: a reader that does not read holds up the
 * peer's writer. Each side ends on its own; the stream is destroyed once both have.
 *
 * `node:diagnostics_channel` has `matrixai.quic.stream.open` and `matrixai.quic.stream.close` for all streams of
 * the thread, see `QUICStreamMessage`.
 */
class QUICStream extends Lifecycle<QUICStreamEvents> {
  /** Whether both ends send, or only the one that opened it. */
  public readonly type: 'bidi' | 'uni';
  /** Which end opened it. */
  public readonly initiated: 'local' | 'peer';

  #env = environment();
  #handle: number;
  #connection: QUICConnection;
  #config: QUICConfig;
  #reasonToCode?: StreamReasonToCode;
  #codeToReason?: StreamCodeToReason;

  #_streamId: number;
  #_priority = defaultPriority;
  #_opened?: { p: Promise<void>; resolve: () => void };

  #readableSide?: ReadableSide;
  #isFinRead = false;
  /** Whether something was read since that was last asked. */
  #hasRead = false;
  /** Whether a read found nothing. */
  #isDrained = false;
  /** Whether the next chunk waits for the next turn of the event loop. */
  #isResting = false;
  /** Whether a read waits until the event loop has had its turn. */
  #isPutOff = false;
  #readError?: { reason: any };
  #_readClosed: boolean;

  #writableSide?: WritableSide;
  #corked?: Uint8Array;
  #corkedLength = 0;
  /** What the time was at the last write that was corked, `-1` if nothing may follow it. */
  #corkedAt = -1;
  #isUncorking = false;
  #hasWritten = false;
  #isFull = false;
  #isFinishing = false;
  /** Whether some of what was written is not going to be sent. */
  #isWriteLost = false;
  /** The peer sent STOP_SENDING with this code, of which nobody was told. */
  #stopCode?: number;
  #writing?: { resolve: () => void; reject: (reason: any) => void };
  #writeError?: { reason: any; isAllSent: boolean };
  #_writeClosed: boolean;

  /** Why a side ended before its time. */
  #errorFirst?: Error;
  #isDestroyed = false;
  #_closedP?: Promise<void>;
  #resolveClosedP?: () => void;

  /**
   * @internal
   */
  public constructor(opts: StreamOptions) {
    super();
    this.#handle = opts.handle;
    this.#_streamId = opts.streamId;
    this.type = opts.type;
    this.initiated = opts.initiated;
    this.#connection = opts.connection;
    this.#config = opts.config;
    this.#reasonToCode = opts.reasonToCode;
    this.#codeToReason = opts.codeToReason;
    const isUni = opts.type === 'uni';
    this.#_readClosed = isUni && opts.initiated === 'local';
    this.#_writeClosed = isUni && opts.initiated === 'peer';
    this.#env.register(this.#handle, this);
  }

  /**
   * The stream ID (RFC 9000 section 2.1), or `-1` while the stream waits for the peer's limit.
   */
  public get streamId(): StreamId {
    return this.#_streamId as StreamId;
  }

  /**
   * Resolves once the stream has its ID, or is destroyed.
   */
  public get opened(): Promise<void> {
    if (this.#_streamId >= 0 || this.#isDestroyed) return Promise.resolve();
    if (this.#_opened === undefined) {
      let resolve!: () => void;
      const p = new Promise<void>((r) => {
        resolve = r;
      });
      this.#_opened = { p, resolve };
    }
    return this.#_opened.p;
  }

  /**
   * What the peer sends, as a byte stream. Of a unidirectional stream that was opened locally it is closed.
   *
   * Its chunks are `Buffer`s in Node.js, whatever they are typed as: a `Buffer` is a `Uint8Array`, and streams of the one
   * cannot be assigned to streams of the other in all projects. Readers that bring a buffer (BYOB) get views of that.
   * Where a chunk ends means nothing.
   *
   * Cancelling it sends STOP_SENDING with the code of the reason.
   */
  public get readable(): ReadableBytes {
    return this.#toReadableSide().stream as ReadableBytes;
  }

  /**
   * What is sent to the peer. Of a unidirectional stream that the peer opened it is closed.
   *
   * Aborting it sends RESET_STREAM with the code of the reason. A write is done when the bytes are
   * queued, not when they have arrived. A chunk of more than 16 MiB is queued in pieces, so that its buffer must
   * stay as it is until the write is done; others are copied at once.
   */
  public get writable(): WritableBytes {
    if (this.#writableSide === undefined) {
      const isClosed = this.#_writeClosed && this.#writeError === undefined;
      this.#writableSide = new WritableSide(this, isClosed);
      if (this.#writeError !== undefined) {
        const { reason, isAllSent } = this.#writeError;
        this.#writableSide.fail(reason, isAllSent);
      }
    }
    return this.#writableSide.stream as WritableBytes;
  }

  /**
   * Whether nothing more can be read: it was all read, or either side gave up.
   */
  public get readClosed(): boolean {
    return this.#_readClosed;
  }

  /**
   * Whether nothing more can be written: it was closed and handed to the transport, or either side gave up.
   */
  public get writeClosed(): boolean {
    return this.#_writeClosed;
  }

  /** Whether both sides are closed. */
  public get closed(): boolean {
    return this.#_readClosed && this.#_writeClosed;
  }

  /**
   * Resolves once both sides are closed, however they ended.
   */
  public get closedP(): Promise<void> {
    this.#_closedP ??= this.#isDestroyed
      ? Promise.resolve()
      : new Promise((resolve) => {
          this.#resolveClosedP = resolve;
        });
    return this.#_closedP;
  }

  /** The connection that the stream is of. */
  public get connection(): QUICConnection {
    return this.#connection;
  }

  /**
   * Addresses and certificates of the connection.
   */
  public get meta(): ConnectionMetadata {
    return this.#connection.meta();
  }

  /** Whether the stream is destroyed. */
  public get [destroyed](): boolean {
    return this.#isDestroyed;
  }

  /**
   * In which order what is written is sent, among the streams of the connection.
   */
  public get priority(): StreamPriority {
    return { ...this.#_priority };
  }

  /**
   * Changes the order of sending (RFC 9218 section 4), from now on: a stream with a lower `urgency` is sent before
   * others. The peer is not told; it decides itself on the order of what it sends.
   *
   * @param priority - what is left out stays as it is
   *
   * @throws {errors.ErrorQUICOptionInvalid}
   */
  public setPriority(priority: Options<StreamPriority>): void {
    validatePriority(priority);
    checkNames(
      priority,
      priorityNames,
      this.#connection[internals.loggerOfStreams],
    );
    const { urgency, incremental } = this.#_priority;
    this.#_priority = {
      urgency: priority.urgency ?? urgency,
      incremental: priority.incremental ?? incremental,
    };
    this.#env.binding.streamSetPriority(
      this.#handle,
      this.#_priority.urgency,
      this.#_priority.incremental,
    );
  }

  /**
   * Has all bytes of writes that are done delivered even if the writable is aborted later, or the stream destroyed
   * (RESET_STREAM_AT, draft-ietf-quic-reliable-stream-reset). With a peer that does not support
   * it this does nothing. Can be called again for what was written since.
   */
  public commit(): void {
    if (this.#_writeClosed) return;
    this.#uncork();
    this.#env.binding.streamCommit(this.#handle);
  }

  /**
   * A stream of Node.js over both sides, which then are locked. Destroying it with an error cancels the readable
   * and aborts the writable; of a unidirectional stream one side has ended from the start. When the connection ends in an
   * orderly way ({@link errors.isOrderly}) it closes without an error, as a `net.Socket` does.
   *
   * @param options - as for `stream.Duplex`
   */
  public toDuplex(options?: Parameters<typeof Duplex.fromWeb>[1]): Duplex {
    const duplex = Duplex.fromWeb(
      { readable: this.readable, writable: this.writable },
      options,
    );
    const { destroy } = duplex;
    duplex.destroy = (error, ...rest) =>
      destroy.call(duplex, isOrderly(error) ? undefined : error, ...rest);
    return duplex;
  }

  /**
   * Ends the stream, for `await using`: sides that have not ended are cancelled.
   */
  public async [Symbol.asyncDispose](): Promise<void> {
    await this.destroy();
  }

  /**
   * Ends the stream. A side that is closed already, or was told to close, is left alone.
   *
   * @param opts
   * @param opts.force - whether to cancel both sides instead of waiting for them to end, defaults to `true`
   * @param opts.reason - what local readers and writers get, defaults to an
   * `ErrorQUICStreamDestroyed`; the peer gets its code
   * @param opts.signal - ends the wait when it aborts
   */
  public async destroy(
    opts: {
      force?: boolean | undefined;
      reason?: any | undefined;
    } & AbortOptions = {},
  ): Promise<void> {
    validateObject(opts, 'opts');
    checkNames(
      opts,
      destroyStreamNames,
      this.#connection[internals.loggerOfStreams],
    );
    const { force = true, signal } = opts;
    const { reason = new ErrorQUICStreamDestroyed() } = opts;
    validateBoolean(force, 'force');
    await abortable(signal, () => this.#destroyNow(force, reason));
  }

  async #destroyNow(force: boolean, reason: any): Promise<void> {
    if (this.#isDestroyed) return;
    if (force) {
      // A close() or cancel() that was called just now is passed on by a promise
      await nextTick();
      if (!this.#_readClosed) this.#cancelRead(reason);
      if (!this.#_writeClosed && !this.#isFinishing) this.#cancelWrite(reason);
    }
    await this.closedP;
  }

  /**
   * Cancels the stream with the reason of a signal when that aborts.
   *
   * @internal
   */
  public [internals.cancelWith](signal: AbortSignal): void {
    const abort = () => this.cancel(reasonOf(signal));
    signal.addEventListener('abort', abort, { once: true });
    void this.closedP.then(() => signal.removeEventListener('abort', abort));
  }

  /**
   * Has the engine reset what was not closed, as the connection is about to close, with whose error this end of the stream
   * will end.
   *
   * @internal
   */
  public [internals.abandon](): void {
    if (this.#_writeClosed || this.#isFinishing) return;
    const code = this.#codeOf('write', new ErrorQUICConnectionStopping());
    this.#env.binding.streamReset(this.#handle, code);
  }

  /**
   * Cancels the readable and aborts the writable, unless they are closed.
   *
   * @param reason - what local readers and writers get, defaults to an
   * `ErrorQUICStreamDestroyed`; the peer gets its code
   */
  public cancel(reason: any = new ErrorQUICStreamDestroyed()): void {
    if (!this.#_readClosed) this.#cancelRead(reason);
    if (!this.#_writeClosed) this.#cancelWrite(reason);
  }

  /**
   * Ends both sides with the error of the connection. No code of the stream is sent or came.
   *
   * @internal
   */
  public [internals.connectionClosed](error: StreamEnd): void {
    const isPeer =
      error instanceof ErrorQUICConnectionPeer ||
      error instanceof ErrorQUICConnectionPeerTLS;
    if (this.#stopCode !== undefined) attempt(() => this.#endStopped());
    attempt(() => this.#endReadWith(error, isPeer));
    attempt(() => this.#endWriteWith(error, isPeer));
  }

  #endReadWith(error: StreamEnd, isPeer: boolean): void {
    if (this.#_readClosed || this.#readRest()) return;
    this.#failRead(error);
    const ErrorRead = isPeer
      ? ErrorQUICStreamPeerRead
      : ErrorQUICStreamLocalRead;
    const code = isPeer ? 0 : this.#codeOf('read', error);
    this.#closeRead(
      new ErrorRead(endMessage, { data: { code }, cause: error }),
    );
  }

  #endWriteWith(error: StreamEnd, isPeer: boolean): void {
    if (this.#_writeClosed) return;
    this.#failWrite(error);
    const ErrorWrite = isPeer
      ? ErrorQUICStreamPeerWrite
      : ErrorQUICStreamLocalWrite;
    const code = isPeer ? 0 : this.#codeOf('write', error);
    this.#closeWrite(
      new ErrorWrite(endMessage, { data: { code }, cause: error }),
    );
  }

  /**
   * @internal
   */
  public [internals.handleNativeEvent](
    kind: number,
    a: number,
    b: number,
  ): void {
    switch (kind) {
      case EventKind.StreamReadable:
        this.#readableSide?.wake();
        break;
      case EventKind.StreamWritable:
        this.#isFull = false;
        this.#writing?.resolve();
        this.#writing = undefined;
        break;
      case EventKind.StreamEnded:
        this.#endRead();
        break;
      case EventKind.StreamArrived:
        if (!this.#_readClosed) this.#readRest();
        break;
      case EventKind.StreamReset:
        this.#handleReset(a);
        break;
      case EventKind.StreamFinished:
        if (!this.#_writeClosed) {
          this.#writing?.resolve();
          this.#closeWrite(undefined);
        }
        break;
      case EventKind.StreamStopped:
        this.#handleStopped(a, b);
        break;
      case EventKind.StreamOpened:
        this.#_streamId = a;
        this.#connection[internals.streamOpened](this);
        this.#_opened?.resolve();
        break;
    }
  }

  #toReadableSide(): ReadableSide {
    if (this.#readableSide === undefined) {
      this.#readableSide = new ReadableSide(this);
      if (this.#readError !== undefined) {
        this.#readableSide.fail(this.#readError.reason);
      } else if (this.#_readClosed) {
        this.#readableSide.close();
      }
    }
    return this.#readableSide;
  }

  /**
   * @internal
   */
  public [internals.pull](): Uint8Array | undefined {
    const length = this[internals.pullInto](
      scratch(this.#config.readableChunkSize),
    );
    return length > 0 ? takeScratch(length) : undefined;
  }

  /**
   * @internal
   */
  public [internals.pullInto](view: Uint8Array): number {
    if (this.#isResting) return 0;
    this.#isPutOff = this.#env.postpone(this);
    if (this.#isPutOff) return 0;
    const result = this.#env.binding.streamRead(this.#handle, view);
    // The end without bytes and errors come as events
    this.#isDrained = result < 0;
    if (result < 0) return 0;
    this.#hasRead = true;
    if ((result & StreamStatus.readFin) !== 0) this.#isFinRead = true;
    if ((result & StreamStatus.readApart) !== 0) {
      // A pipe that was to pass this chunk only would have taken the next one before it is told
      this.#isResting = true;
      setImmediate(endRest, this);
    }
    return result & lengthMask;
  }

  /**
   * @internal
   */
  public [internals.endRest](): void {
    this.#isResting = false;
    this.#readableSide?.wake();
  }

  /**
   * The event loop has had its turn: a read that waits for that may go on.
   *
   * @internal
   */
  public [internals.resume](): void {
    this.#isPutOff = false;
    this.#readableSide?.wake();
  }

  /**
   * @internal
   */
  public [internals.pulled](): void {
    if (this.#isFinRead) this.#endRead();
  }

  /**
   * Takes all that is left if the peer had finished the stream, before it closed the connection or else. Returns
   * whether it had.
   */
  #readRest(): boolean {
    const chunks: Array<Uint8Array> = [];
    for (;;) {
      const buffer = scratch(largestChunk);
      const result = this.#env.binding.streamRead(this.#handle, buffer);
      if (result < 0) return false;
      const length = result & lengthMask;
      if (length > 0) chunks.push(takeScratch(length));
      if ((result & StreamStatus.readFin) !== 0) break;
    }
    this.#toReadableSide().close(chunks);
    this.#endRead();
    return true;
  }

  /**
   * The FIN of the peer was read.
   */
  #endRead(): void {
    if (this.#_readClosed) return;
    this.#readableSide?.close();
    this.#closeRead(undefined);
  }

  /**
   * The peer sent RESET_STREAM.
   */
  #handleReset(code: number): void {
    if (this.#_readClosed) return;
    const reason = this.#reasonOf('read', code);
    this.#failRead(reason);
    this.#closeRead(
      new ErrorQUICStreamPeerRead('Peer reset the stream', {
        data: { code },
        cause: reason,
      }),
    );
  }

  /**
   * The application cancelled the readable.
   *
   * @internal
   */
  public [internals.stopReading](reason: any): void {
    if (!this.#_readClosed) this.#stopSending(reason);
  }

  #cancelRead(reason: any): void {
    this.#failRead(reason);
    this.#stopSending(reason);
  }

  #stopSending(reason: any): void {
    // The peer gets what was written before it hears of this
    this.#uncork();
    const code = this.#codeOf('read', reason);
    this.#env.binding.streamStopSending(this.#handle, code);
    this.#closeRead(
      new ErrorQUICStreamLocalRead('Closing readable locally', {
        data: { code },
        cause: reason,
      }),
    );
  }

  #failRead(reason: any): void {
    this.#readError = { reason };
    this.#readableSide?.fail(reason);
  }

  #closeRead(
    error:
      | ErrorQUICStreamLocalRead<unknown>
      | ErrorQUICStreamPeerRead<unknown>
      | undefined,
  ): void {
    this.#_readClosed = true;
    this.#emitClose(EventQUICStreamCloseRead, error);
  }

  /**
   * A chunk that has no bytes is refused, and the stream stays as it is.
   *
   * @internal
   */
  public [internals.refuse](chunk: unknown): Error | undefined {
    try {
      toBytes(chunk);
      return undefined;
    } catch (e) {
      return e as Error;
    }
  }

  /**
   * @internal
   */
  public [internals.push](chunk: unknown): Promise<void> | undefined {
    let bytes: Uint8Array;
    try {
      bytes = toBytes(chunk);
    } catch (e) {
      // What a sink throws errors its web stream, but does not abort it
      this.#reset(e);
      throw e;
    }
    if (bytes.byteLength === 0) return undefined;
    if (bytes.byteLength + this.#corkedLength <= corkSize) {
      this.#cork(bytes);
    } else {
      this.#uncork();
      this.#hasWritten = true;
      if (bytes.byteLength > pieceSize) return this.#sendPieces(bytes);
      this.#send(bytes, false);
    }
    return this.#isFull ? this.#waitToWrite() : undefined;
  }

  /**
   * Sends a chunk that is too large to be copied at once, each piece when there is room for it.
   */
  async #sendPieces(bytes: Uint8Array): Promise<void> {
    const length = bytes.byteLength;
    for (let offset = 0; offset < length; offset += pieceSize) {
      // It may have been aborted when there was room
      if (this.#_writeClosed) throw this.#writeError?.reason;
      if (bytes.byteLength !== length) {
        const error = optionError(
          ErrorQUICOptionInvalid,
          'chunk',
          'a buffer that was detached or resized before its write was done',
          'a buffer that stays as it is until then',
        );
        this.#cancelWrite(error);
        throw error;
      }
      this.#send(bytes.subarray(offset, offset + pieceSize), false);
      if (this.#isFull) await this.#waitToWrite();
    }
  }

  /**
   * @internal
   */
  public [internals.finish](): Promise<void> | undefined {
    // A stream that has no sending side, or that was finished by the peer
    if (this.#_writeClosed) return undefined;
    this.#isFinishing = true;
    const bytes = this.#takeCorked();
    if (this.#send(bytes, true) === StreamStatus.writeFinished) {
      this.#closeWrite(undefined);
      return undefined;
    }
    return this.#waitToWrite();
  }

  #waitToWrite(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#writing = { resolve, reject };
    });
  }

  /**
   * The application aborted the writable.
   *
   * @internal
   */
  public [internals.stopWriting](reason: any): void {
    this.#writeError = { reason, isAllSent: false };
    this.#writing?.reject(reason);
    if (!this.#_writeClosed) this.#reset(reason);
  }

  /**
   * Keeps a small write until the end of this turn. The bytes are copied, as the
   * application may use its buffer again.
   */
  #cork(bytes: Uint8Array): void {
    const now = microtask();
    if (this.#corkedAt !== now) this.#uncork();
    if (this.#corked === undefined) {
      this.#corked = takeCork();
      if (!this.#isUncorking) process.nextTick(endTurn, this);
      this.#isUncorking = true;
    }
    // Nothing is added to the first write: what announces the stream is a chunk
    this.#corkedAt = this.#hasWritten ? now : -1;
    this.#hasWritten = true;
    this.#corked.set(bytes, this.#corkedLength);
    this.#corkedLength += bytes.byteLength;
  }

  /**
   * The turn in which something was corked is over.
   *
   * @internal
   */
  public [internals.endTurn](): void {
    this.#isUncorking = false;
    this.#uncork();
  }

  #uncork(): void {
    const bytes = this.#takeCorked();
    if (bytes.byteLength > 0 && !this.#_writeClosed) this.#send(bytes, false);
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
    const result = this.#env.binding.streamWrite(this.#handle, bytes, fin);
    // When nothing can be written any more an event says why, and until then
    // the writer waits
    this.#isFull = result === StreamStatus.writeFull || result < 0;
    if (result < 0 && bytes.byteLength > 0) this.#isWriteLost = true;
    return result;
  }

  /**
   * The peer sent STOP_SENDING.
   *
   * @param lost - how many bytes are not going to be sent
   */
  #handleStopped(code: number, lost: number): void {
    if (this.#_writeClosed) return;
    this.#stopCode = code;
    if (lost > 0) this.#isWriteLost = true;
    // Whoever reads what came before has it first, and may find that there is nothing more to write
    setImmediate(endStopped, this);
  }

  /**
   * The peer reads no more, and what it sent before is with the reader, if there is one.
   *
   * @internal
   */
  public [internals.readBeforeStopped](): void {
    if (this.#stopCode === undefined) return;
    const isBehind =
      this.#isPutOff || this.#isResting || (this.#hasRead && !this.#isDrained);
    if (isBehind && !this.#_readClosed) {
      this.#hasRead = false;
      setImmediate(endStopped, this);
    } else {
      this.#endStopped();
    }
  }

  #endStopped(): void {
    const code = this.#stopCode!;
    this.#stopCode = undefined;
    if (this.#_writeClosed) return;
    if (this.#isFinishing && !this.#isWriteLost) {
      // The peer has all that there was to send
      this.#writing?.resolve();
      this.#closeWrite(undefined);
      return;
    }
    const reason = this.#reasonOf('write', code);
    this.#failWrite(reason, !this.#isWriteLost);
    this.#closeWrite(
      new ErrorQUICStreamPeerWrite('Peer stopped the stream', {
        data: { code },
        cause: reason,
      }),
    );
  }

  #cancelWrite(reason: any): void {
    this.#failWrite(reason);
    this.#reset(reason);
  }

  #reset(reason: any): void {
    // Else the peer would not hear of a stream of which nothing has left yet
    this.#uncork();
    const code = this.#codeOf('write', reason);
    this.#env.binding.streamReset(this.#handle, code);
    this.#closeWrite(
      new ErrorQUICStreamLocalWrite('Closing writable locally', {
        data: { code },
        cause: reason,
      }),
    );
  }

  /**
   * @param isAllSent - whether a writer that has nothing more to write loses nothing by it
   */
  #failWrite(reason: any, isAllSent = false): void {
    this.#writeError = { reason, isAllSent };
    this.#writableSide?.fail(reason, isAllSent);
    this.#writing?.reject(reason);
  }

  #closeWrite(
    error:
      | ErrorQUICStreamLocalWrite<unknown>
      | ErrorQUICStreamPeerWrite<unknown>
      | undefined,
  ): void {
    this.#_writeClosed = true;
    this.#writing = undefined;
    this.#takeCorked();
    this.#emitClose(EventQUICStreamCloseWrite, error);
  }

  #emitClose(
    EventClose:
      | typeof EventQUICStreamCloseRead
      | typeof EventQUICStreamCloseWrite,
    error: any,
  ): void {
    const targets = [this, ...this.#connection[internals.targets]];
    if (error !== undefined) {
      this.#errorFirst ??= error;
      emit(targets, EventQUICStreamError, { detail: error });
    }
    emit(targets, EventClose, { detail: error });
    if (this.closed && !this.#isDestroyed) this.#end();
  }

  /**
   * Both sides are closed.
   */
  #end(): void {
    const targets = [this, ...this.#connection[internals.targets]];
    this.#connection[internals.logStream]('Destroy', this);
    this[internals.setStatus]('destroying');
    emit(targets, EventQUICStreamDestroy, {});
    this.#isDestroyed = true;
    this.#env.unregister(this.#handle);
    this[internals.giveBack]();
    this.#connection[internals.streamDestroyed](this, this.#errorFirst);
    this.#_opened?.resolve();
    this.#resolveClosedP?.();
    emit(targets, EventQUICStreamDestroyed, {});
    this[internals.setStatus](null);
    this.#connection[internals.logStream]('Destroyed', this);
  }

  /**
   * The peer may open another stream.
   *
   * @internal
   */
  public override [internals.giveBack](): void {
    if (
      this.initiated === 'local' ||
      !this.#isDestroyed ||
      this[internals.isQueued]
    )
      return;
    this.#env.binding.streamRelease(this.#handle);
  }

  #codeOf(type: 'read' | 'write', reason: any): number {
    return codeOfReason(
      this.#reasonToCode,
      type,
      reason,
      () => this.#connection[internals.loggerOfStreams],
    );
  }

  #reasonOf(type: 'read' | 'write', code: number): any {
    const otherwise = () => {
      const reason = new Error(`${type} ${code}`);
      if (code === 0) withoutFailure.add(reason);
      return reason;
    };
    if (this.#codeToReason === undefined) return otherwise();
    try {
      return this.#codeToReason(type, code);
    } catch {
      return otherwise();
    }
  }
}

function endTurn(stream: QUICStream): void {
  stream[internals.endTurn]();
}

function endRest(stream: QUICStream): void {
  stream[internals.endRest]();
}

function endStopped(stream: QUICStream): void {
  stream[internals.readBeforeStopped]();
}

// Counts microtasks, as far as anybody asks: a writer that waits for a write goes on in a later one
let microtasks = 0;
let isCounting = false;

function microtask(): number {
  if (!isCounting) {
    isCounting = true;
    queueMicrotask(endMicrotask);
  }
  return microtasks;
}

function endMicrotask(): void {
  isCounting = false;
  microtasks++;
}

// Memory for small writes, which are all sent before the turn ends: it is used from the start
// again as soon as none is left
const corks = { memory: new Uint8Array(64 * corkSize), used: 0, left: 0 };

/**
 * Memory to keep small writes of one stream in until it is given back.
 */
function takeCork(): Uint8Array {
  corks.left++;
  const end = corks.used + corkSize;
  if (end > corks.memory.byteLength) return new Uint8Array(corkSize);
  const cork = corks.memory.subarray(corks.used, end);
  corks.used = end;
  return cork;
}

/**
 * Its content is used at once.
 */
function returnCork(): void {
  if (--corks.left === 0) corks.used = 0;
}

const largestChunk = 64 * 1024;
let scratchBuffer = Buffer.allocUnsafeSlow(largestChunk);

/**
 * Memory to read into for readers that bring none. It is shared, as its content is
 * taken before anyone else can ask.
 */
function scratch(chunkSize: number): Uint8Array {
  return scratchBuffer.subarray(0, Math.min(chunkSize, largestChunk));
}

/**
 * The first bytes of the scratch memory, in a buffer of their own.
 */
function takeScratch(length: number): Buffer {
  if (length < largeChunkSize) return copyBuffer(scratchBuffer, 0, length);
  const chunk = scratchBuffer.subarray(0, length);
  scratchBuffer = Buffer.allocUnsafeSlow(largestChunk);
  return chunk;
}

// That of quic-go
const defaultPriority: StreamPriority = { urgency: 3, incremental: true };

export default QUICStream;
