import type { Opaque } from './common.js';

/**
 * A stream ID, an integer from 0 to 2^62 - 1 (RFC 9000 section 2.1).
 */
export type StreamId = Opaque<'StreamId', number>;

/**
 * In which order the data of streams is sent (RFC 9218 section 4).
 */
export type StreamPriority = {
  /** From 0, sent before all others, to 7, sent after them. Defaults to 3. */
  urgency: number;
  /**
   * Whether streams of the same urgency are sent in turn, or one after another by their IDs.
   * Defaults to true; in RFC 9218, which is about HTTP, to false.
   */
  incremental: boolean;
};

/**
 * Maps a reason (most likely an exception) to a stream error code, an integer
 * from 0 to 2^53 - 1. Use `0` for an unknown reason. Whatever else is returned is
 * sent as 0, and logged as a warning.
 */
export type StreamReasonToCode = (
  type: 'read' | 'write',
  reason?: any,
) => number;

/**
 * Maps a stream error code to a reason. 0 usually means an unknown reason. Codes of other
 * implementations above 2^53 - 1, up to 2^62 - 1 (RFC 9000 section 20.2), are given as 2^53 - 1.
 */
export type StreamCodeToReason = (type: 'read' | 'write', code: number) => any;
