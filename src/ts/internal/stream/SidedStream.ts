import { destroyed } from '@matrixai/async-init/utils.js';
import { environment } from '../engine/Environment.js';
import { EventKind } from '../engine/shared.js';
import {
  ErrorQUICConnectionPeer,
  ErrorQUICConnectionPeerTLS,
} from '../errors/close.js';
import { emit } from '../events/emit.js';
import {
  EventQUICStreamCloseRead,
  EventQUICStreamCloseWrite,
  EventQUICStreamDestroy,
  EventQUICStreamDestroyed,
  EventQUICStreamError,
  type QUICStreamEvents,
} from '../events/stream.js';
import * as internals from '../internals.js';
import Lifecycle from '../lifecycle/Lifecycle.js';
import { attempt } from '../lifecycle/turns.js';
import type { PromiseDeconstructed } from '../types/common.js';
import type { StreamId } from '../types/stream.js';
import { promise } from '../utils/flow.js';
import ReceiveSide from './ReceiveSide.js';
import SendSide from './SendSide.js';
import type StreamCodes from './StreamCodes.js';
import type { StreamOwner } from './StreamOwner.js';
import type { StreamEnd, StreamSides } from './StreamSides.js';

export type StreamOptions = {
  handle: number;
  /** -1 while the stream waits for the peer's limit. */
  streamId: number;
  type: 'bidi' | 'uni';
  initiated: 'local' | 'peer';
  owner: StreamOwner<SidedStream>;
};

/**
 * The two sides of a stream, and the life of it: it is destroyed once both have ended.
 */
abstract class SidedStream extends Lifecycle<QUICStreamEvents> {
  /** Whether both ends send, or only the one that opened it. */
  public readonly type: 'bidi' | 'uni';
  /** Which end opened it. */
  public readonly initiated: 'local' | 'peer';

  /** @internal */
  public readonly [internals.handle]: number;
  /** @internal */
  public readonly [internals.owner]: StreamOwner<SidedStream>;
  /** @internal */
  public readonly [internals.receive]: ReceiveSide;
  /** @internal */
  public readonly [internals.send]: SendSide;

  #_streamId: number;
  #opening?: PromiseDeconstructed<void>;
  #closing?: PromiseDeconstructed<void>;
  /** Why a side ended before its time. */
  #errorFirst?: Error;
  #isDestroyed = false;

  /**
   * @internal
   */
  public constructor({
    handle,
    streamId,
    type,
    initiated,
    owner,
  }: StreamOptions) {
    super();
    this[internals.handle] = handle;
    this.#_streamId = streamId;
    this.type = type;
    this.initiated = initiated;
    this[internals.owner] = owner;
    const isUni = type === 'uni';
    this[internals.receive] = new ReceiveSide(
      this,
      isUni && initiated === 'local',
    );
    this[internals.send] = new SendSide(this, isUni && initiated === 'peer');
    environment().register(handle, this);
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
    this.#opening ??= promise();
    return this.#opening.p;
  }

  /**
   * Whether nothing more can be read: it was all read, or either side gave up.
   */
  public get readClosed(): boolean {
    return this[internals.receive].state !== 'open';
  }

  /**
   * Whether nothing more can be written: it was closed and handed to the transport, or either side
   * gave up.
   */
  public get writeClosed(): boolean {
    return this[internals.send].isOver;
  }

  /** Whether both sides are closed. */
  public get closed(): boolean {
    return this.readClosed && this.writeClosed;
  }

  /**
   * Resolves once both sides are closed, however they ended.
   */
  public get closedP(): Promise<void> {
    if (this.#closing === undefined) {
      this.#closing = promise();
      if (this.#isDestroyed) this.#closing.resolveP();
    }
    return this.#closing.p;
  }

  /** Whether the stream is destroyed. */
  public get [destroyed](): boolean {
    return this.#isDestroyed;
  }

  /**
   * Has the engine reset what was not closed, as the connection is about to close, with whose error
   * this end of the stream will end.
   *
   * @internal
   */
  public [internals.abandon](): void {
    this[internals.send].abandon();
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
    attempt(() => this[internals.send].endStopped());
    attempt(() => this[internals.receive].connectionClosed(error, isPeer));
    attempt(() => this[internals.send].connectionClosed(error, isPeer));
  }

  /**
   * @internal
   */
  public [internals.handleEngineEvent](
    kind: number,
    a: number,
    b: number,
  ): void {
    switch (kind) {
      case EventKind.StreamReadable:
        this[internals.receive].wake();
        break;
      case EventKind.StreamWritable:
        this[internals.send].handleRoom();
        break;
      case EventKind.StreamEnded:
        this[internals.receive].finish();
        break;
      case EventKind.StreamArrived:
        this[internals.receive].takeRest();
        break;
      case EventKind.StreamReset:
        this[internals.receive].handleReset(a);
        break;
      case EventKind.StreamFinished:
        this[internals.send].handleFinished();
        break;
      case EventKind.StreamStopped:
        this[internals.send].handleStopped(a, b);
        break;
      case EventKind.StreamOpened:
        this.#_streamId = a;
        this[internals.owner].opened(this);
        this.#opening?.resolveP();
        break;
    }
  }

  /** @internal */
  public get [internals.codes](): StreamCodes {
    return this[internals.owner].codes;
  }

  /** @internal */
  public get [internals.chunkSize](): number {
    return this[internals.owner].config.readableChunkSize;
  }

  /** @internal */
  public [internals.flush](): void {
    this[internals.send].flush();
  }

  /** @internal */
  public [internals.isReaderBehind](): boolean {
    return this[internals.receive].isBehind();
  }

  /** @internal */
  public [internals.receiveEnded](
    error: Parameters<StreamSides[typeof internals.receiveEnded]>[0],
  ): void {
    this.#emitClose(EventQUICStreamCloseRead, error);
  }

  /** @internal */
  public [internals.sendEnded](
    error: Parameters<StreamSides[typeof internals.sendEnded]>[0],
  ): void {
    this.#emitClose(EventQUICStreamCloseWrite, error);
  }

  #emitClose(
    EventClose:
      | typeof EventQUICStreamCloseRead
      | typeof EventQUICStreamCloseWrite,
    error: any,
  ): void {
    const targets = [this, ...this[internals.owner].targets];
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
    const targets = [this, ...this[internals.owner].targets];
    this[internals.owner].log('Destroy', this);
    this[internals.setStatus]('destroying');
    emit(targets, EventQUICStreamDestroy, {});
    this.#isDestroyed = true;
    environment().unregister(this[internals.handle]);
    this[internals.giveBack]();
    this[internals.owner].destroyed(this, this.#errorFirst);
    this.#opening?.resolveP();
    this.#closing?.resolveP();
    emit(targets, EventQUICStreamDestroyed, {});
    this[internals.setStatus](null);
    this[internals.owner].log('Destroyed', this);
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
    environment().binding.streamRelease(this[internals.handle]);
  }
}

export default SidedStream;
