package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

// establish announces a connection, whose handshake goes on if it is for early data.
func (c *Connection) establish(conn *quic.Conn, isEarly bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed {
		go conn.CloseWithError(0, "")
		return
	}
	if c.listener != nil && !isEarly && !c.takeSeat() {
		c.isRefused.Store(true)
		go quicgo.CloseWith(conn, false, uint64(quic.ConnectionRefused), "")
		return
	}
	c.quic = conn
	if conn.ConnectionState().SupportsDatagrams.Local {
		c.datagrams = newDatagrams(c, conn, c.incomingHighWaterMark)
	}
	c.isEarly = isEarly
	if isEarly {
		go c.awaitHandshake(conn)
	} else {
		c.env.probes.add(c, conn)
		c.keepAlive(conn)
	}
	go c.acceptStreams(conn)
	go c.acceptUniStreams(conn)
	if c.listener != nil {
		c.transport.watchPath(c, conn)
		c.env.Events.Push(event.ListenerConnection, c.listener.Handle, float64(c.Handle), 0, c.description())
	} else {
		c.env.Events.Push(event.ConnectionEstablished, c.Handle, 0, 0, c.description())
	}
}

// takeSeat counts the connection of a client as established, if there are not too many.
func (c *Connection) takeSeat() bool {
	return c.transport.admission.establish(c.listener.config.Load().config, c)
}

// refuse gives up a handshake with a client that has lost its seat.
func (c *Connection) refuse() {
	c.isRefused.Store(true)
	if conn := quicgo.ConnectionOf(c.transport.quic, c.transport.ownIDOf(c)); conn != nil {
		quicgo.CloseWith(conn, false, uint64(quic.ConnectionRefused), "")
	}
	c.stopAsking()
}

func isComplete(conn *quic.Conn) bool {
	select {
	case <-conn.HandshakeComplete():
		return true
	default:
		return false
	}
}

// awaitHandshake tells JavaScript when the handshake of a connection with early data has completed.
func (c *Connection) awaitHandshake(conn *quic.Conn) {
	defer fault.Recover(c.fault)
	select {
	case <-conn.HandshakeComplete():
	case <-conn.Context().Done():
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isEarly = false
	if c.isClosed {
		return
	}
	if c.listener != nil && !c.takeSeat() {
		go quicgo.CloseWith(conn, false, uint64(quic.ConnectionRefused), "")
		return
	}
	c.env.probes.add(c, conn)
	c.keepAlive(conn)
	accepted := 1.0
	if conn.ConnectionState().Used0RTT {
		go c.ends.accept()
	} else {
		accepted = 0
		c.rejected = true
	}
	c.env.Events.Push(event.ConnectionHandshake, c.Handle, accepted, 0, c.description())
}

// resume goes on without the streams that were opened before the server rejected the early data: it
// has not heard of them, and their IDs are used again.
func (c *Connection) resume() {
	conn, streams := c.takeRejected()
	if conn == nil {
		return
	}
	for _, s := range streams {
		if s.ID() >= 0 {
			s.release()
		}
	}
	c.ends.reject()
	if _, err := conn.NextConnection(context.Background()); err != nil {
		return // it is closed
	}
	close(c.resumed)
	go c.acceptStreams(conn)
	go c.acceptUniStreams(conn)
}

// takeRejected returns the connection and its streams if the server has rejected early data, once.
func (c *Connection) takeRejected() (*quic.Conn, []*Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.rejected {
		return nil, nil
	}
	c.rejected = false
	c.finished = nil
	return c.quic, slices.Collect(maps.Keys(c.streams))
}
