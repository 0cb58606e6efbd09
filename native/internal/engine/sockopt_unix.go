//go:build unix

package engine

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// setOption sets an option of a socket that is not bound yet.
func setOption(conn syscall.RawConn, option, value int) error {
	var failed error
	err := conn.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, value)
	})
	if err != nil {
		return err
	}
	return failed
}
