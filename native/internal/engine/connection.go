package engine

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"math"
	"net"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlogwriter"
	"github.com/quic-go/quic-go/qlogwriter/jsontext"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
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

	source            quic.ConnectionID // guarded by the transport's nameMu
	handshakeTimeout  time.Duration
	keepAliveInterval time.Duration      // 0 without keep-alives
	keepDatagrams     int                // how many are kept until they are read
	asksWhenQuiet     bool               // whether the peer is there
	cancelDial        context.CancelFunc // nil for a server
	gone              chan struct{}      // closed when the connection is
	givenUp           chan struct{}      // closed when the handshake is to end
	giveUpOnce        sync.Once
	accepted          chan struct{} // closed when JavaScript wants to hear of streams and of the end
	resumed           chan struct{} // closed when streams can be opened again after early data was rejected
	acceptOnce        sync.Once
	readerGone        chan struct{} // signalled when a reader has ended

	session      *session // nil for a server
	verification verification
	ends         streamEnds

	// Bytes of all streams that JavaScript has not read, and that are not sent.
	unread, unsent atomic.Int64
	maxExempt      int64 // how large exempted of the environment gets

	mu       sync.Mutex
	quic     *quic.Conn            // nil until the handshake completed
	complete *quic.ConnectionState // nil until it was asked for after that
	original quic.ConnectionID
	qlog     *qlogfile.File // nil if there is none
	// Set with quic, unless datagrams are not enabled.
	datagrams      *Datagrams
	streams        map[*Stream]struct{}
	readers        int                   // goroutines that read streams
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
		env:               t.env,
		transport:         t,
		listener:          l,
		remote:            remote,
		handshakeTimeout:  handshakeTimeout,
		keepDatagrams:     conf.IncomingDatagrams,
		keepAliveInterval: conf.KeepAlive(),
		asksWhenQuiet:     conf.ProbeIdle,
		maxExempt:         int64(conf.MaxExempt),
		gone:              make(chan struct{}),
		givenUp:           make(chan struct{}),
		accepted:          make(chan struct{}),
		resumed:           make(chan struct{}),
		readerGone:        make(chan struct{}, 1),
		streams:           make(map[*Stream]struct{}),
	}
	h, err := t.env.add(c, &t.env.counts.connections)
	if err != nil {
		return nil, err
	}
	c.Handle = h
	t.peers.add(c, remote)
	return c, nil
}

// Dial starts the handshake with a server, and offers a session that [Connection.Session] returned, if there
// is one. It completes with a ConnectionEstablished or a ConnectionClosed event.
func (t *Transport) Dial(to netip.AddrPort, serverName string, conf *config.Config, session []byte) (*Connection, error) {
	addr := net.UDPAddrFromAddrPort(netip.AddrPortFrom(to.Addr().Unmap(), to.Port()))
	quicConf := conf.QUIC()
	if !t.findsMTU(addr) {
		quicConf = config.WithoutDF(quicConf)
	}
	quicConf.Tracer = tracer(conf)
	c, err := t.newConnection(nil, addr, quicConf.HandshakeIdleTimeout, conf)
	if err != nil {
		return nil, err
	}
	tlsConf, err := conf.ClientTLS(serverName, c.verify)
	if err != nil {
		c.Release()
		return nil, err
	}
	c.session = newSession(c, session, tlsConf.Certificates)
	tlsConf.ClientSessionCache = c.session
	quicConf.TokenStore = (*tokens)(c.session)
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), connectionKey{}, c))
	c.cancelDial = cancel
	go c.dial(ctx, addr, tlsConf, quicConf)
	return c, nil
}

func (c *Connection) dial(ctx context.Context, addr net.Addr, tlsConf *tls.Config, quicConf *quic.Config) {
	defer c.cancelDial()
	defer fault.Recover(c.closed)
	if err := c.checkSession(tlsConf); err != nil {
		c.closed(transportError(err))
		return
	}
	c.watchServer(tlsConf)
	dial := c.transport.quic.Dial
	isEarly := quicConf.Allow0RTT && c.session.isEarly()
	if isEarly {
		dial = c.transport.quic.DialEarly
		tlsConf.KeyLogWriter = &handshakeWatch{c.ends.hold, tlsConf.KeyLogWriter}
	}
	c.transport.nameNext(c)
	conn, err := dial(ctx, addr, tlsConf, quicConf)
	if err != nil {
		c.endQLog()
		c.closed(err)
		return
	}
	if isEarly && isComplete(conn) {
		// The server was faster than this goroutine: whether it rejects early data does not matter
		isEarly = false
		conn.NextConnection(ctx)
		c.ends.reject() // there are none
	}
	c.establish(conn, isEarly)
	c.watch(conn.Context())
}

// checkSession drops an offered session with a server whose certificates would not pass now. Early data would be
// sent before anybody looked at them, and a resumption that fails is no full handshake. It returns an error
// when the application gave no verdict.
func (c *Connection) checkSession(tlsConf *tls.Config) error {
	chain := c.session.peerCertificates()
	if len(chain) == 0 || tlsConf.VerifyConnection == nil {
		return nil
	}
	err := tlsConf.VerifyConnection(tls.ConnectionState{PeerCertificates: chain, DidResume: true})
	if errors.Is(err, errUnanswered) {
		return err
	}
	if err != nil {
		c.session.offered = nil
	}
	return nil
}

// Session returns the newest session to resume the connection with, or nil if there is none.
func (c *Connection) Session() []byte {
	if c.session == nil {
		return nil
	}
	return c.session.Encode()
}

// tracer returns what quic-go calls for each connection that begins. It learns the connection ID that
// both ends share, and returns nil when nothing is to be traced.
func tracer(conf *config.Config) func(context.Context, bool, quic.ConnectionID) qlogwriter.Trace {
	return func(ctx context.Context, isClient bool, id quic.ConnectionID) qlogwriter.Trace {
		c, ok := ctx.Value(connectionKey{}).(*Connection)
		if !ok {
			return nil
		}
		if !isClient {
			c.transport.nameNext(c)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.original = id
		if conf.QLog == "" {
			return nil
		}
		c.qlog = c.env.qlogs.Open(conf.QLog, isClient, id)
		return c.qlog
	}
}

// endQLog completes the qlog of a connection that quic-go gave up before it was running. The others
// are complete by then.
func (c *Connection) endQLog() {
	c.mu.Lock()
	qlog := c.qlog
	c.mu.Unlock()
	if qlog != nil {
		qlog.Close()
	}
}

// establish announces a connection, whose handshake goes on if it is for early data.
func (c *Connection) establish(conn *quic.Conn, isEarly bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed {
		go conn.CloseWithError(0, "")
		return
	}
	if c.listener != nil && !isEarly && !c.takeSeat() {
		c.isRefused.Store(true)
		go quicgo.CloseWith(conn, false, uint64(quic.ConnectionRefused), "")
		return
	}
	c.quic = conn
	if conn.ConnectionState().SupportsDatagrams.Local {
		c.datagrams = newDatagrams(c, conn, c.keepDatagrams)
	}
	c.isEarly = isEarly
	if isEarly {
		go c.awaitHandshake(conn)
	} else {
		c.env.probes.add(c, conn)
		c.keepAlive(conn)
	}
	go c.acceptStreams(conn)
	go c.acceptUniStreams(conn)
	if c.listener != nil {
		c.transport.watchPath(c, conn)
		c.env.Events.Push(event.ListenerConnection, c.listener.Handle, float64(c.Handle), 0, c.description())
	} else {
		c.env.Events.Push(event.ConnectionEstablished, c.Handle, 0, 0, c.description())
	}
}

// takeSeat counts the connection of a client as established, if there are not too many.
func (c *Connection) takeSeat() bool {
	return c.transport.admission.establish(c.listener.config.Load().config, c)
}

// refuse gives up a handshake with a client, who has lost its seat by that.
func (c *Connection) refuse() {
	c.isRefused.Store(true)
	if conn := quicgo.ConnectionOf(c.transport.quic, c.transport.name(c)); conn != nil {
		quicgo.CloseWith(conn, false, uint64(quic.ConnectionRefused), "")
	}
	c.stopAsking()
}

func isComplete(conn *quic.Conn) bool {
	select {
	case <-conn.HandshakeComplete():
		return true
	default:
		return false
	}
}

// awaitHandshake tells JavaScript when the handshake of a connection with early data has completed.
func (c *Connection) awaitHandshake(conn *quic.Conn) {
	defer fault.Recover(c.fault)
	select {
	case <-conn.HandshakeComplete():
	case <-conn.Context().Done():
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isEarly = false
	if c.isClosed {
		return
	}
	if c.listener != nil && !c.takeSeat() {
		go quicgo.CloseWith(conn, false, uint64(quic.ConnectionRefused), "")
		return
	}
	c.env.probes.add(c, conn)
	c.keepAlive(conn)
	accepted := 1.0
	if conn.ConnectionState().Used0RTT {
		go c.ends.accept()
	} else {
		accepted = 0
		c.rejected = true
	}
	c.env.Events.Push(event.ConnectionHandshake, c.Handle, accepted, 0, c.description())
}

// resume goes on without the streams that were opened before the server rejected the early data: it
// has not heard of them, and their IDs are used again.
func (c *Connection) resume() {
	c.mu.Lock()
	wasRejected := c.rejected
	c.rejected = false
	conn := c.quic
	if !wasRejected {
		c.mu.Unlock()
		return
	}
	c.finished = nil
	streams := slices.Collect(maps.Keys(c.streams))
	c.mu.Unlock()
	for _, s := range streams {
		if s.ID() >= 0 {
			s.release()
		}
	}
	c.ends.reject()
	if _, err := conn.NextConnection(context.Background()); err != nil {
		return // it is closed
	}
	close(c.resumed)
	go c.acceptStreams(conn)
	go c.acceptUniStreams(conn)
}

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
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quic != nil {
		datagrams := c.datagrams
		// JavaScript was told of it, and first takes note of it and of its streams
		c.mu.Unlock()
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
		c.mu.Lock()
	}
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
	data := binary.NativeEndian.AppendUint32(nil, uint32(c.Handle))
	data = binary.NativeEndian.AppendUint32(data, uint32(len(description)))
	data = append(append(data, description...), shortened([]byte(reason), maxFailureReason)...)
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

// tellStops tells of each STOP_SENDING that came before the peer closed the connection, whose goroutine may not have run.
func (c *Connection) tellStops() {
	c.mu.Lock()
	streams := slices.Collect(maps.Keys(c.streams))
	c.mu.Unlock()
	for _, s := range streams {
		s.tellIfStopped()
	}
}

// readRest waits until the streams have read what the peer sent before it closed the connection.
func (c *Connection) readRest() {
	c.mu.Lock()
	streams := slices.Collect(maps.Keys(c.streams))
	c.mu.Unlock()
	for _, s := range streams {
		s.readRest()
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

func (c *Connection) addReader() {
	c.mu.Lock()
	c.readers++
	c.mu.Unlock()
}

func (c *Connection) removeReader() {
	c.mu.Lock()
	c.readers--
	c.mu.Unlock()
	select {
	case c.readerGone <- struct{}{}:
	default:
	}
}

func (c *Connection) hasReaders() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readers > 0
}

// Release forgets a connection that is closed, and its streams.
func (c *Connection) Release() {
	c.Accept()
	c.mu.Lock()
	streams, datagrams := c.streams, c.datagrams
	c.streams, c.datagrams = nil, nil
	c.mu.Unlock()
	for s := range streams {
		s.release()
	}
	if datagrams != nil {
		datagrams.release()
	}
	c.forget()
}

// forget gives up the handle of the connection, and its seat.
func (c *Connection) forget() {
	c.transport.admission.leave(c)
	c.transport.peers.remove(c, c.remote)
	c.env.remove(c.Handle, &c.env.counts.connections)
}

// Stats writes into s: the smoothed, latest and minimum RTT and its variation in
// milliseconds, the congestion window in bytes, and bytes and packets sent, received and lost.
func (c *Connection) Stats(s *[12]float64) {
	c.mu.Lock()
	conn := c.quic
	c.mu.Unlock()
	if conn == nil {
		return
	}
	stats := conn.ConnectionStats()
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	*s = [12]float64{
		ms(stats.SmoothedRTT), ms(stats.LatestRTT), ms(stats.MinRTT), ms(stats.MeanDeviation),
		float64(stats.CongestionWindow),
		float64(stats.BytesSent), float64(stats.PacketsSent),
		float64(stats.BytesReceived), float64(stats.PacketsReceived),
		float64(stats.BytesLost), float64(stats.PacketsLost),
		float64(quicgo.PathMTU(conn)),
	}
}

// Description returns the addresses, the connection ID and what TLS negotiated, as JSON.
func (c *Connection) Description() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.path.isTold = false
	return c.description()
}

func (c *Connection) description() []byte {
	var b bytes.Buffer
	enc := jsontext.NewEncoder(&b)
	member := func(name string, value jsontext.Token) {
		enc.WriteToken(jsontext.String(name))
		enc.WriteToken(value)
	}
	text, flag := jsontext.String, jsontext.Bool
	enc.WriteToken(jsontext.BeginObject)
	localHost, localPort := hostPort(c.onTransport().conn.LocalAddr())
	member("localHost", text(localHost))
	member("localPort", jsontext.Uint(uint64(localPort)))
	remoteHost, remotePort := hostPort(c.remote)
	member("remoteHost", text(remoteHost))
	member("remotePort", jsontext.Uint(uint64(remotePort)))
	member("connectionId", text(hex.EncodeToString(c.transport.name(c).Bytes())))
	member("connectionIdShared", text(hex.EncodeToString(c.original.Bytes())))
	if c.quic != nil {
		peer := c.original // the server's until it has answered, when that is known (RFC 9000 section 7.2)
		if c.listener != nil || !c.isEarly {
			peer = quicgo.PeerConnectionID(c.quic)
		}
		member("connectionIdPeer", text(hex.EncodeToString(peer.Bytes())))
		state := c.state()
		member("applicationProto", text(state.TLS.NegotiatedProtocol))
		member("serverName", text(state.TLS.ServerName))
		member("version", jsontext.Uint(uint64(state.Version)))
		// Whether the handshake is complete, resumed a session, and the server took early data
		member("isComplete", flag(!c.isEarly))
		member("resumed", flag(state.TLS.DidResume))
		member("earlyData", flag(state.Used0RTT))
		// Whether either end enabled datagrams
		member("localDatagrams", flag(state.SupportsDatagrams.Local))
		member("peerDatagrams", flag(state.SupportsDatagrams.Remote))
	}
	enc.WriteToken(jsontext.EndObject)
	return b.Bytes()
}

// CloseReason returns what a ConnectionClosed event says that is on its way: the kind as uint32, the code as
// float64, and the reason. It returns nil if nothing is known as yet.
func (c *Connection) CloseReason() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closeErr == nil {
		return nil
	}
	kind, code, reason := closeReason(c.onTransport().sendError(c.closeErr, c.remote))
	data := binary.NativeEndian.AppendUint32(nil, uint32(kind))
	data = binary.NativeEndian.AppendUint64(data, math.Float64bits(float64(code)))
	return append(data, reason...)
}

// state returns what the handshake has brought. quic-go is asked only once when that is complete, as it reads without a
// lock what changes when the connection migrates. The mutex must be held.
func (c *Connection) state() quic.ConnectionState {
	if c.complete != nil {
		return *c.complete
	}
	state := c.quic.ConnectionState()
	if !c.isEarly {
		c.complete = &state
	}
	return state
}

func hostPort(addr net.Addr) (string, uint16) {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return "", 0
	}
	ap := udp.AddrPort()
	return ap.Addr().Unmap().String(), ap.Port()
}

// Datagrams returns the unreliable datagrams of the connection, or nil when they are not enabled at
// this end, or the connection is not established or was released.
func (c *Connection) Datagrams() *Datagrams {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.datagrams
}

// PeerCertificates returns the chain that the peer sent, leaf first, each
// certificate as DER with its length as uint32 before it.
func (c *Connection) PeerCertificates() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quic == nil {
		return nil
	}
	return encodeChain(c.state().TLS.PeerCertificates)
}

func encodeChain(chain []*x509.Certificate) []byte {
	var data []byte
	for _, certificate := range chain {
		data = binary.NativeEndian.AppendUint32(data, uint32(len(certificate.Raw)))
		data = append(data, certificate.Raw...)
	}
	return data
}

// maxReason is how much of a reason fits into any packet, in bytes: with more quic-go sends no packet at all. Those of
// the transport may be in a packet for each of the three kinds of keys that are sent together.
const maxReason = 960

// Close closes the connection with an application error code, or a transport
// error code (RFC 9000 section 20.1). It completes with a ConnectionClosed event.
func (c *Connection) Close(isApp bool, code uint64, reason []byte) {
	c.Accept()
	c.mu.Lock()
	conn := c.quic
	c.mu.Unlock()
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

// giveUp ends the handshake of a client. The server is told: it may have completed the handshake, and would keep the
// connection until its idle timeout, which may be infinite. An application that gives up does not tell one that it has
// not heard of: there may be none.
func (c *Connection) giveUp(isApp bool, code uint64, reason string) {
	conn := quicgo.ConnectionOf(c.transport.quic, c.transport.name(c))
	if conn == nil || isApp && conn.ConnectionStats().PacketsReceived == 0 {
		c.cancelDial()
		c.closed(nil)
		return
	}
	quicgo.CloseWith(conn, isApp, code, reason)
	c.stopAsking()
}

// stopAsking ends the question about the peer's certificate: quic-go comes to the close of the connection only then.
func (c *Connection) stopAsking() {
	c.giveUpOnce.Do(func() { close(c.givenUp) })
}

// isAnnounced reports whether JavaScript was told of the connection, or will not be.
func (c *Connection) isAnnounced() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quic != nil || c.isClosed
}

// isEstablishedOn reports whether the connection goes over a transport, and its handshake has completed.
func (c *Connection) isEstablishedOn(t *Transport) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quic != nil && !c.isEarly && !c.isClosed && c.onTransport() == t
}

// failDial ends the handshake of a client, and reports whether there was one.
func (c *Connection) failDial(err error) bool {
	c.mu.Lock()
	isDialing := c.quic == nil && c.cancelDial != nil && !c.isClosed
	c.mu.Unlock()
	if !isDialing {
		return false
	}
	c.closed(err)
	c.cancelDial()
	return true
}

// Accept starts to announce the streams of the peer, and the end of the connection. All that
// happens before waits: JavaScript may take its time to take note of the connection. It does so again
// after early data was rejected.
func (c *Connection) Accept() {
	c.acceptOnce.Do(func() {
		close(c.accepted)
		if c.session != nil {
			c.session.announce()
		}
	})
	c.resume()
}

func (c *Connection) acceptStreams(conn *quic.Conn) {
	defer fault.Recover(c.fault)
	for {
		str, err := conn.AcceptStream(context.Background())
		if err != nil {
			return // the connection is closed
		}
		c.incoming(quicgo.ReceiveSide(str), quicgo.SendSide(str))
	}
}

func (c *Connection) acceptUniStreams(conn *quic.Conn) {
	defer fault.Recover(c.fault)
	for {
		str, err := conn.AcceptUniStream(context.Background())
		if err != nil {
			return
		}
		c.incoming(str, nil)
	}
}

// fault closes the connection after a panic in one of its goroutines.
func (c *Connection) fault(err error) {
	c.mu.Lock()
	conn := c.quic
	c.mu.Unlock()
	if conn != nil {
		quicgo.CloseWith(conn, false, uint64(quic.InternalError), "")
	}
	c.closed(err)
}

// TellArrived has StreamArrived events tell of streams on which all that the peer sends has come.
func (c *Connection) TellArrived() {
	c.mu.Lock()
	c.isEnding = true
	streams := slices.Collect(maps.Keys(c.streams))
	c.mu.Unlock()
	for _, s := range streams {
		s.tellArrived()
	}
}

// tellsArrived reports whether it does.
func (c *Connection) tellsArrived() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.isEnding
}

// OpenStream opens a stream. When the peer's limit is reached, the stream waits for
// credit, and a StreamOpened event tells when it is open.
func (c *Connection) OpenStream(uni bool) (*Stream, error) {
	c.mu.Lock()
	conn := c.quic
	isClosed := c.isClosed
	c.mu.Unlock()
	if conn == nil || isClosed {
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
			c.mu.Lock()
			c.closeErr = err
			c.mu.Unlock()
			return nil, ErrClosed
		}
	}
	s.willOpen(uni)
	c.wait(conn, s, uni)
	return s, nil
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
