import { ErrorQUICConnectionLocal, ErrorQUICConnectionPeer } from './close.js';
import { ErrorQUIC } from './ErrorQUIC.js';
import { withoutFailure } from './withoutFailure.js';

/**
 * Whether an error tells of an orderly end: that of a connection that either side closed with the
 * code 0, that of a stream that the peer ended with the code 0 where `codeToReason` maps no codes,
 * or a read, a write or a call that ended with it. All other ends lost something, or were told to
 * be failures.
 *
 * @param error - anything that was thrown, rejected or is the detail of an event
 */
export function isOrderly(error: unknown): boolean {
  let e = error;
  for (; e instanceof ErrorQUIC; e = e.cause) {
    if (
      e instanceof ErrorQUICConnectionLocal ||
      e instanceof ErrorQUICConnectionPeer
    ) {
      return e.data.errorCode === 0;
    }
  }
  return typeof e === 'object' && e !== null && withoutFailure.has(e);
}
