package engine

import "github.com/MatrixAI/js-quic/native/internal/quicgo"

// What nobody reads on one stream must not stop the others (RFC 9000 section 4.1): the window of a connection does not
// count what its streams that are not read may hold. Each of them has a window of its own.

// exempt makes what the stream may hold in quic-go count as read for the connection, as long as it waits for JavaScript
// to read. All streams of the environment together get no more than the configuration allows: beyond that they count
// again. The mutex must be held.
func (s *Stream) exempt() {
	if s.exempted > 0 {
		return
	}
	n := quicgo.ReceiveWindow(s.recv)
	if s.env.exempted.Add(n) > s.conn.maxExempt {
		s.env.exempted.Add(-n)
		return
	}
	s.exempted = n
	if quicgo.CountAsRead(s.recv, n) {
		s.conn.sendWindowUpdate()
	}
}

// include ends that. The mutex must be held.
func (s *Stream) include() {
	if s.exempted == 0 {
		return
	}
	s.env.exempted.Add(-s.exempted)
	quicgo.CountAsRead(s.recv, -s.exempted)
	s.exempted = 0
}

// sendWindowUpdate has the peer told of a larger window. The next packet would do that as well, but there may be none.
func (c *Connection) sendWindowUpdate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quic != nil {
		quicgo.ScheduleSending(c.quic)
	}
}
