package engine

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/handle"
)

// udpAddr returns the address of another machine for each number.
func udpAddr(i int) *net.UDPAddr {
	return &net.UDPAddr{IP: net.IPv4(10, byte(i>>16), byte(i>>8), byte(i)), Port: 1 + i%65535}
}

type queue struct {
	*admission
	*config.Config
	t *testing.T
}

func newAdmission(t *testing.T, c config.Config) *queue {
	return &queue{&admission{}, &c, t}
}

// begin has a client begin a handshake.
func (q *queue) begin(addr *net.UDPAddr, isProved bool) (c *Connection, v verdict, evicted *Connection) {
	c = &Connection{remote: addr}
	v, evicted = q.enter(q.Config, c, isProved)
	return c, v, evicted
}

// mustBegin has a client begin a handshake that nobody has to go for.
func (q *queue) mustBegin(addr *net.UDPAddr, isProved bool) *Connection {
	q.t.Helper()
	c, v, evicted := q.begin(addr, isProved)
	if v != admitted || evicted != nil {
		q.t.Fatalf("the verdict on a client of %v is %v, evicted %v", addr, v, evicted)
	}
	return c
}

func TestOneAddressHasAShareOfTheHandshakes(t *testing.T) {
	q := newAdmission(t, config.Config{MaxHandshakes: 800, MaxUnvalidatedHandshakes: 800})
	for range 100 {
		q.mustBegin(udpAddr(1), true)
	}
	if _, v, _ := q.begin(udpAddr(1), true); v != ignored {
		t.Errorf("beyond the share of an address the verdict is %v", v)
	}
	q.mustBegin(udpAddr(2), true)
	if q.refused != 1 {
		t.Errorf("%d are counted as refused", q.refused)
	}
}

func TestAnAddressOfIPv6IsItsNetwork(t *testing.T) {
	q := newAdmission(t, config.Config{MaxHandshakes: 16, MaxUnvalidatedHandshakes: 16})
	addr := func(ip string) *net.UDPAddr { return &net.UDPAddr{IP: net.ParseIP(ip), Port: 1} }
	q.mustBegin(addr("2001:db8:0:1::1"), true)
	q.mustBegin(addr("2001:db8:0:1:ffff::2"), true)
	if _, v, _ := q.begin(addr("2001:db8:0:1::3"), true); v != ignored {
		t.Errorf("an address of the same /64 has the verdict %v", v)
	}
	q.mustBegin(addr("2001:db8:0:2::1"), true)
	q.mustBegin(addr("::ffff:192.0.2.1"), true)
	q.mustBegin(addr("::ffff:192.0.2.2"), true)
	q.mustBegin(addr("192.0.2.2"), true)
	if _, v, _ := q.begin(addr("192.0.2.2"), true); v != ignored {
		t.Errorf("an IPv4 address and the mapped one are not the same: %v", v)
	}
}

func TestWhoHoldsMostMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newAdmission(t, config.Config{MaxHandshakes: 80, MaxUnvalidatedHandshakes: 80})
		begin := func(i int) *Connection {
			time.Sleep(time.Millisecond)
			return q.mustBegin(udpAddr(i), true)
		}
		single := begin(0)
		for i := range 69 {
			begin(1000 + i)
		}
		oldest := begin(1)
		for range 9 {
			begin(1)
		}
		// Itself it cannot have more by that
		if _, v, evicted := q.begin(udpAddr(1), true); v != refused || evicted != nil {
			t.Errorf("the one that holds most got %v", v)
		}
		if _, v, evicted := q.begin(udpAddr(2), true); v != admitted || evicted != oldest {
			t.Errorf("the verdict was %v, and the wrong one had to go", v)
		}
		for range 8 {
			q.begin(udpAddr(3000+int(q.refused)), true)
		}
		// Now all hold one, and the oldest goes
		if _, _, evicted := q.begin(udpAddr(4), true); evicted != single {
			t.Error("the oldest did not go")
		}
		if q.underWay() != 80 {
			t.Errorf("there are %d", q.underWay())
		}
	})
}

// Whoever forges an address must not keep out the one who has it.
func TestWhoProvesAnAddressGoesBeforeWhoDoesNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newAdmission(t, config.Config{MaxHandshakes: 80, MaxUnvalidatedHandshakes: 80, Retry: "auto", RetryThreshold: 1000})
		forged := q.mustBegin(udpAddr(1), false)
		for range 4 {
			q.mustBegin(udpAddr(1), false)
		}
		if !q.asksForRetry(q.Config, udpAddr(1)) || q.asksForRetry(q.Config, udpAddr(2)) {
			t.Error("not the clients of that address have to prove it")
		}
		for range 5 {
			q.mustBegin(udpAddr(1), false)
		}
		if _, v, _ := q.begin(udpAddr(1), true); v != ignored {
			t.Errorf("a handshake that is going on had to go: %v", v)
		}
		time.Sleep(2 * stalledAfter)
		if _, v, evicted := q.begin(udpAddr(1), true); v != admitted || evicted != forged {
			t.Errorf("a forged one did not go: %v", v)
		}
		if _, v, _ := q.begin(udpAddr(1), false); v != ignored {
			t.Errorf("a forged one got in: %v", v)
		}
	})
}

func TestConnectionsHaveALimit(t *testing.T) {
	q := newAdmission(t, config.Config{MaxHandshakes: 100, MaxUnvalidatedHandshakes: 100, MaxConnections: 3, MaxConnectionsPerAddress: 2})
	late := []*Connection{q.mustBegin(udpAddr(1), false), q.mustBegin(udpAddr(2), false)}
	var there []*Connection
	for _, i := range []int{1, 1, 3} {
		c := q.mustBegin(udpAddr(i), false)
		if !q.establish(q.Config, c) {
			t.Fatal("a connection below the limits was refused")
		}
		there = append(there, c)
	}
	for _, c := range late {
		if q.establish(q.Config, c) {
			t.Error("a handshake that completed late brought one beyond the limit")
		}
		q.leave(c)
	}
	if _, v, _ := q.begin(udpAddr(2), true); v != refused {
		t.Errorf("beyond the limit the verdict is %v", v)
	}
	q.leave(there[2])
	if _, v, _ := q.begin(udpAddr(1), true); v != refused {
		t.Errorf("beyond the limit of an address the verdict is %v", v)
	}
	q.leave(there[0])
	q.leave(q.mustBegin(udpAddr(1), true))
	q.leave(there[1])
	if len(q.sources) != 0 || len(q.busiest) != 0 || q.connections != 0 || q.underWay() != 0 {
		t.Errorf("something is left: %+v", q.admission)
	}
}

func TestFailuresTurnOnRetryForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newAdmission(t, config.Config{MaxHandshakes: 4096, MaxUnvalidatedHandshakes: 1024, Retry: "auto", RetryThreshold: 256})
		admittedCount, told := 0, 0
		// As in a flood of Initial packets that close their connection: none is ever under way for
		// long
		const perSecond, seconds = 10_000, 6
		for i := range seconds * perSecond {
			time.Sleep(time.Second / perSecond)
			addr := udpAddr(i)
			if q.asksForRetry(q.Config, addr) {
				continue
			}
			admittedCount++
			c := q.mustBegin(addr, false)
			if q.fail(c, false) {
				told++
			}
			q.leave(c)
		}
		if admittedCount > 400 || told > toldAtOnce+seconds*toldPerSecond {
			t.Errorf("%d got in, %d were told", admittedCount, told)
		}
		if int(q.failed) != admittedCount {
			t.Errorf("%d are counted of %d", q.failed, admittedCount)
		}
		time.Sleep(time.Minute)
		if q.asksForRetry(q.Config, udpAddr(1)) {
			t.Error("a Retry is asked for a minute later")
		}
		if !q.fail(&Connection{}, true) {
			t.Error("the failure of a client that has proved its address is not told")
		}
	})
}

// quic-go does nothing for a connection while the application is asked about its certificate.
func TestWhoMakesRoomIsNotAskedAboutAnyMore(t *testing.T) {
	serverConfig, clientConfig := options(t)
	serverConfig.VerifyPeer, serverConfig.VerifyCallback = true, true
	serverConfig.MaxHandshakes, serverConfig.MaxUnvalidatedHandshakes = 2, 3
	clientConfig.Key, clientConfig.Cert = serverConfig.Key, serverConfig.Cert
	p := dial(t, serverConfig, clientConfig)
	p.server.next(event.ConnectionVerify)
	p.dialAgain(clientConfig)
	p.server.next(event.ConnectionVerify)
	var err error
	if p.clientTransport, err = p.client.OpenNative(TransportOptions{Host: "127.0.0.2"}); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	p.dialAgain(clientConfig)
	p.server.next(event.ConnectionVerify)
	wait(t, "it is still there", func() bool { return p.server.Stats().Connections == 2 })
	if d := time.Since(began); d > verifyTimeout/2 {
		t.Errorf("it was there for another %v", d)
	}
	p.clientConn.Accept()
	r := p.client.next(event.ConnectionClosed)
	if event.CloseKind(r.a) != event.CloseTransport|event.CloseRemote || quic.TransportErrorCode(r.b) != quic.ConnectionRefused {
		t.Errorf("the client was told %v", r)
	}
}

// JavaScript keeps what its callback threw until the handshake has failed.
func TestWhomTheApplicationRefusedIsToldOfAlways(t *testing.T) {
	serverConfig, clientConfig := options(t)
	serverConfig.VerifyPeer, serverConfig.VerifyCallback = true, true
	clientConfig.Key, clientConfig.Cert = serverConfig.Key, serverConfig.Cert
	p := dial(t, serverConfig, clientConfig)
	r := p.server.next(event.ConnectionVerify)
	c, _ := Lookup[*Connection](p.server.Environment, handle.Handle(r.a))
	c.isRefused.Store(true) // as one that has to make room just now
	if !c.Verdict(uint64(r.b), 46) {
		t.Fatal("the verdict is not taken")
	}
	p.server.next(event.ListenerFailed)
}
