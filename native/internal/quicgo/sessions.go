package quicgo

import (
	"crypto/tls"
	"crypto/x509"
	"time"

	"github.com/quic-go/quic-go"
)

var (
	clientTokenData = offset[quic.ClientToken, []byte]("data")
	clientTokenRTT  = offset[quic.ClientToken, time.Duration]("rtt")
)

// TokenParts returns what a token for the next connection to a server holds: what the server sent,
// and the RTT at that time.
func TokenParts(t *quic.ClientToken) ([]byte, time.Duration) {
	return *at[[]byte](t, clientTokenData), *at[time.Duration](t, clientTokenRTT)
}

// NewToken makes a token of its parts.
func NewToken(data []byte, rtt time.Duration) *quic.ClientToken {
	t := &quic.ClientToken{}
	*at[[]byte](t, clientTokenData) = data
	*at[time.Duration](t, clientTokenRTT) = rtt
	return t
}

var (
	sessionVersionUsed = offset[tls.SessionState, uint16]("version")
	sessionIsClient    = offset[tls.SessionState, bool]("isClient")
	sessionCipherSuite = offset[tls.SessionState, uint16]("cipherSuite")
	sessionSecret      = offset[tls.SessionState, []byte]("secret")
	sessionCreatedAt   = offset[tls.SessionState, uint64]("createdAt")
	sessionAgeAdd      = offset[tls.SessionState, uint32]("ageAdd")
	sessionChain       = offset[tls.SessionState, []*x509.Certificate]("peerCertificates")
)

// A SessionState is what a session consists of that crypto/tls does not tell.
type SessionState struct {
	Version     uint16
	IsClient    bool
	CipherSuite uint16
	Secret      []byte
	Chain       []*x509.Certificate // of the peer
}

func SessionParts(s *tls.SessionState) SessionState {
	return SessionState{
		Version:     *at[uint16](s, sessionVersionUsed),
		IsClient:    *at[bool](s, sessionIsClient),
		CipherSuite: *at[uint16](s, sessionCipherSuite),
		Secret:      *at[[]byte](s, sessionSecret),
		Chain:       *at[[]*x509.Certificate](s, sessionChain),
	}
}

// KeepTicketTime makes a session that a server has just sent a ticket for remember when that was in
// milliseconds, as the age that is told at resumption is to be exact (RFC 8446 section 4.2.11.1),
// and servers reject early data otherwise. crypto/tls keeps whole seconds: the rest is taken off
// what it adds to the age.
func KeepTicketTime(s *tls.SessionState, now time.Time) {
	since := now.UnixMilli() - 1000*int64(*at[uint64](s, sessionCreatedAt))
	*at[uint32](s, sessionAgeAdd) -= uint32(since)
}
