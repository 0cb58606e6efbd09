package quicgo

import (
	"reflect"
	"unsafe"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/fault"
)

var (
	connDroppedInitialKeys = offset[quic.Conn, bool]("droppedInitialKeys")
	connPeerID             = offset[quic.Conn, quic.ConnectionID]("handshakeDestConnID")
)

// HasProvedAddress reports whether the client of a closed connection has proved its address. It has
// when it sent a Handshake packet (RFC 9000 section 8.1): then a server drops the Initial keys.
func HasProvedAddress(conn *quic.Conn) bool {
	return *at[bool](conn, connDroppedInitialKeys)
}

// PeerConnectionID returns the connection ID that the peer chose in the handshake, which
// must have completed.
func PeerConnectionID(conn *quic.Conn) quic.ConnectionID {
	return *at[quic.ConnectionID](conn, connPeerID)
}

// RefuseMigration makes a connection of a client, whose ClientHello is being answered, ask
// that client not to migrate: the transport parameter disable_active_migration (RFC 9000
// section 18.2), which quic-go reads but has no option to send.
func RefuseMigration(conn *quic.Conn) {
	defer fault.Recover(nil) // as above
	params := reflect.ValueOf(conn).Elem().FieldByName("cryptoStreamHandler").Elem().Elem().FieldByName("ourParams").Elem()
	*(*bool)(unsafe.Pointer(params.FieldByName("DisableActiveMigration").UnsafeAddr())) = true
}

// firstKeyUpdate is the number of packets after which quic-go updates the keys of a connection for
// the first time (RFC 9001 section 6): early, to see whether the peer can do it. A peer that does
// it badly when packets are reordered would end the connection.
//
//go:linkname firstKeyUpdate github.com/quic-go/quic-go/internal/handshake.FirstKeyUpdateInterval
var firstKeyUpdate uint64

// As many as between two later updates
func init() { firstKeyUpdate = 100_000 }
