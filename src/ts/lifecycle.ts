import {
  initLock,
  status,
  statusP,
} from '@matrixai/async-init/CreateDestroy.js';
import type { Status } from '@matrixai/async-init/types.js';
import { RWLockWriter } from '@matrixai/async-locks';
import LazyEvented from './lazyEvented.js';

/**
 * What the decorators `StartStop` and `CreateDestroy` have in common, for objects of which there are many: those
 * take a lock for every step, which costs more than a handshake.
 *
 * @internal
 */
abstract class Lifecycle extends LazyEvented {
  private statusNow: Status = null;
  private statusNext?: { p: Promise<Status>; resolve: (s: Status) => void };
  private lock?: RWLockWriter;
  private queues = 0;

  /** What the object is at: `null` if it is at rest. */
  public get [status](): Status {
    return this.statusNow;
  }

  /** Resolves with the next status. */
  public get [statusP](): Promise<Status> {
    if (this.statusNext === undefined) {
      let resolve!: (s: Status) => void;
      const p = new Promise<Status>((r) => {
        resolve = r;
      });
      this.statusNext = { p, resolve };
    }
    return this.statusNext.p;
  }

  /** Not taken by the object. */
  public get [initLock](): RWLockWriter {
    this.lock ??= new RWLockWriter();
    return this.lock;
  }

  /**
   * Called when the object begins to wait in a queue of the application, where it may end.
   *
   * @internal
   */
  public enqueued(): void {
    this.queues++;
  }

  /**
   * Called when it was taken from there.
   *
   * @internal
   */
  public dequeued(): void {
    this.queues--;
    this.giveBack();
  }

  /** Whether the object waits in a queue. */
  protected get isQueued(): boolean {
    return this.queues > 0;
  }

  /**
   * Gives the peer its credit back if the object has ended and waits in no queue. May be called again.
   */
  protected giveBack(): void {}

  protected setStatus(next: Status): void {
    this.statusNow = next;
    this.statusNext?.resolve(next);
    this.statusNext = undefined;
  }
}

export default Lifecycle;
