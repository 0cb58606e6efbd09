package engine

import (
	"errors"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/fault"
)

// OpenStream opens a stream. When the peer's limit is reached, the stream waits for
// credit, and a StreamOpened event tells when it is open.
func (c *Connection) OpenStream(uni bool) (*Stream, error) {
	conn := c.open()
	if conn == nil {
		return nil, ErrClosed
	}
	s := newStream(c)
	s.announced = true
	if err := s.register(); err != nil {
		return nil, err
	}
	// Streams open in the order that they were asked for
	if !c.isWaiting(uni) {
		err := s.openNow(conn, uni)
		if err == nil {
			return s, nil
		}
		if _, ok := errors.AsType[*quic.StreamLimitReachedError](err); !ok && err != quic.Err0RTTRejected {
			s.release()
			c.setCloseErr(err)
			return nil, ErrClosed
		}
	}
	s.willOpen(uni)
	c.wait(conn, s, uni)
	return s, nil
}

// open returns the connection of quic-go, or nil if it is not there or closed.
func (c *Connection) open() *quic.Conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed {
		return nil
	}
	return c.quic
}

// setCloseErr notes what the connection has ended with, before quic-go tells of it.
func (c *Connection) setCloseErr(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeErr = err
}

// isWaiting reports whether streams wait for the peer's limit.
func (c *Connection) isWaiting(uni bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.waiting[uni]) > 0
}

// wait lets a stream wait for the peer's limit, behind those that do already.
func (c *Connection) wait(conn *quic.Conn, s *Stream, uni bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.waiting == nil {
		c.waiting = make(map[bool][]*Stream)
	}
	c.waiting[uni] = append(c.waiting[uni], s)
	if len(c.waiting[uni]) == 1 {
		go c.openWaiting(conn, uni)
	}
}

// openWaiting opens streams as the peer gives credit, until none waits. The one that is being
// opened is still in the queue, so that there is no other goroutine for it.
func (c *Connection) openWaiting(conn *quic.Conn, uni bool) {
	defer fault.Recover(c.fault)
	for s := c.firstWaiting(uni); s != nil; s = c.nextWaiting(uni) {
		s.openWhenPossible(conn, uni)
	}
}

func (c *Connection) firstWaiting(uni bool) *Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting[uni][0]
}

// nextWaiting takes the first stream out of the queue and returns the one behind it, or nil.
func (c *Connection) nextWaiting(uni bool) *Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting[uni] = c.waiting[uni][1:]
	if len(c.waiting[uni]) == 0 {
		return nil
	}
	return c.waiting[uni][0]
}
