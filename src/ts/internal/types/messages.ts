import type QUICConnection from '../../QUICConnection.js';
import type QUICStream from '../../QUICStream.js';
import type { StreamId } from './stream.js';

/**
 * What is published on the channels `matrixai.quic.connection.open` and
 * `matrixai.quic.connection.close` of `node:diagnostics_channel`: when the handshake of
 * a connection has completed, at either end, and when such a connection is closed.
 */
export type QUICConnectionMessage = {
  /** The connection, of which `type` says whether it is a client's or a server's. */
  connection: QUICConnection;
  /** Only when it closes: how it ended. A connection always ends with an error. */
  error?: Error;
};

/**
 * What is published on the channels `matrixai.quic.stream.open` and
 * `matrixai.quic.stream.close` of `node:diagnostics_channel`: when a stream has its ID,
 * whichever end opened it, and when both its sides are closed.
 */
export type QUICStreamMessage = {
  /** The connection that the stream belongs to. */
  connection: QUICConnection;
  /** The stream. */
  stream: QUICStream;
  /** Only when it closes: why a side of it ended before its time, the first of two reasons. */
  error?: Error;
};

/**
 * The open streams of a connection.
 */
export type QUICStreamMap = Map<StreamId, QUICStream>;
