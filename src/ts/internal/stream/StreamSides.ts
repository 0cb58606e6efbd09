import type { ConnectionCloseError } from '../connection/closeErrors.js';
import type { ErrorQUICConnectionEarlyDataRejected } from '../errors/connection.js';
import type {
  ErrorQUICStreamLocalRead,
  ErrorQUICStreamLocalWrite,
  ErrorQUICStreamPeerRead,
  ErrorQUICStreamPeerWrite,
} from '../errors/stream.js';
import type * as internals from '../internals.js';
import type StreamCodes from './StreamCodes.js';

/**
 * What a stream ends with whose connection has ended, or that was opened for early data that the
 * server did not take.
 */
export type StreamEnd =
  | ConnectionCloseError
  | ErrorQUICConnectionEarlyDataRejected<unknown>;

export const endMessage = 'Connection has ended';

/**
 * What the two sides of a stream know of it and of each other.
 */
export interface StreamSides {
  readonly [internals.handle]: number;
  readonly [internals.codes]: StreamCodes;
  /** Bytes of the largest chunk for readers that bring no buffer. */
  readonly [internals.chunkSize]: number;
  /** Has the engine given what was written in this turn. */
  [internals.flush](): void;
  /** Whether there may be something that the reader has not got. */
  [internals.isReaderBehind](): boolean;
  /** The receiving side has ended. */
  [internals.receiveEnded](
    error:
      | ErrorQUICStreamLocalRead<unknown>
      | ErrorQUICStreamPeerRead<unknown>
      | undefined,
  ): void;
  /** The sending side has ended. */
  [internals.sendEnded](
    error:
      | ErrorQUICStreamLocalWrite<unknown>
      | ErrorQUICStreamPeerWrite<unknown>
      | undefined,
  ): void;
}
