package engine

import (
	"context"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

// Accept starts to announce the streams of the peer, and the end of the connection. All that
// happens before waits: JavaScript may take its time to take note of the connection. It does so
// again after early data was rejected.
func (c *Connection) Accept() {
	c.acceptOnce.Do(func() {
		close(c.accepted)
		if c.session != nil {
			c.session.announce()
		}
	})
	c.resume()
}

func (c *Connection) acceptStreams(conn *quic.Conn) {
	defer fault.Recover(c.fault)
	for {
		str, err := conn.AcceptStream(context.Background())
		if err != nil {
			return // the connection is closed
		}
		c.incoming(quicgo.ReceiveSide(str), quicgo.SendSide(str))
	}
}

func (c *Connection) acceptUniStreams(conn *quic.Conn) {
	defer fault.Recover(c.fault)
	for {
		str, err := conn.AcceptUniStream(context.Background())
		if err != nil {
			return
		}
		c.incoming(str, nil)
	}
}

// TellArrived has StreamArrived events tell of streams on which all that the peer sends has come.
func (c *Connection) TellArrived() {
	c.setEnding()
	for _, s := range c.openStreams() {
		s.receive.tellArrived()
	}
}

func (c *Connection) setEnding() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isEnding = true
}

// tellsArrived reports whether it does.
func (c *Connection) tellsArrived() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isEnding
}
