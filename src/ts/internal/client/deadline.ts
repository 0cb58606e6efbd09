import type { ContextTimedInput } from '@matrixai/contexts';
import type { Timer } from '@matrixai/timer';
import { ErrorQUICOptionInvalid } from '../errors/options.js';
import { reasonOf } from '../lifecycle/abort.js';
import type { Options } from '../types/common.js';
import { describe, optionError } from '../validation/describe.js';
import { validateSignal } from '../validation/values.js';

/**
 * Aborts with the signal or when the timer expires, until the function that it returns is called.
 *
 * @param toError - makes the error of a timer that expired
 */
export function link(
  { timer, signal }: Options<ContextTimedInput>,
  controller: AbortController,
  toError: () => Error,
): () => void {
  const expire = () => controller.abort(toError());
  let isLinked = true;
  let timeout: NodeJS.Timeout | undefined;
  if (isTimer(timer)) {
    // It belongs to the caller, who may cancel it
    timer.then(
      () => isLinked && expire(),
      () => {},
    );
  } else if (timer !== undefined && timer < Infinity) {
    timeout = setTimeout(expire, Math.min(timer, longestTimeout));
  }
  const abort = () => controller.abort(signal && reasonOf(signal));
  if (signal?.aborted) abort();
  else signal?.addEventListener('abort', abort);
  return () => {
    isLinked = false;
    clearTimeout(timeout);
    signal?.removeEventListener('abort', abort);
  };
}

/** Also one of another copy of that package. */
function isTimer(timer: unknown): timer is Timer {
  return (
    typeof timer === 'object' &&
    timer !== null &&
    'then' in timer &&
    'getTimeout' in timer
  );
}

// In milliseconds, of timers in JavaScript
const longestTimeout = 2 ** 31 - 1;

export function validateContext({
  timer,
  signal,
}: Options<ContextTimedInput>): void {
  const isTime = typeof timer === 'number' && timer >= 0;
  if (timer !== undefined && !isTime && !isTimer(timer)) {
    throw optionError(
      ErrorQUICOptionInvalid,
      'ctx.timer',
      describe(timer),
      'a Timer, or milliseconds of at least 0',
    );
  }
  validateSignal(signal, 'ctx.signal');
}
