/**
 * What objects of this library have of an `EventTarget`, for the events of a map from names to
 * classes. A name that is none of these, or a listener for another event, does not compile; any
 * `string` does that is no literal.
 */
export interface TypedListeners<Events> {
  /**
   * Adds a listener.
   *
   * @param type - the class of the event, or its name
   */
  addEventListener<Name extends keyof Events>(
    type: Name | EventClass<Name, Events[Name]>,
    callback: Listener<Events[Name]> | null,
    options?: ListenerOptions,
  ): void;
  /** The same for a name that is only known when the program runs, such as that of `EventAll`. */
  addEventListener<Type extends string>(
    type: Type & (string extends Type ? unknown : never),
    callback: Listener<any> | null,
    options?: ListenerOptions,
  ): void;
  /**
   * Removes a listener.
   *
   * @param type - the class of the event, or its name
   */
  removeEventListener<Name extends keyof Events>(
    type: Name | EventClass<Name, Events[Name]>,
    callback: Listener<Events[Name]> | null,
    options?: ListenerOptions,
  ): void;
  /** The same for a name that is only known when the program runs. */
  removeEventListener<Type extends string>(
    type: Type & (string extends Type ? unknown : never),
    callback: Listener<any> | null,
    options?: ListenerOptions,
  ): void;
  /** Calls the listeners for an event. */
  dispatchEvent(event: Event): boolean;
}

/**
 * The class of an event, which has its name.
 */
export type EventClass<Name, E> = (abstract new (
  ...params: any[]
) => E) & {
  readonly name: Name;
};

/**
 * Something that hears events of a class.
 */
export type Listener<E> = ((event: E) => any) | { handleEvent(event: E): any };

/**
 * Options of listeners, as those of `EventTarget`.
 */
export type ListenerOptions =
  | {
      capture?: boolean | undefined;
      once?: boolean | undefined;
      passive?: boolean | undefined;
      signal?: AbortSignal | undefined;
    }
  | boolean;

/**
 * The name of an event that was given by its class.
 */
export function nameOf(type: unknown): string {
  return typeof type === 'function' ? type.name : (type as string);
}

/**
 * Lets listeners of a class be added by the class of the event, in place of its name.
 */
export function ByClass<T extends new (...args: any[]) => any>(base: T): T {
  const byClass = class extends base {
    addEventListener(type: unknown, ...rest: Array<unknown>): void {
      super.addEventListener(nameOf(type), ...rest);
    }

    removeEventListener(type: unknown, ...rest: Array<unknown>): void {
      super.removeEventListener(nameOf(type), ...rest);
    }
  };
  Object.defineProperty(byClass, 'name', { value: base.name });
  return byClass;
}
