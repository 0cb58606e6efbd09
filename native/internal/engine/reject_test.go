package engine

import (
	"net"
	"net/netip"
	"testing"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/handle"
)

// A server that rejects early data must not hear of the streams it was for: their IDs are used
// again.
func TestStreamsThatEndDuringARejectionAreNotSent(t *testing.T) {
	serverConfig, clientConfig := options(t)
	serverConfig.EnableEarlyData, clientConfig.EnableEarlyData = true, true
	serverConfig.InitialMaxStreamsBidi = 1000
	first := connect(t, serverConfig, clientConfig)
	first.client.next(event.ConnectionSession)
	session := first.clientConn.Session()
	for i := range 50 {
		rejectOnce(t, serverConfig, clientConfig, session, 9*i)
		if t.Failed() {
			return
		}
	}
}

func rejectOnce(t *testing.T, serverConfig, clientConfig *config.Config, session []byte, releaseAt int) {
	p := &pair{server: newUser(t), client: newUser(t)}
	defer p.server.Close()
	defer p.client.Close()
	p.serverTransport = must(p.server.OpenNative(TransportOptions{Host: "127.0.0.1"}))
	must(p.serverTransport.Listen(serverConfig))
	p.clientTransport = must(p.client.OpenNative(TransportOptions{Host: "127.0.0.1"}))
	to, release := holdAnswers(t, p.serverTransport.LocalPort())
	c := must(p.clientTransport.Dial(to, "localhost", clientConfig, session))
	p.client.next(event.ConnectionEstablished)
	streams := make([]*Stream, 900)
	for i := range streams {
		streams[i] = must(c.OpenStream(false))
	}
	c.ends.run(func() {}) // the race detector does not know that they were opened before the answer
	for i, s := range streams {
		if i == releaseAt {
			release()
		}
		s.Write([]byte("early"), i%2 == 0)
		if i%2 == 1 {
			s.Reset(7)
			s.StopSending(7)
		}
	}
	if r := p.client.next(event.ConnectionHandshake); r.a != 0 {
		t.Fatal("the early data was not rejected")
	}
	c.Accept()
	r := p.server.next(event.ListenerConnection)
	server, _ := Lookup[*Connection](p.server.Environment, handle.Handle(r.a))
	server.Accept()
	must(c.OpenStream(false)).Write([]byte("late"), true)
	s := p.server.lookupStream(p.server.next(event.ConnectionStream))
	if got := string(p.server.readAll(s)); got != "late" {
		t.Errorf("the server got %q on stream %d", got, s.ID())
	}
	if p.client.has(event.ConnectionClosed) {
		t.Errorf("the connection has ended: %v", c.closeErr)
	}
}

// holdAnswers returns the address of a relay to a server, which holds back what that answers until
// it is released.
func holdAnswers(t *testing.T, port uint16) (address netip.AddrPort, release func()) {
	loopback := netip.MustParseAddr("127.0.0.1")
	front := must(net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0))))
	back := must(net.DialUDP("udp4", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, port))))
	t.Cleanup(func() {
		front.Close()
		back.Close()
	})
	released := make(chan struct{})
	clients := make(chan netip.AddrPort, 1)
	go func() {
		var client netip.AddrPort
		for buf := make([]byte, 2000); ; {
			n, from, err := front.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			if from != client {
				client = from
				clients <- from
			}
			back.Write(buf[:n])
		}
	}()
	go func() {
		client := <-clients
		<-released
		for buf := make([]byte, 2000); ; {
			n, err := back.Read(buf)
			if err != nil {
				return
			}
			front.WriteToUDPAddrPort(buf[:n], client)
		}
	}()
	return front.LocalAddr().(*net.UDPAddr).AddrPort(), func() { close(released) }
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
