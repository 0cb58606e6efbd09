package udpconn

import (
	"errors"
	"syscall"
)

// WSAEMSGSIZE and WSAENOBUFS: package syscall makes up its own numbers for these on Windows.
const (
	errMessageSize = syscall.Errno(10040)
	errNoBuffers   = syscall.Errno(10055)
)

// isShortage reports whether the system had no room for a datagram.
func isShortage(err error) bool { return errors.Is(err, errNoBuffers) }

// isTransient reports whether a read that failed may succeed later. The codes are WSAEINTR,
// WSAENETDOWN, WSAENETUNREACH, WSAENETRESET, WSAECONNRESET, WSAENOBUFS, WSAECONNREFUSED,
// WSAEHOSTDOWN and WSAEHOSTUNREACH.
func isTransient(err error) bool {
	errno, _ := errors.AsType[syscall.Errno](err)
	switch errno {
	case 10004, 10050, 10051, 10052, 10054, errNoBuffers, 10061, 10064, 10065:
		return true
	}
	return false
}
