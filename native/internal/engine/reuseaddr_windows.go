package engine

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// reuseAddr does what Node's dgram does for its option of that name.
func reuseAddr(_, _ string, conn syscall.RawConn) error {
	var failed error
	err := conn.Control(func(fd uintptr) {
		failed = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_REUSEADDR, 1)
	})
	if err != nil {
		return err
	}
	return failed
}
