import { withoutFailure } from '../errors/withoutFailure.js';
import { attempt } from '../lifecycle/turns.js';
import type Log from '../log/Log.js';
import type {
  StreamCodeToReason,
  StreamReasonToCode,
} from '../types/stream.js';
import { describe } from '../validation/describe.js';
import { isIntegerWithin } from '../validation/values.js';

/**
 * The application's error codes of streams (RFC 9000 section 20.2), and the reasons that it has for
 * them.
 */
class StreamCodes {
  readonly #reasonToCode?: StreamReasonToCode;
  readonly #codeToReason?: StreamCodeToReason;
  readonly #logger: () => Log;

  constructor(
    reasonToCode: StreamReasonToCode | undefined,
    codeToReason: StreamCodeToReason | undefined,
    logger: () => Log,
  ) {
    this.#reasonToCode = reasonToCode;
    this.#codeToReason = codeToReason;
    this.#logger = logger;
  }

  /**
   * The code of a reason that a stream ends with. One that cannot be used is 0: the stream ends all
   * the same.
   */
  codeOf(type: 'read' | 'write', reason: any): number {
    let code: unknown = 0;
    try {
      code = this.#reasonToCode?.(type, reason) ?? 0;
    } catch {
      // What the mapping throws is no reason to keep the stream
    }
    if (isIntegerWithin(code, 0, Number.MAX_SAFE_INTEGER)) return code;
    attempt(() =>
      this.#logger().warn(
        `reasonToCode returned ${describe(code)} and must return an integer from 0 to 2^53 - 1: 0 is sent`,
      ),
    );
    return 0;
  }

  /**
   * The reason that stands for a code of the peer.
   */
  reasonOf(type: 'read' | 'write', code: number): any {
    const otherwise = () => {
      const reason = new Error(`${type} ${code}`);
      if (code === 0) withoutFailure.add(reason);
      return reason;
    };
    if (this.#codeToReason === undefined) return otherwise();
    try {
      return this.#codeToReason(type, code);
    } catch {
      return otherwise();
    }
  }
}

export default StreamCodes;
