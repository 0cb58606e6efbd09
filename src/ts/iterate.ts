import type { TypedListeners } from './internal.js';
import type { AbortableIterable, AbortOptions } from './types.js';
import { validateSignal } from './validation.js';

/**
 * The details of the events of a class, from the moment on that iteration begins and until `ended` resolves.
 * Those that come meanwhile wait. Leaving the loop stops listening.
 *
 * @param earlier - those that come first; they are taken out when iteration begins
 *
 * @internal
 */
export function iterate<T>(
  target: TypedListeners,
  type: string,
  ended: Promise<void>,
  earlier: Set<T> = new Set(),
): AbortableIterable<T> {
  const values = ({ signal }: AbortOptions = {}) => {
    validateSignal(signal);
    signal?.throwIfAborted();
    const iterator = new Details<T>(target, type, ended, [...earlier], signal);
    earlier.clear();
    return iterator;
  };
  return { values, [Symbol.asyncIterator]: () => values() };
}

type Asked<T> = {
  resolve: (result: IteratorResult<T, undefined>) => void;
  reject: (reason: unknown) => void;
};

class Details<T> implements AsyncIterableIterator<T, undefined> {
  protected asked: Array<Asked<T>> = [];
  protected isDone = false;
  protected isAborted = false;

  constructor(
    protected target: TypedListeners,
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
      return Promise.reject(this.signal?.reason);
    }
    if (this.waiting.length > 0) {
      const value = this.waiting.shift() as T;
      return Promise.resolve({ done: false, value });
    }
    if (this.isDone) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.asked.push({ resolve, reject });
    });
  }

  public return(): Promise<IteratorResult<T, undefined>> {
    this.waiting.length = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  protected handleEvent = (event: Event): void => {
    const value = (event as Event & { detail: T }).detail;
    const asked = this.asked.shift();
    if (asked === undefined) this.waiting.push(value);
    else asked.resolve({ done: false, value });
  };

  /** As the iterators of Node's `events.on` do: what waits is dropped, and it is thrown once. */
  protected handleAbort = (): void => {
    this.waiting.length = 0;
    const asked = this.asked.shift();
    if (asked === undefined) this.isAborted = true;
    else asked.reject(this.signal?.reason);
    this.end();
  };

  protected end(): void {
    this.isDone = true;
    this.target.removeEventListener(this.type, this.handleEvent);
    this.signal?.removeEventListener('abort', this.handleAbort);
    for (const { resolve } of this.asked.splice(0)) {
      resolve({ done: true, value: undefined });
    }
  }
}
