import { channel } from 'node:diagnostics_channel';

/**
 * Channels of `node:diagnostics_channel`. What is published is a `QUICConnectionMessage` or a
 * `QUICStreamMessage`, see `types.ts`; no message is made unless a channel has subscribers.
 *
 * @internal
 */
export const connectionOpen = channel('matrixai.quic.connection.open');

/** @internal */
export const connectionClose = channel('matrixai.quic.connection.close');

/** @internal */
export const streamOpen = channel('matrixai.quic.stream.open');

/** @internal */
export const streamClose = channel('matrixai.quic.stream.close');
