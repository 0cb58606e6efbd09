import { EventAll, EventDefault, type Evented } from '@matrixai/events';
import { eventHandlers } from '@matrixai/events/utils.js';

/**
 * Something that events are dispatched on.
 */
export type Target = { dispatchEvent(event: Event): boolean };

/**
 * Dispatches an event on targets in turn: each emits again what the one before it emits. Makes the
 * event only when somebody listens. Most events of streams have no listener, and an event costs
 * more than a short message.
 *
 * @returns whether somebody listens
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
 */
export function hears(target: Target, type: string): boolean {
  const { [eventHandlers]: handlers } = target as Target & Evented;
  return (
    handlers.size > 0 &&
    (hasAny(handlers.get(type)) ||
      hasAny(handlers.get(EventAll.name)) ||
      hasAny(handlers.get(EventDefault.name)))
  );
}

function hasAny(handlers: ReadonlySet<unknown> | undefined): boolean {
  return handlers !== undefined && handlers.size > 0;
}
