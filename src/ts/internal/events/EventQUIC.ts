import * as base from '@matrixai/events';

/**
 * The part of `AbstractEvent` of `@matrixai/events` that applications use, which it is an instance
 * of. The types of that package need those of the DOM.
 */
interface AbstractEvent<T> extends Event {
  /** What the event tells. */
  readonly detail: T;
  /** Makes another event of the same: an event cannot be dispatched twice. */
  clone(): this;
}

/** Options of events. */
type EventOptions<T> = {
  bubbles?: boolean;
  cancelable?: boolean;
  composed?: boolean;
  detail?: T;
};

const AbstractEvent = base.AbstractEvent as unknown as new <T>(
  typeOrOptions?: string | EventOptions<T>,
  options?: EventOptions<T>,
) => AbstractEvent<T>;

/**
 * Base of all events of this library. They are dispatched after the fact they
 * name, except those that are named in the present tense, such as
 * {@link EventQUICSocketStart}, which are dispatched before.
 */
export abstract class EventQUIC<T = undefined> extends AbstractEvent<T> {}

/** Instances of classes of events, by their names. */
export type InstancesOf<
  Class extends { readonly name: string } & (abstract new (
    ...params: any[]
  ) => unknown),
> = {
  [Name in Class['name']]: InstanceType<
    Extract<Class, { readonly name: Name }>
  >;
};
