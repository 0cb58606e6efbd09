package udpconn

import (
	"encoding/binary"
	"testing"

	"golang.org/x/sys/unix"
)

// segmentControl returns the control message that asks to split what is sent.
func segmentControl(t *testing.T, size uint16) []byte {
	t.Helper()
	b := make([]byte, unix.CmsgSpace(2))
	order := binary.NativeEndian
	order.PutUint64(b, uint64(unix.CmsgLen(2)))
	order.PutUint32(b[8:], unix.IPPROTO_UDP)
	order.PutUint32(b[12:], unix.UDP_SEGMENT)
	order.PutUint16(b[unix.CmsgLen(0):], size)
	if !isSegmented(b) {
		t.Fatal("the control message is not recognised")
	}
	return b
}
