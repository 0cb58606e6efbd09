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
