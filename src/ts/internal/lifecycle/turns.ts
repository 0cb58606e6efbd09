/**
 * Does something that must not keep what follows from being done. What it throws is an uncaught
 * exception afterwards.
 */
export function attempt(step: () => void): void {
  try {
    step();
  } catch (e) {
    process.nextTick(() => {
      throw e;
    });
  }
}

/**
 * Resolves before anything else happens, but after the promises that are settled by now have passed
 * it on.
 */
export async function nextTick(): Promise<void> {
  await new Promise<void>((resolve) => process.nextTick(resolve));
}
