/**
 * Where a writable web stream puts its chunks. Its state is kept here alone.
 */
export interface Sink {
  readonly state: 'open' | 'finishing' | 'closed' | 'errored';
  /** What it has failed with. */
  readonly error: unknown;
  /**
   * Whether it failed when it had all that was written: a writer that closes then loses nothing.
   */
  readonly isAllSent: boolean;
  /** Whether writes wait. The sink wakes its web stream when they may go on. */
  readonly isFull: boolean;
  /** Why this chunk cannot be taken, if so. */
  refuse(chunk: unknown): Error | undefined;
  /** Takes a chunk that is not refused. */
  push(chunk: unknown): void;
  /**
   * Whether a chunk of a pipe is dropped instead. An error would end the pipe, and the web stream
   * behind it.
   */
  drop?(chunk: unknown): boolean;
  /** Nothing more is written. The sink is closed then, or tells its web stream when it is. */
  finish(): void;
  /** The writer has given up. */
  abort(reason: any): void;
}
