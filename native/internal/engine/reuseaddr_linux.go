package engine

import "golang.org/x/sys/unix"

const reuseOption = unix.SO_REUSEADDR
