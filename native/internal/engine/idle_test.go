package engine

import (
	"encoding/binary"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

// A virtualPair is a server and a client that virtual transports connect, so that time can be
// virtual too.
type virtualPair struct {
	server, client         *user
	serverConn, clientConn *Connection
	carriers               sync.WaitGroup

	mu    sync.Mutex
	isCut bool
	sent  int // datagrams
}

// cut makes the network lose everything from now on.
func (p *virtualPair) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.isCut = true
}

// sentSoFar returns how many datagrams were sent since the last call.
func (p *virtualPair) sentSoFar() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent := p.sent
	p.sent = 0
	return sent
}

// carry takes datagrams from one virtual transport to the other until the first one is closed.
func (p *virtualPair) carry(from, to *Transport, ring []byte) {
	order := binary.LittleEndian
	for slot := 0; ; time.Sleep(50 * time.Millisecond) {
		select {
		case <-from.closing:
			return
		default:
		}
		for from.Pending() > 0 {
			s := ring[slot*shared.Slot:]
			slot = (slot + 1) % (len(ring) / shared.Slot)
			data := s[64:][:order.Uint16(s)]
			batch := order.AppendUint16(nil, uint16(len(data)))
			batch = order.AppendUint16(batch, from.LocalPort())
			batch = append(append(append(batch, 9), "127.0.0.1"...), data...)
			p.mu.Lock()
			p.sent++
			isCut := p.isCut
			p.mu.Unlock()
			from.Release(1)
			if !isCut {
				to.Deliver(batch)
			}
		}
	}
}

func connectVirtual(t *testing.T, serverConfig, clientConfig *config.Config) *virtualPair {
	t.Helper()
	p := &virtualPair{}
	t.Cleanup(func() {
		p.carriers.Wait()
		time.Sleep(time.Second) // for what looks at addresses now and then
	})
	p.server, p.client = newUser(t), newUser(t)
	open := func(u *user, port uint16) (*Transport, []byte) {
		ring := make([]byte, 64*shared.Slot)
		transport, err := u.OpenVirtual(TransportOptions{Host: "127.0.0.1", Port: port}, ring)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(transport.Close)
		return transport, ring
	}
	server, serverRing := open(p.server, 1)
	client, clientRing := open(p.client, 2)
	p.carriers.Go(func() { p.carry(server, client, serverRing) })
	p.carriers.Go(func() { p.carry(client, server, clientRing) })
	if _, err := server.Listen(serverConfig); err != nil {
		t.Fatal(err)
	}
	c, err := client.Dial(netip.MustParseAddrPort("127.0.0.1:1"), "localhost", clientConfig, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.clientConn = c
	p.client.next(event.ConnectionEstablished)
	p.serverConn, _ = Lookup[*Connection](p.server.Environment, handle.Handle(p.server.next(event.ListenerConnection).a))
	p.clientConn.Accept()
	p.serverConn.Accept()
	return p
}

func isClosed(c *Connection) bool {
	select {
	case <-c.gone:
		return true
	default:
		return false
	}
}

func TestAQuietPeerIsAskedWhetherItIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serverConfig, clientConfig := options(t)
		serverConfig.ProbeIdle, clientConfig.ProbeIdle = true, true
		p := connectVirtual(t, serverConfig, clientConfig)
		time.Sleep(10 * time.Second)
		p.sentSoFar()
		time.Sleep(40 * time.Second)
		if n := p.sentSoFar(); n != 0 {
			t.Errorf("%d datagrams were sent in less than a minute of silence", n)
		}
		time.Sleep(4 * time.Hour)
		if isClosed(p.clientConn) || isClosed(p.serverConn) {
			t.Fatal("a quiet connection was lost")
		}
		if n := p.sentSoFar(); n > 4*60*6 {
			t.Errorf("%d datagrams were sent in four hours of silence", n)
		}
		p.cut()
		// A PING may have been under way
		time.Sleep(2*time.Minute - time.Second)
		if isClosed(p.clientConn) || isClosed(p.serverConn) {
			t.Error("a peer was given up too early")
		}
		time.Sleep(time.Minute + time.Second + 2*probeInterval)
		synctest.Wait()
		if !isClosed(p.clientConn) || !isClosed(p.serverConn) {
			t.Fatal("a peer that vanished was not noticed")
		}
		for _, u := range []*user{p.client, p.server} {
			if r := u.next(event.ConnectionClosed); event.CloseKind(r.a) != event.CloseIdleTimeout {
				t.Errorf("the connection ended by %v", r)
			}
		}
	})
}

// A peer that wants quiet connections to end must not be kept by being asked.
func TestAPeerThatWantsAnIdleTimeoutGetsIt(t *testing.T) {
	for _, own := range []string{"server", "client"} {
		synctest.Test(t, func(t *testing.T) {
			serverConfig, clientConfig := options(t)
			if own == "server" {
				serverConfig.MaxIdleTimeout, clientConfig.ProbeIdle = 90_000, true
			} else {
				clientConfig.MaxIdleTimeout, serverConfig.ProbeIdle = 90_000, true
			}
			p := connectVirtual(t, serverConfig, clientConfig)
			time.Sleep(100 * time.Second)
			synctest.Wait()
			if !isClosed(p.clientConn) || !isClosed(p.serverConn) {
				t.Errorf("the idle timeout of the %s did not hold for both", own)
			}
		})
	}
}

// quic-go takes no less than five seconds from a peer.
func TestAShortIdleTimeoutHoldsForBoth(t *testing.T) {
	for _, own := range []string{"server", "client"} {
		synctest.Test(t, func(t *testing.T) {
			serverConfig, clientConfig := options(t)
			serverConfig.MaxIdleTimeout, clientConfig.MaxIdleTimeout = 20_000, 20_000
			if own == "server" {
				serverConfig.MaxIdleTimeout = 1_000
			} else {
				clientConfig.MaxIdleTimeout = 1_000
			}
			p := connectVirtual(t, serverConfig, clientConfig)
			time.Sleep(2500 * time.Millisecond)
			synctest.Wait()
			if !isClosed(p.clientConn) || !isClosed(p.serverConn) {
				t.Errorf("the idle timeout of the %s did not hold for both", own)
			}
		})
	}
}

func TestWithoutAnIdleTimeoutNobodyIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serverConfig, clientConfig := options(t)
		p := connectVirtual(t, serverConfig, clientConfig)
		time.Sleep(time.Minute)
		p.sentSoFar()
		p.cut()
		time.Sleep(3 * time.Hour)
		if isClosed(p.clientConn) || isClosed(p.serverConn) {
			t.Error("a connection was given up")
		}
		if n := p.sentSoFar(); n != 0 {
			t.Errorf("%d datagrams were sent in silence", n)
		}
	})
}

func TestAProbeIsNotLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serverConfig, clientConfig := options(t)
		serverConfig.ProbeIdle, clientConfig.ProbeIdle = true, true
		p := connectVirtual(t, serverConfig, clientConfig)
		p.cut()
		// It was sent a PING, which is repeated
		time.Sleep(config.ProbeAfter + 2*probeInterval)
		p.clientConn.Close(true, 0, nil)
		p.client.next(event.ConnectionClosed)
		p.clientConn.Release()
		synctest.Wait()
		if p.client.probes.timer.Stop() {
			t.Error("no connection is left, and still one is waited for")
		}
		p.sentSoFar()
		p.serverConn.Close(true, 0, nil)
		p.server.next(event.ConnectionClosed)
		time.Sleep(time.Minute)
		if n := p.sentSoFar(); n > 2 {
			t.Errorf("%d datagrams were sent after the end", n)
		}
	})
}

func TestAPeerIsAskedBesidesKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serverConfig, clientConfig := options(t)
		serverConfig.ProbeIdle, clientConfig.ProbeIdle = true, true
		clientConfig.KeepAliveIntervalTime = 10_000
		p := connectVirtual(t, serverConfig, clientConfig)
		time.Sleep(time.Hour)
		if isClosed(p.clientConn) || isClosed(p.serverConn) {
			t.Fatal("a connection was lost")
		}
		p.cut()
		time.Sleep(2*time.Minute - 20*time.Second)
		if isClosed(p.clientConn) || isClosed(p.serverConn) {
			t.Error("a peer was given up too early")
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if !isClosed(p.clientConn) || !isClosed(p.serverConn) {
			t.Error("a peer that vanished was not noticed")
		}
	})
}
