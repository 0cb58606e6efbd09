import { EventAll, EventDefault, EventError, Evented } from '@matrixai/events';
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
import { nameOf, type TypedListeners } from './listeners.js';

// These events go by the names of their classes. Bundlers that shorten names may give all of them
// the same.
for (const [name, EventClass] of Object.entries({
  EventAll,
  EventDefault,
  EventError,
})) {
  if (EventClass.name !== name) {
    Object.defineProperty(EventClass, 'name', { value: name });
  }
}

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
 */
class LazyEvented {
  #events?: EventedState;

  get #state(): EventedState {
    this.#events ??= new EventedState();
    return this.#events;
  }

  // The methods of Evented work on these
  /** @internal */
  public get [_eventTarget](): EventTarget {
    return this.#state[_eventTarget];
  }

  /** @internal */
  public get [_eventHandlers](): Map<string, Set<EventHandlerInfo>> {
    return this.#state[_eventHandlers];
  }

  /** @internal */
  public get [_eventHandled](): WeakSet<Event> {
    return this.#state[_eventHandled];
  }

  /** @internal */
  public get [_handleEventError](): (evt: EventError) => void {
    return this.#state[_handleEventError];
  }

  /** Where events are dispatched. @internal */
  public get [eventTarget](): EventTarget {
    return this.#state[_eventTarget];
  }

  /** The listeners, by type of event. @internal */
  public get [eventHandlers](): ReadonlyMap<string, Set<EventHandlerInfo>> {
    return this.#events?.[_eventHandlers] ?? noHandlers;
  }

  /** Events that a listener has heard. @internal */
  public get [eventHandled](): WeakSet<Event> {
    return this.#state[_eventHandled];
  }

  /** Hears what listeners throw. @internal */
  public get [handleEventError](): (evt: EventError) => void {
    return this.#state[_handleEventError];
  }

  public addEventListener(type: unknown, ...rest: Array<any>): void {
    methods.addEventListener.call(this, nameOf(type), rest[0], rest[1]);
  }

  public removeEventListener(type: unknown, ...rest: Array<any>): void {
    methods.removeEventListener.call(this, nameOf(type), rest[0], rest[1]);
  }

  /** Calls the listeners for an event. */
  public dispatchEvent(event: Event): boolean {
    return (
      this.#events === undefined || methods.dispatchEvent.call(this, event)
    );
  }
}

export default LazyEvented as unknown as abstract new <
  Events,
>() => TypedListeners<Events>;
