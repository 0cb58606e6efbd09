package engine

import (
	"context"
	"net"
	"sync"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

// maxRaw is how many datagrams that are not QUIC a transport keeps until JavaScript
// takes them. The oldest make room for more.
const maxRaw = 256

// rawDatagrams holds what came in that is not QUIC: the first two bits are zero, as in STUN
// (RFC 9443). Peers that punch holes into NATs send such datagrams.
type rawDatagrams struct {
	mu      sync.Mutex
	queue   [][]byte
	dropped uint64
}

// receiveRaw runs until the transport is closed.
func (t *Transport) receiveRaw() {
	defer fault.Recover(nil)
	buffer := make([]byte, 1<<16)
	for {
		n, addr, err := t.quic.ReadNonQUICPacket(context.Background(), buffer)
		if err != nil {
			return
		}
		if n == quicgo.MaxPacket {
			t.dropRaw()
			continue
		}
		t.addRaw(encodeRaw(buffer[:n], addr))
	}
}

// encodeRaw returns a datagram behind its source.
func encodeRaw(data []byte, addr net.Addr) []byte {
	host, port := hostPort(addr)
	return shared.AppendSourced(make([]byte, 0, shared.SourcedHeader+len(host)+len(data)), host, port, data)
}

func (t *Transport) dropRaw() {
	t.raw.mu.Lock()
	defer t.raw.mu.Unlock()
	t.raw.dropped++
}

func (t *Transport) addRaw(datagram []byte) {
	f := &t.raw
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.queue) == maxRaw {
		f.queue = f.queue[1:]
		f.dropped++
	}
	f.queue = append(f.queue, datagram)
	if len(f.queue) == 1 {
		t.env.Events.Push(event.TransportRawDatagrams, t.Handle, 0, 0, nil)
	}
}

// ReadRawDatagrams moves as many datagrams that are not QUIC as fit into p, one after
// another as [encodeRaw] writes them, and returns how many bytes that are. After it has
// returned 0, a TransportRawDatagrams event tells of more.
func (t *Transport) ReadRawDatagrams(p []byte) int {
	f := &t.raw
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for len(f.queue) > 0 && n+len(f.queue[0]) <= len(p) {
		n += copy(p[n:], f.queue[0])
		f.queue[0] = nil
		f.queue = f.queue[1:]
	}
	if len(f.queue) == 0 {
		f.queue = nil
	}
	return n
}
