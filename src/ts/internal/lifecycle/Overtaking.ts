import * as internals from '../internals.js';
import type Log from '../log/Log.js';
import type { CloseOptions } from '../types/connection.js';
import { validateCodeArgs } from '../validation/close.js';
import { checkNames, closeNames } from '../validation/optionNames.js';

/**
 * What the connections are told that somebody closes: he waits for them himself.
 */
export function withoutWait(opts: CloseOptions): CloseOptions {
  const { isApp, errorCode, reason, force } = opts;
  return { isApp, errorCode, reason, force } as CloseOptions;
}

type Overtaken = {
  readonly [internals.logger]: Log;
  [internals.overtake](opts?: CloseOptions): void;
};

/**
 * Lets a forced stop or destroy overtake a graceful one that still waits. They would
 * otherwise take turns, and the graceful one may wait forever.
 */
export function Overtaking(method: 'stop' | 'destroy') {
  return <T extends new (...args: any[]) => any>(base: T): T => {
    const overtaking = class extends base {
      async [method](opts?: CloseOptions): Promise<void> {
        validateCodeArgs(opts ?? {});
        const self = this as unknown as Overtaken;
        checkNames(opts, closeNames, self[internals.logger]);
        if (opts?.force !== false) self[internals.overtake](opts);
        return super[method](opts);
      }
    };
    Object.defineProperty(overtaking, 'name', { value: base.name });
    return overtaking;
  };
}
