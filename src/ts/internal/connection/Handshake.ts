import { callEngine } from '../engine/calls.js';
import { toEngineConfig } from '../engine/config.js';
import { ErrorQUICConnectionEarlyDataRejected } from '../errors/connection.js';
import { ErrorQUICSocketNotRunning } from '../errors/socket.js';
import {
  EventQUICConnectionEarlyData,
  EventQUICConnectionSession,
} from '../events/connection.js';
import { emit } from '../events/emit.js';
import * as internals from '../internals.js';
import { reasonOf, throwIfAborted } from '../lifecycle/abort.js';
import { questionOf, verdictOf } from '../tls/verification.js';
import type { PromiseDeconstructed } from '../types/common.js';
import { promise } from '../utils/flow.js';
import { withOptions } from '../validation/config.js';
import type ConnectionState from './ConnectionState.js';
import type ConnectionStreams from './ConnectionStreams.js';
import type { Description } from './Description.js';

const none = new Uint8Array(0);

/**
 * The handshake of a connection (RFC 9001), with early data (RFC 9001 section 4.6) and sessions.
 */
class Handshake {
  /** Whether the server took early data, if there was some. */
  earlyData: 'none' | 'accepted' | 'rejected' = 'none';
  /** The newest session that the server gave. */
  newestSession?: Uint8Array;

  readonly #state: ConnectionState;
  readonly #streams: ConnectionStreams;
  /** What a client resumes. */
  #session: Uint8Array;
  readonly #minIdleTimeout?: number;
  readonly #completed = promise();
  #established?: PromiseDeconstructed<void>;

  constructor(
    state: ConnectionState,
    streams: ConnectionStreams,
    session: Uint8Array = none,
    minIdleTimeout?: number,
  ) {
    this.#state = state;
    this.#streams = streams;
    this.#session = session;
    this.#minIdleTimeout = minIdleTimeout;
    // Not everybody asks
    this.#completed.p.catch(() => {});
  }

  /** Resolves once the handshake is complete, and rejects if the connection ends before. */
  get completed(): Promise<void> {
    return this.#completed.p;
  }

  /**
   * Makes the connection of a client.
   */
  async dial(signal?: AbortSignal): Promise<void> {
    const state = this.#state;
    const { env, socket } = state;
    throwIfAborted(signal);
    if (!socket[internals.isOpen]) throw new ErrorQUICSocketNotRunning();
    const { host, port } = state.remoteInfo!;
    const handle = callEngine(() =>
      env.binding.connectionDial(
        socket[internals.transportHandle],
        host,
        port,
        state.serverName,
        toEngineConfig(state.config, this.#minIdleTimeout),
        this.#session,
      ),
    );
    // It was needed for the handshake only
    state.config = withOptions(state.config, { key: undefined });
    this.#session = none;
    state.setHandle(handle);
    const abort = () => {
      env.binding.connectionClose(handle, true, 0, none);
    };
    signal?.addEventListener('abort', abort);
    socket[internals.addDialing](state.connection);
    this.#established = promise();
    try {
      await this.#established.p;
    } catch (e) {
      throw signal?.aborted ? reasonOf(signal) : e;
    } finally {
      signal?.removeEventListener('abort', abort);
      socket[internals.removeDialing](state.connection);
      this.#established = undefined;
    }
    if (signal?.aborted) {
      // It was too late to give up the handshake
      abort();
      await state.connection.closedP;
      throw reasonOf(signal);
    }
    // It was given up when the handshake had just completed
    if (state.error !== null) throw state.error;
  }

  /**
   * The connection can be used, if only for early data.
   */
  establish(description: Description): void {
    const { socket, connection } = this.#state;
    this.#state.description = description;
    socket[internals.addConnection](connection);
    if (description.earlyData) this.earlyData = 'accepted';
    if (description.isComplete) this.#completed.resolveP();
    this.#established?.resolveP();
  }

  /**
   * Completes the handshake of a connection that has been there before, for early data.
   */
  complete(description: Description, isAccepted: boolean): void {
    const { connection, targets } = this.#state;
    this.#state.description = description;
    this.earlyData = isAccepted ? 'accepted' : 'rejected';
    if (!isAccepted) {
      this.#streams.rejectEarlyData(new ErrorQUICConnectionEarlyDataRejected());
      connection[internals.acceptStreams]();
    }
    this.#completed.resolveP();
    if (connection.type === 'client') {
      emit(targets, EventQUICConnectionEarlyData, { detail: this.earlyData });
    }
  }

  /** The server gave a session. */
  handleSession(): void {
    const { env, handle, targets } = this.#state;
    // Without that the engine would tell of no other one
    const session = new Uint8Array(env.binding.connectionSession(handle));
    this.newestSession = session;
    emit(targets, EventQUICConnectionSession, { detail: session });
  }

  /**
   * Answers a question of the engine. When that has given up waiting, the answer counts for
   * nothing.
   */
  async verify(question: number): Promise<void> {
    const { env, handle, config } = this.#state;
    const chain = questionOf(handle, question);
    if (chain === undefined) return;
    const { verdict, error } = await verdictOf(config, chain);
    if (env.binding.connectionVerdict(handle, question, verdict)) {
      this.#state.verifyError = error;
    }
  }

  /** The connection has ended. */
  fail(error: Error): void {
    this.#established?.rejectP(error);
    this.#completed.rejectP(error);
  }
}

export default Handshake;
