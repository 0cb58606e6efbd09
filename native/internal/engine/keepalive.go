package engine

import (
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

// partOfIdleTimeout is how often a peer hears of this end within the idle timeout in force, so that
// the loss of a packet or two does not end the connection.
const partOfIdleTimeout = 3

// keepAlive sends the peer something every interval that the application asked for, or oftener if
// the idle timeout in force is short. To be called with the mutex, once the handshake has
// completed.
//
// That of quic-go follows half of the timeout, and is too small to be answered by a stateless
// reset.
func (c *Connection) keepAlive(conn *quic.Conn) {
	if c.keepAliveInterval == 0 {
		return
	}
	interval := c.keepAliveInterval
	if timeout := quicgo.IdleTimeout(conn); timeout > 0 {
		interval = min(interval, timeout/partOfIdleTimeout)
	}
	c.keepAliveTimer = time.AfterFunc(interval, func() {
		defer fault.Recover(c.fault)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.isClosed {
			return
		}
		quicgo.SendKeepAlive(conn)
		c.keepAliveTimer.Reset(interval)
	})
}

// endKeepAlive is to be called with the mutex.
func (c *Connection) endKeepAlive() {
	if c.keepAliveTimer != nil {
		c.keepAliveTimer.Stop()
	}
}
