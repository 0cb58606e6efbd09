/**
 * Writes up to this size wait for the end of the current turn, in which the FIN often follows: then
 * all goes out in one packet. Those that the application did not wait for in between go together.
 */
export const corkSize = 4 * 1024;

// Memory for small writes, which are all sent before the turn ends: it is used from the start again
// as soon as none is left
const corks = { memory: new Uint8Array(64 * corkSize), used: 0, left: 0 };

/**
 * Memory to keep small writes of one stream in until it is given back.
 */
export function takeCork(): Uint8Array {
  corks.left++;
  const end = corks.used + corkSize;
  if (end > corks.memory.byteLength) return new Uint8Array(corkSize);
  const cork = corks.memory.subarray(corks.used, end);
  corks.used = end;
  return cork;
}

/**
 * Gives it back. Its content must be used at once.
 */
export function returnCork(): void {
  if (--corks.left === 0) corks.used = 0;
}

// Counts microtasks, as far as anybody asks
let microtasks = 0;
let isCounting = false;

/**
 * The number of the current microtask. A writer that waits for a write goes on in a later one.
 */
export function microtask(): number {
  if (!isCounting) {
    isCounting = true;
    queueMicrotask(endMicrotask);
  }
  return microtasks;
}

function endMicrotask(): void {
  isCounting = false;
  microtasks++;
}
