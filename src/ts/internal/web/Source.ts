/**
 * What a source gives to a reader.
 */
export type Pulled = {
  chunk: Uint8Array;
  /** Whether it is the last one. Whoever has passed it on calls {@link Source.finish}. */
  done: boolean;
};

/**
 * Where a readable web stream gets its bytes. Its state is kept here alone.
 */
export interface Source {
  /** Closed as soon as nothing more comes, even if something is left to be pulled. */
  readonly state: 'open' | 'closed' | 'errored';
  /** What it has failed with. */
  readonly error: unknown;
  /** Whether it is closed and nothing is left to be pulled. */
  readonly isDone: boolean;
  /** Takes a chunk, or nothing if nothing has arrived. */
  pull(): Pulled | undefined;
  /**
   * Fills memory that a reader brought with what has arrived. A source whose chunks belong
   * together has no such method.
   */
  pullInto?(view: Uint8Array): { length: number; done: boolean } | undefined;
  /** The last chunk is with the reader: the end can be told. */
  finish(): void;
  /** Nobody wants to read any more. */
  cancel(reason: any): void;
  /** The same, and readers get the reason as an error. */
  fail(reason: any): void;
}
