package quicgo

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/fault"
)

var (
	transportMutex       = offset[quic.Transport, sync.Mutex]("mutex")
	transportHandlers    = offsetOfMap[quic.Transport, quic.ConnectionID]("handlers")
	transportResetTokens = offsetOfMap[quic.Transport, [16]byte]("resetTokens")
)

// A packetHandler is the value of an interface that is internal to quic-go.
//
//lint:ignore U1000 an array of the same would be passed in another way
type packetHandler struct{ table, value unsafe.Pointer }

// ConnectionOf returns the connection that packets with a connection ID go to, also before its
// handshake has completed, or nil if there is none.
func ConnectionOf(t *quic.Transport, id quic.ConnectionID) *quic.Conn {
	defer fault.Recover(nil) // quic-go has changed; a test fails then, but no process
	handler := handlerOf(t, id)
	if !handler.IsValid() {
		return nil
	}
	conn := handler.Elem().Elem().FieldByName("Conn")
	if !conn.IsValid() {
		return nil // it is closed
	}
	return (*quic.Conn)(conn.UnsafePointer())
}

func handlerOf(t *quic.Transport, id quic.ConnectionID) reflect.Value {
	mu := at[sync.Mutex](t, transportMutex)
	mu.Lock()
	defer mu.Unlock()
	return reflect.ValueOf(t).Elem().FieldByName("handlers").MapIndex(reflect.ValueOf(id))
}

// Knows reports whether a transport has something to do with packets of a connection ID: there is a
// connection, or was one a moment ago.
func Knows(t *quic.Transport, id quic.ConnectionID) bool {
	mu := at[sync.Mutex](t, transportMutex)
	mu.Lock()
	defer mu.Unlock()
	_, ok := (*at[map[quic.ConnectionID]packetHandler](t, transportHandlers))[id]
	return ok
}

// A ResetToken is what a peer that has lost its state proves to be that peer with (RFC 9000 section
// 10.3), and the connection that it then ends, as the transport has them in its map.
type ResetToken struct {
	token   [16]byte
	handler packetHandler
}

// ActiveResetTokens returns the tokens that a transport Knows for a connection.
func ActiveResetTokens(t *quic.Transport, conn *quic.Conn) (active []ResetToken) {
	ids := *at[unsafe.Pointer](conn, connIDManager)
	for _, t := range allResetTokens(t) {
		if isActiveResetToken(ids, t.token) {
			active = append(active, t)
		}
	}
	return active
}

func allResetTokens(t *quic.Transport) (all []ResetToken) {
	mu, tokens := resetTokens(t)
	mu.Lock()
	defer mu.Unlock()
	for token, handler := range tokens {
		all = append(all, ResetToken{token, handler})
	}
	return all
}

// AddResetTokens makes a transport end the connections of tokens when it gets one of these.
func AddResetTokens(t *quic.Transport, added []ResetToken) {
	mu, tokens := resetTokens(t)
	mu.Lock()
	defer mu.Unlock()
	for _, t := range added {
		tokens[t.token] = t.handler
	}
}

// RemoveResetTokens ends what [AddResetTokens] began.
func RemoveResetTokens(t *quic.Transport, removed []ResetToken) {
	mu, tokens := resetTokens(t)
	mu.Lock()
	defer mu.Unlock()
	for _, t := range removed {
		delete(tokens, t.token)
	}
}

// IsResetToken reports whether a peer of a transport may send a stateless reset with a token.
func IsResetToken(t *quic.Transport, token [16]byte) bool {
	mu, tokens := resetTokens(t)
	mu.Lock()
	defer mu.Unlock()
	_, ok := tokens[token]
	return ok
}

func resetTokens(t *quic.Transport) (*sync.Mutex, map[[16]byte]packetHandler) {
	return at[sync.Mutex](t, transportMutex), *at[map[[16]byte]packetHandler](t, transportResetTokens)
}

//go:linkname isActiveResetToken github.com/quic-go/quic-go.(*connIDManager).IsActiveStatelessResetToken
func isActiveResetToken(ids unsafe.Pointer, token [16]byte) bool

// VersionNegotiation returns a Version Negotiation packet (RFC 9000 section 17.2.1).
//
//go:linkname VersionNegotiation github.com/quic-go/quic-go/internal/wire.ComposeVersionNegotiation
func VersionNegotiation(destination, source []byte, versions []quic.Version) []byte
