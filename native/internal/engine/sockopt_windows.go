package engine

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// reuseOption does what Node's dgram does for its option reuseAddr.
const reuseOption = windows.SO_REUSEADDR

// setOption sets an option of a socket that is not bound yet.
func setOption(conn syscall.RawConn, option, value int) error {
	var failed error
	err := conn.Control(func(fd uintptr) {
		failed = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, option, value)
	})
	if err != nil {
		return err
	}
	return failed
}
