package main

// #include "abi.h"
import "C"

import (
	"net/netip"
	"strings"
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/engine"
	"github.com/MatrixAI/js-quic/native/internal/handle"
)

//export quic_transport_open_native
func quic_transport_open_native(
	env uint32, host unsafe.Pointer, hostLength int32, port uint16, reuseAddr, ipv6Only bool,
	key unsafe.Pointer, keyLength int32, ids unsafe.Pointer, idsLength int32, takeOver bool, out *C.quic_error,
) (h uint32) {
	defer recoveredTo(out)
	e, ok := environments.Get(handle.Handle(env))
	if !ok {
		report(out, errStale)
		return 0
	}
	t, err := e.OpenNative(engine.TransportOptions{
		Host: text(host, hostLength), Port: port, ReuseAddr: reuseAddr, IPv6Only: ipv6Only,
		Key: bytes(key, keyLength), ConnectionIDs: bytes(ids, idsLength), TakeOver: takeOver,
	})
	if err != nil {
		report(out, err)
		return 0
	}
	return uint32(t.Handle)
}

// quic_transport_open_virtual keeps ring until a TransportClosed event, or until the environment is closed.
//
//export quic_transport_open_virtual
func quic_transport_open_virtual(
	env uint32, host unsafe.Pointer, hostLength int32, port uint16,
	key unsafe.Pointer, keyLength int32, ids unsafe.Pointer, idsLength int32, takeOver bool,
	ring unsafe.Pointer, ringLength int32, out *C.quic_error,
) (h uint32) {
	defer recoveredTo(out)
	e, ok := environments.Get(handle.Handle(env))
	if !ok {
		report(out, errStale)
		return 0
	}
	t, err := e.OpenVirtual(engine.TransportOptions{
		Host: text(host, hostLength), Port: port,
		Key: bytes(key, keyLength), ConnectionIDs: bytes(ids, idsLength), TakeOver: takeOver,
	}, bytes(ring, ringLength))
	if err != nil {
		report(out, err)
		return 0
	}
	return uint32(t.Handle)
}

// quic_transport_host fills the buffer with the address that the socket is bound to if it fits, and returns its length.
//
//export quic_transport_host
func quic_transport_host(env, h uint32, buffer unsafe.Pointer, length int32) (n int32) {
	defer recovered()
	if t, ok := lookup[*engine.Transport](env, h); ok {
		return fill(buffer, length, []byte(t.LocalHost()))
	}
	return 0
}

//export quic_transport_port
func quic_transport_port(env, h uint32) (port uint16) {
	defer recovered()
	if t, ok := lookup[*engine.Transport](env, h); ok {
		return t.LocalPort()
	}
	return 0
}

//export quic_transport_deliver
func quic_transport_deliver(env, h uint32, batch unsafe.Pointer, length int32) {
	defer recovered()
	if t, ok := lookup[*engine.Transport](env, h); ok {
		t.Deliver(bytes(batch, length))
	}
}

//export quic_transport_pending
func quic_transport_pending(env, h uint32) (n int32) {
	defer recovered()
	if t, ok := lookup[*engine.Transport](env, h); ok {
		return int32(t.Pending())
	}
	return 0
}

//export quic_transport_release
func quic_transport_release(env, h uint32, n int32) (left int32) {
	defer recovered()
	if t, ok := lookup[*engine.Transport](env, h); ok {
		return int32(t.Release(int(n)))
	}
	return 0
}

//export quic_transport_fail_writes
func quic_transport_fail_writes(env, h uint32, host unsafe.Pointer, hostLength int32, port uint16, code int32) {
	defer recovered()
	if t, ok := lookup[*engine.Transport](env, h); ok {
		if ip, err := netip.ParseAddr(text(host, hostLength)); err == nil {
			t.FailWrites(netip.AddrPortFrom(ip, port), int(code))
		}
	}
}

// quic_transport_send returns whether a TransportSent event with that id will come.
//
//export quic_transport_send
func quic_transport_send(
	env, h uint32, id float64, data unsafe.Pointer, length int32, host unsafe.Pointer, hostLength int32, port uint16,
) (started bool) {
	defer recovered()
	t, ok := lookup[*engine.Transport](env, h)
	if !ok {
		return false
	}
	ip, err := netip.ParseAddr(text(host, hostLength))
	if err != nil {
		return false
	}
	t.Send(id, []byte(text(data, length)), netip.AddrPortFrom(ip, port))
	return true
}

// quic_transport_read_datagrams returns what [engine.Transport.ReadDatagrams] does.
//
//export quic_transport_read_datagrams
func quic_transport_read_datagrams(env, h uint32, buffer unsafe.Pointer, length int32) (n int32) {
	defer recovered()
	if t, ok := lookup[*engine.Transport](env, h); ok {
		return int32(t.ReadDatagrams(bytes(buffer, length)))
	}
	return 0
}

// quic_transport_stats fills 6 numbers, see [engine.Transport.Stats].
//
//export quic_transport_stats
func quic_transport_stats(env, h uint32, numbers *float64) {
	defer recovered()
	if t, ok := lookup[*engine.Transport](env, h); ok {
		t.Stats((*[6]float64)(unsafe.Pointer(numbers)))
	}
}

//export quic_transport_close
func quic_transport_close(env, h uint32) {
	defer recovered()
	if t, ok := lookup[*engine.Transport](env, h); ok {
		t.Close()
	}
}

func splitHosts(hosts string) []string {
	return strings.FieldsFunc(hosts, func(r rune) bool { return r == ',' })
}
