import { environment } from './Environment.js';

/**
 * Numbers of live native objects of this JavaScript environment, and of
 * goroutines of the process. For finding leaks.
 */
export type DebugStats = {
  transports: number;
  listeners: number;
  connections: number;
  streams: number;
  goroutines: number;
};

/**
 * Counts the native objects that are alive.
 */
export function debugStats(): DebugStats {
  const [transports, listeners, connections, streams, goroutines] =
    environment().binding.environmentStats();
  return { transports, listeners, connections, streams, goroutines };
}

export * from './types.js';
