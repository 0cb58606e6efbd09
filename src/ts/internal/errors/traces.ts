import { ErrorQUIC } from './ErrorQUIC.js';
/**
 * Where a function was called.
 */
export type CallSite = { stack?: string };

/**
 * Remembers where a function was called, for errors that are made later, when nothing leads there
 * any more.
 */
export function callSite(callee: (...args: any[]) => unknown): CallSite {
  const site = {};
  Error.captureStackTrace(site, callee);
  return site;
}

/**
 * Has the stack of an error lead to a call, unless it does.
 */
export function traceTo(error: unknown, site: CallSite): void {
  if (!(error instanceof Error)) return;
  const frames = site.stack?.split('\n').slice(1) ?? [];
  if (frames.length === 0 || error.stack?.includes(frames[0])) return;
  error.stack = `${error.stack}\n${frames.join('\n')}`;
}

/**
 * An error that a call rejects with because of what happened before: if its stack leads nowhere, it
 * leads to the first such call then. Those of connections are made without one.
 */
export function traced(
  error: unknown,
  callee: (...args: any[]) => unknown,
): unknown {
  if (error instanceof ErrorQUIC && !/^ +at /m.test(error.stack ?? '')) {
    traceTo(error, callSite(callee));
  }
  return error;
}
