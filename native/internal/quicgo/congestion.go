package quicgo

import (
	"reflect"
	"sync/atomic"
	"unsafe"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlogwriter"

	"github.com/MatrixAI/js-quic/native/internal/congestion"
	"github.com/MatrixAI/js-quic/native/internal/fault"
)

// A CongestionController is what quic-go has for an interface of it, whose types of numbers are
// internal. Both have the same methods in the same order, so that a value of the one is one of the
// other. A test makes sure: here that would keep all methods of all types in the library.
type CongestionController = congestion.Controller

// sentPackets returns the part of a connection that knows what it has sent.
func sentPackets(conn *quic.Conn) reflect.Value {
	return reflect.ValueOf(conn).Elem().FieldByName("sentPacketHandler").Elem().Elem()
}

// CongestionControl returns where a connection has its controller and the number of its probe
// timeouts without an acknowledgement. Only the goroutine of the connection may use them.
func CongestionControl(conn *quic.Conn) (*CongestionController, *uint32) {
	handler := sentPackets(conn)
	controller := handler.FieldByName("congestion")
	ours := reflect.TypeFor[CongestionController]()
	known(reflect.StructField{}, controller.Kind() == reflect.Interface && controller.Type().NumMethod() == ours.NumMethod(), "congestion")
	ptoCount := handler.FieldByName("ptoCount")
	known(reflect.StructField{}, ptoCount.Kind() == reflect.Uint32, "ptoCount")
	return (*CongestionController)(unsafe.Pointer(controller.UnsafeAddr())), (*uint32)(unsafe.Pointer(ptoCount.UnsafeAddr()))
}

// SetController has quic-go call a controller in place of the one it had.
func SetController(at *CongestionController, c CongestionController) {
	if keepsMethods {
		c.TimeUntilSend(0)
		c.HasPacingBudget(0)
		c.OnPacketSent(0, 0, 0, 0, false)
		c.CanSend(0)
		c.MaybeExitSlowStart()
		c.OnPacketAcked(0, 0, 0, 0)
		c.OnCongestionEvent(0, 0, 0)
		c.OnSpuriousLoss(0)
		c.OnRetransmissionTimeout(false)
		c.SetMaxDatagramSize(0)
		c.InSlowStart()
		c.InRecovery()
		c.GetCongestionWindow()
	}
	*at = c
}

// UseCubic makes the controller of quic-go Cubic (RFC 9438). quic-go has it, and asks for NewReno.
func UseCubic(c CongestionController) {
	reno := reflect.ValueOf(c).Elem().FieldByName("reno")
	known(reflect.StructField{}, reno.Kind() == reflect.Bool, "reno")
	*(*bool)(unsafe.Pointer(reno.UnsafeAddr())) = false
}

// CongestionCounters are those of a connection that controllers keep.
type CongestionCounters struct {
	Window, BytesLost, PacketsLost *atomic.Uint64
}

// CountersOf returns those of a connection.
func CountersOf(conn *quic.Conn) CongestionCounters {
	stats := sentPackets(conn).FieldByName("connStats").Elem()
	counter := func(name string) *atomic.Uint64 {
		field := stats.FieldByName(name)
		known(reflect.StructField{}, field.Type() == reflect.TypeFor[atomic.Uint64](), name)
		return (*atomic.Uint64)(unsafe.Pointer(field.UnsafeAddr()))
	}
	return CongestionCounters{counter("CongestionWindow"), counter("BytesLost"), counter("PacketsLost")}
}

// RecorderOf returns where a connection writes what its controller does, nil if it writes nothing.
func RecorderOf(conn *quic.Conn) qlogwriter.Recorder {
	recorder := sentPackets(conn).FieldByName("qlogger")
	known(reflect.StructField{}, recorder.Type() == reflect.TypeFor[qlogwriter.Recorder](), "qlogger")
	return *(*qlogwriter.Recorder)(unsafe.Pointer(recorder.UnsafeAddr()))
}

// KeepWithinLimit makes a connection of a client, whose ClientHello is being answered, never send
// more than three times of what came from an address that is not validated (RFC 9000 section 8.1).
// quic-go asks before a packet whether the limit is reached, so that the last one goes beyond: it
// must stop one packet earlier.
func KeepWithinLimit(conn *quic.Conn) {
	defer fault.Recover(nil) // as above
	const factor = 3
	handler := sentPackets(conn)
	count := func(name string) *int64 {
		field := handler.FieldByName(name)
		known(reflect.StructField{}, field.Kind() == reflect.Int64, name)
		return (*int64)(unsafe.Pointer(field.UnsafeAddr()))
	}
	// It stops when sent >= factor * received. No packet that is larger follows before the address
	// is validated
	sent, received, larger := count("bytesSent"), count("bytesReceived"), PathMTU(conn)-1
	*sent += larger % factor
	*received -= larger / factor
}
