package engine

import (
	"reflect"
	"slices"
	"testing"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

func TestAServerKnowsWhoHasProvedAnAddress(t *testing.T) {
	serverConfig, clientConfig := options(t)
	clientConfig.VerifyCallback = true
	p := dial(t, serverConfig, clientConfig)
	question := p.client.next(event.ConnectionVerify)
	// The client has said nothing after its ClientHello
	var c *Connection
	wait(t, "no handshake is under way", func() bool {
		for _, object := range p.server.objects.Values() {
			if found, ok := object.(*Connection); ok && found.handshaking.Load() != nil {
				c = found
			}
		}
		return c != nil
	})
	conn := quicgo.ConnectionOf(p.serverTransport.quic, p.serverTransport.ownIDOf(c))
	if conn == nil || conn != c.handshaking.Load() {
		t.Fatal("the connection is not found by its ID")
	}
	p.clientConn.Verdict(uint64(question.b), 0)
	p.server.next(event.ListenerConnection)
	if c.quic != conn {
		t.Fatal("another connection is found by its ID")
	}
	if !quicgo.HasProvedAddress(conn) {
		t.Error("a client whose handshake has completed has not proved its address")
	}
}

func TestControllersHaveTheMethodsOfOurs(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	theirs := reflect.ValueOf(p.clientConn.quic).Elem().FieldByName("sentPacketHandler").Elem().Elem().FieldByName("congestion").Type()
	ours := reflect.TypeFor[quicgo.CongestionController]()
	if theirs.NumMethod() != ours.NumMethod() {
		t.Fatalf("%v has %d methods", theirs, theirs.NumMethod())
	}
	for i := range ours.NumMethod() {
		a, b := theirs.Method(i), ours.Method(i)
		if a.Name != b.Name || !slices.Equal(kinds(a.Type), kinds(b.Type)) {
			t.Errorf("%v has %v, and we %v", theirs, a, b)
		}
	}
}

// kinds returns those of the parameters of a function, and then those of its results.
func kinds(f reflect.Type) (kinds []reflect.Kind) {
	for in := range f.Ins() {
		kinds = append(kinds, in.Kind())
	}
	kinds = append(kinds, reflect.Invalid)
	for out := range f.Outs() {
		kinds = append(kinds, out.Kind())
	}
	return kinds
}

// The watch gives up in silence where quic-go has changed, so that no process ends of it.
func TestThePathsOfBothEndsAreWatched(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	for _, c := range []*Connection{p.clientConn, p.serverConn} {
		found := make(chan bool, 1)
		quicgo.RunOnConnection(c.quic, func() {
			controller, _ := quicgo.CongestionControl(c.quic)
			_, ok := (*controller).(*pathMTU)
			found <- ok
		})
		if !<-found {
			t.Error("the path of a connection is not watched")
		}
	}
}

// What gives a connection its controller gives up in silence, too.
func TestConnectionsHaveTheControllerThatWasChosen(t *testing.T) {
	for _, name := range shared.CongestionControllers {
		serverConfig, clientConfig := options(t)
		serverConfig.CongestionControl, clientConfig.CongestionControl = name, name
		p := connect(t, serverConfig, clientConfig)
		for _, c := range []*Connection{p.clientConn, p.serverConn} {
			found := make(chan string, 1)
			quicgo.RunOnConnection(c.quic, func() {
				controller, _ := quicgo.CongestionControl(c.quic)
				watch, _ := (*controller).(*pathMTU)
				switch own := watch.CongestionController.(type) {
				case *bbr:
					found <- "bbr"
				case *lossBased:
					sender := reflect.ValueOf(own.CongestionController).Elem()
					found <- map[bool]string{true: "reno", false: "cubic"}[sender.FieldByName("reno").Bool()]
				}
			})
			if got := <-found; got != name {
				t.Errorf("a connection with %s has %s", name, got)
			}
			if stats := c.Stats(); shared.CongestionControllers[stats.CongestionController] != name || stats.PacingRate <= 0 {
				t.Errorf("a connection with %s says %+v", name, stats)
			}
		}
	}
}
