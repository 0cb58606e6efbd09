import { environment } from '../internal/engine/Environment.js';
import { EnvironmentNumber } from '../internal/engine/shared.js';
import { validateBoolean } from '../internal/validation/values.js';

export { setNativeLibrary } from '../internal/engine/load.js';

/**
 * Numbers of live native objects of this copy of the library in this thread, and what the engine
 * uses for the whole process. For finding leaks.
 */
export type DebugStats = {
  /** Sockets that are bound. */
  transports: number;
  /** Servers that accept connections. */
  listeners: number;
  /** Connections that are not closed and released. */
  connections: number;
  /** Streams that are not closed at both sides. */
  streams: number;
  /** Goroutines of the whole process. */
  goroutines: number;
  /**
   * Bytes of the heap of Go that are in use in the whole process, among them garbage that is not
   * collected yet.
   */
  goHeap: number;
  /**
   * Faults inside the library that were caught in the whole process, and should be reported as
   * bugs. The logger of a socket hears of each place once.
   */
  faults: number;
};

/**
 * Counts the native objects that are alive.
 *
 * @param options
 * @param options.collect - whether to collect the garbage of Go before, and to give memory that is
 * not used back to the operating system. It takes some milliseconds, in which the thread waits.
 * Defaults to `false`
 *
 * @throws {ErrorQUICOptionInvalid}
 */
export function debugStats({
  collect = false,
}: {
  collect?: boolean;
} = {}): DebugStats {
  validateBoolean(collect, 'collect');
  const numbers = new Float64Array(EnvironmentNumber.count);
  environment().binding.environmentStats(collect, numbers);
  return {
    transports: numbers[EnvironmentNumber.transports],
    listeners: numbers[EnvironmentNumber.listeners],
    connections: numbers[EnvironmentNumber.connections],
    streams: numbers[EnvironmentNumber.streams],
    goroutines: numbers[EnvironmentNumber.goroutines],
    goHeap: numbers[EnvironmentNumber.goHeap],
    faults: numbers[EnvironmentNumber.faults],
  };
}

export * from './types.js';
