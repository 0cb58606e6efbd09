package engine

import (
	"context"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/qlogfile"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

// connectionKey is the key of the *Connection in the context of its quic.Conn.
type connectionKey struct{}

// A Connection is a QUIC connection, from its first packet on.
type Connection struct {
	env       *Environment
	Handle    handle.Handle
	transport *Transport // the first one; see path for where it has migrated to
	listener  *Listener  // nil for a client

	isProved     bool // the client began with a token that proves its address
	verifiesPeer bool // the handshake ends with the verification of the client
	remote       net.Addr
	seat         seat                      // guarded by the mutex of the transport's admission
	handshaking  atomic.Pointer[quic.Conn] // of a server, once the ClientHello has come
	isRefused    atomic.Bool               // there was no seat, or it had to give it up

	ownID                 quic.ConnectionID // guarded by the transport's nameMu
	handshakeTimeout      time.Duration
	keepAliveInterval     time.Duration      // 0 without keep-alives
	incomingHighWaterMark int                // how many are kept until they are read
	asksWhenQuiet         bool               // whether the peer is there
	cancelDial            context.CancelFunc // nil for a server
	gone                  chan struct{}      // closed when the connection is
	givenUp               chan struct{}      // closed when the handshake is to end
	giveUpOnce            sync.Once
	accepted              chan struct{} // closed when JavaScript wants to hear of streams and of the end
	resumed               chan struct{} // closed when streams can be opened again after early data was rejected
	acceptOnce            sync.Once
	readerGone            chan struct{} // signalled when a reader has ended

	congestion   congestionState
	session      *session // nil for a server
	verification verification
	ends         streamEnds

	// Bytes of all streams that JavaScript has not read, and that are not sent.
	unread, unsent atomic.Int64
	readers        atomic.Int64 // goroutines that read streams
	maxExempt      int64        // how large exempted of the environment gets

	mu         sync.Mutex
	quic       *quic.Conn            // nil until the handshake completed
	complete   *quic.ConnectionState // nil until it was asked for after that
	originalID quic.ConnectionID
	qlog       *qlogfile.File // nil if there is none
	// Set with quic, unless datagrams are not enabled.
	datagrams      *Datagrams
	streams        map[*Stream]struct{}
	finished       []*quic.SendStream    // whose end, a FIN or a reset, may not have been acknowledged
	stopped        []*quic.ReceiveStream // whose STOP_SENDING may not have been sent
	keepAliveTimer *time.Timer           // nil without keep-alives, and before the handshake has completed
	drainBy        time.Time             // only for the goroutine that drains
	isEnding       bool                  // it waits for its streams to end
	waiting        map[bool][]*Stream    // streams that wait for the peer's limit, by whether they are unidirectional
	isClosed       bool
	closeErr       error // what it was closed with, if that is known
	isEarly        bool  // announced before the handshake has completed
	rejected       bool  // the server has, and JavaScript has not yet heard of it
	path           path
}

func (t *Transport) newConnection(l *Listener, remote net.Addr, handshakeTimeout time.Duration, conf *config.Config) (*Connection, error) {
	c := &Connection{
		env:                   t.env,
		transport:             t,
		listener:              l,
		remote:                remote,
		handshakeTimeout:      handshakeTimeout,
		incomingHighWaterMark: conf.IncomingHighWaterMark,
		keepAliveInterval:     conf.KeepAlive(),
		asksWhenQuiet:         conf.ProbeIdle,
		maxExempt:             int64(conf.MaxExempt),
		gone:                  make(chan struct{}),
		givenUp:               make(chan struct{}),
		accepted:              make(chan struct{}),
		resumed:               make(chan struct{}),
		readerGone:            make(chan struct{}, 1),
		streams:               make(map[*Stream]struct{}),
	}
	c.congestion.choose(conf.CongestionControl)
	h, err := t.env.add(c, &t.env.counts.connections)
	if err != nil {
		return nil, err
	}
	c.Handle = h
	t.peers.add(c, remote)
	return c, nil
}

func (c *Connection) addReader() { c.readers.Add(1) }

func (c *Connection) removeReader() {
	c.readers.Add(-1)
	select {
	case c.readerGone <- struct{}{}:
	default:
	}
}

func (c *Connection) hasReaders() bool { return c.readers.Load() > 0 }

// tellStops tells of each STOP_SENDING that came before the peer closed the connection, whose
// goroutine may not have run.
func (c *Connection) tellStops() {
	for _, s := range c.openStreams() {
		s.tellIfStopped()
	}
}

func (c *Connection) openStreams() []*Stream {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.streams))
}

// addStream keeps a stream, and reports whether the connection is there to do so.
func (c *Connection) addStream(s *Stream) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.streams == nil {
		return false
	}
	c.streams[s] = struct{}{}
	return true
}

func (c *Connection) removeStream(s *Stream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.streams, s)
}

// Release forgets a connection that is closed, and its streams.
func (c *Connection) Release() {
	c.Accept()
	streams, datagrams := c.takeParts()
	for s := range streams {
		s.release()
	}
	if datagrams != nil {
		datagrams.release()
	}
	c.forget()
}

func (c *Connection) takeParts() (map[*Stream]struct{}, *Datagrams) {
	c.mu.Lock()
	defer c.mu.Unlock()
	streams, datagrams := c.streams, c.datagrams
	c.streams, c.datagrams = nil, nil
	return streams, datagrams
}

// forget gives up the handle of the connection, and its seat.
func (c *Connection) forget() {
	c.transport.admission.leave(c)
	c.transport.peers.remove(c, c.remote)
	c.env.remove(c.Handle, &c.env.counts.connections)
}

// Datagrams returns the unreliable datagrams of the connection, or nil when they are not enabled at
// this end, or the connection is not established or was released.
func (c *Connection) Datagrams() *Datagrams {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.datagrams
}

// isAnnounced reports whether JavaScript was told of the connection, or will not be.
func (c *Connection) isAnnounced() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quic != nil || c.isClosed
}

// isEstablishedOn reports whether the connection goes over a transport, and its handshake has
// completed.
func (c *Connection) isEstablishedOn(t *Transport) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quic != nil && !c.isEarly && !c.isClosed && c.onTransport() == t
}

// fault closes the connection after a panic in one of its goroutines.
func (c *Connection) fault(err error) {
	if conn, _ := c.established(); conn != nil {
		quicgo.CloseWith(conn, false, uint64(quic.InternalError), "")
	}
	c.closed(err)
}

func hostPort(addr net.Addr) (string, uint16) {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return "", 0
	}
	ap := udp.AddrPort()
	return ap.Addr().Unmap().String(), ap.Port()
}
