declare const brand: unique symbol;

/**
 * Opaque types are wrappers of existing types that require smart constructors.
 */
export type Opaque<K, T> = T & {
  /** Exists for the compiler only. */
  readonly [brand]: K;
};

/**
 * Something that `new` makes a `T` of.
 */
export type Class<T> = new (...args: any[]) => T;

/**
 * Generic callback, error first.
 */
export type Callback<
  P extends Array<any> = [],
  R = any,
  E extends Error = Error,
> = {
  (e: E, ...params: Partial<P>): R;
  (e?: null | undefined, ...params: P): R;
};

/**
 * Deconstructed promise.
 */
export type PromiseDeconstructed<T> = {
  /** The promise. */
  p: Promise<T>;
  /** Fulfils it. */
  resolveP: (value: T | PromiseLike<T>) => void;
  /** Rejects it. */
  rejectP: (reason?: any) => void;
};

/**
 * Makes every member optional. `undefined` counts as left out.
 */
export type Options<T> = { [Name in keyof T]?: T[Name] | undefined };
