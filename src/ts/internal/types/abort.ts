/**
 * Options of methods that wait.
 */
export type AbortOptions = {
  /**
   * When it aborts, the method rejects with its reason. If it has aborted already, nothing begins.
   * A start is undone; a stop goes on.
   */
  signal?: AbortSignal | undefined;
};

/**
 * An iterable that a signal can end.
 */
export interface AbortableIterable<T> extends AsyncIterable<T> {
  /** Begins a loop. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined>;
  /** The same, until the signal aborts: the iterator then throws its reason. */
  values(options?: AbortOptions): AsyncIterableIterator<T>;
}
