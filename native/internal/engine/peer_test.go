package engine

import (
	"crypto/tls"
	"net/netip"
	"slices"
	"testing"

	"github.com/MatrixAI/js-quic/native/internal/event"
)

// count returns how many events of a kind wait.
func (u *user) count(kind event.Kind) (n int) {
	u.has(kind)
	for _, r := range u.pending {
		if r.kind == kind {
			n++
		}
	}
	return n
}

func TestAPeerThatMovesOftenIsToldOfOnce(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	for round := range 2 {
		for i := range 100 {
			p.serverConn.pathChanged(udpAddr(100*round + i))
		}
		if n := p.server.count(event.ConnectionPath); n != round+1 {
			t.Fatalf("there are %d events", n)
		}
		// It asks where the peer is now
		if got, want := describe(t, p.serverConn).RemotePort, uint16(udpAddr(100*round+99).Port); got != want {
			t.Errorf("the peer is at port %d instead of %d", got, want)
		}
	}
	for i := range 200 {
		addr := peerAddress(udpAddr(i))
		if found := p.serverTransport.peers.at(addr); (len(found) == 1) != (i == 199) {
			t.Fatalf("%d connections are found at %v", len(found), addr)
		}
	}
}

func TestAServerThatRenewsSessionsOftenIsToldOfOnce(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	p.client.next(event.ConnectionSession)
	state := newSession(p.clientConn, p.clientConn.Session(), nil).offered
	_, parsed, _ := state.ResumptionState()
	for round := range 2 {
		for i := range 100 {
			ticket := []byte{byte(round), byte(i)}
			renewed, err := tls.NewResumptionState(ticket, parsed)
			if err != nil {
				t.Fatal(err)
			}
			p.clientConn.session.Put("", renewed)
		}
		if n := p.client.count(event.ConnectionSession); n != round+1 {
			t.Fatalf("there are %d events", n)
		}
		p.clientConn.Session()
	}
}

func TestSendingFailsForTheConnectionsOfAnAddressAlone(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	server := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), p.serverTransport.LocalPort())
	if !p.clientTransport.isConnected(server) {
		t.Error("a connection is not found by its address")
	}
	if p.clientTransport.isConnected(netip.AddrPortFrom(server.Addr(), server.Port()+1)) {
		t.Error("a connection is found by another address")
	}
	p.clientConn.Close(true, 0, nil)
	p.client.next(event.ConnectionClosed)
	p.clientConn.Release()
	if p.clientTransport.isConnected(server) || len(p.clientTransport.peers.addresses) != 0 {
		t.Error("a closed connection is found")
	}
}

func TestAResetKeyIsThatOfASocket(t *testing.T) {
	base := TransportOptions{Key: []byte("secret")}
	ids := base
	ids.ConnectionIDs = []byte{0, 0, 8, 0, 1}
	other := ids
	other.ConnectionIDs = []byte{0, 0, 8, 0, 2}
	takes, overs := ids, other
	takes.TakeOver, overs.TakeOver = true, true
	purposes := []string{
		base.resetPurpose(udpAddr(1)), base.resetPurpose(udpAddr(2)), ids.resetPurpose(udpAddr(1)),
		other.resetPurpose(udpAddr(1)), takes.resetPurpose(udpAddr(1)),
	}
	slices.Sort(purposes)
	if len(slices.Compact(purposes)) != 5 {
		t.Error("two sockets have the same key")
	}
	if again := base; again.resetPurpose(udpAddr(1)) != base.resetPurpose(udpAddr(1)) {
		t.Error("a socket that is bound again has another key")
	}
	if takes.resetPurpose(udpAddr(1)) != overs.resetPurpose(udpAddr(2)) {
		t.Error("the members of a fleet have different keys")
	}
}

func TestAConnectionThatMovesBackAndForthIsForgotten(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	other, err := p.client.OpenNative(TransportOptions{Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	// Until it can, as the server has to give it connection IDs
	move := func(to *Transport) {
		wait(t, "it does not move", func() bool {
			p.clientConn.Migrate(to)
			return p.client.next(event.ConnectionMigrated).a == 0
		})
	}
	for range 3 {
		move(other)
		move(p.clientTransport)
	}
	p.clientConn.Close(true, 0, nil)
	p.client.next(event.ConnectionClosed)
	p.clientConn.Release()
	for _, transport := range []*Transport{p.clientTransport, other} {
		if n := len(transport.peers.addresses); n != 0 {
			t.Errorf("%d addresses are left", n)
		}
	}
}
