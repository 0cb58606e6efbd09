import type { Status } from '@matrixai/async-init/types.js';
import {
  initLock,
  running,
  status,
  statusP,
} from '@matrixai/async-init/utils.js';
import { RWLockWriter } from '@matrixai/async-locks';
import LazyEvented from '../events/LazyEvented.js';
import * as internals from '../internals.js';
import type { PromiseDeconstructed } from '../types/common.js';
import { promise } from '../utils/flow.js';

/**
 * What the decorator `StartStop` adds to a class, besides `start` and `stop`.
 */
export interface Startable {
  /** Whether it is running, or about to stop. */
  readonly [running]: boolean;
  /** What it is at: `null` if it is at rest. */
  readonly [status]: Status;
  /** Resolves with the next status. */
  readonly [statusP]: Promise<Status>;
  /** Taken for the time of a step. */
  readonly [initLock]: RWLockWriter;
}

/**
 * What the decorators `StartStop` and `CreateDestroy` have in common, without their lock for every
 * step. Programs have many of these objects, and the lock costs more than a handshake.
 */
abstract class Lifecycle<Events> extends LazyEvented<Events> {
  #statusNow: Status = null;
  #statusNext?: PromiseDeconstructed<Status>;
  #queues = 0;

  /** What the object is at: `null` if it is at rest. */
  public get [status](): Status {
    return this.#statusNow;
  }

  /** Resolves with the next status. */
  public get [statusP](): Promise<Status> {
    if (this.#statusNext === undefined) {
      this.#statusNext = promise();
    }
    return this.#statusNext.p;
  }

  /** Not taken by the object. */
  public get [initLock](): RWLockWriter {
    let lock = locks.get(this);
    if (lock === undefined) {
      lock = new RWLockWriter();
      locks.set(this, lock);
    }
    return lock;
  }

  /**
   * Called when the object begins to wait in a queue of the application, where it may end.
   *
   * @internal
   */
  public [internals.enqueued](): void {
    this.#queues++;
  }

  /**
   * Called when it was taken from there.
   *
   * @internal
   */
  public [internals.dequeued](): void {
    this.#queues--;
    this[internals.giveBack]();
  }

  /**
   * Whether the object waits in a queue.
   *
   * @internal
   */
  public get [internals.isQueued](): boolean {
    return this.#queues > 0;
  }

  /**
   * Gives the peer its credit back if the object has ended and waits in no queue. May be called
   * again.
   *
   * @internal
   */
  public [internals.giveBack](): void {}

  /** @internal */
  public [internals.setStatus](next: Status): void {
    this.#statusNow = next;
    this.#statusNext?.resolveP(next);
    this.#statusNext = undefined;
  }
}

// Hardly anybody asks for one, and streams are many
const locks = new WeakMap<object, RWLockWriter>();

export default Lifecycle;
