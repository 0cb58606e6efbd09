import { clientDefault } from '../config.js';

/**
 * Maximum length of a connection ID in bytes (RFC 9000 section 17.2).
 */
export const MAX_CONN_ID_LEN = 20;

/**
 * Minimum size in bytes of a datagram with an Initial packet of a client (RFC 9000 section 14.1).
 */
export const MIN_CLIENT_INITIAL_LEN = 1200;

/**
 * QUIC version 1 (RFC 9000 section 15), which clients offer. Servers accept version 2 (RFC 9369) too.
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

/**
 * First of the transport error codes that are TLS alerts, see {@link CryptoError} (RFC 9001 section 4.8).
 */
export const CRYPTO_ERROR_START = 0x100;

/**
 * Last of the transport error codes that are TLS alerts, see {@link CryptoError} (RFC 9001 section 4.8).
 */
export const CRYPTO_ERROR_STOP = 0x1ff;

/**
 * QUIC transport error codes (RFC 9000 section 20.1). The range of TLS errors is
 * {@link CryptoError}.
 */
export enum ConnectionErrorCode {
  NoError = 0,
  InternalError = 1,
  ConnectionRefused = 2,
  FlowControlError = 3,
  StreamLimitError = 4,
  StreamStateError = 5,
  FinalSizeError = 6,
  FrameEncodingError = 7,
  TransportParameterError = 8,
  ConnectionIdLimitError = 9,
  ProtocolViolation = 10,
  InvalidToken = 11,
  ApplicationError = 12,
  CryptoBufferExceeded = 13,
  KeyUpdateError = 14,
  AEADLimitReached = 15,
  NoViablePath = 16,
}
/**
 * TLS errors as QUIC transport error codes: 0x100 plus the alert (RFC 9001
 * section 4.8), with the alerts of TLS 1.3 (RFC 8446 section 6).
 */
export enum CryptoError {
  CloseNotify = 256,
  UnexpectedMessage = 266,
  BadRecordMac = 276,
  RecordOverflow = 278,
  HandshakeFailure = 296,
  BadCertificate = 298,
  UnsupportedCertificate = 299,
  CertificateRevoked = 300,
  CertificateExpired = 301,
  CertificateUnknown = 302,
  IllegalParameter = 303,
  UnknownCA = 304,
  AccessDenied = 305,
  DecodeError = 306,
  DecryptError = 307,
  ProtocolVersion = 326,
  InsufficientSecurity = 327,
  InternalError = 336,
  InappropriateFallback = 342,
  UserCanceled = 346,
  MissingExtension = 365,
  UnsupportedExtension = 366,
  UnrecognizedName = 368,
  BadCertificateStatusResponse = 369,
  UnknownPSKIdentity = 371,
  CertificateRequired = 372,
  NoApplicationProtocol = 376,
}
/**
 * What a CONNECTION_CLOSE frame says (RFC 9000 section 19.19).
 */
export type ConnectionError = {
  /** Whether the application closed, or the transport. */
  isApp: boolean;
  /** The application's code, a {@link ConnectionErrorCode} or {@link CryptoError}. */
  errorCode: number;
  reason: Uint8Array;
};
