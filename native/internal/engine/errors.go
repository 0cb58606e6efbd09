package engine

import (
	"errors"
	"net"
	"syscall"
	"unicode/utf8"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
)

var (
	errTooManyObjects = errors.New("too many objects in one environment")
	// ErrClosed is what calls on a closed object return.
	ErrClosed = net.ErrClosed
)

// exact returns an error code of the peer as JavaScript can tell it. A JavaScript number holds
// integers up to 2^53 - 1 exactly: larger codes become that one.
func exact(code uint64) uint64 { return min(code, 1<<53-1) }

// closeReason says how a connection that failed with err ended, in the fields of a
// ConnectionClosed event.
func closeReason(err error) (kind event.CloseKind, code uint64, reason string) {
	if e, ok := errors.AsType[*quic.ApplicationError](err); ok {
		return remote(event.CloseApplication, e.Remote), exact(uint64(e.ErrorCode)), e.ErrorMessage
	}
	if e, ok := errors.AsType[*quic.TransportError](err); ok {
		return remote(event.CloseTransport, e.Remote), exact(uint64(e.ErrorCode)), reasonOf(err, e)
	}
	if _, ok := errors.AsType[*quic.IdleTimeoutError](err); ok {
		return event.CloseIdleTimeout, 0, ""
	}
	if _, ok := errors.AsType[*quic.HandshakeTimeoutError](err); ok {
		return event.CloseHandshakeTimeout, 0, ""
	}
	if _, ok := errors.AsType[*quic.StatelessResetError](err); ok {
		return event.CloseStatelessReset, 0, "the peer does not know the connection any more (stateless reset)"
	}
	if _, ok := errors.AsType[*quic.VersionNegotiationError](err); ok {
		return event.CloseVersionNegotiation, 0, "the server speaks no version of QUIC that this end does"
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		return event.CloseSendFailed, uint64(errno), ""
	}
	if errors.Is(err, fault.Err) {
		return event.CloseInternal, 0, err.Error()
	}
	return event.CloseAborted, 0, giveUpReason(err)
}

// shortened cuts off what is beyond a size in bytes, between two characters if it is text.
func shortened(text []byte, size int) string {
	if len(text) <= size {
		return string(text)
	}
	for i := size; i > size-utf8.UTFMax; i-- {
		if utf8.RuneStart(text[i]) {
			return string(text[:i])
		}
	}
	return string(text[:size])
}

// closedByPeer reports whether err is that of a connection that the peer closed.
func closedByPeer(err error) bool {
	kind, _, _ := closeReason(err)
	return kind&event.CloseRemote != 0
}

func remote(kind event.CloseKind, isRemote bool) event.CloseKind {
	if isRemote {
		return kind | event.CloseRemote
	}
	return kind
}
