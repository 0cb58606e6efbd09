//go:build unix

package packetconn

import "syscall"

const errMessageSize = syscall.EMSGSIZE
