// Package packetconn is a [net.PacketConn] without a socket: somebody else, here
// Node's dgram module, receives the datagrams that are read from it and sends
// those that are written to it.
package packetconn

import (
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/net/ipv4"

	"github.com/MatrixAI/js-quic/native/internal/sentence"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

const (
	// MaxDatagramSize is the size of the largest datagram that can be written.
	// No QUIC packet of quic-go is larger than 1452 bytes.
	MaxDatagramSize = shared.Slot - shared.SlotHeader

	// Datagrams that nobody has read yet, beyond which more are dropped, as the
	// receive buffer of a socket would do.
	maxReceiveQueue = 4096

	// Addresses that are remembered in each direction. Floods from many sources
	// must not make the tables grow.
	maxAddresses = 4096
)

// A Conn is a packet conn whose datagrams are carried by somebody else.
// All its methods are safe for concurrent use.
type Conn struct {
	local *net.UDPAddr
	// An IPv6 socket sends to IPv4 through IPv4-mapped addresses (RFC 4291 section 2.5.5.2).
	mapIPv4 bool
	notify  func() // called when the ring turns from empty to non-empty

	// Intercept takes a datagram that came if it returns true: it is not read then. Nil if all are
	// read.
	Intercept func(data []byte, from net.Addr) bool

	sendMu   sync.Mutex
	sendCond sync.Cond
	ring     []byte // shared with the sender; nil once closed or detached
	detached bool
	slots    uint32
	head     uint32 // number of datagrams ever written to the ring
	tail     uint32 // number of datagrams ever released from it
	addrIDs  map[netip.AddrPort]uint32
	nextAddr uint32
	sendErr  map[netip.AddrPort]sendError

	recvMu   sync.Mutex
	recvCond sync.Cond
	queue    []datagram
	queued   int // index of the first datagram in queue that was not read
	addrs    map[source]*net.UDPAddr
	dropped  uint64
	deadline time.Time
	timer    *time.Timer
	closed   bool
}

type datagram struct {
	data *[]byte
	addr *net.UDPAddr
}

// A sendError is of a datagram that was written before. A later connection to the address must not
// fail by it.
type sendError struct {
	err error
	at  time.Time
}

const sendErrorAge = time.Second

type source struct {
	host string
	port uint16
}

var _ net.PacketConn = &Conn{}

// New returns a conn bound to local. Outgoing datagrams are written into ring,
// which is used in slots of [shared.Slot] bytes, until the conn is closed. notify
// is called when datagrams wait there; it must not block and must not call the conn.
func New(local *net.UDPAddr, mapIPv4 bool, ring []byte, notify func()) *Conn {
	c := &Conn{
		local:   local,
		mapIPv4: mapIPv4,
		notify:  notify,
		ring:    ring,
		slots:   uint32(len(ring) / shared.Slot),
		addrIDs: make(map[netip.AddrPort]uint32),
		addrs:   make(map[source]*net.UDPAddr),
	}
	c.sendCond.L = &c.sendMu
	c.recvCond.L = &c.recvMu
	return c
}

// WriteTo writes a datagram into the ring. It blocks while the ring is full.
func (c *Conn) WriteTo(b []byte, addr net.Addr) (int, error) {
	udpAddr, ok := addr.(*net.UDPAddr)
	if !ok {
		return 0, &net.OpError{Op: "write", Net: "udp", Addr: addr, Err: net.InvalidAddrError("not a UDP address")}
	}
	if len(b) > MaxDatagramSize {
		return 0, &net.OpError{Op: "write", Net: "udp", Addr: addr, Err: errMessageSize}
	}
	to := udpAddr.AddrPort()

	isFirst, err := c.place(b, to)
	if err != nil {
		return 0, err
	}
	if isFirst {
		c.notify()
	}
	return len(b), nil
}

func (c *Conn) put(slot, b []byte, to netip.AddrPort) {
	id, ok := c.addrIDs[to]
	if !ok {
		if len(c.addrIDs) >= maxAddresses {
			clear(c.addrIDs)
		}
		id = c.nextAddr
		c.nextAddr++
		c.addrIDs[to] = id
	}
	shared.PutSlot(slot, id, c.Destination(to.Addr()), to.Port(), b)
}

// Destination returns an address as the socket wants it.
func (c *Conn) Destination(ip netip.Addr) netip.Addr {
	if !c.mapIPv4 {
		return ip.Unmap()
	}
	if ip.Is4() {
		return netip.AddrFrom16(ip.As16())
	}
	return ip
}

// Pending returns how many datagrams are in the ring, the ones that are being sent included.
// The first of them is in slot Released modulo the number of slots.
func (c *Conn) Pending() int {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	return int(c.head - c.tail)
}

// Release gives the n oldest datagrams in the ring free and returns how many are left.
func (c *Conn) Release(n int) int {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	pending := c.head - c.tail
	if n < 0 || uint32(n) > pending {
		return int(pending)
	}
	c.tail += uint32(n)
	c.sendCond.Broadcast()
	return int(pending) - n
}

// FailWrites makes the next write to addr fail with err.
func (c *Conn) FailWrites(addr netip.AddrPort, err error) {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	if c.sendErr == nil || len(c.sendErr) >= maxAddresses {
		c.sendErr = make(map[netip.AddrPort]sendError)
	}
	c.sendErr[addr] = sendError{err, time.Now()}
}

// Deliver queues received datagrams to be read, a batch of them behind their sources. A batch that
// is cut off or an address that cannot be parsed ends the delivery.
func (c *Conn) Deliver(batch []byte) {
	c.recvMu.Lock()
	defer c.recvMu.Unlock()
	if c.closed {
		return
	}
	for {
		host, port, datagram, rest, ok := shared.CutSourced(batch)
		if !ok {
			break
		}
		addr := c.address(host, port)
		if addr == nil {
			break
		}
		c.enqueue(datagram, addr)
		batch = rest
	}
	c.recvCond.Signal()
}

func (c *Conn) enqueue(b []byte, addr *net.UDPAddr) {
	if len(c.queue)-c.queued >= maxReceiveQueue {
		c.dropped++
		return
	}
	data := buffers.Get().(*[]byte)
	*data = append((*data)[:0], b...)
	c.queue = append(c.queue, datagram{data, addr})
}

func (c *Conn) address(host []byte, port uint16) *net.UDPAddr {
	if addr, ok := c.addrs[source{string(host), port}]; ok { // does not allocate
		return addr
	}
	ip, err := netip.ParseAddr(string(host))
	if err != nil {
		return nil
	}
	if len(c.addrs) >= maxAddresses {
		clear(c.addrs)
	}
	addr := net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip.Unmap(), port))
	c.addrs[source{string(host), port}] = addr
	return addr
}

var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, 1500)
	return &b
}}

// ReadFrom reads the next datagram. What does not fit into b is lost, as with a socket.
func (c *Conn) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, addr, err := c.readFrom(b)
		if err != nil {
			return 0, nil, err
		}
		if c.Intercept == nil || !c.Intercept(b[:n], addr) {
			return n, addr, nil
		}
	}
}

func (c *Conn) readFrom(b []byte) (int, *net.UDPAddr, error) {
	c.recvMu.Lock()
	defer c.recvMu.Unlock()
	if err := c.await(); err != nil {
		return 0, nil, err
	}
	n, addr := c.next(b)
	return n, addr, nil
}

// ReadBatch fills messages with a datagram each, as many as there are, and at least one.
func (c *Conn) ReadBatch(messages []ipv4.Message) (n int, err error) {
	c.recvMu.Lock()
	defer c.recvMu.Unlock()
	if err := c.await(); err != nil {
		return 0, err
	}
	for ; n < len(messages) && c.queued < len(c.queue); n++ {
		m := &messages[n]
		m.N, m.Addr = c.next(m.Buffers[0])
		m.NN, m.Flags = 0, 0
	}
	return n, nil
}

// await waits until there is a datagram. The mutex must be held.
func (c *Conn) await() error {
	for {
		if c.closed {
			return net.ErrClosed
		}
		if !c.deadline.IsZero() && !time.Now().Before(c.deadline) {
			return os.ErrDeadlineExceeded
		}
		if c.queued < len(c.queue) {
			return nil
		}
		c.recvCond.Wait()
	}
}

// next takes the first datagram. What does not fit into b is lost.
func (c *Conn) next(b []byte) (int, *net.UDPAddr) {
	d := c.queue[c.queued]
	c.queue[c.queued] = datagram{}
	c.queued++
	if c.queued == len(c.queue) {
		c.queue, c.queued = c.queue[:0], 0
	}
	n := copy(b, *d.data)
	buffers.Put(d.data)
	return n, d.addr
}

// Dropped returns how many received datagrams were dropped because nobody read them in time.
func (c *Conn) Dropped() uint64 {
	c.recvMu.Lock()
	defer c.recvMu.Unlock()
	return c.dropped
}

// LocalAddr returns the address that the conn is bound to.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// SetReadDeadline makes blocked and future reads fail once t has passed. The zero time means never.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.recvMu.Lock()
	defer c.recvMu.Unlock()
	c.deadline = t
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	if !t.IsZero() && !c.closed {
		c.timer = time.AfterFunc(time.Until(t), c.recvCond.Broadcast)
	}
	return nil
}

// SetWriteDeadline does nothing: a write only waits for the ring.
func (c *Conn) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline sets the read deadline.
func (c *Conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// SetReadBuffer does nothing: the buffers are the socket's. It exists because
// quic-go prints a warning for a conn whose buffers it cannot set.
func (c *Conn) SetReadBuffer(int) error { return nil }

// SetWriteBuffer does nothing, see [Conn.SetReadBuffer].
func (c *Conn) SetWriteBuffer(int) error { return nil }

// Detach takes leave of the socket. Later writes are lost, and nothing is read any more. When it
// returns, nobody uses the ring any more.
func (c *Conn) Detach() {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	c.ring = nil
	c.detached = true
	c.sendCond.Broadcast()
}

// Close fails blocked and future reads and writes with [net.ErrClosed].
// When it returns, the ring is not used any more.
func (c *Conn) Close() error {
	c.dropRing()
	c.recvMu.Lock()
	defer c.recvMu.Unlock()
	c.closed = true
	c.queue, c.queued = nil, 0
	if c.timer != nil {
		c.timer.Stop()
		c.timer = nil
	}
	c.recvCond.Broadcast()
	return nil
}

// place puts a datagram into the ring once there is room, and reports whether it is the only one
// there.
func (c *Conn) place(b []byte, to netip.AddrPort) (isFirst bool, err error) {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	for c.ring != nil && c.head-c.tail == c.slots {
		c.sendCond.Wait()
	}
	if c.ring == nil {
		if c.detached {
			return false, nil
		}
		return false, net.ErrClosed
	}
	if failed, ok := c.sendErr[to]; ok {
		delete(c.sendErr, to)
		if time.Since(failed.at) < sendErrorAge {
			return false, sentence.SendError{Cause: failed.err}
		}
	}
	c.put(c.ring[c.head%c.slots*shared.Slot:][:shared.Slot], b, to)
	isFirst = c.head == c.tail
	c.head++
	return isFirst, nil
}

func (c *Conn) dropRing() {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	c.ring = nil
	c.detached = false
	c.sendCond.Broadcast()
}
