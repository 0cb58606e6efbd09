import { AbstractError, type POJO } from '@matrixai/errors';
import { textOf } from '../utils/text.js';

/**
 * What the errors of invalid options carry in `data`.
 */
export type OptionInvalidData = {
  /** Path of the option, such as `config.maxIdleTimeout`. */
  option: string;
  /** Type and abbreviated value of what was given. */
  got: string;
  /** What the option accepts. */
  expected: string;
};

export type ErrorOptions<T, D> = {
  timestamp?: Date;
  data: POJO & D;
  cause?: T;
};

/**
 * Base of all errors of this library.
 */
export class ErrorQUIC<T> extends AbstractError<T> {
  static override readonly name: string = 'ErrorQUIC';
  /** What kind of error it is, in words. */
  static override description = 'QUIC error';
  /**
   * What kind of error it is, for programs: it never changes, and is no part of a bundle that
   * renames classes.
   */
  static code = 'ERR_QUIC';

  constructor(
    message?: string,
    options?: { timestamp?: Date; data?: POJO; cause?: T },
  ) {
    super(message ?? new.target.description, options);
  }

  /** What kind of error it is: the table of codes is in docs/errors.md. */
  get code(): string {
    return (this.constructor as typeof ErrorQUIC).code;
  }

  /**
   * What a log can hold of the error, for `JSON.stringify()`: bytes of `data` are text if they are
   * UTF-8, else hex with `0x` before it, and errors that are a cause or in `data` say what they
   * are.
   */
  override toJSON(): ReturnType<AbstractError<T>['toJSON']> & { code: string } {
    return toJSONValue(this, new Set());
  }
}

/**
 * A value as JSON can have it, without those that contain themselves.
 */
function toJSONValue(value: any, seen: Set<unknown>): any {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return textOf(value);
  if (seen.has(value)) return '(circular)';
  seen.add(value);
  if (value instanceof Date) return value;
  if (value instanceof ErrorQUIC) {
    const { code, description, message, timestamp, stack, data, cause } = value;
    return {
      ...{ type: value.constructor.name, code, description },
      data: {
        ...{ message, timestamp, stack },
        data: toJSONValue(data, seen),
        cause: toJSONValue(cause, seen),
      },
    };
  }
  if (typeof value.toJSON === 'function') return value;
  if (Array.isArray(value)) return value.map((v) => toJSONValue(v, seen));
  const own = Object.entries(value).map(([name, v]) => [
    name,
    toJSONValue(v, seen),
  ]);
  if (!(value instanceof Error)) return Object.fromEntries(own);
  const { name, message, stack, cause } = value;
  return {
    ...{ name, message, stack, cause: toJSONValue(cause, seen) },
    ...Object.fromEntries(own),
  };
}

/**
 * A state that the library rules out was reached. Please report it as a bug.
 */
export class ErrorQUICUndefinedBehaviour<T> extends ErrorQUIC<T> {
  static override readonly name: string = 'ErrorQUICUndefinedBehaviour';
  static override description = 'This should never happen';
  static override code = 'ERR_QUIC_UNDEFINED_BEHAVIOUR';
}
