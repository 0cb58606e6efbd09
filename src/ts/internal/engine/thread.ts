import { AsyncResource } from 'node:async_hooks';
import type { Socket } from 'node:dgram';
import { runInThisContext } from 'node:vm';
import type { Addon, Binding } from './binding.js';
import { loadAddon } from './load.js';

/**
 * What a copy of the library is to its thread. It is called by {@link Seat}, and never kept alive
 * by it.
 */
export interface Occupant {
  dispatch(): void;
  handleExit(): void;
}

/**
 * What the thread holds of one copy of the library.
 */
export interface Seat {
  /** The functions of the addon for this copy. */
  readonly binding: Binding;
  /** Keeps the copy for as long as its realm is there, as it has something open. */
  hold(global: object): void;
  letGo(global: object): void;
  /**
   * Makes memory that a `dgram` socket shares with the engine. The socket is closed and the memory
   * kept until then, whatever becomes of the copy.
   */
  lend(socket: Socket, size: number): ArrayBuffer;
  /** Forgets a socket that is closed. */
  takeBack(socket: Socket): void;
}

/**
 * The part of the library that each thread has once, however many copies of the rest it has.
 */
export interface Thread {
  join(occupant: Occupant): Seat;
  /** A function that calls another for as long as that is there, and does not keep it. */
  weakly<A, B>(f: (a: A, b: B) => void): (a: A, b: B) => void;
  /** A lookup of addresses that are resolved: that of Node.js takes a turn of the event loop. */
  lookup(
    address: string,
    options: unknown,
    callback: (error: null, address: string, family: number) => void,
  ): void;
}

// Test runners give every test file a realm of its own, with a copy of the library, and drop the
// realm without a word, while sockets are open. Only garbage collection tells. A function keeps the
// realm that it was made in: what others hold for a copy, and what looks after it, must be of the
// thread's own realm, as this is. It is text, since all that is code is of the realm that it is
// loaded in; a function turned into text would not bear what compilers and measuring of coverage
// put into functions.
const source = `(addon) => {
  'use strict';

  // The copies that have something open, by the global object of their realm: without
  // that nothing need hold on to the realm, and with it to the copy
  const held = new WeakMap();
  const seats = new Set();
  const abandoned = new FinalizationRegistry((seat) => seat.abandon());

  class Seat {
    #occupant;
    #lent = new Map();

    constructor(occupant) {
      const reference = new WeakRef(occupant);
      this.#occupant = reference;
      this.binding = addon.environmentOpen(() => reference.deref()?.dispatch());
      if (this.binding === undefined) throw new Error('the thread is ending');
      seats.add(this);
      abandoned.register(occupant, this);
    }

    hold(global) {
      if (!held.has(global)) held.set(global, new Set());
      held.get(global).add(this.#occupant.deref());
    }

    letGo(global) {
      held.get(global)?.delete(this.#occupant.deref());
    }

    lend(socket, size) {
      const memory = new ArrayBuffer(size);
      this.#lent.set(socket, memory);
      return memory;
    }

    takeBack(socket) {
      this.#lent.delete(socket);
    }

    abandon() {
      seats.delete(this);
      this.binding.environmentAbandon();
      for (const socket of this.#lent.keys()) {
        try {
          socket.close();
        } catch {
          // It is closed
        }
      }
      this.#lent.clear();
    }

    exit() {
      try {
        this.#occupant.deref()?.handleExit();
      } catch {
        // Its realm is torn down
      }
      this.binding.environmentClose();
    }
  }

  process.once('exit', () => {
    for (const seat of seats) seat.exit();
  });

  return {
    join: (occupant) => new Seat(occupant),
    weakly(f) {
      const reference = new WeakRef(f);
      return (a, b) => reference.deref()?.(a, b);
    },
    lookup: (address, _options, callback) =>
      callback(null, address, address.includes(':') ? 6 : 4),
  };
}`;

/**
 * The part of this thread, made by the first copy that asks.
 */
export function thread(): Thread {
  const addon = loadAddon() as Addon & { thread?: Thread };
  addon.thread ??= runInThisContext(source)(addon) as Thread;
  return addon.thread;
}

// That of the import
const context = new AsyncResource('matrixai_quic');

/**
 * Makes what lives long outside of the caller's asynchronous context. It would keep that, in which
 * a test runner may have the test, and run all that it calls in it: the context of whoever happened
 * to come first.
 */
export function outOfContext<T>(make: () => T): T {
  return context.runInAsyncScope(make);
}
