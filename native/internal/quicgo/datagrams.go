package quicgo

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlogwriter"
)

// MaxPacket is as much of a datagram as quic-go reads, in bytes. It does not tell what it cut off.
const MaxPacket = 1452

// DatagramQueue is how many datagrams quic-go keeps for its user.
const DatagramQueue = 128

// MaxDatagram is no less than the largest datagram: quic-go takes and sends no packets that are
// larger than [MaxPacket].
const MaxDatagram = 1 << 11

var (
	connDatagrams         = offsetOfKind[quic.Conn](reflect.Pointer, "datagramQueue")
	datagramQueueMutex    = offsetIn[sync.Mutex](pointedTo[quic.Conn]("datagramQueue"), "rcvMx")
	datagramQueueRecorder = offsetIn[qlogwriter.Recorder](pointedTo[quic.Conn]("datagramQueue"), "qlogger")
)

// HasDatagrams reports whether datagrams wait to be put into packets.
func HasDatagrams(conn *quic.Conn) bool {
	queue := *at[unsafe.Pointer](conn, connDatagrams)
	return peekDatagram(queue) != nil
}

// RecordDroppedDatagrams has a recorder told, by the Goroutine of the connection, when a datagram
// came in and was dropped because nobody had taken those before it.
func RecordDroppedDatagrams(conn *quic.Conn, recorder qlogwriter.Recorder) {
	queue := *at[unsafe.Pointer](conn, connDatagrams)
	mu := (*sync.Mutex)(unsafe.Add(queue, datagramQueueMutex))
	mu.Lock()
	defer mu.Unlock()
	// Unless it has one that writes a log
	if field := (*qlogwriter.Recorder)(unsafe.Add(queue, datagramQueueRecorder)); *field == nil {
		*field = recorder
	}
}

//go:linkname peekDatagram github.com/quic-go/quic-go.(*datagramQueue).Peek
func peekDatagram(queue unsafe.Pointer) unsafe.Pointer

// DatagramMargin returns how many bytes less than what quic-go says fit into a packet. It counts
// with a header that has 20 bytes for a connection ID, or for one of up to 15 with all else: a
// packet number of 4 bytes and the type of the frame. What does not fit after all it drops and does
// not tell.
func DatagramMargin(conn *quic.Conn) int {
	return max(0, PeerConnectionID(conn).Len()-15)
}
