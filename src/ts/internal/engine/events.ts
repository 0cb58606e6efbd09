import type * as internals from '../internals.js';

/**
 * Something that native events happen to.
 */
export interface EngineEventHandler {
  /**
   * @param data - only valid during the call
   */
  [internals.handleEngineEvent](
    kind: number,
    a: number,
    b: number,
    data: Uint8Array,
  ): void;

  /**
   * Does what must be done in the last moment of the process.
   */
  handleExit?(): void;

  /**
   * Tells of a fault inside the library. One handler is told of each.
   */
  handleFault?(message: string): void;
}
