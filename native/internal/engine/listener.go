package engine

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

// acceptors is the number of goroutines that wait for connections. quic-go refuses those
// that complete their handshake when none waits and 32 are queued, as happens when a busy
// scheduler lets a burst of handshakes complete before it comes to a single one.
const acceptors = 96

// A Listener accepts connections on a transport.
type Listener struct {
	env       *Environment
	Handle    handle.Handle
	transport *Transport

	quic      *quic.EarlyListener
	config    atomic.Pointer[listenerConfig]
	closeOnce sync.Once
	closing   chan struct{}
	closeCode uint64         // the transport error code that handshakes under way are ended with
	accepting sync.WaitGroup // those who may announce connections
}

type listenerConfig struct {
	config    *config.Config
	tls       *tls.Config
	quic      *quic.Config
	withoutDF *quic.Config // for clients on paths whose MTU cannot be looked for

	tickets sync.Mutex
	epoch   int64 // of the ticket keys in tls
}

// rotateTicketKeys gives the TLS configuration the keys of the day. crypto/tls has keys of its own,
// but random ones for each configuration.
func (c *listenerConfig) rotateTicketKeys(secret []byte) {
	c.tickets.Lock()
	defer c.tickets.Unlock()
	if epoch := ticketEpoch(time.Now()); epoch != c.epoch {
		c.epoch = epoch
		c.tls.SetSessionTicketKeys(ticketKeys(secret, epoch))
	}
}

func (c *listenerConfig) handshakeTimeout() time.Duration { return c.quic.HandshakeIdleTimeout }

// Listen starts to accept connections. There is one listener to a transport.
func (t *Transport) Listen(c *config.Config) (*Listener, error) {
	l := &Listener{env: t.env, transport: t, closing: make(chan struct{})}
	if err := l.SetConfig(c); err != nil {
		return nil, err
	}
	h, err := t.env.add(l, &t.env.counts.listeners)
	if err != nil {
		return nil, err
	}
	l.Handle = h
	// Both are asked for each new connection, so that SetConfig works.
	tlsConf := &tls.Config{
		MinVersion: tls.VersionTLS13,
		GetConfigForClient: func(hello *tls.ClientHelloInfo) (_ *tls.Config, err error) {
			current := l.config.Load()
			c := hello.Context().Value(connectionKey{}).(*Connection)
			c.verifiesPeer = current.config.VerifyPeer
			conn := quicgo.ConnectionOf(t.quic, t.ownIDOf(c))
			c.handshaking.Store(conn)
			if conn != nil {
				quicgo.KeepWithinLimit(conn)
				quicgo.ShareConnectionID(conn)
				if current.config.DisableActiveMigration {
					quicgo.RefuseMigration(conn)
				}
			}
			current.rotateTicketKeys(t.ticketSecret[:])
			conf := current.tls
			if conf.GetConfigForClient == nil {
				conf = conf.Clone()
			} else if conf, err = conf.GetConfigForClient(hello); err != nil {
				return nil, err
			}
			c.watchClient(conf)
			return conf, nil
		},
	}
	quicConf := &quic.Config{
		GetConfigForClient: func(info *quic.ClientInfo) (*quic.Config, error) {
			c := l.config.Load()
			if !t.findsMTU(info.RemoteAddr) {
				return c.withoutDF, nil
			}
			return c.quic, nil
		},
	}
	t.listener.Store(l)
	t.quic.MaxTokenAge = c.TokenAge()
	// It hands out connections as soon as a client has been heard: accept waits for the others
	l.quic, err = t.quic.ListenEarly(tlsConf, quicConf)
	if err != nil {
		t.listener.CompareAndSwap(l, nil)
		t.env.remove(h, &t.env.counts.listeners)
		return nil, err
	}
	for range acceptors {
		l.accepting.Go(l.accept)
	}
	return l, nil
}

// findsMTU reports whether path MTU discovery works to addr: without a descriptor Node's dgram
// cannot set the DF bit, but the loopback interface carries all that quic-go sends in one piece.
func (t *Transport) findsMTU(addr net.Addr) bool {
	udpAddr, ok := addr.(*net.UDPAddr)
	return !t.writesToRing() || ok && udpAddr.IP.IsLoopback()
}

// SetConfig sets the configuration of connections to come.
func (l *Listener) SetConfig(c *config.Config) error {
	tlsConf, err := c.ServerTLS(func(ctx context.Context) config.Verifier {
		return ctx.Value(connectionKey{}).(*Connection).verify
	})
	if err != nil {
		return err
	}
	quicConf := c.QUIC()
	quicConf.Tracer = tracer(c)
	l.config.Store(&listenerConfig{
		config:    c,
		tls:       tlsConf,
		quic:      quicConf,
		withoutDF: config.WithoutDF(quicConf),
	})
	return nil
}

// Close refuses new connections from now on, and ends handshakes under way with a transport error
// code. Clients that are done with theirs know no difference to an established connection. It
// completes with a ListenerClosed event, by which all of them have been told.
func (l *Listener) Close(code uint64) {
	l.closeOnce.Do(func() {
		l.transport.listener.CompareAndSwap(l, nil)
		l.closeCode = code
		go func() {
			defer func() {
				l.env.remove(l.Handle, &l.env.counts.listeners)
				l.env.Events.Push(event.ListenerClosed, l.Handle, 0, 0, nil)
			}()
			defer fault.Recover(nil)
			// Before quic-go does so with a code of its own, and those that wait for a verdict with
			// a TLS alert
			l.closeHandshakes()
			close(l.closing)
			l.quic.Close()
			l.accepting.Wait()
		}()
	})
}

func (l *Listener) closeHandshakes() {
	for _, object := range l.env.objects.Values() {
		c, ok := object.(*Connection)
		if !ok || c.listener != l || c.isAnnounced() {
			continue
		}
		conn := quicgo.ConnectionOf(l.transport.quic, l.transport.ownIDOf(c))
		if conn != nil && !isComplete(conn) {
			quicgo.CloseWith(conn, false, l.closeCode, "")
		}
	}
}

func (l *Listener) accept() {
	defer fault.Recover(func(error) { l.Close(uint64(quic.InternalError)) })
	for {
		conn, err := l.quic.Accept(context.Background())
		if err != nil {
			return // the listener or its transport was closed
		}
		l.accepting.Go(func() { l.await(conn) })
	}
}

// await announces a connection once its handshake has completed. One with early data is announced
// at once, as JavaScript would get that data too late otherwise, but not where a client has to be
// verified.
func (l *Listener) await(conn *quic.Conn) {
	c := conn.Context().Value(connectionKey{}).(*Connection)
	defer fault.Recover(c.fault)
	if !c.verifiesPeer && conn.ConnectionState().Used0RTT {
		c.establish(conn, true)
		return
	}
	select {
	case <-conn.HandshakeComplete():
		c.establish(conn, false)
	case <-conn.Context().Done():
	case <-l.closing:
		if isComplete(conn) {
			c.establish(conn, false)
			return
		}
		quicgo.CloseWith(conn, false, l.closeCode, "")
		<-conn.Context().Done() // the client has been told: the socket may be closed next
	}
}

// newConnection makes the object of a connection whose handshake begins.
func (l *Listener) newConnection(ctx context.Context, info *quic.ClientInfo) (context.Context, error) {
	conf, t := l.config.Load(), l.transport
	c, err := t.newConnection(l, info.RemoteAddr, conf.handshakeTimeout(), conf.config)
	if err != nil {
		return nil, err
	}
	verdict, evicted := t.admission.enter(conf.config, c, info.AddrVerified)
	if evicted != nil {
		evicted.refuse()
	}
	switch verdict {
	case refused:
		c.Release()
		return nil, errRefused
	case ignored:
		c.Release()
		t.nameNext(nil)
		return ctx, nil
	}
	c.isProved = info.AddrVerified
	c.watch(ctx)
	return context.WithValue(ctx, connectionKey{}, c), nil
}
