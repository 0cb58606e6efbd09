// Package udpconn is a UDP socket that remembers why it could not send, and has the kernel
// put bursts of datagrams together.
package udpconn

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
	"golang.org/x/net/ipv4"

	"github.com/MatrixAI/js-quic/native/internal/sentence"
)

const (
	// maxErrors bounds how many destinations are remembered.
	maxErrors = 256
	// lossInterval is how long it is believed that what cannot be sent to an address is lost.
	lossInterval = time.Second
)

// A socket is a [net.UDPConn], or what stands for one.
type socket interface {
	quic.OOBCapablePacketConn
	SetWriteBuffer(size int) error
}

// A receiver reads datagrams, one into each message.
type receiver interface {
	readBatch(messages []ipv4.Message, flags int) (int, error)
}

// A Conn is a [net.UDPConn] that keeps the last error of sending to each address. quic-go
// closes a connection that it cannot send for, but only passes on the text of the error.
type Conn struct {
	socket
	// IsConnected says whether there are connections with an address. What cannot be sent there is
	// lost, as it could be anywhere on its way: networks come back. Nil if there never are any.
	IsConnected func(netip.AddrPort) bool

	// Intercept takes a datagram that came if it returns true: it is not read then. Nil if all are
	// read.
	Intercept func(data []byte, from net.Addr) bool

	// OnFailure is called when a read has failed for good. Nil if nobody wants to know. Then the
	// conn reads nothing more, but still writes, so that peers can be told.
	OnFailure func(error)

	receiver    receiver
	backlog     backlog
	unsegmented atomic.Bool // the system refuses to split what is sent
	failOnce    sync.Once
	interrupted chan struct{} // closed when a read is to return
	interrupt   func()

	detached  atomic.Bool
	closeOnce sync.Once
	closed    chan struct{}

	mu     sync.Mutex
	errors map[netip.AddrPort]error
	lossy  map[netip.AddrPort]time.Time // until when
}

// New wraps a socket.
func New(conn *net.UDPConn) *Conn {
	c := wrap(conn)
	c.receiver = newReceiver(conn, &c.backlog)
	return c
}

func wrap(conn socket) *Conn {
	interrupted := make(chan struct{})
	return &Conn{
		socket: conn, backlog: newBacklog(), closed: make(chan struct{}),
		interrupted: interrupted, interrupt: sync.OnceFunc(func() { close(interrupted) }),
	}
}

// Detach closes the socket without telling quic-go. Later writes are lost, and reads wait until the
// conn is closed.
func (c *Conn) Detach() {
	c.detached.Store(true)
	c.socket.Close()
}

// Close fails blocked and future reads and writes with [net.ErrClosed].
func (c *Conn) Close() error {
	c.closeOnce.Do(func() { close(c.closed) })
	return c.socket.Close()
}

// ReadFrom reads a datagram.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	for retries := 0; ; retries++ {
		n, addr, err := c.socket.ReadFrom(b)
		if err != nil && c.shallRetry(err, retries) || err == nil && c.isOthers(b[:n], addr) {
			continue
		}
		return n, addr, c.readError(err)
	}
}

// ReadBatch fills messages with a datagram each. quic-go calls it from one goroutine.
func (c *Conn) ReadBatch(messages []ipv4.Message, flags int) (int, error) {
	n, err := c.receiver.readBatch(messages, flags)
	for retries := 0; err != nil && c.shallRetry(err, retries); retries++ {
		n, err = c.receiver.readBatch(messages, flags)
	}
	for i := range messages[:n] {
		if m := &messages[i]; c.isOthers(m.Buffers[0][:m.N], m.Addr) {
			m.N = 0 // quic-go skips it
		}
	}
	return n, c.readError(err)
}

const (
	firstPause   = time.Millisecond
	longestPause = 100 * time.Millisecond
)

// shallRetry reports whether to read again after a read has failed. A socket is as good as before
// when the system was short of memory for a moment, or tells of a network or a peer that is gone.
func (c *Conn) shallRetry(err error, retries int) bool {
	select {
	case <-c.closed:
		return false
	case <-c.interrupted:
		return false
	default:
	}
	// The latter is of Windows, and quic-go knows of it: a datagram was larger than the buffer
	if c.detached.Load() || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, errMessageSize) {
		return false
	}
	if !isTransient(err) {
		c.fail(err)
		return false
	}
	select {
	case <-c.closed:
	case <-c.interrupted:
	case <-time.After(min(firstPause<<min(retries, 10), longestPause)):
	}
	return true
}

// fail tells that nothing is read any more, and waits until the conn is closed.
func (c *Conn) fail(err error) {
	if errors.Is(err, net.ErrClosed) {
		return
	}
	c.failOnce.Do(func() {
		if c.OnFailure != nil {
			c.OnFailure(err)
		}
	})
	select {
	case <-c.closed:
	case <-c.interrupted:
	}
}

// SetReadDeadline makes blocked and future reads fail once t has passed.
func (c *Conn) SetReadDeadline(t time.Time) error {
	if !t.IsZero() {
		c.interrupt()
	}
	return c.socket.SetReadDeadline(t)
}

// isOthers reports whether a datagram is not for who reads.
func (c *Conn) isOthers(data []byte, from net.Addr) bool {
	return !isAnswerable(from) || c.Intercept != nil && c.Intercept(data, from)
}

// isAnswerable reports whether something can be sent to where a datagram says that it is from: not
// to port 0, which systems refuse. Without a socket anybody can say so.
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
	isSegmented := isSegmented(oob)
	if isSegmented && c.unsegmented.Load() {
		return 0, 0, errSegmentation
	}
	n, oobn, err = c.socket.WriteMsgUDP(b, oob, addr)
	if err == nil {
		return n, oobn, nil
	}
	if isSegmented && isRefusal(err) {
		c.unsegmented.Store(true)
		return 0, 0, errSegmentation
	}
	if c.detached.Load() || c.isLoss(addr, err) {
		return len(b), len(oob), nil
	}
	c.remember(addr, err)
	return n, oobn, sentence.SendError{Cause: err}
}

// errSegmentation is what quic-go takes for a refusal of segmentation offload: it sends the
// datagrams one by one then.
var errSegmentation = os.NewSyscallError("sendmsg", syscall.EIO)

// isRefusal reports whether the system may have refused to split what was sent: a device that
// cannot (EIO), or one whose MTU is smaller than the datagrams (EINVAL).
func isRefusal(err error) bool {
	return errors.Is(err, syscall.EIO) || errors.Is(err, syscall.EINVAL)
}

// isLoss reports whether a datagram that could not be sent is to count as lost on its way.
func (c *Conn) isLoss(addr *net.UDPAddr, err error) bool {
	// quic-go would take EIO for a refusal of segmentation, and send the same again without end
	if isShortage(err) || errors.Is(err, syscall.EIO) {
		return true
	}
	// quic-go knows what to do about it: less path MTU
	if errors.Is(err, errMessageSize) || c.IsConnected == nil {
		return false
	}
	if c.isLossy(addr) {
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

// isLossy reports whether the last datagrams to an address could not be sent.
func (c *Conn) isLossy(addr *net.UDPAddr) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Before(c.lossy[unmap(addr)])
}
