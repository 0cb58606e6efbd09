package engine

import "github.com/MatrixAI/js-quic/native/internal/quicgo"

// What nobody reads on one stream must not stop the others (RFC 9000 section 4.1): the window of a
// connection does not count what its streams that are not read may hold. Each of them has a window
// of its own.

// exempt makes what the stream may hold in quic-go count as read for the connection, as long as it
// waits for JavaScript to read. All streams of the environment together get no more than the
// configuration allows: beyond that they count again. The mutex must be held.
func (r *receiveSide) exempt() {
	if r.exempted > 0 {
		return
	}
	n := quicgo.ReceiveWindow(r.quic)
	if r.stream.env.exempted.Add(n) > r.stream.conn.maxExempt {
		r.stream.env.exempted.Add(-n)
		return
	}
	r.exempted = n
	if quicgo.CountAsRead(r.quic, n) {
		r.stream.conn.sendWindowUpdate()
	}
}

// include ends that. The mutex must be held.
func (r *receiveSide) include() {
	if r.exempted == 0 {
		return
	}
	r.stream.env.exempted.Add(-r.exempted)
	quicgo.CountAsRead(r.quic, -r.exempted)
	r.exempted = 0
}

// sendWindowUpdate has the peer told of a larger window. The next packet would do that as well, but
// there may be none.
func (c *Connection) sendWindowUpdate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quic != nil {
		quicgo.ScheduleSending(c.quic)
	}
}
