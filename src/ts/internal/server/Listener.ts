import {
  type ConnectionCloseError,
  connectionError,
} from '../connection/closeErrors.js';
import {
  type Description,
  decodeDescription,
} from '../connection/Description.js';
import { callEngine } from '../engine/calls.js';
import { environment } from '../engine/Environment.js';
import type { EngineEventHandler } from '../engine/events.js';
import { decodeFailed } from '../engine/layout.js';
import { EventKind } from '../engine/shared.js';
import * as internals from '../internals.js';
import { questionOf, verdictOf } from '../tls/verification.js';
import type { ConnectionErrorCode } from '../types/codes.js';
import type { PromiseDeconstructed } from '../types/common.js';
import type { QUICConfig } from '../types/config.js';
import { buildAddress } from '../utils/address.js';
import { promise } from '../utils/flow.js';

/**
 * A handshake that has failed.
 */
export type FailedHandshake = {
  error: ConnectionCloseError;
  remoteHost: string;
  remotePort: number;
};

/**
 * Whom a listener tells.
 */
export type ListenerOwner = {
  /** The configuration of new connections. */
  config(): QUICConfig;
  handleConnection(handle: number, description: Description): void;
  handleFailed(failure: FailedHandshake): void;
};

/**
 * What accepts connections on a transport of the engine. It can be opened again once it is closed.
 */
class Listener implements EngineEventHandler {
  /** Resolves once the last one is closed. */
  closed: Promise<void> = Promise.resolve();

  readonly #owner: ListenerOwner;
  #handle = 0;
  #closing?: PromiseDeconstructed<void>;
  /** What `verifyCallback` threw, by the handle of connections that will fail by it. */
  #verifyErrors: Map<number, unknown> = new Map();

  constructor(owner: ListenerOwner) {
    this.#owner = owner;
  }

  open(transport: number, config: string): void {
    const env = environment();
    this.#handle = callEngine(() =>
      env.binding.listenerOpen(transport, config),
    );
    env.register(this.#handle, this);
  }

  /** Sets what new connections get, if it is open. */
  configure(config: () => string): void {
    if (this.#handle === 0) return;
    const text = config();
    callEngine(() =>
      environment().binding.listenerConfigure(this.#handle, text),
    );
  }

  /**
   * Accepts no more connections. Those that are established by then are told of before it resolves.
   *
   * @param code - what clients are told whose handshake is under way
   */
  close(code: ConnectionErrorCode): Promise<void> {
    if (this.#handle !== 0) {
      this.closed = this.#closeNow(this.#handle, code);
      this.#handle = 0;
    }
    return this.closed;
  }

  [internals.handleEngineEvent](
    kind: number,
    a: number,
    b: number,
    data: Uint8Array,
  ): void {
    switch (kind) {
      case EventKind.ListenerConnection:
        this.#owner.handleConnection(a, decodeDescription(data));
        break;
      case EventKind.ListenerFailed:
        this.#handleFailed(a, b, data);
        break;
      case EventKind.ConnectionVerify:
        void this.#verify(a, b);
        break;
      case EventKind.ListenerClosed:
        this.#closing?.resolveP();
        break;
    }
  }

  async #closeNow(handle: number, code: ConnectionErrorCode): Promise<void> {
    const env = environment();
    this.#closing = promise();
    env.binding.listenerClose(handle, code);
    await env.holdFor(this.#closing.p);
    env.unregister(handle);
    // Of handshakes that it gave up, which nobody is told of
    this.#verifyErrors.clear();
  }

  #handleFailed(kind: number, code: number, data: Uint8Array): void {
    const { handle, description, reason } = decodeFailed(data);
    const { remoteHost, remotePort } = decodeDescription(description);
    const error = connectionError(kind, code, reason, {
      cause: this.#verifyErrors.get(handle),
      peer: buildAddress(remoteHost, remotePort),
      isEstablished: false,
      applicationProtos: this.#owner.config().applicationProtos,
    });
    this.#verifyErrors.delete(handle);
    environment().binding.connectionRelease(handle);
    this.#owner.handleFailed({ error, remoteHost, remotePort });
  }

  /**
   * Answers a question of the engine. When that has given up waiting, the answer counts for
   * nothing.
   */
  async #verify(connection: number, question: number): Promise<void> {
    const chain = questionOf(connection, question);
    if (chain === undefined) return;
    const { verdict, error } = await verdictOf(this.#owner.config(), chain);
    const { binding } = environment();
    const isTaken = binding.connectionVerdict(connection, question, verdict);
    if (isTaken && error !== undefined) {
      this.#verifyErrors.set(connection, error);
    }
  }
}

export default Listener;
