import { Duplex } from 'node:stream';
import { destroyed } from '@matrixai/async-init/utils.js';
import { environment } from './internal/engine/Environment.js';
import { isOrderly } from './internal/errors/isOrderly.js';
import { ErrorQUICStreamDestroyed } from './internal/errors/stream.js';
import * as internals from './internal/internals.js';
import { abortable, reasonOf } from './internal/lifecycle/abort.js';
import { nextTick } from './internal/lifecycle/turns.js';
import SidedStream from './internal/stream/SidedStream.js';
import type { AbortOptions } from './internal/types/abort.js';
import type { ConnectionClass } from './internal/types/classes.js';
import type { Options } from './internal/types/common.js';
import type { ConnectionMetadata } from './internal/types/connection.js';
import type { StreamPriority } from './internal/types/stream.js';
import type { ReadableBytes, WritableBytes } from './internal/types/streams.js';
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

/**
 * A QUIC stream (RFC 9000 section 2). Connections make them.
 *
 * `readable` and `writable` are web streams with backpressure: a reader that does not read holds up
 * the peer's writer. Each side ends on its own; the stream is destroyed once both have.
 *
 * `node:diagnostics_channel` has `matrixai.quic.stream.open` and `matrixai.quic.stream.close` for
 * all streams of the thread, see `QUICStreamMessage`.
 */
class QUICStream extends SidedStream {
  #_priority = defaultPriority;

  /**
   * The bytes that the peer sends. If this end opened the stream as unidirectional, this side is
   * closed.
   *
   * Its chunks are `Buffer`s in Node.js. They are typed as `Uint8Array`, because not all projects
   * can assign a stream of the one to a stream of the other. A reader that brings a buffer (BYOB)
   * gets views of it. Where a chunk ends means nothing.
   *
   * Cancelling it sends STOP_SENDING with the code of the reason.
   */
  public get readable(): ReadableBytes {
    return this[internals.receive].face.stream as ReadableBytes;
  }

  /**
   * The bytes to send. If the peer opened the stream as unidirectional, this side is closed.
   *
   * Aborting it sends RESET_STREAM with the code of the reason. A write is done when the bytes are
   * queued, not when they have arrived. A chunk of up to 16 MiB is copied at once. A larger one is
   * queued in pieces: its buffer must stay as it is until the write is done.
   */
  public get writable(): WritableBytes {
    return this[internals.send].face.stream as WritableBytes;
  }

  /** The connection of the stream. */
  public get connection(): ConnectionClass {
    return this[internals.owner].connection;
  }

  /**
   * Addresses and certificates of the connection.
   */
  public get meta(): ConnectionMetadata {
    return this[internals.owner].meta();
  }

  /**
   * The order in which the streams of the connection send.
   */
  public get priority(): StreamPriority {
    return { ...this.#_priority };
  }

  /**
   * Changes the order of sending (RFC 9218 section 4), from now on: a stream with a lower `urgency`
   * is sent before others. The peer is not told; it decides itself on the order of what it sends.
   *
   * @param priority - what is left out stays as it is
   *
   * @throws {errors.ErrorQUICOptionInvalid}
   */
  public setPriority(priority: Options<StreamPriority>): void {
    validatePriority(priority);
    checkNames(priority, priorityNames, this[internals.owner].logger);
    const { urgency, incremental } = this.#_priority;
    this.#_priority = {
      urgency: priority.urgency ?? urgency,
      incremental: priority.incremental ?? incremental,
    };
    environment().binding.streamSetPriority(
      this[internals.handle],
      this.#_priority.urgency,
      this.#_priority.incremental,
    );
  }

  /**
   * Delivers the bytes of all writes that are done, even if the writable is aborted or the stream
   * destroyed later (RESET_STREAM_AT, draft-ietf-quic-reliable-stream-reset). It does nothing if
   * the peer does not support that. A later call covers what was written since.
   */
  public commit(): void {
    if (this[internals.send].isOver) return;
    this[internals.send].flush();
    environment().binding.streamCommit(this[internals.handle]);
  }

  /**
   * Makes a `Duplex` of Node.js over both sides, and locks them. Destroying it with an error
   * cancels the readable and aborts the writable. One side of a unidirectional stream has ended
   * from the start. When the connection ends in an orderly way ({@link errors.isOrderly}), the
   * `Duplex` closes without an error, as a `net.Socket` does.
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
   * @param opts.force - whether to cancel both sides instead of waiting for them to end, defaults
   * to `true`
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
    checkNames(opts, destroyStreamNames, this[internals.owner].logger);
    const { force = true, signal } = opts;
    const { reason = new ErrorQUICStreamDestroyed() } = opts;
    validateBoolean(force, 'force');
    await abortable(signal, () => this.#destroyNow(force, reason));
  }

  async #destroyNow(force: boolean, reason: any): Promise<void> {
    if (this[destroyed]) return;
    if (force) {
      // A close() or cancel() that was called just now is passed on by a promise
      await nextTick();
      this[internals.receive].fail(reason);
      if (this[internals.send].state !== 'finishing')
        this[internals.send].abort(reason);
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
   * Cancels the readable and aborts the writable, unless they are closed.
   *
   * @param reason - what local readers and writers get, defaults to an
   * `ErrorQUICStreamDestroyed`; the peer gets its code
   */
  public cancel(reason: any = new ErrorQUICStreamDestroyed()): void {
    this[internals.receive].fail(reason);
    this[internals.send].abort(reason);
  }
}

// That of quic-go
const defaultPriority: StreamPriority = { urgency: 3, incremental: true };

export default QUICStream;
