package quicgo

import (
	"context"
	"reflect"
	"sync/atomic"
	"unsafe"

	"github.com/quic-go/quic-go"
)

var (
	connMTU        = offsetOfKind[quic.Conn](reflect.Pointer, "mtuDiscoverer")
	connMaxPayload = offset[quic.Conn, atomic.Uint32]("maxPayloadSizeEstimate")
)

// SetPathMTU makes the packets of a connection no larger than size, and ends the search for larger
// ones. It reports whether they were larger. To be called by the Goroutine of the connection, as
// what follows.
func SetPathMTU(conn *quic.Conn, size int64) bool {
	finder := *at[unsafe.Pointer](conn, connMTU)
	if finder == nil || currentMTU(finder) <= size {
		return false
	}
	resetMTU(finder, size, maxMTU(conn))
	at[atomic.Uint32](conn, connMaxPayload).Store(uint32(estimateMaxPayloadSize(size)))
	return true
}

// SearchPathMTU makes a connection look for the largest packets that its path carries, unless its
// configuration says how large they are.
func SearchPathMTU(conn *quic.Conn, now int64) {
	if (*at[*quic.Config](conn, connConfig)).DisablePathMTUDiscovery {
		return
	}
	finder := *at[unsafe.Pointer](conn, connMTU)
	resetMTU(finder, currentMTU(finder), maxMTU(conn))
	startMTU(finder, now)
}

// PathMTU returns the largest size of the packets that a connection sends, without headers of IP
// and UDP.
func PathMTU(conn *quic.Conn) int64 {
	const least = 1 << 10
	// It is the inverse of what quic-go keeps for others
	overhead := least - estimateMaxPayloadSize(least)
	return int64(at[atomic.Uint32](conn, connMaxPayload).Load()) + overhead
}

//go:linkname currentMTU github.com/quic-go/quic-go.(*mtuFinder).CurrentSize
func currentMTU(finder unsafe.Pointer) int64

//go:linkname resetMTU github.com/quic-go/quic-go.(*mtuFinder).Reset
func resetMTU(finder unsafe.Pointer, start, max int64)

//go:linkname startMTU github.com/quic-go/quic-go.(*mtuFinder).Start
func startMTU(finder unsafe.Pointer, now int64)

//go:linkname maxMTU github.com/quic-go/quic-go.(*Conn).maxMTU
func maxMTU(conn *quic.Conn) int64

//go:linkname estimateMaxPayloadSize github.com/quic-go/quic-go.estimateMaxPayloadSize
func estimateMaxPayloadSize(size int64) int64

// AllowMTUDiscovery makes connections of a transport look for the MTU of their paths although their
// socket is none that the DF bit can be set on.
func AllowMTUDiscovery(t *quic.Transport) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	t.ReadNonQUICPacket(ctx, nil) // makes what follows
	conn := reflect.ValueOf(t).Elem().FieldByName("conn").Elem().Elem()
	*(*bool)(unsafe.Pointer(conn.FieldByName("supportsDF").UnsafeAddr())) = true
}
