import type { Evented } from '@matrixai/events';
import { EventAll, EventDefault } from '@matrixai/events';
import { eventHandlers } from '@matrixai/events/utils.js';
import Logger, { LogLevel } from '@matrixai/logger';
import { checkNames, closeNames } from './optionNames.js';
import type { CloseOptions, StreamReasonToCode } from './types.js';
import { validateCodeArgs } from './validation.js';

/**
 * Something that events are dispatched on.
 *
 * @internal
 */
export type Target = Pick<Evented, 'dispatchEvent'> & {
  readonly [eventHandlers]: ReadonlyMap<string, ReadonlySet<unknown>>;
};

const everything = [EventAll.name, EventDefault.name];

/**
 * Listeners may take the class of the event that they listen for.
 */
export interface TypedListeners {
  /** Adds a listener for events whose type is `type`, the name of the class of the event. */
  addEventListener<E extends Event = Event>(
    type: string,
    callback: Listener<E> | null,
    options?: ListenerOptions,
  ): void;
  /** Removes a listener. */
  removeEventListener<E extends Event = Event>(
    type: string,
    callback: Listener<E> | null,
    options?: ListenerOptions,
  ): void;
}

/**
 * Something that hears events of a class.
 */
export type Listener<E extends Event> =
  | ((event: E) => any)
  | { handleEvent(event: E): any };

/**
 * Options of listeners, as those of `EventTarget`.
 */
export type ListenerOptions =
  | {
      capture?: boolean;
      once?: boolean;
      passive?: boolean;
      signal?: AbortSignal;
    }
  | boolean;

/**
 * Dispatches an event on targets in turn, each of which emits again what the one
 * before it does. Makes the event only when somebody listens: most events of streams
 * have no listener, and making one costs more than a short message.
 *
 * @returns whether somebody listens
 *
 * @internal
 */
export function emit<P extends Array<any>, E extends Event & { clone(): E }>(
  targets: Iterable<Target>,
  EventClass: new (...params: P) => E,
  ...params: P
): boolean {
  let event: E | undefined;
  for (const target of targets) {
    if (!hears(target, EventClass.name)) continue;
    // An event cannot be dispatched twice
    event = event === undefined ? new EventClass(...params) : event.clone();
    target.dispatchEvent(event);
  }
  return event !== undefined;
}

/**
 * Whether a target has listeners for events of a type.
 *
 * @internal
 */
export function hears(target: Target, type: string): boolean {
  const handlers = target[eventHandlers];
  return (
    handlers.size > 0 &&
    [type, ...everything].some((name) => (handlers.get(name)?.size ?? 0) > 0)
  );
}

/**
 * A logger that says nothing, for users who give none.
 *
 * @internal
 */
export function silentLogger(name: string): Logger {
  return new Logger(name, LogLevel.SILENT, []);
}

/**
 * What the connections are told that somebody closes: he waits for them himself.
 *
 * @internal
 */
export function withoutWait(opts: CloseOptions): CloseOptions {
  const { isApp, errorCode, reason, force } = opts;
  return { isApp, errorCode, reason, force } as CloseOptions;
}

/**
 * Lets a forced stop or destroy overtake a graceful one that still waits. They would
 * otherwise take turns, and the graceful one may wait forever.
 *
 * @internal
 */
export function Overtaking(method: 'stop' | 'destroy') {
  return <T extends new (...args: any[]) => any>(base: T): T => {
    const overtaking = class extends base {
      async [method](opts?: CloseOptions): Promise<void> {
        validateCodeArgs(opts ?? {});
        const { logger } = this as unknown as { logger: Logger };
        checkNames(opts, closeNames, logger);
        if (opts?.force !== false) this.overtake(opts);
        return super[method](opts);
      }
    };
    Object.defineProperty(overtaking, 'name', { value: base.name });
    return overtaking;
  };
}

/**
 * The code of a reason that a stream ends with. One that cannot be used is 0: the stream ends all the same.
 *
 * @internal
 */
export function codeOfReason(
  reasonToCode: StreamReasonToCode | undefined,
  type: 'read' | 'write',
  reason: any,
): number {
  let code: unknown = 0;
  try {
    code = reasonToCode?.(type, reason) ?? 0;
  } catch {
    // What the mapping throws is no reason to keep the stream
  }
  return Number.isSafeInteger(code) && (code as number) >= 0
    ? (code as number)
    : 0;
}

/**
 * Does something that must not keep what follows from being done. What it throws is an uncaught exception afterwards.
 *
 * @internal
 */
export function attempt(step: () => void): void {
  try {
    step();
  } catch (e) {
    process.nextTick(() => {
      throw e;
    });
  }
}

/**
 * Resolves before anything else happens, but after the promises that are settled by now have passed it on.
 *
 * @internal
 */
export async function nextTick(): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve));
}
