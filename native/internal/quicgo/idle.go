package quicgo

import (
	"crypto/tls"
	"math"
	"reflect"
	"time"
	"unsafe"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/quicvarint"

	"github.com/MatrixAI/js-quic/native/internal/fault"
)

var (
	connConfig      = offset[quic.Conn, *quic.Config]("config")
	connIdleTimeout = offset[quic.Conn, time.Duration]("idleTimeout")
)

// IdleTimeout returns the one in force, which is the smaller one of both ends (RFC 9000 section
// 10.1). The handshake must have completed.
func IdleTimeout(conn *quic.Conn) time.Duration {
	return *at[time.Duration](conn, connIdleTimeout)
}

// LimitIdleTimeout makes the one in force no longer than that of the peer. quic-go takes no less
// than 5 s from a peer: it would wait that long for one that has gone. To be called by a callback
// of TLS, while quic-go waits for it, and has not applied what the peer sent.
func LimitIdleTimeout(conn *quic.Conn) {
	defer fault.Recover(nil)                    // crypto/tls has changed; a test fails then, but no process
	conf := *at[*quic.Config](conn, connConfig) // of this connection alone
	if peer := peerIdleTimeout(conn); peer > 0 {
		conf.MaxIdleTimeout = min(conf.MaxIdleTimeout, peer)
	}
}

// peerIdleTimeout returns what the transport parameters of the peer say that quic-go has not taken
// yet, and 0 if there are none, or they say nothing of it.
func peerIdleTimeout(conn *quic.Conn) time.Duration {
	setup := reflect.ValueOf(conn).Elem().FieldByName("cryptoStreamHandler").Elem().Elem()
	events := setup.FieldByName("conn").Elem().FieldByName("conn").Elem().FieldByName("quic").Elem().FieldByName("events")
	for _, e := range unsafe.Slice((*tls.QUICEvent)(events.UnsafePointer()), events.Len()) {
		if e.Kind == tls.QUICTransportParameters {
			return maxIdleTimeout(e.Data)
		}
	}
	return 0
}

// maxIdleTimeout returns the transport parameter of that name (RFC 9000 section 18.2), or 0 if
// there is none.
func maxIdleTimeout(params []byte) time.Duration {
	const maxIdleTimeoutID = 0x01
	for len(params) > 0 {
		id, n, err := quicvarint.Parse(params)
		if err != nil {
			return 0
		}
		length, m, err := quicvarint.Parse(params[n:])
		if err != nil || length > uint64(len(params)-n-m) {
			return 0
		}
		value := params[n+m:][:length]
		params = params[n+m+int(length):]
		if id != maxIdleTimeoutID {
			continue
		}
		ms, _, err := quicvarint.Parse(value)
		if err != nil || ms > math.MaxInt64/uint64(time.Millisecond) {
			return 0
		}
		return time.Duration(ms) * time.Millisecond
	}
	return 0
}
