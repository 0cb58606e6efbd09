import { running, status } from '@matrixai/async-init/utils.js';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import type { AbortOptions } from '../types/abort.js';
import type { StartOptions } from '../types/socket.js';
import { describe, optionError } from '../validation/describe.js';
import { validateSignal } from '../validation/values.js';
import type { Startable } from './Lifecycle.js';

/**
 * Why a signal has aborted. Signals of other makers may not say.
 */
export function reasonOf(signal: AbortSignal): unknown {
  return 'reason' in signal
    ? signal.reason
    : new DOMException('This operation was aborted', 'AbortError');
}

/**
 * Throws the reason of a signal that has aborted.
 */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw reasonOf(signal);
}

/**
 * Begins something and settles as it does, or rejects when the signal aborts first.
 *
 * @param begin
 * @param undo - called when what was begun has succeeded although nobody waits for it any more
 */
export async function abortable<T>(
  signal: AbortSignal | undefined,
  begin: () => Promise<T>,
  undo?: (result: T) => void,
): Promise<T> {
  validateSignal(signal);
  if (signal === undefined) return begin();
  throwIfAborted(signal);
  let abort!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(reasonOf(signal));
    signal.addEventListener('abort', abort);
  });
  const begun = begin();
  if (undo !== undefined) {
    begun.then(
      (result) => signal.aborted && undo(result),
      () => {},
    );
  }
  try {
    return await Promise.race([begun, aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Lets `start` and `stop` of a class take a signal, whatever they wait for. A start that is aborted
 * is undone.
 */
export function Abortable<T extends new (...args: any[]) => any>(base: T): T {
  const abortableClass = class extends base {
    async start(opts?: AbortOptions): Promise<void> {
      const self = this as unknown as Startable;
      const isStarted = self[running] || self[status] === 'starting';
      if (isStarted) checkRestart(this as unknown as Bound, opts);
      else startedWith.set(this, { ...opts });
      return abortable(
        opts?.signal,
        () => super.start(opts),
        () => void super.stop({ force: true }),
      );
    }

    async stop(opts?: AbortOptions): Promise<void> {
      return abortable(opts?.signal, () => super.stop(opts));
    }
  };
  Object.defineProperty(abortableClass, 'name', { value: base.name });
  return abortableClass;
}

type Bound = object & Record<string, unknown>;

const defaults = { host: '::', port: 0, reuseAddr: false, ipv6Only: false };

/** The options of objects that are started, or about to be. */
const startedWith = new WeakMap<object, StartOptions>();

/**
 * A second start has no effect, so it must not ask for something else.
 *
 * @throws {ErrorQUICOptionInvalid}
 */
function checkRestart(started: Bound, opts: StartOptions = {}): void {
  const earlier = {
    ...defaults,
    ...withoutUndefined(startedWith.get(started)),
  };
  for (const [option, initial] of Object.entries(earlier)) {
    const asked = opts[option as keyof StartOptions];
    if (!(option in defaults) || asked === undefined || asked === initial)
      continue;
    if (isBoundTo(started, option, asked)) continue;
    throw optionError(
      ErrorQUICOptionInvalid,
      option,
      describe(asked),
      `${describe(initial)}, with which it was started: stop it first`,
    );
  }
}

/** Whether a host or port is the one that was bound, as one may ask for what one was told. */
function isBoundTo(started: Bound, option: string, asked: unknown): boolean {
  if (option !== 'host' && option !== 'port') return false;
  try {
    return started[option] === asked;
  } catch {
    // Its socket is gone, which the start itself says
    return true;
  }
}

function withoutUndefined(options: object = {}): object {
  return Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
}
