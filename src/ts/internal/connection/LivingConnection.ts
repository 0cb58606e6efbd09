import { running, status } from '@matrixai/async-init/utils.js';
import type { ContextTimedInput } from '@matrixai/contexts';
import type QUICDatagrams from '../../QUICDatagrams.js';
import type QUICSocket from '../../QUICSocket.js';
import type QUICStream from '../../QUICStream.js';
import { EventKind } from '../engine/shared.js';
import {
  EventQUICConnectionStart,
  EventQUICConnectionStarted,
} from '../events/connection.js';
import { emit, type Target } from '../events/emit.js';
import * as internals from '../internals.js';
import { abortable } from '../lifecycle/abort.js';
import { attempt } from '../lifecycle/turns.js';
import * as channels from '../log/channels.js';
import type Log from '../log/Log.js';
import type { RemoteInfo } from '../types/address.js';
import type { ConnectionClass } from '../types/classes.js';
import type { ConnectionErrorCode } from '../types/codes.js';
import type { CloseOptions, ConnectionStats } from '../types/connection.js';
import type {
  StreamCodeToReason,
  StreamId,
  StreamReasonToCode,
} from '../types/stream.js';
import { validateCodeArgs } from '../validation/close.js';
import type { CompleteConfig } from '../validation/config.js';
import { checkNames, closeNames } from '../validation/optionNames.js';
import Closing from './Closing.js';
import ConnectionState from './ConnectionState.js';
import ConnectionStreams from './ConnectionStreams.js';
import type { ConnectionCloseError } from './closeErrors.js';
import DescribedConnection from './DescribedConnection.js';
import { type Description, decodeDescription } from './Description.js';
import Handshake from './Handshake.js';
import Migration from './Migration.js';

export type ConnectionOptions = {
  config: CompleteConfig;
  socket: QUICSocket;
  reasonToCode?: StreamReasonToCode;
  codeToReason?: StreamCodeToReason;
  logger: Log;
} & (
  | { type: 'server'; handle: number; description: Description }
  | {
      type: 'client';
      remoteInfo: RemoteInfo;
      serverName: string;
      session?: Uint8Array;
      minIdleTimeout?: number;
      /** Whether it is no failure of anybody if its handshake does not complete. */
      isOneOfSeveral?: boolean;
    }
);

/**
 * The life of a connection: it starts, stops, and always ends with an error.
 */
abstract class LivingConnection extends DescribedConnection {
  /** @internal */
  public abstract stats(): ConnectionStats;
  /** @internal */
  public abstract get datagrams(): QUICDatagrams;

  /** Which end of the connection this is. */
  public readonly type: 'client' | 'server';

  /**
   * Resolves once the connection is closed, for whatever reason.
   */
  public readonly closedP: Promise<void>;

  /**
   * Resolves once the handshake is complete. Without early data (0-RTT) it is complete from the
   * start. The peer is there and verified then, and nobody repeats bytes that he recorded. Rejects
   * with the error of the connection if that ends before.
   */
  public readonly handshakeCompletedP: Promise<void>;

  /**
   * The streams that are open, by their ID.
   */
  public readonly streamMap: Map<StreamId, QUICStream>;

  /** @internal */
  public readonly [internals.state]: ConnectionState;
  /** @internal */
  public readonly [internals.handshake]: Handshake;
  /** @internal */
  public readonly [internals.streams]: ConnectionStreams;
  /** @internal */
  public readonly [internals.migration]: Migration;
  /** @internal */
  public readonly [internals.closing]: Closing;

  /** Whether it is no failure of anybody if the handshake does not complete. */
  readonly #isOneOfSeveral: boolean;
  #starting?: Promise<void>;

  /**
   * @internal
   */
  public constructor(opts: ConnectionOptions) {
    super();
    this.type = opts.type;
    const client = opts.type === 'client' ? opts : undefined;
    const { config, socket, logger, reasonToCode, codeToReason } = opts;
    const serverName = client?.serverName ?? '';
    const state = new ConnectionState(
      this as unknown as ConnectionClass,
      config,
      socket,
      logger,
      serverName,
    );
    this[internals.state] = state;
    this.#isOneOfSeveral = client?.isOneOfSeveral === true;
    this[internals.streams] = new ConnectionStreams(
      state,
      reasonToCode,
      codeToReason,
    );
    this.streamMap = this[internals.streams].map;
    this[internals.handshake] = new Handshake(
      state,
      this[internals.streams],
      client?.session,
      client?.minIdleTimeout,
    );
    this.handshakeCompletedP = this[internals.handshake].completed;
    this[internals.migration] = new Migration(state);
    this[internals.closing] = new Closing(
      state,
      this[internals.streams],
      this.#isOneOfSeveral,
    );
    this.closedP = this[internals.closing].closedP;
    if (opts.type === 'server') {
      state.setHandle(opts.handle);
      this[internals.handshake].establish(opts.description);
    } else {
      state.remoteInfo = opts.remoteInfo;
    }
  }

  /** Whether the connection is closed, for whatever reason. */
  public get closed(): boolean {
    return this[internals.state].isClosed;
  }

  /** Whether the connection is open for streams, or is stopping. */
  public get [running](): boolean {
    return this[internals.state].isRunning;
  }

  /**
   * Makes the open connection keep the process alive, as it does by default.
   */
  public ref(): this {
    const state = this[internals.state];
    state.isHolding = true;
    if (state.handle !== 0 && !state.isClosed) {
      state.socket[internals.hold](this);
    }
    return this;
  }

  /**
   * Lets the process end although the connection is open.
   */
  public unref(): this {
    this[internals.state].isHolding = false;
    this[internals.state].socket[internals.release](this);
    return this;
  }

  /**
   * Completes the handshake. Servers and clients call it before they hand the connection out: for
   * an application it resolves at once. A closed connection cannot be started again.
   *
   * @param _opts - ignored: the engine gets the packets from the socket
   * @param ctx
   * @param ctx.timer - ignored
   * @param ctx.signal - gives up the handshake when it aborts
   *
   * @throws {errors.ErrorQUICConnectionClosed}
   */
  public async start(
    _opts?: object,
    ctx?: {
      timer?: ContextTimedInput['timer'] | undefined;
      signal?: AbortSignal | undefined;
    },
  ): Promise<void> {
    const state = this[internals.state];
    if (state.isRunning) return;
    if (state.isClosed) throw state.closedError();
    this.#starting ??= this.#startNow(ctx?.signal);
    await this.#starting;
  }

  /**
   * Closes the connection.
   *
   * With `force: false` it first waits until running streams have ended and datagrams are sent. New
   * streams of the peer are refused meanwhile, with the code of an `ErrorQUICConnectionStopping`. A
   * stop with `force` ends that wait, as {@link QUICConnection.destroyStreams} does.
   *
   * It then delivers all that was written to closed writers: it waits until the peer acknowledges
   * that, or is silent for three probe timeouts (RFC 9002 section 6.2.1). Streams that have arrived
   * whole can be read later; it does not wait for them.
   *
   * @param opts - the code and reason that the other end gets, and whether to wait for streams
   */
  public async stop(opts: CloseOptions = {}): Promise<void> {
    validateCodeArgs(opts);
    checkNames(opts, closeNames, this[internals.state].logger);
    await abortable(opts.signal, async () => {
      if (opts.force !== false) this[internals.overtake](opts);
      if (this[status] === 'starting') await this.#starting?.catch(() => {});
      await this[internals.closing].stop(opts);
    });
  }

  /**
   * Ends the handshake of a client with a transport error code.
   *
   * @internal
   */
  public async [internals.giveUp](code: ConnectionErrorCode): Promise<void> {
    await this[internals.closing].giveUp(code);
  }

  /**
   * Makes a graceful stop close now, with these codes.
   *
   * @internal
   */
  public [internals.overtake](opts: CloseOptions = {}): void {
    this[internals.closing].overtake(opts);
  }

  /**
   * Closes the connection, for `await using`. Streams that have not ended are cancelled.
   */
  public async [Symbol.asyncDispose](): Promise<void> {
    await this.stop({ force: true });
  }

  /**
   * Starts to emit the streams of the peer, and the end of the connection.
   *
   * @internal
   */
  public [internals.acceptStreams](): void {
    const { env, handle } = this[internals.state];
    env.binding.connectionAccept(handle);
  }

  /**
   * Where events of this connection and its streams are emitted.
   *
   * @internal
   */
  public get [internals.targets](): Array<Target> {
    return this[internals.state].targets;
  }

  /**
   * Whose listeners hear of the connection too.
   *
   * @internal
   */
  public [internals.setOwner](owner: Target): void {
    this[internals.state].owner = owner;
  }

  /**
   * @internal
   */
  public [internals.handleEngineEvent](
    kind: number,
    a: number,
    b: number,
    data: Uint8Array,
  ): void {
    const state = this[internals.state];
    switch (kind) {
      case EventKind.ConnectionStream:
        this[internals.streams].handleStream(a, b);
        break;
      case EventKind.DatagramsReadable:
        state.datagrams?.[internals.handleReadable]();
        break;
      case EventKind.DatagramsWritable:
        state.datagrams?.[internals.handleWritable]();
        break;
      case EventKind.ConnectionEstablished:
        this[internals.handshake].establish(decodeDescription(data));
        break;
      case EventKind.ConnectionHandshake:
        this[internals.handshake].complete(decodeDescription(data), a === 1);
        break;
      case EventKind.ConnectionSession:
        this[internals.handshake].handleSession();
        break;
      case EventKind.ConnectionVerify:
        void this[internals.handshake].verify(b);
        break;
      case EventKind.ConnectionMigrated:
        this[internals.migration].handleMigrated(a, data);
        break;
      case EventKind.ConnectionPath:
        this[internals.migration].changePath(
          decodeDescription(state.env.binding.connectionDescribe(state.handle)),
        );
        break;
      case EventKind.ConnectionDrained:
        this[internals.closing].handleDrained(a === 1);
        break;
      case EventKind.ConnectionClosed:
        this.#handleClosed(state.errorComing ?? state.toError(a, b, data));
        break;
    }
  }

  async #startNow(signal?: AbortSignal): Promise<void> {
    const state = this[internals.state];
    const level = this.#isOneOfSeveral ? 'debug' : 'info';
    state.logger[level](`Start ${state.label}`);
    this[internals.setStatus]('starting');
    emit(state.targets, EventQUICConnectionStart, {});
    try {
      if (this.type === 'client') await this[internals.handshake].dial(signal);
      state.isRunning = true;
      if (channels.connectionOpen.hasSubscribers) {
        channels.connectionOpen.publish({ connection: state.connection });
      }
      emit(state.targets, EventQUICConnectionStarted, {});
    } finally {
      this[internals.setStatus](null);
    }
    state.logger.info(`Started ${state.label}`);
  }

  /**
   * Somebody else may connect.
   *
   * @internal
   */
  public override [internals.giveBack](): void {
    const { env, handle, isClosed } = this[internals.state];
    if (!isClosed || this[internals.isQueued]) return;
    env.binding.connectionRelease(handle);
  }

  #handleClosed(error: ConnectionCloseError): void {
    const state = this[internals.state];
    state.isClosed = true;
    state.lastStats = this.stats();
    // Those that came in can still be read, even if nobody has asked for them yet
    const datagrams = state.description?.localDatagrams
      ? this.datagrams
      : state.datagrams;
    state.error = error;
    // The peer's certificates can still be asked for afterwards
    this.getRemoteCertsChain();
    this[internals.streams].connectionClosed(error);
    attempt(() => datagrams?.[internals.connectionClosed](error));
    state.env.unregister(state.handle);
    this[internals.giveBack]();
    state.socket[internals.release](this);
    if (state.description !== undefined) {
      state.socket[internals.removeConnection](state.connection);
    }
    attempt(() => this[internals.closing].tell(error));
    this[internals.handshake].fail(error);
    this[internals.migration].fail(error);
    this[internals.closing].finish();
    // Not before all have heard of the end
    queueMicrotask(() => void this.stop());
  }
}

export default LivingConnection;
