import { environment } from './Environment.js';

/**
 * Numbers of live native objects of this JavaScript environment, and of
 * goroutines of the process. For finding leaks.
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
