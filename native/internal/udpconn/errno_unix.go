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

// isTransient reports whether a read that failed may succeed later.
func isTransient(err error) bool {
	errno, _ := errors.AsType[syscall.Errno](err)
	switch errno {
	case syscall.EINTR, syscall.EAGAIN, syscall.ENOMEM, syscall.ENOBUFS, syscall.EMFILE, syscall.ENFILE, syscall.ECONNREFUSED,
		syscall.ECONNRESET, syscall.ENETDOWN, syscall.ENETUNREACH, syscall.ENETRESET, syscall.EHOSTDOWN, syscall.EHOSTUNREACH,
		syscall.EPROTO, syscall.ETIMEDOUT, syscall.EIO:
		return true
	}
	return false
}
