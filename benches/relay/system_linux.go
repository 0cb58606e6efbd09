package main

import (
	"encoding/binary"
	"net"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// maxGroup is how many packets every kernel with UDP_SEGMENT sends at once.
	maxGroup    = 64
	controlSize = 64
)

// group asks for packets of one size to be read as one, and returns whether the
// system does so: then it can send them so, too.
func group(conn *net.UDPConn) (grouped bool) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	raw.Control(func(fd uintptr) {
		grouped = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_GRO, 1) == nil
	})
	return grouped
}

// groupedSize returns the size of the packets that were read as one, or 0.
func groupedSize(control []byte) int {
	for len(control) > 0 {
		header, data, rest, err := unix.ParseOneSocketControlMessage(control)
		if err != nil {
			return 0
		}
		if header.Level == unix.SOL_UDP && header.Type == unix.UDP_GRO && len(data) >= 4 {
			return int(binary.NativeEndian.Uint32(data))
		}
		control = rest
	}
	return 0
}

// appendGroupedSize appends the control message that has the system send
// packets of that size.
func appendGroupedSize(control []byte, size int) []byte {
	start := len(control)
	control = append(control, make([]byte, unix.CmsgSpace(2))...)
	header := (*unix.Cmsghdr)(unsafe.Pointer(&control[start]))
	header.Level = unix.SOL_UDP
	header.Type = unix.UDP_SEGMENT
	header.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(control[start+unix.CmsgLen(0):], uint16(size))
	return control
}

// sleep is more precise than time.Sleep, whose idle threads wake up at whole
// milliseconds.
func sleep(d time.Duration) {
	for end := time.Now().Add(d); d > 0; d = time.Until(end) {
		timeout := unix.NsecToTimespec(int64(d))
		unix.Nanosleep(&timeout, nil)
	}
}
