package engine

import (
	"bytes"
	"crypto/x509"
	"encoding/hex"
	"time"

	"github.com/quic-go/quic-go/qlogwriter/jsontext"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/quicgo"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

// ConnectionStats are what a connection has measured and counted.
type ConnectionStats struct {
	SmoothedRTT, LatestRTT, MinRTT, RTTVariation time.Duration
	// CongestionWindow is in bytes.
	CongestionWindow               uint64
	BytesSent, PacketsSent         uint64
	BytesReceived, PacketsReceived uint64
	BytesLost, PacketsLost         uint64
	// PathMTU is the largest UDP payload that is sent, in bytes.
	PathMTU int64
	// CongestionController and CongestionState are indexes of the tables of package shared.
	CongestionController, CongestionState int
	// PacingRate is in bytes per second.
	PacingRate float64
}

// Stats returns zeros for a connection that is not established, but for what was chosen.
func (c *Connection) Stats() ConnectionStats {
	conn, _ := c.established()
	if conn == nil {
		return ConnectionStats{
			CongestionController: c.congestion.controller,
			CongestionState:      int(c.congestion.state.Load()),
		}
	}
	s := conn.ConnectionStats()
	return ConnectionStats{
		SmoothedRTT: s.SmoothedRTT, LatestRTT: s.LatestRTT, MinRTT: s.MinRTT, RTTVariation: s.MeanDeviation,
		CongestionWindow: uint64(s.CongestionWindow),
		BytesSent:        s.BytesSent, PacketsSent: s.PacketsSent,
		BytesReceived: s.BytesReceived, PacketsReceived: s.PacketsReceived,
		BytesLost: s.BytesLost, PacketsLost: s.PacketsLost,
		PathMTU: quicgo.PathMTU(conn),

		CongestionController: c.congestion.controller,
		CongestionState:      int(c.congestion.state.Load()),
		PacingRate:           c.congestion.rate(uint64(s.CongestionWindow), s.SmoothedRTT),
	}
}

// Description returns the addresses, the connection ID and what TLS negotiated, as JSON.
func (c *Connection) Description() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.path.isTold = false
	return c.description()
}

func (c *Connection) description() []byte {
	var b bytes.Buffer
	enc := jsontext.NewEncoder(&b)
	member := func(name string, value jsontext.Token) {
		enc.WriteToken(jsontext.String(name))
		enc.WriteToken(value)
	}
	text, flag := jsontext.String, jsontext.Bool
	enc.WriteToken(jsontext.BeginObject)
	localHost, localPort := hostPort(c.onTransport().conn.LocalAddr())
	member("localHost", text(localHost))
	member("localPort", jsontext.Uint(uint64(localPort)))
	remoteHost, remotePort := hostPort(c.remote)
	member("remoteHost", text(remoteHost))
	member("remotePort", jsontext.Uint(uint64(remotePort)))
	member("connectionId", text(hex.EncodeToString(c.transport.ownIDOf(c).Bytes())))
	member("connectionIdShared", text(hex.EncodeToString(c.originalID.Bytes())))
	if c.quic != nil {
		peer := c.originalID // the server's until it has answered, when that is known (RFC 9000 section 7.2)
		if c.listener != nil || !c.isEarly {
			peer = quicgo.PeerConnectionID(c.quic)
		}
		member("connectionIdPeer", text(hex.EncodeToString(peer.Bytes())))
		state := c.state()
		member("applicationProto", text(state.TLS.NegotiatedProtocol))
		member("serverName", text(state.TLS.ServerName))
		member("version", jsontext.Uint(uint64(state.Version)))
		// Whether the handshake is complete, resumed a session, and the server took early data
		member("isComplete", flag(!c.isEarly))
		member("resumed", flag(state.TLS.DidResume))
		member("earlyData", flag(state.Used0RTT))
		// Whether either end enabled datagrams
		member("localDatagrams", flag(state.SupportsDatagrams.Local))
		member("peerDatagrams", flag(state.SupportsDatagrams.Remote))
	}
	enc.WriteToken(jsontext.EndObject)
	return b.Bytes()
}

// state returns what the handshake has brought. quic-go is asked only once when that is complete,
// as it reads without a lock what changes when the connection migrates. The mutex must be held.
func (c *Connection) state() quic.ConnectionState {
	if c.complete != nil {
		return *c.complete
	}
	state := c.quic.ConnectionState()
	if !c.isEarly {
		c.complete = &state
	}
	return state
}

// PeerCertificates returns the chain that the peer sent, leaf first, each
// certificate as DER with its length as uint32 before it.
func (c *Connection) PeerCertificates() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.quic == nil {
		return nil
	}
	return encodeChain(c.state().TLS.PeerCertificates)
}

func encodeChain(chain []*x509.Certificate) []byte {
	var data []byte
	for _, certificate := range chain {
		data = shared.AppendCertificate(data, certificate.Raw)
	}
	return data
}
