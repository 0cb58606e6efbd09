package quicgo

import (
	_ "unsafe" // for linkname

	"github.com/quic-go/quic-go"
)

// CloseWith closes a connection with an application error code, or a transport error code, which
// the application cannot send through the exported methods (RFC 9000 section 20.1). It does not
// wait.
func CloseWith(conn *quic.Conn, isApp bool, code uint64, reason string) {
	if isApp {
		closeLocal(conn, &quic.ApplicationError{ErrorCode: quic.ApplicationErrorCode(code), ErrorMessage: reason})
		return
	}
	closeLocal(conn, ChosenError{&quic.TransportError{ErrorCode: quic.TransportErrorCode(code), ErrorMessage: reason}})
}

//go:linkname closeLocal github.com/quic-go/quic-go.(*Conn).closeLocal
func closeLocal(conn *quic.Conn, err error)

// A ChosenError closes a connection with a reason that the application has given.
type ChosenError struct{ *quic.TransportError }

func (e ChosenError) Unwrap() error { return e.TransportError }
