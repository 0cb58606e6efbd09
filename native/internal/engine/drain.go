package engine

import (
	"slices"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

// drainInterval is how often a connection that is about to close looks at what its peer has
// acknowledged: quic-go has no event for it.
const drainInterval = time.Millisecond

// addFinished remembers a stream until its end is acknowledged, for Drain.
func (c *Connection) addFinished(send *quic.SendStream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.finished) == cap(c.finished) {
		c.forgetAcknowledged()
	}
	c.finished = append(c.finished, send)
}

// stopSending asks the peer to stop sending on a stream, and remembers it until that is in a
// packet, for Drain.
func (c *Connection) stopSending(recv *quic.ReceiveStream, code quic.StreamErrorCode) {
	c.ends.run(func() { recv.CancelRead(code) })
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.stopped) == cap(c.stopped) {
		c.forgetSent()
	}
	c.stopped = append(c.stopped, recv)
}

func (c *Connection) forgetSent() {
	c.stopped = slices.DeleteFunc(c.stopped, func(recv *quic.ReceiveStream) bool { return !quicgo.IsStopUnsent(recv) })
}

func (c *Connection) forgetAcknowledged() {
	waiting := c.finished[:0]
	for _, send := range c.finished {
		if !quicgo.Acknowledged(send) {
			waiting = append(waiting, send)
		}
	}
	clear(c.finished[len(waiting):])
	c.finished = waiting
}

// How long a peer may acknowledge nothing until it seems to be gone, in units of the PTO. It has
// time for three probes, since a peer that lost the first answers the next. Each waits twice as
// long as the one before (RFC 9002 section 6.2.1). The JavaScript thread has a turn in between:
// over dgram it holds what the peer sent.
const (
	silenceBeforeTurn = 1 + 2
	silenceAfterTurn  = 4
)

// Drain reports whether something is left that quic-go would drop when it closes the connection:
// data of finished streams that the peer has not acknowledged, STOP_SENDING frames, and datagrams
// if they count. If so, a ConnectionDrained event follows when nothing is left, when the peer is
// silent, or when the connection is closed.
//
// After silence the JavaScript thread calls again, with hadTurn. If the peer is still silent, it
// takes the peer for gone.
func (c *Connection) Drain(withDatagrams, hadTurn bool) bool {
	conn, _ := c.established()
	if conn == nil || c.isDrained(withDatagrams) {
		return false
	}
	go func() {
		var isSilent float64
		// The JavaScript thread waits for it whatever happens
		defer func() { c.env.Events.Push(event.ConnectionDrained, c.Handle, isSilent, 0, nil) }()
		defer fault.Recover(c.fault)
		if c.awaitDrained(conn, withDatagrams, hadTurn) {
			isSilent = 1
		}
	}()
	return true
}

// awaitDrained reports whether the JavaScript thread is to have a turn and to wait on.
func (c *Connection) awaitDrained(conn *quic.Conn, withDatagrams, hadTurn bool) bool {
	interval := time.NewTicker(drainInterval)
	defer interval.Stop()
	most := time.Duration(silenceBeforeTurn)
	if hadTurn {
		most = silenceAfterTurn
	} else {
		c.drainBy = time.Now().Add(quicgo.IdleTimeout(conn))
	}
	received, progress, since := packetsReceived(conn), c.progress(), time.Now()
	for {
		select {
		case <-interval.C:
		case <-c.gone:
			return false
		}
		if c.isDrained(withDatagrams) || time.Now().After(c.drainBy) {
			return false
		}
		// Nothing was acknowledged if nothing came
		if now := packetsReceived(conn); now != received {
			if p := c.progress(); p != progress {
				received, progress, since = now, p, time.Now()
				most, hadTurn = silenceBeforeTurn, false
			}
		}
		if time.Since(since) > most*pto(conn) {
			return !hadTurn
		}
	}
}

// pto returns the probe timeout (RFC 9002 section 6.2.1).
func pto(conn *quic.Conn) time.Duration {
	const granularity, maxAckDelay = time.Millisecond, 25 * time.Millisecond
	stats := conn.ConnectionStats()
	return stats.SmoothedRTT + max(4*stats.MeanDeviation, granularity) + maxAckDelay
}

func (c *Connection) isDrained(withDatagrams bool) bool {
	if c.hasUnacknowledged() {
		return false
	}
	if datagrams := c.Datagrams(); withDatagrams && datagrams != nil && !datagrams.isDrained() {
		return false
	}
	return !slices.ContainsFunc(c.openStreams(), (*Stream).isFinishing)
}

// hasUnacknowledged reports whether the end of a stream may not have reached the peer.
func (c *Connection) hasUnacknowledged() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgetAcknowledged()
	c.forgetSent()
	return len(c.finished) > 0 || len(c.stopped) > 0
}

func packetsReceived(conn *quic.Conn) uint64 { return conn.ConnectionStats().PacketsReceived }

// progress returns a number that changes when something of a finished stream is sent or
// acknowledged.
func (c *Connection) progress() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := c.unsent.Load() + int64(len(c.finished))
	for _, send := range c.finished {
		sum += quicgo.SendProgress(send)
	}
	return sum
}
