import * as internals from '../internals.js';
import { reasonOf, throwIfAborted } from '../lifecycle/abort.js';
import type { AbortableIterable, AbortOptions } from '../types/abort.js';
import { checkNames, signalNames } from '../validation/optionNames.js';
import { validateObject, validateSignal } from '../validation/values.js';
import type { Listener } from './listeners.js';

/**
 * Something of a peer that waits in queues of the application. As long as it does, the peer gets no
 * credit for another one: what waits is bounded by that.
 */
export interface Queueable {
  [internals.enqueued](): void;
  [internals.dequeued](): void;
}

/**
 * What they are of.
 */
export type Iterated = {
  addEventListener(type: string, callback: Listener<any>): void;
  removeEventListener(type: string, callback: Listener<any>): void;
};

/**
 * The details of the events of a class, from the moment on that iteration begins and until `ended`
 * resolves. Those that come meanwhile wait. Leaving the loop stops listening.
 *
 * @param takeEarlier - called when iteration begins, for those that come first and are queued
 * already
 */
export function iterate<T extends Queueable>(
  target: Iterated,
  type: string,
  ended: Promise<void>,
  takeEarlier: () => Array<T>,
): AbortableIterable<T> {
  const values = (options: AbortOptions = {}) => {
    validateObject(options, 'options');
    checkNames(options, signalNames);
    const { signal } = options;
    validateSignal(signal);
    throwIfAborted(signal);
    return new Details<T>(target, type, ended, takeEarlier(), signal);
  };
  return { values, [Symbol.asyncIterator]: () => values() };
}

type Asked<T> = {
  resolve: (result: IteratorResult<T, undefined>) => void;
  reject: (reason: unknown) => void;
};

class Details<T extends Queueable>
  implements AsyncIterableIterator<T, undefined>
{
  protected asked: Array<Asked<T>> = [];
  protected isDone = false;
  protected isAborted = false;
  /** Whether those that wait count as queued, as long as others may come. */
  protected isCounting = true;

  constructor(
    protected target: Iterated,
    protected type: string,
    ended: Promise<void>,
    protected waiting: Array<T>,
    protected signal?: AbortSignal,
  ) {
    target.addEventListener(type, this.handleEvent);
    signal?.addEventListener('abort', this.handleAbort);
    void ended.then(() => this.end());
  }

  public [Symbol.asyncIterator](): this {
    return this;
  }

  public next(): Promise<IteratorResult<T, undefined>> {
    if (this.isAborted) {
      this.isAborted = false;
      return Promise.reject(reasonOf(this.signal!));
    }
    if (this.waiting.length > 0) {
      const value = this.waiting.shift() as T;
      if (this.isCounting) value[internals.dequeued]();
      return Promise.resolve({ done: false, value });
    }
    if (this.isDone) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.asked.push({ resolve, reject });
    });
  }

  public return(): Promise<IteratorResult<T, undefined>> {
    this.end();
    this.waiting.length = 0;
    return Promise.resolve({ done: true, value: undefined });
  }

  protected handleEvent = (event: Event): void => {
    const value = (event as Event & { detail: T }).detail;
    const asked = this.asked.shift();
    if (asked === undefined) {
      value[internals.enqueued]();
      this.waiting.push(value);
    } else asked.resolve({ done: false, value });
  };

  /** As the iterators of Node's `events.on` do: what waits is dropped, and it is thrown once. */
  protected handleAbort = (): void => {
    const asked = this.asked.shift();
    if (asked === undefined) this.isAborted = true;
    else asked.reject(reasonOf(this.signal!));
    this.end();
    this.waiting.length = 0;
  };

  protected end(): void {
    this.isDone = true;
    if (this.isCounting) {
      this.isCounting = false;
      for (const value of this.waiting) value[internals.dequeued]();
    }
    this.target.removeEventListener(this.type, this.handleEvent);
    this.signal?.removeEventListener('abort', this.handleAbort);
    for (const { resolve } of this.asked.splice(0)) {
      resolve({ done: true, value: undefined });
    }
  }
}
