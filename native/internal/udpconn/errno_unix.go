//go:build unix

package udpconn

import (
	"errors"
	"syscall"
)

const errMessageSize = syscall.EMSGSIZE

// isShortage reports whether the system had no room for a datagram.
func isShortage(err error) bool {
	return errors.Is(err, syscall.ENOBUFS) || errors.Is(err, syscall.ENOMEM) || errors.Is(err, syscall.EAGAIN)
}
