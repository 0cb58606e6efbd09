package engine

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/handle"
)

// A server that rejects early data must not hear of the streams it was for: their IDs are used again.
func TestStreamsThatEndDuringARejectionAreNotSent(t *testing.T) {
	serverConfig, clientConfig := options(t)
	serverConfig.EnableEarlyData, clientConfig.EnableEarlyData = true, true
	serverConfig.InitialMaxStreamsBidi = 1000
	first := connect(t, serverConfig, clientConfig)
	first.client.next(event.ConnectionSession)
	session := first.clientConn.Session()

	for range 300 {
		rejectOnce(t, serverConfig, clientConfig, session)
		if t.Failed() {
			return
		}
	}
}

func rejectOnce(t *testing.T, serverConfig, clientConfig *config.Config, session []byte) {
	p := &pair{server: newUser(t), client: newUser(t)}
	defer p.server.Close()
	defer p.client.Close()
	p.serverTransport = must(p.server.OpenNative(TransportOptions{Host: "127.0.0.1"}))
	must(p.serverTransport.Listen(serverConfig))
	p.clientTransport = must(p.client.OpenNative(TransportOptions{Host: "127.0.0.1"}))
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), p.serverTransport.LocalPort())
	c := must(p.clientTransport.Dial(to, "localhost", clientConfig, session))
	p.client.next(event.ConnectionEstablished)
	c.mu.Lock()
	isEarly := c.isEarly || c.rejected
	c.mu.Unlock()
	if !isEarly {
		return // the server was faster
	}
	// Those with an ID are of the early data, the others wait for what comes after it
	early := map[string]bool{}
	last := ""
	for i := 0; i < 900 && !p.client.has(event.ConnectionHandshake); i++ {
		s := must(c.OpenStream(false))
		content := fmt.Sprint(i)
		if s.ID() >= 0 {
			early[content] = true
		} else {
			last = content
		}
		s.Write([]byte(content), i%3 == 0 || s.ID() < 0)
		if i%3 == 1 && s.ID() >= 0 {
			s.Reset(7)
			s.StopSending(7)
		}
	}
	if r := p.client.next(event.ConnectionHandshake); r.a != 0 {
		t.Fatal("the early data was not rejected")
	}
	c.Accept()
	if last == "" {
		last = "last"
		must(c.OpenStream(false)).Write([]byte(last), true)
	}
	r := p.server.next(event.ListenerConnection)
	server, _ := Lookup[*Connection](p.server.Environment, handle.Handle(r.a))
	server.Accept()
	for got := ""; got != last && !t.Failed(); {
		stream := p.server.lookupStream(p.server.next(event.ConnectionStream))
		got = string(p.server.readAll(stream))
		if early[got] || got == "" && stream.ID() == 0 {
			t.Errorf("of %d streams of early data the server got %q", len(early), got)
		}
		stream.Write([]byte(got), true)
	}
	if p.client.has(event.ConnectionClosed) {
		t.Errorf("the connection has ended: %v", c.closeErr)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
