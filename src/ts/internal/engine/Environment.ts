import * as internals from '../internals.js';
import type { Binding } from './binding.js';
import type { EngineEventHandler } from './events.js';
import { decodeEvents, decodeFailed, noData } from './layout.js';
import { EventKind, TLSAlert } from './shared.js';
import {
  type Occupant,
  outOfContext,
  type Seat,
  type Thread,
  thread,
} from './thread.js';

/**
 * What can wait until the event loop has had its turn.
 */
export interface Postponable {
  [internals.resume](): void;
}

/**
 * The engine's state of this copy of the library, and the pump that brings its events to
 * the objects they happen to. The addon is loaded when it is made.
 */
class Environment implements Occupant {
  public readonly thread: Thread = thread();
  public readonly seat: Seat = this.thread.join(this);
  public readonly binding: Binding = this.seat.binding;
  protected handlers: Map<number, EngineEventHandler> = new Map();
  protected bytes!: Uint8Array;
  protected view!: DataView;
  protected refs = 0;
  /** When the event loop was last known to have had its turn, of `performance.now()`. */
  protected turnedAt = 0;
  /** Since when its next turn is waited for, if it is. */
  protected waitsSince?: number;
  /** What waits for it. */
  protected postponed: Set<Postponable> = new Set();
  protected hasMissed = false;

  public constructor() {
    this.setBuffer(16 * 1024);
  }

  /**
   * Sends the events of a native object to a handler, which is kept alive as long as the realm is.
   */
  public register(handle: number, handler: EngineEventHandler): void {
    if (this.handlers.size === 0) this.seat.hold(globalThis);
    this.handlers.set(handle, handler);
  }

  public unregister(handle: number): void {
    this.handlers.delete(handle);
    if (this.handlers.size === 0) this.seat.letGo(globalThis);
  }

  /**
   * Holds the event loop, as many times as it is called more often than
   * {@link Environment.unref}.
   */
  public ref(): void {
    if (this.refs++ === 0) this.binding.environmentRef();
  }

  public unref(): void {
    if (--this.refs === 0) this.binding.environmentUnref();
  }

  /**
   * Holds the event loop until an event of the engine has settled the promise.
   */
  public async holdFor<T>(promise: Promise<T>): Promise<T> {
    this.ref();
    try {
      return await promise;
    } finally {
      this.unref();
    }
  }

  /**
   * Tells the peers before the environment is closed. At `process.exit()` there is no other
   * occasion: no hook of the addon runs before static destructors do.
   */
  public handleExit(): void {
    // The last packet of a connection needs room behind those that wait to be sent
    this.sendLast();
    this.binding.environmentCloseConnections(farewell);
    this.sendLast();
  }

  protected sendLast(): void {
    for (const handler of this.handlers.values()) handler.handleExit?.();
  }

  protected setBuffer(size: number): void {
    const buffer = new ArrayBuffer(size);
    this.bytes = new Uint8Array(buffer);
    this.view = new DataView(buffer);
  }

  /**
   * Whether something has to wait until the event loop has had its turn, and is resumed then. Peers
   * that send faster than they are read must not keep timers and everybody else's I/O from their
   * turn.
   */
  public postpone(what: Postponable): boolean {
    if (!this.isOverdue()) return false;
    this.postponed.add(what);
    return true;
  }

  /**
   * Whether the event loop has had no turn for too long. Asks for one at most now and then, as it
   * costs something.
   */
  protected isOverdue(): boolean {
    const now = performance.now();
    if (this.waitsSince !== undefined) {
      return now - this.waitsSince > longestTurn;
    }
    if (now - this.turnedAt > longestTurn) {
      this.waitsSince = now;
      setImmediate(this.handleTurn);
    }
    return false;
  }

  protected handleTurn = (): void => {
    this.waitsSince = undefined;
    this.turnedAt = performance.now();
    const { postponed } = this;
    this.postponed = new Set();
    for (const what of postponed) what[internals.resume]();
    if (!this.hasMissed) return;
    this.hasMissed = false;
    this.drain();
  };

  /**
   * Called when events wait. Node calls it again at once, up to a thousand times, when there is
   * more when it returns.
   */
  public dispatch(): void {
    if (this.isOverdue()) this.hasMissed = true;
    else this.drain();
  }

  protected drain(): void {
    let length = this.binding.environmentDrain(this.bytes);
    if (length < 0) {
      this.setBuffer(-length);
      length = this.binding.environmentDrain(this.bytes);
    }
    decodeEvents(this.bytes, this.view, length, this.handleEvent);
  }

  protected handleEvent = (
    kind: number,
    handle: number,
    a: number,
    b: number,
    data: Uint8Array,
  ): void => {
    const handler = this.handlers.get(handle);
    if (handler === undefined) {
      this.discard(kind, handle, a, b, data);
      return;
    }
    try {
      handler[internals.handleEngineEvent](kind, a, b, data);
    } catch (e) {
      // The other events must be heard all the same
      process.nextTick(() => {
        throw e;
      });
    }
  };

  /** The first socket that is open tells its logger. */
  protected tellFault(message: string): void {
    for (const handler of this.handlers.values()) {
      if (handler.handleFault === undefined) continue;
      handler.handleFault(message);
      return;
    }
  }

  /**
   * What nobody waits for any more must not stay open.
   */
  protected discard(
    kind: number,
    handle: number,
    a: number,
    b: number,
    data: Uint8Array,
  ): void {
    switch (kind) {
      case EventKind.ListenerConnection:
        this.binding.connectionClose(a, true, 0, noData);
        break;
      case EventKind.ConnectionVerify:
        this.binding.connectionVerdict(a, b, TLSAlert.userCanceled);
        break;
      case EventKind.ConnectionClosed:
        this.binding.connectionRelease(handle);
        break;
      case EventKind.ListenerFailed:
        this.binding.connectionRelease(decodeFailed(data).handle);
        break;
      case EventKind.Fault:
        this.tellFault(Buffer.from(data).toString());
        break;
    }
  }
}

// Milliseconds. A loop that is twice as long without a turn gets one.
const longestTurn = 10;

// Milliseconds that the end of a process waits for the packets that tell its peers
const farewell = 50;

let instance: Environment | undefined;

/**
 * The environment, made at the first use.
 */
function environment(): Environment {
  instance ??= outOfContext(() => new Environment());
  return instance;
}

export { Environment, environment };
