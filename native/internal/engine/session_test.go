package engine

import (
	"crypto/sha256"
	"crypto/tls"
	"slices"
	"testing"
	"time"

	"github.com/MatrixAI/js-quic/native/internal/event"
)

func TestTicketsCanBeReadForAWeek(t *testing.T) {
	secret := []byte("shared by a fleet")
	today := int64(20_000)
	encrypts := ticketKeys(secret, today)[0]
	for _, c := range []struct {
		days int64
		can  bool
	}{{-2, false}, {-1, true}, {0, true}, {1, true}, {7, true}, {8, false}} {
		if can := slices.Contains(ticketKeys(secret, today+c.days), encrypts); can != c.can {
			t.Errorf("after %d days a server can read a ticket: %t", c.days, can)
		}
	}
	if slices.Contains(ticketKeys([]byte("another"), today), encrypts) {
		t.Error("a server with another secret can read a ticket")
	}
	if a, b := ticketEpoch(time.Unix(86_399, 0)), ticketEpoch(time.Unix(86_400, 0)); a != 0 || b != 1 {
		t.Errorf("days begin at the wrong time: %d, %d", a, b)
	}
}

func TestTokensKeepTheirParts(t *testing.T) {
	data, rtt := tokenParts(newToken([]byte("token"), time.Second))
	if string(data) != "token" || rtt != time.Second {
		t.Errorf("got %q and %v", data, rtt)
	}
}

// A client can be given anything for a session.
func FuzzSession(f *testing.F) {
	serverConfig, clientConfig := options(f)
	p := connect(f, serverConfig, clientConfig)
	p.client.next(event.ConnectionSession)
	encoded := p.clientConn.Session()
	if s := newSession(p.clientConn, encoded, nil); s.offered == nil {
		f.Fatal("a session does not survive encoding")
	}
	own := []tls.Certificate{{Certificate: [][]byte{{1}}}}
	if s := newSession(p.clientConn, encoded, own); s.offered != nil {
		f.Error("a session was taken that another certificate was used for")
	}
	content := encoded[:len(encoded)-sessionChecksum]
	f.Add(content)
	f.Add(content[:len(content)/2])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		sum := sha256.Sum256(content)
		s := newSession(p.clientConn, append(content, sum[:sessionChecksum]...), nil)
		if s.offered != nil && len(s.peerCertificates()) == 0 {
			t.Error("a session without certificates was taken")
		}
	})
}
