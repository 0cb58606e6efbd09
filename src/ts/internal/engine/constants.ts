import { clientDefault } from '../../config.js';

/**
 * Maximum length of a connection ID in bytes (RFC 9000 section 17.2).
 */
export const MAX_CONN_ID_LEN = 20;

/**
 * Minimum size in bytes of a datagram with an Initial packet of a client (RFC 9000 section 14.1).
 */
export const MIN_CLIENT_INITIAL_LEN = 1200;

/**
 * QUIC version 1 (RFC 9000 section 15), which clients offer. Servers accept version 2 (RFC 9369)
 * too.
 */
export const PROTOCOL_VERSION = 1;

/**
 * Size in bytes of the datagrams of version 2 of this library. This version finds out what
 * the path carries (RFC 9000 section 14.3), unless `config.maxSendUdpPayloadSize` says otherwise.
 */
export const MAX_DATAGRAM_SIZE = 1350;

/**
 * Maximum size in bytes of a UDP datagram with its header.
 */
export const MAX_UDP_PACKET_SIZE = 65535;

/**
 * Default of `config.maxStreamWindow` in bytes.
 */
export const MAX_STREAM_WINDOW: number = clientDefault.maxStreamWindow;

/**
 * Default of `config.maxConnectionWindow` in bytes.
 */
export const MAX_CONNECTION_WINDOW: number = clientDefault.maxConnectionWindow;
