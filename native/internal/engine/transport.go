package engine

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/connectionid"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/packetconn"
	"github.com/MatrixAI/js-quic/native/internal/udpconn"
)

var errTooManyHandshakes = errors.New("too many handshakes")

// A Transport is one UDP port: it carries a listener and any number of connections.
type Transport struct {
	env    *Environment
	Handle handle.Handle

	quic    *quic.Transport
	conn    net.PacketConn
	virtual *packetconn.Conn // nil when Go owns the socket

	listener  atomic.Pointer[Listener]
	closeOnce sync.Once
	closing   chan struct{}

	// Handshakes of the listener that have not ended, and those of them whose client has
	// not proved its address.
	handshakes, unvalidated atomic.Int64
	// Retry packets sent, and connections refused for too many handshakes.
	retries, refused atomic.Uint64

	ids          *connectionid.Generator
	ticketSecret [32]byte // of session tickets

	paths   paths
	foreign foreign

	nameMu  sync.Mutex
	unnamed map[string]*Connection // by the goroutine that makes their own connection ID next
}

// TransportOptions say where and how to bind.
type TransportOptions struct {
	Host      string // an IP address
	Port      uint16
	ReuseAddr bool
	IPv6Only  bool
	// Key is stretched to the keys of tokens, session tickets and stateless resets. Empty means random ones.
	Key []byte
	// ConnectionIDs says how connection IDs are made, see [connectionid.New].
	ConnectionIDs []byte
}

// OpenNative binds a UDP socket that Go owns.
func (e *Environment) OpenNative(o TransportOptions) (*Transport, error) {
	network := "udp"
	ip, err := netip.ParseAddr(o.Host)
	if err != nil {
		return nil, err
	}
	switch {
	case ip.Unmap().Is4():
		network = "udp4"
		ip = ip.Unmap()
	case o.IPv6Only || !ip.IsUnspecified():
		network = "udp6"
	}
	lc := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) error {
		// Go allows to send to broadcast addresses, which Node's dgram does not unless told to
		if err := setOption(conn, syscall.SO_BROADCAST, 0); err != nil || !o.ReuseAddr {
			return err
		}
		return setOption(conn, reuseOption, 1)
	}}
	address := net.JoinHostPort(ip.String(), strconv.Itoa(int(o.Port)))
	conn, err := lc.ListenPacket(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	return e.newTransport(udpconn.New(conn.(*net.UDPConn)), nil, o)
}

// OpenVirtual makes a transport whose datagrams somebody else carries through a socket
// that is bound to the options' host and port. Outgoing ones are written into
// ring, which belongs to the transport until it is closed.
func (e *Environment) OpenVirtual(o TransportOptions, ring []byte) (*Transport, error) {
	ip, err := netip.ParseAddr(o.Host)
	if err != nil {
		return nil, err
	}
	local := net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip.Unmap(), o.Port))
	var t *Transport
	conn := packetconn.New(local, ip.Is6(), ring, func() {
		e.Events.Push(event.TransportSend, t.Handle, 0, 0, nil)
	})
	t, err = e.newTransport(conn, conn, o)
	return t, err
}

func (e *Environment) newTransport(conn net.PacketConn, virtual *packetconn.Conn, o TransportOptions) (*Transport, error) {
	ids, err := connectionid.New(o.ConnectionIDs)
	if err != nil {
		conn.Close()
		return nil, err
	}
	t := &Transport{env: e, conn: conn, virtual: virtual, closing: make(chan struct{}), ids: ids}
	t.ticketSecret = *deriveKey(o.Key, "session ticket")
	t.quic = &quic.Transport{
		Conn:                  conn,
		ConnectionIDGenerator: (*connectionIDs)(t),
		ConnContext:           t.onConnectionAttempt,
		VerifySourceAddress:   func(net.Addr) bool { return t.asksForRetry() },
		StatelessResetKey:     (*quic.StatelessResetKey)(deriveKey(o.Key, "stateless reset")),
		TokenGeneratorKey:     (*quic.TokenGeneratorKey)(deriveKey(o.Key, "token")),
	}
	h, err := e.add(t, &e.counts.transports)
	if err != nil {
		conn.Close()
		return nil, err
	}
	t.Handle = h
	if c, ok := conn.(*udpconn.Conn); ok {
		c.IsConnected = t.isConnected
	} else {
		allowMTUDiscovery(t.quic)
	}
	go t.receiveForeign()
	return t, nil
}

func deriveKey(key []byte, purpose string) *[32]byte {
	var derived [32]byte
	if len(key) == 0 {
		rand.Read(derived[:]) // never fails
		return &derived
	}
	b, err := hkdf.Key(sha256.New, key, nil, "@matrixai/quic "+purpose, len(derived))
	if err != nil {
		panic(err) // only for lengths that are not used here
	}
	copy(derived[:], b)
	return &derived
}

// LocalPort returns the port that the socket is bound to.
func (t *Transport) LocalPort() uint16 {
	return t.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

// Pending returns how many datagrams wait in the ring of a virtual transport.
func (t *Transport) Pending() int {
	if t.virtual == nil {
		return 0
	}
	return t.virtual.Pending()
}

// Release gives back the n oldest datagrams of the ring of a virtual transport and returns how many are left.
func (t *Transport) Release(n int) int {
	if t.virtual == nil {
		return 0
	}
	return t.virtual.Release(n)
}

// Deliver hands received datagrams to a virtual transport, see [packetconn.Conn.Deliver].
func (t *Transport) Deliver(batch []byte) {
	if t.virtual != nil {
		t.virtual.Deliver(batch)
	}
}

// isConnected reports whether an established connection goes to addr.
func (t *Transport) isConnected(addr netip.AddrPort) bool {
	for _, object := range t.env.objects.Values() {
		if c, ok := object.(*Connection); ok && c.isEstablishedWith(t, addr) {
			return true
		}
	}
	return false
}

// FailWrites tells a virtual transport that the socket could not send to addr: handshakes that go there fail. What
// is sent on established connections is lost, as it could be anywhere on its way.
func (t *Transport) FailWrites(addr netip.AddrPort, errno int) {
	if t.virtual == nil {
		return
	}
	addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
	for _, object := range t.env.objects.Values() {
		// The next packet of a handshake would only be sent when this one is deemed lost
		if c, ok := object.(*Connection); ok && c.transport == t && c.failDial(addr, syscall.Errno(errno)) {
			return
		}
	}
	if !t.isConnected(addr) {
		t.virtual.FailWrites(addr, syscall.Errno(errno))
	}
}

// Send sends a datagram of the application. It completes with a TransportSent event that carries id.
func (t *Transport) Send(id float64, data []byte, to netip.AddrPort) {
	go func() {
		defer guard(func(err error) { t.sent(id, err) })
		_, err := t.quic.WriteTo(data, net.UDPAddrFromAddrPort(to))
		t.sent(id, err)
	}()
}

func (t *Transport) sent(id float64, err error) {
	if err == nil {
		t.env.Events.Push(event.TransportSent, t.Handle, id, 0, nil)
		return
	}
	errno, _ := errors.AsType[syscall.Errno](err)
	if errno == 0 {
		errno = syscall.EIO
	}
	t.env.Events.Push(event.TransportSent, t.Handle, id, float64(errno), []byte(err.Error()))
}

// sendError returns the error behind err if it stands for one of sending to addr, else err.
func (t *Transport) sendError(err error, addr net.Addr) error {
	conn, ok := t.conn.(*udpconn.Conn)
	failed, isFailed := errors.AsType[*quic.TransportError](err)
	if !ok || !isFailed || failed.Remote {
		return err
	}
	if cause := conn.WriteError(addr.(*net.UDPAddr)); cause != nil && cause.Error() == failed.ErrorMessage {
		return cause
	}
	return err
}

// Close closes the socket. Connections that are still open are given up without
// telling their peers. It completes with a TransportClosed event.
func (t *Transport) Close() {
	t.closeOnce.Do(func() {
		close(t.closing)
		go func() {
			defer t.closed()
			defer guard(func(error) {})
			if t.detach() {
				return
			}
			t.quic.Close()
			t.conn.Close()
		}()
	})
}

func (t *Transport) closed() {
	t.env.remove(t.Handle, &t.env.counts.transports)
	t.env.Events.Push(event.TransportClosed, t.Handle, 0, 0, nil)
}

// abandon closes the socket at once and leaves the rest to goroutines.
func (t *Transport) abandon() {
	t.conn.Close()
	t.Close()
}

// onConnectionAttempt is called when the first packet of a new connection arrives.
func (t *Transport) onConnectionAttempt(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
	l := t.listener.Load()
	if l == nil {
		return nil, quic.ErrServerClosed
	}
	c := l.config.Load().config
	if c.MaxHandshakes > 0 && t.handshakes.Load() >= c.MaxHandshakes ||
		c.MaxHandshakes > 0 && !info.AddrVerified && t.unvalidated.Load() >= c.MaxUnvalidatedHandshakes {
		t.refused.Add(1)
		return nil, errTooManyHandshakes
	}
	return l.newConnection(ctx, info)
}

// asksForRetry decides whether a client must prove its address by a Retry (RFC 9000 section
// 8.1.2): a flood of forged ones costs no memory then.
func (t *Transport) asksForRetry() bool {
	l := t.listener.Load()
	if l == nil {
		return false
	}
	c := l.config.Load().config
	if c.Retry != "always" && (c.Retry != "auto" || t.handshakes.Load() < c.RetryThreshold) {
		return false
	}
	t.retries.Add(1)
	return true
}

// Stats writes counts into s: handshakes under way, those whose client has not proved its address,
// Retry packets sent, connections refused, and datagrams dropped before they were read.
func (t *Transport) Stats(s *[5]float64) {
	t.foreign.mu.Lock()
	dropped := t.foreign.dropped
	t.foreign.mu.Unlock()
	if t.virtual != nil {
		dropped += t.virtual.Dropped()
	}
	*s = [5]float64{
		float64(t.handshakes.Load()),
		float64(t.unvalidated.Load()),
		float64(t.retries.Load()),
		float64(t.refused.Load()),
		float64(dropped),
	}
}

// connectionIDs makes connection IDs, and tells connections the first of their own.
type connectionIDs Transport

var _ quic.ConnectionIDGenerator = &connectionIDs{}

func (g *connectionIDs) ConnectionIDLen() int { return g.ids.Length() }

func (g *connectionIDs) GenerateConnectionID() (quic.ConnectionID, error) {
	id := quic.ConnectionIDFromBytes(g.ids.Next())
	g.nameMu.Lock()
	defer g.nameMu.Unlock()
	if len(g.unnamed) == 0 {
		return id, nil
	}
	name := goroutine()
	if c := g.unnamed[name]; c != nil {
		c.source = id
		delete(g.unnamed, name)
	}
	return id, nil
}

// nameNext gives c the connection ID that this goroutine makes next. quic-go makes the first one
// of a connection right after the calls that precede this one, but does not tell it.
func (t *Transport) nameNext(c *Connection) {
	t.nameMu.Lock()
	defer t.nameMu.Unlock()
	if t.unnamed == nil {
		t.unnamed = make(map[string]*Connection)
	}
	t.unnamed[goroutine()] = c
}

func (t *Transport) name(c *Connection) quic.ConnectionID {
	t.nameMu.Lock()
	defer t.nameMu.Unlock()
	return c.source
}

// goroutine names the goroutine that calls it.
func goroutine() string {
	var buf [32]byte
	// "goroutine 123 [running]: …"
	name, _, _ := strings.Cut(string(buf[:runtime.Stack(buf[:], false)]), "[")
	return name
}
