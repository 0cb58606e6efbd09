import QUICStream from '../../QUICStream.js';
import type { BindingError } from '../engine/binding.js';
import { decodeClose } from '../engine/layout.js';
import { BindingErrorKind } from '../engine/shared.js';
import { ErrorQUICConnectionInternal } from '../errors/close.js';
import { ErrorQUICConnectionStopping } from '../errors/connection.js';
import { EventQUICConnectionStream } from '../events/connection.js';
import { emit, type Target } from '../events/emit.js';
import * as internals from '../internals.js';
import { attempt } from '../lifecycle/turns.js';
import * as channels from '../log/channels.js';
import type Log from '../log/Log.js';
import StreamCodes from '../stream/StreamCodes.js';
import type { StreamOwner } from '../stream/StreamOwner.js';
import type { StreamEnd } from '../stream/StreamSides.js';
import type { ConnectionClass } from '../types/classes.js';
import type { PromiseDeconstructed } from '../types/common.js';
import type { QUICConfig } from '../types/config.js';
import type { ConnectionMetadata } from '../types/connection.js';
import type {
  StreamCodeToReason,
  StreamId,
  StreamReasonToCode,
} from '../types/stream.js';
import { promise } from '../utils/flow.js';
import type ConnectionState from './ConnectionState.js';

/**
 * The streams of a connection.
 */
class ConnectionStreams implements StreamOwner<QUICStream> {
  /** Those that have their ID. */
  readonly map: Map<StreamId, QUICStream> = new Map();
  readonly codes: StreamCodes;

  readonly #state: ConnectionState;
  #logger?: Log;
  /** Also those that wait for the peer's limit, which have no ID yet. */
  #all: Set<QUICStream> = new Set();
  /** Streams of the peer that came when nobody listened, also those that have ended since. */
  #unheard: Set<QUICStream> = new Set();
  #ending?: PromiseDeconstructed<void>;
  /** Whether streams that the peer opens are refused. */
  #isRefusing = false;

  constructor(
    state: ConnectionState,
    reasonToCode: StreamReasonToCode | undefined,
    codeToReason: StreamCodeToReason | undefined,
  ) {
    this.#state = state;
    this.codes = new StreamCodes(reasonToCode, codeToReason, () => this.logger);
  }

  get connection(): ConnectionClass {
    return this.#state.connection;
  }

  get config(): QUICConfig {
    return this.#state.config;
  }

  get targets(): Array<Target> {
    return this.#state.targets;
  }

  get logger(): Log {
    this.#logger ??= this.#state.logger.getChild(QUICStream.name);
    return this.#logger;
  }

  /** How many there are, with those that have no ID yet. */
  get size(): number {
    return this.#all.size;
  }

  meta(): ConnectionMetadata {
    return this.#state.connection.meta();
  }

  /** Opens a stream. */
  open(type: 'bidi' | 'uni'): QUICStream {
    const handle = this.#openInEngine(type);
    return this.#add(handle, openedId[0], type, 'local');
  }

  /** The peer has opened a stream. */
  handleStream(handle: number, streamId: number): void {
    if (this.#isRefusing) {
      this.#refuse(handle);
      return;
    }
    // The second lowest bit is the type (RFC 9000 section 2.1)
    const type = (streamId & 2) === 0 ? 'bidi' : 'uni';
    const stream = this.#add(handle, streamId, type, 'peer');
    if (!emit(this.targets, EventQUICConnectionStream, { detail: stream })) {
      stream[internals.enqueued]();
      this.#unheard.add(stream);
    }
  }

  /** Takes out the streams that came when nobody listened. */
  takeUnheard(): Array<QUICStream> {
    const streams = [...this.#unheard];
    this.#unheard.clear();
    return streams;
  }

  /** Refuses streams that the peer opens from now on. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /** Resolves once all have ended, or nobody is to wait for them any more. */
  async ended(): Promise<void> {
    if (this.#all.size === 0) return;
    this.#ending ??= promise();
    await this.#ending.p;
  }

  /** Lets nobody wait for the end of streams any more. */
  endWait(): void {
    this.#ending?.resolveP();
  }

  /** Cancels all. */
  cancel(reason: any): void {
    for (const stream of this.#all) stream.cancel(reason);
  }

  /** Has the engine reset what was not closed. */
  abandon(): void {
    for (const stream of this.#all) stream[internals.abandon]();
  }

  /** The server took no early data: what was sent on streams that are open is lost. */
  rejectEarlyData(error: StreamEnd): void {
    for (const stream of this.#all) {
      // The others still wait to be opened
      if (stream.streamId >= 0) stream[internals.connectionClosed](error);
    }
  }

  connectionClosed(error: StreamEnd): void {
    for (const stream of this.#all) {
      attempt(() => stream[internals.connectionClosed](error));
    }
  }

  opened(stream: QUICStream): void {
    this.map.set(stream.streamId, stream);
    this.log('Created', stream);
    if (channels.streamOpen.hasSubscribers) {
      channels.streamOpen.publish({ connection: this.connection, stream });
    }
  }

  destroyed(stream: QUICStream, error: Error | undefined): void {
    this.#all.delete(stream);
    this.map.delete(stream.streamId);
    // Nobody has missed it
    if (error !== undefined && this.#unheard.delete(stream))
      stream[internals.dequeued]();
    if (channels.streamClose.hasSubscribers && stream.streamId >= 0) {
      const { connection } = this;
      channels.streamClose.publish({ connection, stream, error });
    }
    if (this.#all.size === 0) this.endWait();
  }

  log(what: string, stream: QUICStream): void {
    if (this.logger.isSilent) return;
    const id = stream.streamId < 0 ? '' : ` ${stream.streamId}`;
    attempt(() => this.logger.debug(`${what} ${stream.constructor.name}${id}`));
  }

  #add(
    handle: number,
    streamId: number,
    type: 'bidi' | 'uni',
    initiated: 'local' | 'peer',
  ): QUICStream {
    const stream = new QUICStream({
      handle,
      streamId,
      type,
      initiated,
      owner: this,
    });
    this.#all.add(stream);
    this.log('Create', stream);
    if (streamId >= 0) this.opened(stream);
    return stream;
  }

  /**
   * Gives up a stream that the peer opened after a stop began.
   */
  #refuse(handle: number): void {
    const { binding } = this.#state.env;
    const reason = new ErrorQUICConnectionStopping();
    const code = this.codes.codeOf('read', reason);
    binding.streamStopSending(handle, code);
    // Of a unidirectional stream this has no effect
    binding.streamReset(handle, this.codes.codeOf('write', reason));
    binding.streamRelease(handle);
  }

  #openInEngine(type: 'bidi' | 'uni'): number {
    const { env, handle } = this.#state;
    try {
      return env.binding.connectionOpenStream(handle, type === 'uni', openedId);
    } catch (e) {
      const { kind, message } = e as BindingError;
      if (kind !== BindingErrorKind.Closed && kind !== BindingErrorKind.Stale) {
        throw new ErrorQUICConnectionInternal(message);
      }
      // The event that tells of it is on its way
      const close = decodeClose(env.binding.connectionCloseReason(handle));
      if (close !== undefined) {
        const { kind, code, reason } = close;
        this.#state.errorComing ??= this.#state.toError(kind, code, reason);
      }
      throw this.#state.closedError();
    }
  }
}

// Where the engine writes the ID of a stream that it opens
const openedId = new Float64Array(1);

export default ConnectionStreams;
