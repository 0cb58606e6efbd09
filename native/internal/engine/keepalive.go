package engine

import (
	"time"
	"unsafe"

	"github.com/quic-go/quic-go"
)

// partOfIdleTimeout is how often a peer hears of this end within the idle timeout in force, so that the loss of a packet or two does
// not end the connection.
const partOfIdleTimeout = 3

// keepAliveSize is the size of a keep-alive in bytes, besides what each packet has. A peer that does not know the connection any more
// answers packets that are larger than its stateless reset would be (RFC 9000 section 10.3.3), and others not.
const keepAliveSize = 32

// keepAlive sends the peer something every interval that the application asked for, or oftener if the idle timeout in force
// is short. To be called with the mutex, once the handshake has completed.
//
// That of quic-go follows half of the timeout, and is too small to be answered by a stateless reset.
func (c *Connection) keepAlive(conn *quic.Conn) {
	if c.keepAliveInterval == 0 {
		return
	}
	interval := c.keepAliveInterval
	if timeout := idleTimeout(conn); timeout > 0 {
		interval = min(interval, timeout/partOfIdleTimeout)
	}
	c.keepAliveTimer = time.AfterFunc(interval, func() {
		defer guard(c.fault)
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.isClosed {
			return
		}
		sendKeepAlive(conn)
		c.keepAliveTimer.Reset(interval)
	})
}

// endKeepAlive is to be called with the mutex.
func (c *Connection) endKeepAlive() {
	if c.keepAliveTimer != nil {
		c.keepAliveTimer.Stop()
	}
}

func sendKeepAlive(conn *quic.Conn) {
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
	return append(append(b, 0x01), make([]byte, keepAliveSize-1)...), nil
}

func (padding) Length(quic.Version) int64 { return keepAliveSize }

func (padding) IsPing() {}
