/**
 * What writes a log: a `Logger` of `@matrixai/logger`, of pino or winston, the `console`, or
 * anything else that has these methods. Each is called with a text, and an object of what it is
 * about: `connectionId`, `remoteHost` and `remotePort` of connections, and `error`. The object
 * comes second, but first for pino.
 */
export type LoggerLike = {
  /** Streams that begin and end, attempts that were given up. */
  debug: (...args: Array<any>) => unknown;
  /** Objects that begin and end, connections that were closed on purpose. */
  info: (...args: Array<any>) => unknown;
  /** Connections that failed, options that have no effect. */
  warn: (...args: Array<any>) => unknown;
  /** Sockets and connections that failed by themselves. */
  error: (...args: Array<any>) => unknown;
};
