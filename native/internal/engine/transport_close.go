package engine

import (
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
)

// Close closes the socket. Connections that are still open are given up without
// telling their peers. It completes with a TransportClosed event.
func (t *Transport) Close() {
	t.closeOnce.Do(func() {
		close(t.closing)
		go func() {
			defer t.closed()
			defer fault.Recover(nil)
			if t.detach() {
				return
			}
			t.quic.Close()
			t.conn.Close()
		}()
	})
}

func (t *Transport) closed() {
	t.env.remove(t.Handle, &t.env.counts.transports)
	t.env.Events.Push(event.TransportClosed, t.Handle, 0, 0, nil)
}

// abandon closes the socket at once and leaves the rest to goroutines.
func (t *Transport) abandon() {
	t.conn.Close()
	t.Close()
}
