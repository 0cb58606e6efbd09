/**
 * Options of what waits.
 */
export type AbortOptions = {
  /**
   * Gives up waiting when it aborts: the method rejects with the reason of the signal. Nothing is
   * begun when it has aborted already. What was begun is undone by methods that start something; a
   * stop goes on.
   */
  signal?: AbortSignal | undefined;
};

/**
 * What comes in, one after another.
 */
export interface AbortableIterable<T> extends AsyncIterable<T> {
  /** Begins a loop. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined>;
  /** The same, until the signal aborts: the iterator then throws its reason. */
  values(options?: AbortOptions): AsyncIterableIterator<T>;
}
