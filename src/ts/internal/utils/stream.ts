import {
  ErrorQUICStreamPeerRead,
  ErrorQUICStreamPeerWrite,
} from '../errors/stream.js';
import type { StreamId } from '../types/stream.js';
/**
 * Was the stream opened by the client (RFC 9000 section 2.1)?
 */
export function isStreamClientInitiated(streamId: StreamId): boolean {
  return (streamId & 0b01) === 0;
}

/**
 * Was the stream opened by the server (RFC 9000 section 2.1)?
 */
export function isStreamServerInitiated(streamId: StreamId): boolean {
  return (streamId & 0b01) !== 0;
}

/**
 * Can both ends send (RFC 9000 section 2.1)?
 */
export function isStreamBidirectional(streamId: StreamId): boolean {
  return (streamId & 0b10) === 0;
}

/**
 * Can only the end that opened it send (RFC 9000 section 2.1)?
 */
export function isStreamUnidirectional(streamId: StreamId): boolean {
  return (streamId & 0b10) !== 0;
}

/**
 * The code with which the peer stopped our writable side, or false if the error
 * is another one. Besides the errors of streams it knows those of version 2 by
 * their message, `StreamStopped(code)`.
 */
export function isStreamStopped(e: Error): number | false {
  return (
    codeIn(e.message, /StreamStopped\((\d{1,16})\)/) ??
    (e instanceof ErrorQUICStreamPeerWrite && e.data.code)
  );
}

/**
 * The code with which the peer reset our readable side, or false if the error
 * is another one. Besides the errors of streams it knows those of version 2 by
 * their message, `StreamReset(code)`.
 */
export function isStreamReset(e: Error): number | false {
  return (
    codeIn(e.message, /StreamReset\((\d{1,16})\)/) ??
    (e instanceof ErrorQUICStreamPeerRead && e.data.code)
  );
}

function codeIn(message: string, pattern: RegExp): number | undefined {
  const match = pattern.exec(message);
  return match === null ? undefined : parseInt(match[1], 10);
}
