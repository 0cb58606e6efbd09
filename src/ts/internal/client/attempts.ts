import { reasonOf, throwIfAborted } from '../lifecycle/abort.js';

/**
 * What became of one address.
 */
export type Failure<A> = { address: A; error: unknown };

/**
 * Tries addresses until the first attempt succeeds (Happy Eyeballs, RFC 8305 section 5): the next
 * one begins when `delay` is over, or as soon as one has failed. The others are given up then.
 *
 * @param addresses - at least one
 * @param delay - milliseconds between the beginnings of two attempts
 * @param signal - gives up all of them when it aborts
 * @param attempt - begins one, and gives it up when its signal aborts
 * @param undo - called for one that has succeeded although it was given up
 * @param toError - makes the error of the failures when all have failed
 */
export async function firstOf<A, T>(
  addresses: ReadonlyArray<A>,
  delay: number,
  signal: AbortSignal,
  attempt: (address: A, signal: AbortSignal) => Promise<T>,
  undo: (result: T) => void,
  toError: (failures: ReadonlyArray<Failure<A>>) => unknown,
): Promise<T> {
  throwIfAborted(signal);
  const others = new AbortController();
  const failures: Array<Failure<A>> = [];
  let begun = 0;
  let ended = 0;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const end = () => {
    isOver = true;
    clearTimeout(timer);
    others.abort();
  };
  signal.addEventListener('abort', end);
  try {
    return await new Promise<T>((resolve, reject) => {
      // Nothing that has begun goes on when it is told
      const rejectIfOver = () => {
        if (ended === begun) reject(toError(failures));
      };
      const begin = () => {
        clearTimeout(timer);
        const address = addresses[begun++];
        attempt(address, others.signal).then(
          (result) => {
            ended++;
            if (isOver) {
              undo(result);
              rejectIfOver();
              return;
            }
            end();
            resolve(result);
          },
          (error) => {
            ended++;
            failures.push({ address, error });
            if (!isOver && begun < addresses.length) begin();
            else rejectIfOver();
          },
        );
        if (begun < addresses.length) timer = setTimeout(begin, delay);
      };
      begin();
    });
  } catch (e) {
    throw signal.aborted ? reasonOf(signal) : e;
  } finally {
    signal.removeEventListener('abort', end);
  }
}

/**
 * Puts addresses of both families in turns, beginning with that of the first (RFC 8305 section 4),
 * so that a family that does not work costs one delay.
 */
export function interleave<A>(
  addresses: ReadonlyArray<A>,
  familyOf: (address: A) => unknown,
): Array<A> {
  if (addresses.length === 0) return [];
  const first = familyOf(addresses[0]);
  const mine = addresses.filter((address) => familyOf(address) === first);
  const others = addresses.filter((address) => familyOf(address) !== first);
  return Array.from(
    { length: Math.max(mine.length, others.length) },
    (_, i) => [...mine.slice(i, i + 1), ...others.slice(i, i + 1)],
  ).flat();
}
