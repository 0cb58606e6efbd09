package engine

import (
	"context"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

// watch waits for the end of the connection.
func (c *Connection) watch(ctx context.Context) {
	context.AfterFunc(ctx, func() {
		defer fault.Recover(c.closed)
		c.endQLog()
		c.closed(context.Cause(ctx))
	})
}

// closed is called when the connection is gone.
func (c *Connection) closed(err error) {
	if conn, datagrams := c.established(); conn != nil {
		// JavaScript was told of it, and first takes note of it and of its streams
		<-c.accepted
		if datagrams != nil {
			<-datagrams.ended
		}
		if closedByPeer(err) {
			c.readRest()
			c.tellStops()
		}
		if c.session != nil {
			c.session.announce()
		}
	}
	c.tellClosed(err)
}

// established returns what there is of a connection that was announced.
func (c *Connection) established() (*quic.Conn, *Datagrams) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quic, c.datagrams
}

// tellClosed tells JavaScript of the end, once.
func (c *Connection) tellClosed(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed {
		return
	}
	c.isClosed = true
	c.closeErr = err
	close(c.gone)
	c.env.probes.remove(c)
	c.endKeepAlive()
	c.leaveTransports()
	kind, code, reason := closeReason(c.onTransport().sendError(err, c.remote))
	if c.quic != nil || c.listener == nil {
		c.env.Events.Push(event.ConnectionClosed, c.Handle, float64(kind), float64(code), []byte(reason))
		return
	}
	isTold := c.verification.isRefused() // JavaScript keeps the reason until then
	if !c.isRefused.Load() {
		isTold = c.transport.admission.fail(c, c.hasProved()) || isTold
	}
	if !isTold {
		c.forget()
		return
	}
	// The seat is taken until JavaScript has heard of it
	description := c.description()
	data := shared.AppendFailed(nil, uint32(c.Handle), description, shortened([]byte(reason), maxFailureReason))
	c.env.Events.Push(event.ListenerFailed, c.listener.Handle, float64(kind), float64(code), data)
}

// maxFailureReason is the size of the reason of a handshake that failed, in bytes: more is cut off.
const maxFailureReason = 256

// hasProved reports whether the client of a handshake that failed had proved its address.
func (c *Connection) hasProved() bool {
	if c.isProved {
		return true
	}
	conn := c.handshaking.Load()
	return conn != nil && quicgo.HasProvedAddress(conn)
}

// readRest waits until the streams have read what the peer sent before it closed the connection.
func (c *Connection) readRest() {
	for _, s := range c.openStreams() {
		s.receive.readRest()
	}
	timeout := time.NewTimer(2 * salvageTimeout)
	defer timeout.Stop()
	for c.hasReaders() {
		select {
		case <-c.readerGone:
		case <-timeout.C:
			return
		}
	}
}

// CloseReason returns what a ConnectionClosed event says that is on its way. It returns nil if
// nothing is known as yet.
func (c *Connection) CloseReason() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closeErr == nil {
		return nil
	}
	kind, code, reason := closeReason(c.onTransport().sendError(c.closeErr, c.remote))
	return shared.AppendClose(nil, int(kind), float64(code), reason)
}

// maxReason is how much of a reason fits into any packet, in bytes: with more quic-go sends no
// packet at all. Those of the transport may be in a packet for each of the three kinds of keys that
// are sent together.
const maxReason = 960

// Close closes the connection with an application error code, or a transport
// error code (RFC 9000 section 20.1). It completes with a ConnectionClosed event.
func (c *Connection) Close(isApp bool, code uint64, reason []byte) {
	c.Accept()
	conn, _ := c.established()
	size := maxReason
	if !isApp {
		size /= 3
	}
	if text := shortened(reason, size); conn != nil {
		quicgo.CloseWith(conn, isApp, code, text)
	} else if c.cancelDial != nil {
		c.giveUp(isApp, code, text)
	}
}
