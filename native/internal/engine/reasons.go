package engine

import (
	"errors"
	"net"
	"strings"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/quicgo"
	"github.com/MatrixAI/js-quic/native/internal/sentence"
)

// The texts of quic-go and of Go speak of their insides, and may hold addresses. Users and peers
// get the sentences of this file in their place; a qlog has the original.

// reasonOf says why this end closed a connection with a transport error.
func reasonOf(err error, e *quic.TransportError) string {
	if _, ok := errors.AsType[quicgo.ChosenError](err); ok || e.Remote {
		return e.ErrorMessage
	}
	if s, ok := errors.AsType[sentence.Error](err); ok {
		return string(s)
	}
	if e.ErrorMessage == sentence.CannotSend.Error() {
		return e.ErrorMessage
	}
	if e.ErrorCode.IsCryptoError() {
		reason := alertReason(uint8(e.ErrorCode - 0x100))
		// What the client offered stands in the error of Go alone
		if _, offered, ok := strings.Cut(e.Error(), "unsupported application protocols ("); ok {
			reason += ": the client offers " + strings.TrimSuffix(offered, ")")
		}
		return reason
	}
	return transportReasons[e.ErrorCode]
}

// transportReasons are what transport error codes (RFC 9000 section 20.1) mean at the end that
// found the error. CONNECTION_REFUSED needs no reason.
var transportReasons = map[quic.TransportErrorCode]string{
	quic.InternalError:             "a fault inside the library",
	quic.FlowControlError:          "the peer sent more than flow control allows",
	quic.StreamLimitError:          "the peer opened more streams than it may",
	quic.StreamStateError:          "the peer sent a frame for a stream that is not in the state for it",
	quic.FinalSizeError:            "the peer changed the final size of a stream",
	quic.FrameEncodingError:        "the peer sent a frame that cannot be read",
	quic.TransportParameterError:   "the peer sent transport parameters that cannot be used",
	quic.ConnectionIDLimitError:    "the peer issued more connection IDs than it may",
	quic.ProtocolViolation:         "the peer did something that QUIC forbids",
	quic.InvalidToken:              "the token of the client is not valid",
	quic.ApplicationErrorErrorCode: "the application gave up the handshake",
	quic.CryptoBufferExceeded:      "the peer sent more of the handshake at once than can be kept",
	quic.KeyUpdateError:            "the peer made a mistake in a key update",
	quic.AEADLimitReached:          "the keys of the connection have been used as often as is safe",
	quic.NoViablePathError:         "no path to the peer is left",
}

// alertReason says what a TLS alert (RFC 8446 section 6.2) means at the end that sends it.
func alertReason(alert uint8) string {
	if reason, ok := alertReasons[alert]; ok {
		return reason
	}
	return "the TLS handshake failed"
}

var alertReasons = map[uint8]string{
	10:  "the peer sent a TLS message that has no place there",
	40:  "the ends have no cipher suite, key exchange or signature algorithm in common",
	42:  "the certificate of the peer cannot be used",
	43:  "the kind of certificate that the peer has is not supported",
	44:  "the certificate of the peer was revoked",
	45:  "the certificate of the peer has expired or is not valid yet",
	46:  "the certificate of the peer was not accepted",
	47:  "the peer sent a TLS parameter that it may not",
	48:  "no trusted CA has signed the certificate of the peer",
	49:  "the peer has no access",
	50:  "the peer sent a TLS message that cannot be read",
	51:  "a signature or checksum of the handshake is wrong",
	70:  "the ends have no version of TLS in common",
	71:  "the peer offers no parameters of TLS that are safe enough",
	80:  "a fault inside TLS",
	90:  "the handshake was given up",
	109: "the peer left out a TLS extension that QUIC needs",
	110: "the peer sent a TLS extension that it was not asked for",
	112: "the server has no certificate for that name",
	115: "the session is not known",
	116: "the peer sent no certificate",
	120: "the ends have no application protocol (ALPN) in common",
}

// giveUpReason says why a connection was given up without telling the peer.
func giveUpReason(err error) string {
	if err == nil {
		return ""
	}
	if s, ok := errors.AsType[sentence.Error](err); ok {
		return string(s)
	}
	if errors.Is(err, quic.ErrTransportClosed) || errors.Is(err, quic.ErrServerClosed) || errors.Is(err, net.ErrClosed) {
		return "the socket was closed"
	}
	return "the handshake was given up"
}
