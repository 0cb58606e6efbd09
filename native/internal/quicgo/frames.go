package quicgo

import (
	"sync"
	"unsafe"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/fault"
)

// A controlFrame is the interface value of a frame.
type controlFrame struct{ table, value unsafe.Pointer }

// parseFrame makes a frame, as it cannot be made from outside. That of PING has no content, and no
// parser is needed.
//
//go:linkname parseFrame github.com/quic-go/quic-go/internal/wire.(*FrameParser).ParseLessCommonFrame
func parseFrame(parser unsafe.Pointer, frameType uint64, data []byte, v quic.Version) (frame controlFrame, n int, err error)

//go:linkname queueControlFrame github.com/quic-go/quic-go.(*Conn).queueControlFrame
func queueControlFrame(conn *quic.Conn, frame controlFrame)

// SendPing has a PING frame sent (RFC 9000 section 19.2), which the peer acknowledges. quic-go only
// does so by itself, as often as its configuration says, also when the peer wants quiet connections
// to end.
func SendPing(conn *quic.Conn) {
	ping, _, _ := parseFrame(nil, 0x01, nil, quic.Version1)
	queueControlFrame(conn, ping)
}

// An ownFrame is what quic-go has for an interface of frames, as [CongestionController] is for one
// of controllers.
type ownFrame interface {
	Append(b []byte, v quic.Version) ([]byte, error)
	Length(v quic.Version) int64
}

// keepsMethods is never true. The linker drops the methods of a type that nobody seems to call, and
// does not see that quic-go does, by interfaces whose types have other names. What may be called by
// ours, it keeps.
var keepsMethods bool

// RunOnConnection has the Goroutine of a connection run f when it sends its next packet, which has
// a PING.
func RunOnConnection(conn *quic.Conn, f func()) {
	var frame ownFrame = &task{run: sync.OnceFunc(f)}
	if keepsMethods {
		frame.Append(nil, 0)
		frame.Length(0)
	}
	queueControlFrame(conn, *(*controlFrame)(unsafe.Pointer(&frame)))
}

// A task is a PING frame that runs something when it is put into a packet.
type task struct{ run func() }

func (t *task) Append(b []byte, _ quic.Version) ([]byte, error) {
	defer fault.Recover(nil)
	t.run()
	return append(b, 0x01), nil
}

func (t *task) Length(quic.Version) int64 { return 1 }

// IsPing tells a qlog what it is.
func (t *task) IsPing() {}

// KeepAliveSize is the size in bytes of the frames of a keep-alive. A peer that does not know the
// connection any more answers it only if the packet is larger than its stateless reset would be
// (RFC 9000 section 10.3.3).
const KeepAliveSize = 32

func SendKeepAlive(conn *quic.Conn) {
	var frame ownFrame = padding{}
	if keepsMethods {
		frame.Append(nil, 0)
		frame.Length(0)
	}
	queueControlFrame(conn, *(*controlFrame)(unsafe.Pointer(&frame)))
}

// padding is a PING frame with PADDING after it.
type padding struct{}

func (padding) Append(b []byte, _ quic.Version) ([]byte, error) {
	return append(append(b, 0x01), make([]byte, KeepAliveSize-1)...), nil
}

func (padding) Length(quic.Version) int64 { return KeepAliveSize }

func (padding) IsPing() {}

// ScheduleSending makes a connection look for something to send.
//
//go:linkname ScheduleSending github.com/quic-go/quic-go.(*Conn).scheduleSending
func ScheduleSending(conn *quic.Conn)
