import { serverDefault } from '../../config.js';
import { CloseKind } from '../engine/shared.js';
import {
  ErrorQUICConnectionIdleTimeout,
  ErrorQUICConnectionInternal,
  ErrorQUICConnectionLocal,
  ErrorQUICConnectionLocalTLS,
  ErrorQUICConnectionPeer,
  ErrorQUICConnectionPeerTLS,
} from '../errors/close.js';
import { errorName, systemError } from '../io/SocketTransport.js';
import {
  type ConnectionError,
  ConnectionErrorCode,
  CRYPTO_ERROR_START,
  CRYPTO_ERROR_STOP,
  CryptoError,
} from '../types/codes.js';
import { textOf } from '../utils/text.js';

/**
 * Any error that a connection can end with.
 */
export type ConnectionCloseError =
  | ErrorQUICConnectionLocal<unknown>
  | ErrorQUICConnectionPeer<unknown>
  | ErrorQUICConnectionIdleTimeout<unknown>
  | ErrorQUICConnectionInternal<unknown>;

// VERSION_NEGOTIATION_ERROR (RFC 9368 section 10.2)
const versionNegotiationError = 0x11;

/**
 * The error of a connection that the engine says has ended. It has no stack trace: that would lead
 * to the engine, and takes longer to make than all else.
 */
export function connectionError(
  kind: number,
  code: number,
  reason: Uint8Array,
  circumstances: Circumstances,
): ConnectionCloseError {
  const { stackTraceLimit } = Error;
  const isSet = Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    return errorOf(kind, code, reason, circumstances);
  } finally {
    // With --frozen-intrinsics it cannot be set
    if (isSet) Error.stackTraceLimit = stackTraceLimit;
  }
}

/**
 * How a logger hears of the end of a connection. One that was closed on purpose is no failure.
 */
export function levelOf(
  error: ConnectionCloseError,
): 'info' | 'warn' | 'error' {
  if (error instanceof ErrorQUICConnectionInternal) return 'error';
  const { isApp, errorCode } = (error.data ?? {}) as Partial<ConnectionError>;
  const isOwn = error instanceof ErrorQUICConnectionLocal && isApp;
  return isOwn || errorCode === 0 ? 'info' : 'warn';
}

function errorOf(
  kind: number,
  code: number,
  reason: Uint8Array,
  { cause, peer, isEstablished, applicationProtos }: Circumstances,
): ConnectionCloseError {
  const closeError = (isRemote: boolean, isApp: boolean, errorCode: number) =>
    newCloseError(
      isRemote,
      { isApp, errorCode, reason },
      cause,
      isApp ? '' : hintOf(isRemote, errorCode, applicationProtos),
    );
  const isRemote = (kind & CloseKind.remote) !== 0;
  switch (kind & ~CloseKind.remote) {
    case CloseKind.Application:
      return closeError(isRemote, true, code);
    case CloseKind.Transport:
      return closeError(isRemote, false, code);
    case CloseKind.IdleTimeout:
    case CloseKind.HandshakeTimeout:
      return new ErrorQUICConnectionIdleTimeout(
        isEstablished
          ? `nothing was heard of ${peer} for the idle timeout`
          : `the handshake with ${peer} did not complete in time`,
      );
    case CloseKind.StatelessReset:
      return closeError(true, false, ConnectionErrorCode.InternalError);
    case CloseKind.VersionNegotiation:
      return closeError(false, false, versionNegotiationError);
    case CloseKind.SendFailed:
      return new ErrorQUICConnectionInternal(`cannot send to ${peer}`, {
        cause: systemError('send', errorName(code), -code, peer, 0),
      });
    case CloseKind.Aborted:
      return closeError(false, false, ConnectionErrorCode.InternalError);
    default:
      return new ErrorQUICConnectionInternal(textOf(reason));
  }
}

/**
 * What else is known of a connection that ended.
 */
export type Circumstances = {
  /** What made the local side end it. */
  cause?: unknown;
  /** Address of the peer. */
  peer: string;
  /** Whether the handshake had completed. */
  isEstablished: boolean;
  /** Those that this end offers or accepts. */
  applicationProtos: ReadonlyArray<string>;
};

/**
 * What to look at when a handshake has failed, as far as this end knows.
 */
function hintOf(
  isRemote: boolean,
  errorCode: number,
  applicationProtos: ReadonlyArray<string>,
): string {
  switch (errorCode) {
    case CryptoError.NoApplicationProtocol: {
      const own = JSON.stringify(applicationProtos);
      const common = JSON.stringify(serverDefault.applicationProtos);
      const isDefault = own === common;
      return `. config.applicationProtos of this end is ${own}, ${isDefault ? 'the default' : `and by default ${common}`}`;
    }
    case CryptoError.UnknownCA:
      return isRemote
        ? '. The peer does not trust who has signed config.cert'
        : '. config.ca lists the authorities that are trusted; without it they are those of the system';
    default:
      return '';
  }
}

function newCloseError(
  isRemote: boolean,
  { isApp, errorCode, reason }: ConnectionError,
  cause: unknown,
  hint: string,
): ConnectionCloseError {
  const isTLS =
    !isApp && errorCode >= CRYPTO_ERROR_START && errorCode <= CRYPTO_ERROR_STOP;
  const [Local, Peer] = isTLS
    ? [ErrorQUICConnectionLocalTLS, ErrorQUICConnectionPeerTLS]
    : [ErrorQUICConnectionLocal, ErrorQUICConnectionPeer];
  const who = isRemote ? 'Peer' : 'Local';
  const what = isApp ? 'application' : isTLS ? 'TLS' : 'transport';
  const names = isTLS ? CryptoError : ConnectionErrorCode;
  const name = isApp ? undefined : names[errorCode];
  const called = name === undefined ? '' : ` (${name})`;
  const why = reason.length > 0 ? `: ${textOf(reason)}` : '';
  const message = `${who} closed with ${what} code ${errorCode}${called}${why}${hint}`;
  // The reason is only borrowed
  const data = { isApp, errorCode, reason: new Uint8Array(reason) };
  return isRemote
    ? new Peer(message, { data, cause })
    : new Local(message, { data, cause });
}
