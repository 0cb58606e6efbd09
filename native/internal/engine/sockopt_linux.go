package engine

import "golang.org/x/sys/unix"

// reuseOption does what Node's dgram does for its option reuseAddr.
const reuseOption = unix.SO_REUSEADDR

// socketFlags keep children of the process from having the socket.
const socketFlags = unix.SOCK_CLOEXEC
