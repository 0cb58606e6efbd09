package engine

import (
	"bytes"
	"io"
	"sync"
)

// streamEnds keeps the ends of streams away from the moment in which quic-go learns that the server
// rejects early data. It forgets its streams then, whose IDs are used again. But it would still
// send the FIN, RESET_STREAM or STOP_SENDING of a call that is under way in another goroutine, and
// the server would take it for the next stream of that ID.
type streamEnds struct {
	mu   sync.Mutex
	held bool
	ends []func()
}

// run calls end, which ends a side of a stream: at once, or when it is known that the server
// accepts early data.
func (e *streamEnds) run(end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.held {
		e.ends = append(e.ends, end)
		return
	}
	end()
}

// hold has ends wait, since the server has answered.
func (e *streamEnds) hold() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held = true
}

// accept calls the ends that wait.
func (e *streamEnds) accept() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, end := range e.ends {
		end()
	}
	e.held, e.ends = false, nil
}

// reject forgets them, and those of streams that are used until then.
func (e *streamEnds) reject() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.held, e.ends = false, nil
}

// A handshakeWatch is a key log that calls heard when the server has answered, and before quic-go
// knows whether early data is accepted: the next message says so (RFC 8446 section 4.2.10).
type handshakeWatch struct {
	heard func()
	next  io.Writer // the key log, nil if there is none
}

func (w *handshakeWatch) Write(line []byte) (int, error) {
	if bytes.HasPrefix(line, []byte("CLIENT_HANDSHAKE_TRAFFIC_SECRET ")) {
		w.heard()
	}
	if w.next != nil {
		return w.next.Write(line)
	}
	return len(line), nil
}
