package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlogwriter"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/qlogfile"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

// Dial starts the handshake with a server, and offers a session that [Connection.Session] returned,
// if there is one. It completes with a ConnectionEstablished or a ConnectionClosed event.
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

// checkSession drops an offered session with a server whose certificates would not pass now. Early
// data would be sent before anybody looked at them, and a resumption that fails is no full
// handshake. It returns an error when the application gave no verdict.
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

// tracer returns what quic-go calls for each connection that begins. It learns the connection ID
// that both ends share, and returns nil when nothing is to be traced.
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
		c.originalID = id
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
	if qlog := c.openQLog(); qlog != nil {
		qlog.Close()
	}
}

func (c *Connection) openQLog() *qlogfile.File {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.qlog
}

// giveUp ends the handshake of a client. The server is told: it may have completed the handshake,
// and would keep the connection until its idle timeout, which may be infinite. An application that
// gives up does not tell one that it has not heard of: there may be none.
func (c *Connection) giveUp(isApp bool, code uint64, reason string) {
	conn := quicgo.ConnectionOf(c.transport.quic, c.transport.ownIDOf(c))
	if conn == nil || isApp && conn.ConnectionStats().PacketsReceived == 0 {
		c.cancelDial()
		c.closed(nil)
		return
	}
	quicgo.CloseWith(conn, isApp, code, reason)
	c.stopAsking()
}

// stopAsking ends the question about the peer's certificate: quic-go comes to the close of the
// connection only then.
func (c *Connection) stopAsking() {
	c.giveUpOnce.Do(func() { close(c.givenUp) })
}

// failDial ends the handshake of a client, and reports whether there was one.
func (c *Connection) failDial(err error) bool {
	if !c.isDialing() {
		return false
	}
	c.closed(err)
	c.cancelDial()
	return true
}

func (c *Connection) isDialing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.quic == nil && c.cancelDial != nil && !c.isClosed
}
