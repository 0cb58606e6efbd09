import type { TypedListeners } from './internal.js';

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
): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]: () => {
      const iterator = new Details<T>(target, type, ended, [...earlier]);
      earlier.clear();
      return iterator;
    },
  };
}

class Details<T> implements AsyncIterator<T, undefined> {
  protected asked: Array<(result: IteratorResult<T, undefined>) => void> = [];
  protected isDone = false;

  constructor(
    protected target: TypedListeners,
    protected type: string,
    ended: Promise<void>,
    protected waiting: Array<T>,
  ) {
    target.addEventListener(type, this.handleEvent);
    void ended.then(() => this.end());
  }

  public next(): Promise<IteratorResult<T, undefined>> {
    if (this.waiting.length > 0) {
      const value = this.waiting.shift() as T;
      return Promise.resolve({ done: false, value });
    }
    if (this.isDone) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve) => this.asked.push(resolve));
  }

  public return(): Promise<IteratorResult<T, undefined>> {
    this.waiting.length = 0;
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  protected handleEvent = (event: Event): void => {
    const value = (event as Event & { detail: T }).detail;
    const resolve = this.asked.shift();
    if (resolve === undefined) this.waiting.push(value);
    else resolve({ done: false, value });
  };

  protected end(): void {
    this.isDone = true;
    this.target.removeEventListener(this.type, this.handleEvent);
    for (const resolve of this.asked.splice(0)) {
      resolve({ done: true, value: undefined });
    }
  }
}
