import {
  type EventEmitter,
  setMaxListeners as setNodeMaxListeners,
} from 'node:events';
import { ErrorQUICUndefinedBehaviour } from '../errors/ErrorQUIC.js';
import type { Callback, PromiseDeconstructed } from '../types/common.js';

/**
 * Marks a state that cannot be reached.
 *
 * @throws {ErrorQUICUndefinedBehaviour} always
 */
export function never(message: string): never {
  throw new ErrorQUICUndefinedBehaviour(message);
}

/**
 * Yields to let other micro tasks run.
 */
export async function yieldMicro(): Promise<void> {
  await new Promise<void>((resolve) => queueMicrotask(resolve));
}

/**
 * Converts callback style to promise style. Several results become an array. Of
 * an overloaded function only one signature can be used. `this` of the call is
 * that of the function.
 */
export function promisify<
  T extends Array<unknown>,
  P extends Array<unknown>,
  // biome-ignore lint/suspicious/noConfusingVoidType: becomes the type of a promise
  R extends T extends [] ? void : T extends [unknown] ? T[0] : T,
>(
  f: (...args: [...params: P, callback: Callback<T>]) => unknown,
): (...params: P) => Promise<R> {
  return function (this: unknown, ...params) {
    return new Promise<R>((resolve, reject) => {
      const callback = (error: Error | null | undefined, ...results: T) => {
        if (error != null) {
          reject(error);
        } else {
          resolve((results.length > 1 ? results : results[0]) as R);
        }
      };
      f.call(this, ...params, callback as Callback<T>);
    });
  };
}

/**
 * Deconstructed promise.
 */
export function promise<T = void>(): PromiseDeconstructed<T> {
  let resolveP!: PromiseDeconstructed<T>['resolveP'];
  let rejectP!: PromiseDeconstructed<T>['rejectP'];
  const p = new Promise<T>((resolve, reject) => {
    resolveP = resolve;
    rejectP = reject;
  });
  return { p, resolveP, rejectP };
}

/**
 * Raises the number of listeners from which Node prints a warning, for a target
 * that has many.
 *
 * @param limit - defaults to 100000
 */
export function setMaxListeners(
  target: EventTarget | EventEmitter,
  limit: number = 100000,
): void {
  setNodeMaxListeners(limit, target);
}
