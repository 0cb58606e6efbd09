import { channel } from 'node:diagnostics_channel';

/**
 * Channels of `node:diagnostics_channel`. What is published is a `QUICConnectionMessage` or a
 * `QUICStreamMessage`, see `types.ts`; no message is made unless a channel has subscribers.
 */
export const connectionOpen = channel('matrixai.quic.connection.open');

export const connectionClose = channel('matrixai.quic.connection.close');

export const streamOpen = channel('matrixai.quic.stream.open');

export const streamClose = channel('matrixai.quic.stream.close');
