import type { ConnectionCloseError } from './internal/connection/closeErrors.js';
import IncomingDatagrams from './internal/datagrams/IncomingDatagrams.js';
import OutgoingDatagrams from './internal/datagrams/OutgoingDatagrams.js';
import { environment } from './internal/engine/Environment.js';
import { DatagramsNumber } from './internal/engine/shared.js';
import type { ErrorQUICConnectionStopping } from './internal/errors/connection.js';
import { ErrorQUICDatagramsDisabled } from './internal/errors/datagrams.js';
import * as internals from './internal/internals.js';
import type { ReadableBytes, WritableBytes } from './internal/types/streams.js';
import { validateHighWaterMark } from './internal/validation/datagrams.js';

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
 * The unreliable datagrams of a connection (RFC 9221), as {@link QUICConnection.datagrams} gives
 * them. The members are named after those of the
 * [`WebTransportDatagramDuplexStream`](https://www.w3.org/TR/webtransport/#duplex-stream) of W3C
 * WebTransport.
 *
 * A datagram arrives whole or not at all, in any order, and at most once. It is encrypted and
 * subject to congestion control like all else, but not sent again when it is lost. Both ends have
 * to set `config.enableDgram`.
 */
class QUICDatagrams {
  readonly #env = environment();
  readonly #handle: number;
  readonly #local: boolean;
  readonly #peer: boolean;
  readonly #reading: IncomingDatagrams;
  readonly #writing: OutgoingDatagrams;
  #incoming: number;
  #outgoing: number;
  /** As the engine said last. */
  #maxSize = 0;
  #dropped = { incoming: 0, outgoing: 0 };
  /** Whether the connection has ended. */
  #hasEnded = false;

  /**
   * @internal
   */
  public constructor(opts: DatagramsOptions) {
    this.#handle = opts.handle;
    this.#local = opts.local;
    this.#peer = opts.peer;
    this.#incoming = opts.incomingHighWaterMark;
    this.#outgoing = opts.outgoingHighWaterMark;
    this.#reading = new IncomingDatagrams(opts.handle);
    this.#writing = new OutgoingDatagrams(opts.handle, this);
  }

  /**
   * The datagrams that arrive. Each chunk is one datagram, which may be empty, and is a `Buffer`,
   * as the chunks of {@link QUICStream.readable} are. Datagrams that arrive before the first reader
   * are kept: see {@link QUICDatagrams.incomingHighWaterMark}.
   *
   * When either end closes the connection with application code 0, it closes after all datagrams
   * that have arrived are read. When the connection ends otherwise, it errors with the error of the
   * connection. If this end did not enable datagrams, none arrive. After `cancel()` datagrams are
   * dropped and not counted.
   *
   * It is no byte stream: datagrams do not run into each other, so there are no readers with
   * buffers of their own (BYOB).
   */
  public get readable(): ReadableBytes {
    return this.#reading.face.stream as ReadableBytes;
  }

  /**
   * The datagrams to send. Each chunk is one: a `Uint8Array`, another view or an `ArrayBuffer` of
   * up to {@link QUICDatagrams.maxDatagramSize} bytes. The application can use its buffer again at
   * once.
   *
   * A `write` is fulfilled when the datagram is queued and there is room for another one, see
   * {@link QUICDatagrams.outgoingHighWaterMark}. It rejects, while the writable can be used
   * as before,
   * - with {@link errors.ErrorQUICDatagramsTooLarge} when the datagram does not fit into a packet;
   * - with {@link errors.ErrorQUICOptionInvalid} when the chunk is no datagram.
   *
   * All writes reject with {@link errors.ErrorQUICDatagramsDisabled} when either end did not enable
   * datagrams, with {@link errors.ErrorQUICConnectionStopping} when they come after a graceful stop
   * of the connection has waited for its streams, and with the error of the connection when that
   * has ended.
   *
   * A pipe would end with its first error: a datagram that comes through `pipeTo` and is too large
   * is dropped instead, and counted by {@link QUICDatagrams.droppedOutgoing}.
   */
  public get writable(): WritableBytes {
    if (!this.#local || !this.#peer) {
      this.#writing.fail(disabledError(this.#local, this.#peer));
    }
    return this.#writing.face.stream as WritableBytes;
  }

  /**
   * Size in bytes of the largest datagram that fits into a packet now. It grows when larger packets
   * turn out to pass. It is 0 if either end did not enable datagrams (RFC 9221 section 3), and
   * after the connection has ended.
   */
  public get maxDatagramSize(): number {
    this.#refresh();
    return this.#maxSize;
  }

  /**
   * How many datagrams are kept until they are read. When more arrive, the oldest are dropped, and
   * counted by {@link QUICDatagrams.droppedIncoming}. Initially `config.enableDgram[1]`, by default
   * 1024.
   */
  public get incomingHighWaterMark(): number {
    return this.#incoming;
  }

  /**
   * An integer from 1 to 2^31 - 1. The oldest datagrams that are beyond a lower number are dropped
   * at once.
   *
   * @throws {errors.ErrorQUICOptionInvalid} when it is set to something else
   */
  public set incomingHighWaterMark(value: number) {
    this.#incoming = validateHighWaterMark(value, 'incomingHighWaterMark');
    this.#env.binding.datagramsSetIncomingHighWaterMark(this.#handle, value);
  }

  /**
   * How many datagrams may be queued before writes wait. Writes go on when half of them have left.
   * With 1, each write waits for its own datagram. A long queue keeps the connection busy; a short
   * one holds younger datagrams. Up to 32 more wait to be put into packets. Initially
   * `config.enableDgram[2]`, by default 256.
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
   * Number of datagrams that arrived and were dropped: too many newer ones arrived before they were
   * read.
   */
  public get droppedIncoming(): number {
    this.#refresh();
    return this.#dropped.incoming;
  }

  /**
   * Number of datagrams that were written and then dropped because no packet had room for them: too
   * large ones of pipes, and those that were queued when packets became smaller. Datagrams that the
   * network loses do not count, nor do those that are queued when the connection ends.
   */
  public get droppedOutgoing(): number {
    this.#refresh();
    return this.#dropped.outgoing + this.#writing.droppedTooLarge;
  }

  /**
   * @internal
   */
  public [internals.handleReadable](): void {
    this.#reading.handleReadable();
  }

  /**
   * @internal
   */
  public [internals.handleWritable](): void {
    this.#writing.handleWritable();
  }

  /**
   * Lets nothing more be written. Resolves once the engine has what was.
   *
   * @internal
   */
  public async [internals.stop](
    error: ErrorQUICConnectionStopping<unknown>,
  ): Promise<void> {
    await this.#writing.stop(error);
  }

  /**
   * @internal
   */
  public [internals.connectionClosed](error: ConnectionCloseError): void {
    const { isApp, errorCode } = error.data;
    this.#reading.connectionClosed(error, isApp === true && errorCode === 0);
    this.#refresh();
    this.#hasEnded = true;
    this.#maxSize = 0;
    this.#writing.connectionClosed(error);
  }

  /**
   * Asks the engine for its numbers, as long as it has some.
   */
  #refresh(): void {
    if (this.#hasEnded || !this.#local) return;
    this.#env.binding.datagramsStats(this.#handle, numbers);
    this.#maxSize = numbers[DatagramsNumber.maxSize];
    this.#dropped.incoming = numbers[DatagramsNumber.droppedIncoming];
    this.#dropped.outgoing = numbers[DatagramsNumber.droppedOutgoing];
  }
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

// Where the engine writes the maximum size and how many were dropped
const numbers = new Float64Array(DatagramsNumber.count);

export default QUICDatagrams;
