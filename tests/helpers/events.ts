import { setImmediate, setTimeout } from 'node:timers/promises';
import { EventAll } from '@matrixai/events';
import { events } from '@matrixai/quic';

type Target = {
  addEventListener(
    type: string,
    listener: (event: any) => void,
    options?: { once?: boolean },
  ): void;
};

type EventClass<E extends Event> = { name: string; prototype: E };

/** Calls the listener for every event of a class. */
export function on<E extends Event>(
  target: Target,
  event: EventClass<E>,
  listener: (event: E) => void,
): void {
  target.addEventListener(event.name, listener);
}

/** Resolves with the next event of a class. */
export function once<E extends Event>(
  target: Target,
  event: EventClass<E>,
): Promise<E> {
  return new Promise((resolve) => {
    target.addEventListener(event.name, resolve, { once: true });
  });
}

/** Collects the names of the events of some classes, in their order. */
export function record(
  target: Target,
  ...events: Array<EventClass<Event>>
): Array<string> {
  const names: Array<string> = [];
  for (const event of events) on(target, event, () => names.push(event.name));
  return names;
}

/**
 * Collects the names of all events without `EventQUIC`, in their order. Sessions come whenever the
 * server sends them, so they are left out.
 */
export function recordAll(target: Target): Array<string> {
  const names: Array<string> = [];
  on(target, EventAll, ({ detail }) => {
    if (detail instanceof events.EventQUICConnectionSession) return;
    names.push(detail.constructor.name.replace('EventQUIC', ''));
  });
  return names;
}

export type Entry = [name: string, detail: unknown];

/** Collects the events of a stream with their details, in their order. */
export function logStream(target: Target): Array<Entry> {
  const entries: Array<Entry> = [];
  for (const event of [
    events.EventQUICStreamError,
    events.EventQUICStreamCloseRead,
    events.EventQUICStreamCloseWrite,
    events.EventQUICStreamDestroy,
    events.EventQUICStreamDestroyed,
  ]) {
    on<events.EventQUIC<unknown>>(target, event, ({ detail }) => {
      entries.push([event.name, detail]);
    });
  }
  return entries;
}

/** Waits for a condition that no event tells of; the test's timeout bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await setTimeout(5);
}

/** Whether a promise is neither fulfilled nor rejected as yet. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => false,
    () => false,
  );
  return Promise.race([settled, setImmediate(true)]);
}
