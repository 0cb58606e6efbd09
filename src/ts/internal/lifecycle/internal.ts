import type { Evented } from '@matrixai/events';
import { EventAll, EventDefault } from '@matrixai/events';
import { eventHandlers } from '@matrixai/events/utils.js';
import * as internals from '../internals.js';
import type Log from '../log/Log.js';
import type { CloseOptions } from '../types/connection.js';
import type { StreamReasonToCode } from '../types/stream.js';
import { validateCodeArgs } from '../validation/close.js';
import { describe } from '../validation/describe.js';
import { checkNames, closeNames } from '../validation/optionNames.js';
import { isIntegerWithin } from '../validation/values.js';

/**
 * Something that events are dispatched on.
 *
 * @internal
 */
export type Target = { dispatchEvent(event: Event): boolean };

const everything = [EventAll.name, EventDefault.name];

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
  const { [eventHandlers]: handlers } = target as Target & Evented;
  return (
    handlers.size > 0 &&
    [type, ...everything].some((name) => (handlers.get(name)?.size ?? 0) > 0)
  );
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

type Overtaken = {
  readonly [internals.logger]: Log;
  [internals.overtake](opts?: CloseOptions): void;
};

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
        const self = this as unknown as Overtaken;
        checkNames(opts, closeNames, self[internals.logger]);
        if (opts?.force !== false) self[internals.overtake](opts);
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
  logger: () => Log,
): number {
  let code: unknown = 0;
  try {
    code = reasonToCode?.(type, reason) ?? 0;
  } catch {
    // What the mapping throws is no reason to keep the stream
  }
  if (isIntegerWithin(code, 0, Number.MAX_SAFE_INTEGER)) return code;
  attempt(() =>
    logger().warn(
      `reasonToCode returned ${describe(code)} and must return an integer from 0 to 2^53 - 1: 0 is sent`,
    ),
  );
  return 0;
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
