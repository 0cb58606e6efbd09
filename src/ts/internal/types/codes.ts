/**
 * First of the transport error codes that are TLS alerts, see {@link CryptoError} (RFC 9001 section
 * 4.8).
 */
export const CRYPTO_ERROR_START = 0x100;

/**
 * Last of the transport error codes that are TLS alerts, see {@link CryptoError} (RFC 9001 section
 * 4.8).
 */
export const CRYPTO_ERROR_STOP = 0x1ff;

/**
 * QUIC transport error codes (RFC 9000 section 20.1). The range of TLS errors is
 * {@link CryptoError}.
 */
export enum ConnectionErrorCode {
  /** The connection is closed without an error. */
  NoError = 0,
  /** The endpoint cannot go on. */
  InternalError = 1,
  /** The server refuses the connection. */
  ConnectionRefused = 2,
  /** More data than was allowed. */
  FlowControlError = 3,
  /** More streams than were allowed. */
  StreamLimitError = 4,
  /** A frame that does not fit the state of its stream. */
  StreamStateError = 5,
  /** The size of a stream changed after it was known. */
  FinalSizeError = 6,
  /** A frame that is malformed. */
  FrameEncodingError = 7,
  /** Transport parameters that are malformed or not allowed. */
  TransportParameterError = 8,
  /** More connection IDs than were allowed. */
  ConnectionIdLimitError = 9,
  /** Another violation of the protocol. */
  ProtocolViolation = 10,
  /** A client sent an invalid Retry token. */
  InvalidToken = 11,
  /** The application closed the connection before the handshake was complete. */
  ApplicationError = 12,
  /** More handshake data than could be buffered. */
  CryptoBufferExceeded = 13,
  /** An error in updating keys. */
  KeyUpdateError = 14,
  /** The limit of packets for a key is reached. */
  AEADLimitReached = 15,
  /** No path to the peer works. */
  NoViablePath = 16,
}

/**
 * TLS errors as QUIC transport error codes: 0x100 plus the alert (RFC 9001
 * section 4.8), with the alerts of TLS 1.3 (RFC 8446 section 6).
 */
export enum CryptoError {
  /** `close_notify`: the peer closes. */
  CloseNotify = 256,
  /** `unexpected_message`: a message out of order. */
  UnexpectedMessage = 266,
  /** `bad_record_mac`: a record that cannot be decrypted. */
  BadRecordMac = 276,
  /** `record_overflow`: a record that is too long. */
  RecordOverflow = 278,
  /** `handshake_failure`: no acceptable parameters in common. */
  HandshakeFailure = 296,
  /** `bad_certificate`: a certificate that is corrupt, or for another name. */
  BadCertificate = 298,
  /** `unsupported_certificate`: a certificate of an unsupported type or usage. */
  UnsupportedCertificate = 299,
  /** `certificate_revoked`: a certificate that was revoked. */
  CertificateRevoked = 300,
  /** `certificate_expired`: a certificate that has expired or is not valid yet. */
  CertificateExpired = 301,
  /** `certificate_unknown`: a certificate that is refused for another reason. */
  CertificateUnknown = 302,
  /** `illegal_parameter`: a field that is out of range. */
  IllegalParameter = 303,
  /** `unknown_ca`: a certificate of an unknown authority. */
  UnknownCA = 304,
  /** `access_denied`: a valid certificate that is not allowed in. */
  AccessDenied = 305,
  /** `decode_error`: a message that cannot be decoded. */
  DecodeError = 306,
  /** `decrypt_error`: a signature that does not match. */
  DecryptError = 307,
  /** `protocol_version`: a version that is not supported. */
  ProtocolVersion = 326,
  /** `insufficient_security`: parameters that are not secure enough. */
  InsufficientSecurity = 327,
  /** `internal_error`: an error that has nothing to do with the peer. */
  InternalError = 336,
  /** `inappropriate_fallback`: a retry with a lower version. */
  InappropriateFallback = 342,
  /** `user_canceled`: the user cancelled the handshake. */
  UserCanceled = 346,
  /** `missing_extension`: an extension that is needed. */
  MissingExtension = 365,
  /** `unsupported_extension`: an extension that was not offered. */
  UnsupportedExtension = 366,
  /** `unrecognized_name`: no server of this name. */
  UnrecognizedName = 368,
  /** `bad_certificate_status_response`: an invalid OCSP response. */
  BadCertificateStatusResponse = 369,
  /** `unknown_psk_identity`: no acceptable key that was shared before. */
  UnknownPSKIdentity = 371,
  /** `certificate_required`: a client without a certificate where one is needed. */
  CertificateRequired = 372,
  /** `no_application_protocol`: no application protocol in common. */
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
  /** Why, mostly text in UTF-8; empty if there is none. */
  reason: Uint8Array;
};
