// Package udpconn is a UDP socket that remembers why it could not send, and has the kernel
// put bursts of datagrams together.
package udpconn

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
)

const (
	// maxErrors bounds how many destinations are remembered.
	maxErrors = 256
	// lossInterval is how long it is believed that what cannot be sent to an address is lost.
	lossInterval = time.Second
)

// A Conn is a [net.UDPConn] that keeps the last error of sending to each address. quic-go
// closes a connection that it cannot send for, but only passes on the text of the error.
type Conn struct {
	*net.UDPConn
	// IsConnected says whether there are connections with an address. What cannot be sent there is lost, as
	// it could be anywhere on its way: networks come back. Nil if there never are any.
	IsConnected func(netip.AddrPort) bool

	receiver *receiver
	backlog  backlog

	detached  atomic.Bool
	closeOnce sync.Once
	closed    chan struct{}

	mu     sync.Mutex
	errors map[netip.AddrPort]error
	lossy  map[netip.AddrPort]time.Time // until when
}

// New wraps a socket.
func New(conn *net.UDPConn) *Conn {
	return &Conn{UDPConn: conn, receiver: newReceiver(conn), backlog: newBacklog(), closed: make(chan struct{})}
}

// Detach closes the socket, of which quic-go does not hear: what is written from now on is
// lost, and reads wait until the conn is closed.
func (c *Conn) Detach() {
	c.detached.Store(true)
	c.UDPConn.Close()
}

// Close fails blocked and future reads and writes with [net.ErrClosed].
func (c *Conn) Close() error {
	c.closeOnce.Do(func() { close(c.closed) })
	return c.UDPConn.Close()
}

// ReadFrom reads a datagram.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, addr, err := c.UDPConn.ReadFrom(b)
		if err != nil || isAnswerable(addr) {
			return n, addr, c.readError(err)
		}
	}
}

// ReadBatch fills messages with a datagram each. quic-go calls it from one goroutine.
func (c *Conn) ReadBatch(messages []ipv4.Message, flags int) (int, error) {
	n, err := c.readBatch(messages, flags)
	for i := range messages[:n] {
		if !isAnswerable(messages[i].Addr) {
			messages[i].N = 0 // quic-go skips it
		}
	}
	return n, c.readError(err)
}

// isAnswerable reports whether something can be sent to where a datagram says that it is from: not to port 0,
// which systems refuse. Without a socket anybody can say so.
func isAnswerable(addr net.Addr) bool {
	udp, ok := addr.(*net.UDPAddr)
	return !ok || udp.Port != 0
}

// readError returns what a read that failed should return, when it should.
func (c *Conn) readError(err error) error {
	if err != nil && c.detached.Load() {
		<-c.closed
	}
	return err
}

// WriteMsgUDP sends a datagram.
func (c *Conn) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	c.backlog.written()
	n, oobn, err = c.UDPConn.WriteMsgUDP(b, oob, addr)
	if err == nil {
		return n, oobn, nil
	}
	if c.detached.Load() || c.isLoss(addr, err) {
		return len(b), len(oob), nil
	}
	c.remember(addr, err)
	return n, oobn, err
}

// isLoss reports whether a datagram that could not be sent is to count as lost on its way.
func (c *Conn) isLoss(addr *net.UDPAddr, err error) bool {
	if isShortage(err) {
		return true
	}
	// These two quic-go knows what to do about: less path MTU, and no segmentation offload
	if errors.Is(err, errMessageSize) || errors.Is(err, syscall.EIO) || c.IsConnected == nil {
		return false
	}
	c.mu.Lock()
	isLossy := time.Now().Before(c.lossy[unmap(addr)])
	c.mu.Unlock()
	if isLossy {
		return true
	}
	if errors.Is(err, net.ErrClosed) || !c.IsConnected(unmap(addr)) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lossy == nil || len(c.lossy) >= maxErrors {
		c.lossy = make(map[netip.AddrPort]time.Time)
	}
	c.lossy[unmap(addr)] = time.Now().Add(lossInterval)
	return true
}

func (c *Conn) remember(addr *net.UDPAddr, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.errors == nil || len(c.errors) >= maxErrors {
		c.errors = make(map[netip.AddrPort]error)
	}
	c.errors[unmap(addr)] = err
}

// WriteError returns the last error of sending to addr, or nil.
func (c *Conn) WriteError(addr *net.UDPAddr) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.errors[unmap(addr)]
}

func unmap(addr *net.UDPAddr) netip.AddrPort {
	ap := addr.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
