package engine

import (
	"context"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/connectionid"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/packetconn"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
	"github.com/MatrixAI/js-quic/native/internal/udpconn"
)

var (
	errRefused = errors.New("too many connections or handshakes")
	errIgnored = errors.New("too many handshakes of one address")
)

// A Transport is one UDP port: it carries a listener and any number of connections.
type Transport struct {
	env    *Environment
	Handle handle.Handle

	quic    *quic.Transport
	conn    net.PacketConn
	virtual *packetconn.Conn // nil when Go owns the socket
	mapped  bool             // bound to an IPv4-mapped IPv6 address

	listener  atomic.Pointer[Listener]
	closeOnce sync.Once
	closing   chan struct{}

	admission    admission
	ids          *connectionid.Generator
	ticketSecret [32]byte // of session tickets

	peers   peers
	paths   paths
	raw     rawDatagrams
	answers chan struct{} // has one for each answer that is being sent, see answersAlone

	nameMu  sync.Mutex
	unnamed map[string]*Connection // by the goroutine that makes their own connection ID next
}

// TransportOptions say where and how to bind.
type TransportOptions struct {
	Host      string // an IP address
	Port      uint16
	ReuseAddr bool
	IPv6Only  bool
	// Key is stretched to the keys of tokens, session tickets and stateless resets. Empty means
	// random ones.
	Key []byte
	// ConnectionIDs says how connection IDs are made, see [connectionid.New].
	ConnectionIDs []byte
	// TakeOver has the transport send stateless resets for all others with the same key, and them
	// for it.
	TakeOver bool
}

// resetPurpose says what the key of stateless resets is for: for this socket only, unless the
// options ask for more. Otherwise anybody could send another socket with the same key a packet for
// a connection of this one, and would be told the token that ends it (RFC 9000 section 21.11). A
// socket that is bound to the same address again, after a restart, has the same key.
func (o TransportOptions) resetPurpose(local net.Addr) string {
	const purpose = "stateless reset"
	if o.TakeOver {
		return purpose
	}
	// Machines of a fleet may all be bound to [::]:443
	machine, _ := os.Hostname()
	return strings.Join([]string{purpose, machine, local.String(), string(o.ConnectionIDs)}, "\x00")
}

// OpenNative binds a UDP socket that Go owns.
func (e *Environment) OpenNative(o TransportOptions) (*Transport, error) {
	ip, err := netip.ParseAddr(o.Host)
	if err != nil {
		return nil, err
	}
	isMapped := ip.Is4In6()
	ip = ip.Unmap()
	isDualStack := ip.Is6() && ip.IsUnspecified() && !o.IPv6Only
	conn, err := bind(netip.AddrPortFrom(ip, o.Port), isDualStack, o.ReuseAddr)
	if err != nil {
		return nil, err
	}
	t, err := e.newTransport(udpconn.New(conn), nil, o)
	if err != nil {
		return nil, err
	}
	t.mapped = isMapped
	return t, nil
}

// OpenVirtual makes a transport whose datagrams somebody else carries through a socket
// that is bound to the options' host and port. Outgoing ones are written into
// ring, which belongs to the transport until it is closed.
func (e *Environment) OpenVirtual(o TransportOptions, ring []byte) (*Transport, error) {
	var t *Transport
	conn, err := receiving(o, ring, func() {
		e.Events.Push(event.TransportSend, t.Handle, 0, 0, nil)
	})
	if err != nil {
		return nil, err
	}
	t, err = e.newTransport(conn, conn, o)
	return t, err
}

// OpenShared makes a transport that sends on the descriptor of a socket, and for which somebody
// else receives.
func (e *Environment) OpenShared(o TransportOptions, descriptor int) (*Transport, error) {
	received, err := receiving(o, nil, nil)
	if err != nil {
		return nil, err
	}
	conn, err := udpconn.Share(descriptor, o.ReuseAddr, received)
	if err != nil {
		return nil, err
	}
	return e.newTransport(conn, received, o)
}

func receiving(o TransportOptions, ring []byte, notify func()) (*packetconn.Conn, error) {
	ip, err := netip.ParseAddr(o.Host)
	if err != nil {
		return nil, err
	}
	local := net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip.Unmap(), o.Port))
	return packetconn.New(local, ip.Is6(), ring, notify), nil
}

func (e *Environment) newTransport(conn net.PacketConn, virtual *packetconn.Conn, o TransportOptions) (*Transport, error) {
	ids, err := connectionid.New(o.ConnectionIDs)
	if err != nil {
		conn.Close()
		return nil, err
	}
	t := &Transport{env: e, conn: conn, virtual: virtual, closing: make(chan struct{}), ids: ids, answers: make(chan struct{}, maxAnswers)}
	t.ticketSecret = *deriveKey(o.Key, "session ticket")
	t.quic = &quic.Transport{
		Conn:                  conn,
		ConnectionIDGenerator: (*connectionIDs)(t),
		ConnContext:           t.onConnectionAttempt,
		VerifySourceAddress:   t.asksForRetry,
		StatelessResetKey:     (*quic.StatelessResetKey)(deriveKey(o.Key, o.resetPurpose(conn.LocalAddr()))),
		TokenGeneratorKey:     (*quic.TokenGeneratorKey)(deriveKey(o.Key, "token")),
	}
	h, err := e.add(t, &e.counts.transports)
	if err != nil {
		conn.Close()
		return nil, err
	}
	t.Handle = h
	if c, ok := conn.(*udpconn.Conn); ok {
		c.Intercept = t.answersAlone
		c.IsConnected = t.isConnected
		c.OnFailure = t.failed
	} else {
		virtual.Intercept = t.answersAlone
		quicgo.AllowMTUDiscovery(t.quic)
	}
	go t.receiveRaw()
	return t, nil
}

// writesToRing reports whether somebody else sends what goes out.
func (t *Transport) writesToRing() bool { return t.conn == net.PacketConn(t.virtual) }

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

// LocalHost returns the address that the socket is bound to, in canonical text (RFC 5952).
func (t *Transport) LocalHost() string {
	ip := t.conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	if t.mapped {
		ip = netip.AddrFrom16(ip.As16())
	}
	return ip.String()
}

// LocalPort returns the port that the socket is bound to.
func (t *Transport) LocalPort() uint16 {
	return t.conn.LocalAddr().(*net.UDPAddr).AddrPort().Port()
}

// TransportStats are counts of a transport.
type TransportStats struct {
	// Handshakes are under way, and Unvalidated those of them whose client has not proved its
	// address.
	Handshakes, Unvalidated int
	// Retries counts Retry packets that were sent, Refused connections, and Failed handshakes.
	Retries, Refused, Failed uint64
	// Dropped counts datagrams that were dropped before they were read.
	Dropped uint64
}

// Stats returns the current counts.
func (t *Transport) Stats() TransportStats {
	dropped := locked(&t.raw.mu, func() uint64 { return t.raw.dropped })
	if t.virtual != nil {
		dropped += t.virtual.Dropped()
	}
	a := &t.admission
	a.mu.Lock()
	defer a.mu.Unlock()
	return TransportStats{
		Handshakes: int(a.underWay()), Unvalidated: a.handshakes[unproved],
		Retries: uint64(a.retries), Refused: uint64(a.refused), Failed: uint64(a.failed),
		Dropped: dropped,
	}
}

// onConnectionAttempt is called when the first packet of a new connection arrives.
func (t *Transport) onConnectionAttempt(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
	l := t.listener.Load()
	if l == nil {
		return nil, quic.ErrServerClosed
	}
	return l.newConnection(ctx, info)
}

// asksForRetry reports whether a client must prove its address.
func (t *Transport) asksForRetry(addr net.Addr) bool {
	l := t.listener.Load()
	return l != nil && t.admission.asksForRetry(l.config.Load().config, addr)
}
