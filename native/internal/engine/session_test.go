package engine

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
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
	data, rtt := quicgo.TokenParts(quicgo.NewToken([]byte("token"), time.Second))
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
		sayHello(t, s)
	})
}

// sayHello makes a ClientHello that offers a session. A panic there is in a goroutine of
// crypto/tls, and ends the process.
func sayHello(t *testing.T, s *session) {
	t.Helper()
	conn := tls.QUICClient(&tls.QUICConfig{TLSConfig: &tls.Config{
		ServerName: "localhost", InsecureSkipVerify: true, MinVersion: tls.VersionTLS13, ClientSessionCache: s,
	}})
	defer conn.Close()
	conn.SetTransportParameters(nil)
	if err := conn.Start(t.Context()); err != nil {
		return
	}
	for conn.NextEvent().Kind != tls.QUICNoEvent {
	}
}

// What a session on a disk may be turned into: each of these made crypto/tls panic, or would with
// another version of it.
func TestMalformedSessionsAreNotOffered(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	p.client.next(event.ConnectionSession)
	s := newSession(p.clientConn, p.clientConn.Session(), nil)
	ticket, state, err := s.offered.ResumptionState()
	if err != nil {
		t.Fatal(err)
	}
	good, err := state.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	// The layout is described at tls.SessionState
	const secret = 2 + 1 + 2 + 8
	change := func(offset int, value ...byte) []byte {
		return slices.Concat(good[:offset], value, good[offset+len(value):])
	}
	withoutChain := slices.Concat(change(2, 1)[:secret+1+int(good[secret])], make([]byte, 3+2+3+3))
	for name, data := range map[string][]byte{
		"of a server":                   change(2, 1),
		"of TLS 1.2":                    change(0, 3, 3),
		"of an unknown suite":           change(3, 0xff, 0xff),
		"with a secret of another size": slices.Concat(good[:secret], []byte{1, 1}, good[secret+1+int(good[secret]):]),
		"without certificates":          withoutChain,
	} {
		if s.reload(ticket, data); s.offered != nil {
			t.Errorf("a session %s was offered", name)
		}
	}
	if s.reload(nil, good); s.offered != nil {
		t.Error("a session without a ticket was offered")
	}
	if s.reload(ticket, good); s.offered == nil {
		t.Error("a session was not offered")
	}
}

// reload decodes what a session with a ticket and a state is encoded to.
func (s *session) reload(ticket, state []byte) {
	data := append([]byte{sessionVersion}, s.identity[:]...)
	data = append(data, make([]byte, 8)...)
	for _, part := range [][]byte{ticket, state, nil} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(part)))
		data = append(data, part...)
	}
	sum := sha256.Sum256(data)
	s.offered = nil
	s.decode(append(data, sum[:sessionChecksum]...))
}
