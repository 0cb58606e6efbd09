import type { LoggerLike } from '../types/logger.js';
/**
 * What a line of a log is about, besides its text.
 */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * Writes to the logger of the application, whichever that is, or nowhere if there is none.
 */
class Log {
  readonly #sink?: Sink;
  readonly #fields?: () => LogFields;

  /**
   * @param sink - must have been checked
   * @param fields - called for each line
   */
  constructor(sink: LoggerLike | undefined, fields?: () => LogFields) {
    this.#sink = sink;
    this.#fields = fields;
  }

  /** The log of an object that was given a logger, or none. */
  static of(logger: LoggerLike | undefined): Log {
    return logger instanceof Log ? logger : new Log(logger);
  }

  /**
   * The log of something that is part of this.
   *
   * @param name - for loggers that have a hierarchy
   */
  getChild(name: string): Log {
    const sink = this.#sink;
    return new Log(sink?.getChild?.(name) ?? sink, this.#fields);
  }

  /** The same log, whose lines are about something. */
  with(fields: () => LogFields): Log {
    return new Log(this.#sink, fields);
  }

  /** Whether nobody reads it, so that nothing need be said. */
  get isSilent(): boolean {
    return this.#sink === undefined;
  }

  debug(message: string, fields?: LogFields): void {
    this.#write('debug', message, fields);
  }

  info(message: string, fields?: LogFields): void {
    this.#write('info', message, fields);
  }

  warn(message: string, fields?: LogFields): void {
    this.#write('warn', message, fields);
  }

  error(message: string, fields?: LogFields): void {
    this.#write('error', message, fields);
  }

  #write(level: keyof LoggerLike, message: string, own?: LogFields): void {
    const sink = this.#sink;
    if (sink === undefined) return;
    const fields = { ...this.#fields?.(), ...own };
    if (Object.keys(fields).length === 0) sink[level](message);
    // pino has them first, all others second
    else if (sink.bindings !== undefined) sink[level](fields, message);
    else sink[level](message, fields);
  }
}

type Sink = LoggerLike & {
  /** Of `@matrixai/logger`. */
  getChild?(name: string): Sink;
  /** Of pino. */
  bindings?: unknown;
};

export default Log;
