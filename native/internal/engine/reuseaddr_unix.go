//go:build unix

package engine

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// reuseAddr does what Node's dgram does for its option of that name.
func reuseAddr(_, _ string, conn syscall.RawConn) error {
	var failed error
	err := conn.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, reuseOption, 1)
	})
	if err != nil {
		return err
	}
	return failed
}
