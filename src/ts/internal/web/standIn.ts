import { finished } from 'node:stream';
import type { ReadableStream, WritableStream } from 'node:stream/web';

/**
 * Makes instances of a class stand in for those of a class of the platform, without being made by
 * its constructor. Node keeps the state of its web streams under symbols; on the stand-ins these
 * lead to an instance of the platform's class, which is made when they are first asked for.
 *
 * @param StandIn - has a method for all that it does itself
 * @param Real - the platform's class
 * @param sample - an instance of `Real`
 * @param realOf - gives the real instance behind a stand-in
 */
export function standIn<T extends object>(
  StandIn: { prototype: T },
  Real: { prototype: object },
  sample: object,
  realOf: (instance: T) => object,
): void {
  Object.setPrototypeOf(StandIn.prototype, Real.prototype);
  for (const symbol of Object.getOwnPropertySymbols(sample)) {
    Object.defineProperty(StandIn.prototype, symbol, {
      configurable: true,
      get(this: T) {
        return Reflect.get(realOf(this), symbol);
      },
      set(this: T, value: unknown) {
        Reflect.set(realOf(this), symbol, value);
      },
    });
  }
}

/**
 * The base of stand-ins: V8 clones no such object, as Node clones no web stream. Of other objects
 * `structuredClone` and `postMessage` would make an empty one, without a word.
 */
export const Uncloneable = WeakSet as unknown as new () => object;

/**
 * Calls back when a stream of Node has failed, also when its source is not asked: `addAbortSignal`
 * of `node:stream` reaches past that.
 */
export function onFailed(
  stream: ReadableStream | WritableStream,
  callback: (reason: unknown) => void,
): void {
  try {
    finished(stream as any, (e: unknown) => {
      if (e != null) callback(e);
    });
  } catch {
    // Not all runtimes let others fail a stream, or tell of it
  }
}

/**
 * Whether a stand-in is taken for what it stands in for. Not all runtimes keep their state in
 * reach.
 *
 * @param use - gives a stand-in to the platform, which throws if it does not take it
 */
export function isStandInFor(use: () => void): boolean {
  try {
    use();
    return true;
  } catch {
    return false;
  }
}

/**
 * A promise that is only made when somebody asks for it, and whose rejection need not be handled.
 */
export class Outcome {
  protected state: 'pending' | 'fulfilled' | 'rejected' = 'pending';
  protected reason?: () => any;
  protected p?: Promise<undefined>;
  protected settle?: { resolve: () => void; reject: (reason: any) => void };

  get isPending(): boolean {
    return this.state === 'pending';
  }

  get promise(): Promise<undefined> {
    if (this.p !== undefined) return this.p;
    this.p = new Promise<undefined>((resolve, reject) => {
      if (this.state === 'fulfilled') resolve(undefined);
      else if (this.state === 'rejected') reject(this.reason?.());
      else this.settle = { resolve: () => resolve(undefined), reject };
    });
    this.p.catch(() => {});
    return this.p;
  }

  fulfil(): void {
    if (this.state !== 'pending') return;
    this.state = 'fulfilled';
    this.settle?.resolve();
  }

  /**
   * @param reason - called if somebody asks for the promise: an error takes long to make
   */
  reject(reason: () => any): void {
    if (this.state !== 'pending') return;
    this.state = 'rejected';
    this.reason = reason;
    this.settle?.reject(reason());
  }
}

/**
 * What is asked of a reader or writer that has been released.
 */
export function releasedError(what: 'reader' | 'writer'): TypeError {
  return stateError(`The ${what} has been released`);
}

export function lockedError(
  what: 'ReadableStream' | 'WritableStream',
): TypeError {
  return stateError(`${what} is locked`);
}

/**
 * What Node throws when something is asked of a stream that it does not do in its state.
 */
export function stateError(what: string): TypeError {
  return Object.assign(new TypeError(`Invalid state: ${what}`), {
    code: 'ERR_INVALID_STATE',
  });
}
