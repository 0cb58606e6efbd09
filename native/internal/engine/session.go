package engine

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"slices"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

// A session is what a client keeps of a connection to resume it (RFC 8446 section 2.2) and to
// prove its address (RFC 9000 section 8.1.3). Each connection of a client has one.
type session struct {
	conn *Connection
	// What tells the own certificate from others: the server takes the client of a resumed session
	// for the one that the session began with.
	identity [sha256.Size]byte

	mu      sync.Mutex
	offered *tls.ClientSessionState // what the handshake offers to the server
	token   *quic.ClientToken       // what the first packet brings along

	ticket []byte // the newest that the server has sent
	state  *tls.SessionState
	next   *quic.ClientToken
	isNew  bool // JavaScript has not been told of it
	isTold bool // JavaScript will ask for it
}

// newSession returns the session of a connection that begins, with what data holds, if anything can
// be used of it.
func newSession(c *Connection, data []byte, certificates []tls.Certificate) *session {
	s := &session{conn: c}
	if len(certificates) > 0 {
		s.identity = sha256.Sum256(certificates[0].Certificate[0])
	}
	s.decode(data)
	return s
}

// peerCertificates returns the chain of the server that the offered session is with.
func (s *session) peerCertificates() []*x509.Certificate {
	if s.offered == nil {
		return nil
	}
	_, state, _ := s.offered.ResumptionState()
	return quicgo.SessionParts(state).Chain
}

// Get returns the session to offer. It implements [tls.ClientSessionCache].
func (s *session) Get(string) (*tls.ClientSessionState, bool) {
	return s.offered, s.offered != nil
}

// Put takes a session that the server has sent a ticket for. It implements
// [tls.ClientSessionCache].
func (s *session) Put(_ string, cs *tls.ClientSessionState) {
	ticket, state, err := cs.ResumptionState()
	if err != nil || state == nil {
		return // the offered one is of no use
	}
	quicgo.KeepTicketTime(state, time.Now())
	s.setTicket(ticket, state)
	s.changed()
}

func (s *session) setTicket(ticket []byte, state *tls.SessionState) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ticket, s.state = ticket, state
}

// tokens are the tokens of a session. They implement [quic.TokenStore].
type tokens session

func (t *tokens) Pop(string) *quic.ClientToken { return t.token }

func (t *tokens) Put(_ string, token *quic.ClientToken) {
	if t.setNext(token) {
		(*session)(t).changed()
	}
}

// setNext keeps a token, and reports whether there is a ticket to go with it.
func (t *tokens) setNext(token *quic.ClientToken) (hasTicket bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = token
	return t.state != nil
}

func (s *session) setNew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isNew = true
}

// changed tells JavaScript, once it has taken note of the connection, that there is a new session.
func (s *session) changed() {
	s.setNew()
	select {
	case <-s.conn.accepted:
		s.announce()
	default: // Accept does it
	}
}

// announce tells JavaScript of a new session, unless it has been told. A server may send any
// number: there is one event at a time.
func (s *session) announce() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isNew && !s.isTold {
		s.isNew, s.isTold = false, true
		s.conn.env.Events.Push(event.ConnectionSession, s.conn.Handle, 0, 0, nil)
	}
}

// An encoded session begins with its version and ends with a checksum, as what comes back from
// a disk may be damaged, and as the server would refuse the handshake of a damaged session.
const (
	sessionVersion  = 1
	sessionChecksum = 8
)

// Encode returns the newest session, or nil if the server has sent none.
func (s *session) Encode() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.isNew, s.isTold = false, false
	if s.state == nil {
		return nil
	}
	state, err := s.state.Bytes()
	if err != nil {
		return nil
	}
	var token []byte
	var rtt time.Duration
	if s.next != nil {
		token, rtt = quicgo.TokenParts(s.next)
	}
	data := append([]byte{sessionVersion}, s.identity[:]...)
	data = binary.BigEndian.AppendUint64(data, uint64(rtt))
	for _, part := range [][]byte{s.ticket, state, token} {
		data = binary.BigEndian.AppendUint32(data, uint32(len(part)))
		data = append(data, part...)
	}
	sum := sha256.Sum256(data)
	return append(data, sum[:sessionChecksum]...)
}

// decode takes over an encoded session. One that cannot be used is left alone: the handshake is a
// full one then.
func (s *session) decode(data []byte) {
	const header = 1 + sha256.Size + 8
	end := len(data) - sessionChecksum
	if end < header || data[0] != sessionVersion {
		return
	}
	if sum := sha256.Sum256(data[:end]); [sessionChecksum]byte(sum[:]) != [sessionChecksum]byte(data[end:]) {
		return
	}
	if [sha256.Size]byte(data[1:]) != s.identity {
		return
	}
	data = slices.Clone(data) // it is of JavaScript
	rtt := time.Duration(binary.BigEndian.Uint64(data[header-8:]))
	var parts [3][]byte
	rest := data[header:end]
	for i := range parts {
		if len(rest) < 4 || uint64(len(rest)-4) < uint64(binary.BigEndian.Uint32(rest)) {
			return
		}
		n := binary.BigEndian.Uint32(rest)
		parts[i], rest = rest[4:4+n], rest[4+n:]
	}
	if n := len(parts[2]); n > 0 && n <= maxToken {
		s.token = quicgo.NewToken(parts[2], rtt)
	}
	if state, err := tls.ParseSessionState(parts[1]); err == nil && len(parts[0]) > 0 && isUsable(state) {
		s.offered, _ = tls.NewResumptionState(parts[0], state)
	}
}

// maxToken is the size of the largest token that is sent, in bytes: it has to leave room for the
// ClientHello in the first packet.
const maxToken = 512

// secretSizes are the sizes of the secrets of TLS 1.3, by their cipher suites (RFC 8446 section
// B.4).
var secretSizes = map[uint16]int{
	tls.TLS_AES_128_GCM_SHA256:       sha256.Size,
	tls.TLS_AES_256_GCM_SHA384:       sha512.Size384,
	tls.TLS_CHACHA20_POLY1305_SHA256: sha256.Size,
}

// isUsable reports whether crypto/tls can do something with a session. It does not check itself
// what it parses, and panics where nothing can be done about that.
func isUsable(state *tls.SessionState) bool {
	s := quicgo.SessionParts(state)
	size, isKnown := secretSizes[s.CipherSuite]
	return s.Version == tls.VersionTLS13 && s.IsClient && isKnown && len(s.Secret) == size && len(s.Chain) > 0
}

// isEarly reports whether early data may be sent with the offered session.
func (s *session) isEarly() bool {
	if s.offered == nil {
		return false
	}
	_, state, _ := s.offered.ResumptionState()
	return state.EarlyData
}
