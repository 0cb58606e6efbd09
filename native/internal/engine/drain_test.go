package engine

import (
	"testing"

	"github.com/MatrixAI/js-quic/native/internal/event"
)

func TestAPeerThatIsSilentAfterATurnIsGone(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	s, err := p.clientConn.OpenStream(true)
	if err != nil {
		t.Fatal(err)
	}
	if p.clientConn.Drain(true, false) {
		t.Fatal("there is nothing to wait for")
	}
	p.serverTransport.conn.Close()
	s.Write([]byte("hello"), true)
	for _, hadTurn := range []bool{false, true} {
		if !p.clientConn.Drain(true, hadTurn) {
			t.Fatal("what was written cannot have arrived")
		}
		if again := p.client.next(event.ConnectionDrained).a == 1; again == hadTurn {
			t.Fatalf("after a turn (%t) it is to come again: %t", hadTurn, again)
		}
	}
}
