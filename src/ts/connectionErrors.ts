import * as errors from './errors.js';
import { errorName } from './io/native.js';
import { systemError } from './io/types.js';
import { CloseKind } from './native/events.js';
import { ConnectionErrorCode } from './native/types.js';

/**
 * Any error that a connection can end with.
 */
export type ConnectionCloseError =
  | errors.ErrorQUICConnectionLocal<unknown>
  | errors.ErrorQUICConnectionPeer<unknown>
  | errors.ErrorQUICConnectionIdleTimeout<unknown>
  | errors.ErrorQUICConnectionInternal<unknown>;

// VERSION_NEGOTIATION_ERROR (RFC 9368 section 10.2)
const versionNegotiationError = 0x11;

// Codes of TLS alerts (RFC 9001 section 4.8)
const cryptoErrors = { first: 0x100, last: 0x1ff };

/**
 * The error of a connection that the engine says has ended.
 *
 * @internal
 */
export function connectionError(
  kind: number,
  code: number,
  reason: Uint8Array,
): ConnectionCloseError {
  const isRemote = (kind & CloseKind.remote) !== 0;
  switch (kind & ~CloseKind.remote) {
    case CloseKind.Application:
      return closeError(isRemote, true, code, reason);
    case CloseKind.Transport:
      return closeError(isRemote, false, code, reason);
    case CloseKind.IdleTimeout:
    case CloseKind.HandshakeTimeout:
      return new errors.ErrorQUICConnectionIdleTimeout(text(reason));
    case CloseKind.StatelessReset:
      return closeError(true, false, ConnectionErrorCode.InternalError, reason);
    case CloseKind.VersionNegotiation:
      return closeError(false, false, versionNegotiationError, reason);
    case CloseKind.SendFailed:
      return new errors.ErrorQUICConnectionInternal('cannot send', {
        cause: systemError('send', errorName(code), -code, '', 0),
      });
    case CloseKind.Aborted:
      return closeError(
        false,
        false,
        ConnectionErrorCode.InternalError,
        reason,
      );
    default:
      return new errors.ErrorQUICConnectionInternal(text(reason));
  }
}

function closeError(
  isRemote: boolean,
  isApp: boolean,
  errorCode: number,
  reason: Uint8Array,
): ConnectionCloseError {
  const { first, last } = cryptoErrors;
  const isTLS = !isApp && errorCode >= first && errorCode <= last;
  const [Local, Peer] = isTLS
    ? [errors.ErrorQUICConnectionLocalTLS, errors.ErrorQUICConnectionPeerTLS]
    : [errors.ErrorQUICConnectionLocal, errors.ErrorQUICConnectionPeer];
  const who = isRemote ? 'Peer' : 'Local';
  const what = isApp ? 'application' : isTLS ? 'TLS' : 'transport';
  const why = reason.length > 0 ? `: ${text(reason)}` : '';
  const message = `${who} closed with ${what} code ${errorCode}${why}`;
  // The reason is only borrowed
  const data = { isApp, errorCode, reason: new Uint8Array(reason) };
  return isRemote ? new Peer(message, { data }) : new Local(message, { data });
}

function text(reason: Uint8Array): string {
  return Buffer.from(reason).toString();
}
