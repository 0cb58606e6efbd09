import { type EventError, Evented } from '@matrixai/events';
import type { EventHandlerInfo } from '@matrixai/events/types.js';
import {
  _eventHandled,
  _eventHandlers,
  _eventTarget,
  _handleEventError,
  eventHandled,
  eventHandlers,
  eventTarget,
  handleEventError,
} from '@matrixai/events/utils.js';
import type { Listener, ListenerOptions, TypedListeners } from './internal.js';

@Evented()
class EventedState {}
interface EventedState extends Evented {
  readonly [_eventTarget]: EventTarget;
  readonly [_eventHandlers]: Map<string, Set<EventHandlerInfo>>;
  readonly [_eventHandled]: WeakSet<Event>;
  readonly [_handleEventError]: (evt: EventError) => void;
}

const methods = EventedState.prototype as Evented;
const noHandlers: ReadonlyMap<string, Set<EventHandlerInfo>> = new Map();

/**
 * Does what the decorator `Evented()` does, and has its state made by it, but only once there
 * is a listener. Most streams never have one, and the state costs more than a short
 * message.
 *
 * @internal
 */
abstract class LazyEvented
  implements Omit<Evented, keyof TypedListeners>, TypedListeners
{
  private events?: EventedState;

  private get state(): EventedState {
    this.events ??= new EventedState();
    return this.events;
  }

  // The methods of Evented work on these
  /** @internal */
  public get [_eventTarget](): EventTarget {
    return this.state[_eventTarget];
  }

  /** @internal */
  public get [_eventHandlers](): Map<string, Set<EventHandlerInfo>> {
    return this.state[_eventHandlers];
  }

  /** @internal */
  public get [_eventHandled](): WeakSet<Event> {
    return this.state[_eventHandled];
  }

  /** @internal */
  public get [_handleEventError](): (evt: EventError) => void {
    return this.state[_handleEventError];
  }

  /** Where events are dispatched. */
  public get [eventTarget](): EventTarget {
    return this.state[_eventTarget];
  }

  /** The listeners, by type of event. */
  public get [eventHandlers](): ReadonlyMap<string, Set<EventHandlerInfo>> {
    return this.events?.[_eventHandlers] ?? noHandlers;
  }

  /** Events that a listener has heard. */
  public get [eventHandled](): WeakSet<Event> {
    return this.state[_eventHandled];
  }

  /** Hears what listeners throw. */
  public get [handleEventError](): (evt: EventError) => void {
    return this.state[_handleEventError];
  }

  /** Adds a listener for events whose type is `type`. */
  public addEventListener<E extends Event = Event>(
    type: string,
    callback: Listener<E> | null,
    options?: ListenerOptions,
  ): void {
    methods.addEventListener.call(this, type, callback as any, options);
  }

  /** Removes a listener. */
  public removeEventListener<E extends Event = Event>(
    type: string,
    callback: Listener<E> | null,
    options?: ListenerOptions,
  ): void {
    methods.removeEventListener.call(this, type, callback as any, options);
  }

  /** Calls the listeners for an event. */
  public dispatchEvent(event: Event): boolean {
    return this.events === undefined || methods.dispatchEvent.call(this, event);
  }
}

export default LazyEvented;
