//go:build unix && !linux

package engine

import "golang.org/x/sys/unix"

// reuseOption does what Node's dgram does for its option reuseAddr: on the BSDs and macOS
// several sockets share a UDP port by SO_REUSEPORT only.
const reuseOption = unix.SO_REUSEPORT

// socketFlags are for what can only be set afterwards here.
const socketFlags = 0
