//go:build unix && !linux

package engine

import "golang.org/x/sys/unix"

// On the BSDs and macOS several sockets share a UDP port by SO_REUSEPORT only.
const reuseOption = unix.SO_REUSEPORT
