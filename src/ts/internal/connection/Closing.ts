import { ErrorQUICConnectionInternal } from '../errors/close.js';
import { ErrorQUICConnectionStopping } from '../errors/connection.js';
import {
  EventQUICConnectionClose,
  EventQUICConnectionError,
  EventQUICConnectionStop,
  EventQUICConnectionStopped,
} from '../events/connection.js';
import { emit } from '../events/emit.js';
import * as internals from '../internals.js';
import { attempt, nextTick } from '../lifecycle/turns.js';
import * as channels from '../log/channels.js';
import type { ConnectionErrorCode } from '../types/codes.js';
import type { PromiseDeconstructed } from '../types/common.js';
import type { CloseOptions } from '../types/connection.js';
import { promise } from '../utils/flow.js';
import type ConnectionState from './ConnectionState.js';
import type ConnectionStreams from './ConnectionStreams.js';
import { type ConnectionCloseError, levelOf } from './closeErrors.js';

const noReason = new Uint8Array(0);

/**
 * The end of a connection: it stops, drains and closes (RFC 9000 section 10.2).
 */
class Closing {
  readonly #state: ConnectionState;
  readonly #streams: ConnectionStreams;
  readonly #closed = promise();
  /** Whether it is no failure of anybody if the handshake does not complete. */
  readonly #isOneOfSeveral: boolean;
  #stopping?: Promise<void>;
  /** How a stop with force is to close, while a graceful one waits. */
  #overtaken?: CloseOptions;
  #drained?: PromiseDeconstructed<boolean>;

  constructor(
    state: ConnectionState,
    streams: ConnectionStreams,
    isOneOfSeveral: boolean,
  ) {
    this.#state = state;
    this.#streams = streams;
    this.#isOneOfSeveral = isOneOfSeveral;
  }

  get closedP(): Promise<void> {
    return this.#closed.p;
  }

  get isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  /** Stops the connection if it is running. */
  async stop(opts: CloseOptions): Promise<void> {
    if (this.#state.isRunning) this.#stopping ??= this.#stopNow(opts);
    await this.#stopping;
  }

  /**
   * Makes a graceful stop close now, with these codes.
   */
  overtake(opts: CloseOptions): void {
    this.#overtaken ??= opts;
    this.#streams.endWait();
  }

  /**
   * Ends the handshake of a client with a transport error code.
   */
  async giveUp(code: ConnectionErrorCode): Promise<void> {
    const { env, handle } = this.#state;
    env.binding.connectionClose(handle, false, code, noReason);
    await env.holdFor(this.closedP);
  }

  /**
   * All that was written has arrived.
   *
   * @param isSilent - whether the peer does not answer instead
   */
  handleDrained(isSilent: boolean): void {
    this.#drained?.resolveP(isSilent);
  }

  /**
   * Tells everybody that the connection is closed.
   */
  tell(error: ConnectionCloseError): void {
    const { isRunning, logger, label, connection, targets } = this.#state;
    const isAttempt = this.#isOneOfSeveral && !isRunning;
    const level = isAttempt ? 'debug' : levelOf(error);
    attempt(() => logger[level](`${label} Error: ${error.message}`, { error }));
    if (isRunning && channels.connectionClose.hasSubscribers) {
      channels.connectionClose.publish({ connection, error });
    }
    emit(targets, EventQUICConnectionError, { detail: error });
    if (!(error instanceof ErrorQUICConnectionInternal)) {
      emit(targets, EventQUICConnectionClose, { detail: error });
    }
  }

  /** The connection is closed. */
  finish(): void {
    this.#drained?.resolveP(false);
    this.#closed.resolveP();
  }

  async #stopNow(opts: CloseOptions): Promise<void> {
    const state = this.#state;
    const { env, handle, connection, logger, targets } = state;
    attempt(() => logger.info(`Stop ${state.label}`));
    connection[internals.setStatus]('stopping');
    this.#streams.refuse();
    emit(targets, EventQUICConnectionStop, {});
    if (!state.isClosed) {
      const withDatagrams = opts.force === false;
      if (withDatagrams) await this.#awaitStreams();
      // A close() that was called just now is passed on by a promise
      if (this.#streams.size > 0) await nextTick();
      if (env.binding.connectionDrain(handle, withDatagrams, false)) {
        await this.#deliver(withDatagrams);
      }
      const {
        isApp = true,
        errorCode = 0,
        reason = noReason,
      } = this.#overtaken ?? opts;
      env.binding.connectionClose(
        handle,
        isApp,
        errorCode,
        typeof reason === 'string' ? Buffer.from(reason) : reason,
      );
      await env.holdFor(this.closedP);
    }
    state.isRunning = false;
    emit(targets, EventQUICConnectionStopped, {});
    connection[internals.setStatus](null);
    attempt(() => logger.info(`Stopped ${state.label}`));
  }

  /**
   * Waits until all streams have ended, and all datagrams were handed down.
   */
  async #awaitStreams(): Promise<void> {
    const state = this.#state;
    if (this.#streams.size > 0 && this.#overtaken === undefined) {
      const ended = this.#streams.ended();
      // What has arrived whole can be read later
      state.env.binding.connectionTellArrived(state.handle);
      await ended;
    }
    if (state.isClosed || this.#overtaken !== undefined) return;
    await state.datagrams?.[internals.stop](new ErrorQUICConnectionStopping());
  }

  /**
   * Once the engine drains, waits until what was written to closed streams has arrived, or the peer
   * does not answer any more. What was not closed makes nobody wait.
   */
  async #deliver(withDatagrams: boolean): Promise<void> {
    this.#streams.abandon();
    const { env, handle } = this.#state;
    do {
      this.#drained = promise<boolean>();
      const isSilent = await env.holdFor(this.#drained.p);
      if (!isSilent) return;
      // What the peer sent may wait for this thread
      await new Promise((resolve) => setImmediate(resolve));
    } while (env.binding.connectionDrain(handle, withDatagrams, true));
  }
}

export default Closing;
