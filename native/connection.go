package main

// #include "abi.h"
import "C"

import (
	"net/netip"
	"time"
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/engine"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

//export quic_connection_dial
func quic_connection_dial(
	env, transport uint32, host unsafe.Pointer, hostSize C.size_t, port uint16,
	serverName unsafe.Pointer, serverNameSize C.size_t, conf unsafe.Pointer, confSize C.size_t,
	session unsafe.Pointer, sessionSize C.size_t, out *C.quic_error,
) (h uint32) {
	return try(out, func() (uint32, error) {
		e, err := open(env)
		if err != nil {
			return 0, err
		}
		t, err := lookup[*engine.Transport](env, transport)
		if err != nil {
			return 0, err
		}
		ip, err := netip.ParseAddr(text(host, hostSize))
		if err != nil {
			return 0, err
		}
		c, err := e.ParseConfig(bytes(conf, confSize))
		if err != nil {
			return 0, err
		}
		conn, err := t.Dial(netip.AddrPortFrom(ip, port), text(serverName, serverNameSize), c, bytes(session, sessionSize))
		if err != nil {
			return 0, err
		}
		return uint32(conn.Handle), nil
	})
}

// quic_connection_describe fills the buffer with JSON if it fits, and returns its size.
//
//export quic_connection_describe
func quic_connection_describe(env, h uint32, buffer unsafe.Pointer, size C.size_t) (n C.size_t) {
	return fillFrom(env, h, buffer, size, (*engine.Connection).Description)
}

// quic_connection_certificates fills the buffer with the peer's chain if it fits, and returns its
// size.
//
//export quic_connection_certificates
func quic_connection_certificates(env, h uint32, buffer unsafe.Pointer, size C.size_t) (n C.size_t) {
	return fillFrom(env, h, buffer, size, (*engine.Connection).PeerCertificates)
}

// quic_connection_session fills the buffer with the newest session if it fits, and returns its
// size.
//
//export quic_connection_session
func quic_connection_session(env, h uint32, buffer unsafe.Pointer, size C.size_t) (n C.size_t) {
	return fillFrom(env, h, buffer, size, (*engine.Connection).Session)
}

// quic_connection_close_reason fills the buffer with what [engine.Connection.CloseReason] returns
// if it fits, and returns its size.
//
//export quic_connection_close_reason
func quic_connection_close_reason(env, h uint32, buffer unsafe.Pointer, size C.size_t) (n C.size_t) {
	return fillFrom(env, h, buffer, size, (*engine.Connection).CloseReason)
}

// quic_connection_question fills the buffer with what [engine.Connection.Question] returns if it
// fits, and returns its size.
//
//export quic_connection_question
func quic_connection_question(env, h uint32, buffer unsafe.Pointer, size C.size_t) (n C.size_t) {
	return fillFrom(env, h, buffer, size, (*engine.Connection).Question)
}

// quic_connection_verdict returns whether the question with that number was still asked.
//
//export quic_connection_verdict
func quic_connection_verdict(env, h uint32, number float64, alert uint8) (taken bool) {
	return ask(env, h, false, func(c *engine.Connection) bool { return c.Verdict(uint64(number), alert) })
}

//export quic_connection_accept
func quic_connection_accept(env, h uint32) { with(env, h, (*engine.Connection).Accept) }

//export quic_connection_tell_arrived
func quic_connection_tell_arrived(env, h uint32) { with(env, h, (*engine.Connection).TellArrived) }

// quic_connection_stats writes the numbers of [engine.ConnectionStats].
//
//export quic_connection_stats
func quic_connection_stats(env, h uint32, numbers *float64) {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	with(env, h, func(c *engine.Connection) {
		s := c.Stats()
		*(*[C.QUIC_CONNECTION_STATS]float64)(unsafe.Pointer(numbers)) = [...]float64{
			shared.SmoothedRTT:      ms(s.SmoothedRTT),
			shared.LatestRTT:        ms(s.LatestRTT),
			shared.MinRTT:           ms(s.MinRTT),
			shared.RTTVariation:     ms(s.RTTVariation),
			shared.CongestionWindow: float64(s.CongestionWindow),
			shared.BytesSent:        float64(s.BytesSent),
			shared.PacketsSent:      float64(s.PacketsSent),
			shared.BytesReceived:    float64(s.BytesReceived),
			shared.PacketsReceived:  float64(s.PacketsReceived),
			shared.BytesLost:        float64(s.BytesLost),
			shared.PacketsLost:      float64(s.PacketsLost),
			shared.PathMTU:          float64(s.PathMTU),

			shared.CongestionController: float64(s.CongestionController),
			shared.CongestionState:      float64(s.CongestionState),
			shared.PacingRate:           s.PacingRate,
		}
	})
}

//export quic_connection_migrate
func quic_connection_migrate(env, h, transport uint32, out *C.quic_error) {
	try(out, func() (none struct{}, err error) {
		c, err := lookup[*engine.Connection](env, h)
		if err != nil {
			return none, err
		}
		t, err := lookup[*engine.Transport](env, transport)
		if err != nil {
			return none, err
		}
		c.Migrate(t)
		return none, nil
	})
}

//export quic_connection_cancel_migration
func quic_connection_cancel_migration(env, h uint32) {
	with(env, h, (*engine.Connection).CancelMigration)
}

// quic_connection_drain returns whether a ConnectionDrained event will come.
//
//export quic_connection_drain
func quic_connection_drain(env, h uint32, withDatagrams, hadTurn bool) (waits bool) {
	return ask(env, h, false, func(c *engine.Connection) bool { return c.Drain(withDatagrams, hadTurn) })
}

//export quic_connection_close
func quic_connection_close(env, h uint32, isApp bool, code float64, reason unsafe.Pointer, size C.size_t) {
	with(env, h, func(c *engine.Connection) { c.Close(isApp, uint64(code), bytes(reason, size)) })
}

//export quic_connection_release
func quic_connection_release(env, h uint32) { with(env, h, (*engine.Connection).Release) }

// quic_connection_open_stream writes the stream's ID, or -1 when it waits for the peer's limit.
//
//export quic_connection_open_stream
func quic_connection_open_stream(env, h uint32, uni bool, id *float64, out *C.quic_error) (stream uint32) {
	return try(out, func() (uint32, error) {
		c, err := lookup[*engine.Connection](env, h)
		if err != nil {
			return 0, err
		}
		s, err := c.OpenStream(uni)
		if err != nil {
			return 0, err
		}
		*id = float64(s.ID())
		return uint32(s.Handle), nil
	})
}
