package main

// #include "abi.h"
import "C"

import (
	"net/netip"
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/engine"
	"github.com/MatrixAI/js-quic/native/internal/handle"
)

//export quic_connection_dial
func quic_connection_dial(
	env, transport uint32, host unsafe.Pointer, hostLength int32, port uint16,
	serverName unsafe.Pointer, serverNameLength int32, conf unsafe.Pointer, confLength int32,
	session unsafe.Pointer, sessionLength int32, out *C.quic_error,
) (h uint32) {
	defer recoveredTo(out)
	e, isOpen := environments.Get(handle.Handle(env))
	t, ok := lookup[*engine.Transport](env, transport)
	if !ok || !isOpen {
		report(out, errStale)
		return 0
	}
	ip, err := netip.ParseAddr(text(host, hostLength))
	if err != nil {
		report(out, err)
		return 0
	}
	c, err := e.ParseConfig(bytes(conf, confLength))
	if err != nil {
		report(out, err)
		return 0
	}
	conn, err := t.Dial(netip.AddrPortFrom(ip, port), text(serverName, serverNameLength), c, bytes(session, sessionLength))
	if err != nil {
		report(out, err)
		return 0
	}
	return uint32(conn.Handle)
}

// quic_connection_describe fills the buffer with JSON if it fits, and returns its length.
//
//export quic_connection_describe
func quic_connection_describe(env, h uint32, buffer unsafe.Pointer, length int32) (n int32) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		return fill(buffer, length, c.Description())
	}
	return 0
}

// quic_connection_certificates fills the buffer with the peer's chain if it fits, and returns its length.
//
//export quic_connection_certificates
func quic_connection_certificates(env, h uint32, buffer unsafe.Pointer, length int32) (n int32) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		return fill(buffer, length, c.PeerCertificates())
	}
	return 0
}

// quic_connection_session fills the buffer with the newest session if it fits, and returns its length.
//
//export quic_connection_session
func quic_connection_session(env, h uint32, buffer unsafe.Pointer, length int32) (n int32) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		return fill(buffer, length, c.Session())
	}
	return 0
}

// quic_connection_close_reason fills the buffer with what [engine.Connection.CloseReason] returns if it fits, and
// returns its length.
//
//export quic_connection_close_reason
func quic_connection_close_reason(env, h uint32, buffer unsafe.Pointer, length int32) (n int32) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		return fill(buffer, length, c.CloseReason())
	}
	return 0
}

// quic_connection_question fills the buffer with what [engine.Connection.Question] returns if it fits, and
// returns its length.
//
//export quic_connection_question
func quic_connection_question(env, h uint32, buffer unsafe.Pointer, length int32) (n int32) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		return fill(buffer, length, c.Question())
	}
	return 0
}

// quic_connection_verdict returns whether the question with that number was still asked.
//
//export quic_connection_verdict
func quic_connection_verdict(env, h uint32, number float64, alert uint8) (taken bool) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		return c.Verdict(uint64(number), alert)
	}
	return false
}

//export quic_connection_accept
func quic_connection_accept(env, h uint32) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		c.Accept()
	}
}

//export quic_connection_tell_arrived
func quic_connection_tell_arrived(env, h uint32) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		c.TellArrived()
	}
}

// quic_connection_stats fills 12 numbers, see [engine.Connection.Stats].
//
//export quic_connection_stats
func quic_connection_stats(env, h uint32, numbers *float64) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		c.Stats((*[12]float64)(unsafe.Pointer(numbers)))
	}
}

//export quic_connection_migrate
func quic_connection_migrate(env, h, transport uint32, out *C.quic_error) {
	defer recoveredTo(out)
	c, ok := lookup[*engine.Connection](env, h)
	t, isOpen := lookup[*engine.Transport](env, transport)
	if !ok || !isOpen {
		report(out, errStale)
		return
	}
	c.Migrate(t)
}

//export quic_connection_cancel_migration
func quic_connection_cancel_migration(env, h uint32) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		c.CancelMigration()
	}
}

// quic_connection_drain returns whether a ConnectionDrained event will come.
//
//export quic_connection_drain
func quic_connection_drain(env, h uint32, withDatagrams, hadTurn bool) (waits bool) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		return c.Drain(withDatagrams, hadTurn)
	}
	return false
}

//export quic_connection_close
func quic_connection_close(env, h uint32, isApp bool, code float64, reason unsafe.Pointer, length int32) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		c.Close(isApp, uint64(code), bytes(reason, length))
	}
}

//export quic_connection_release
func quic_connection_release(env, h uint32) {
	defer recovered()
	if c, ok := lookup[*engine.Connection](env, h); ok {
		c.Release()
	}
}

// quic_connection_open_stream writes the stream's ID, or -1 when it waits for the peer's limit.
//
//export quic_connection_open_stream
func quic_connection_open_stream(env, h uint32, uni bool, id *float64, out *C.quic_error) (stream uint32) {
	defer recoveredTo(out)
	c, ok := lookup[*engine.Connection](env, h)
	if !ok {
		report(out, errStale)
		return 0
	}
	s, err := c.OpenStream(uni)
	if err != nil {
		report(out, err)
		return 0
	}
	*id = float64(s.ID())
	return uint32(s.Handle)
}
