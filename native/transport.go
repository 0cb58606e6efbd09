package main

// #include "abi.h"
import "C"

import (
	"errors"
	"net/netip"
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/engine"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

//export quic_transport_open_native
func quic_transport_open_native(
	env uint32, host unsafe.Pointer, hostSize C.size_t, port uint16, reuseAddr, ipv6Only bool,
	key unsafe.Pointer, keySize C.size_t, ids unsafe.Pointer, idsSize C.size_t, takeOver bool, out *C.quic_error,
) (h uint32) {
	return try(out, func() (uint32, error) {
		e, err := open(env)
		if err != nil {
			return 0, err
		}
		t, err := e.OpenNative(engine.TransportOptions{
			Host: text(host, hostSize), Port: port, ReuseAddr: reuseAddr, IPv6Only: ipv6Only,
			Key: bytes(key, keySize), ConnectionIDs: bytes(ids, idsSize), TakeOver: takeOver,
		})
		if err != nil {
			return 0, err
		}
		return uint32(t.Handle), nil
	})
}

// quic_transport_bind returns the descriptor of a socket that it has bound, for the caller to
// close.
//
//export quic_transport_bind
func quic_transport_bind(
	host unsafe.Pointer, hostSize C.size_t, port uint16, reuseAddr, ipv6Only bool, out *C.quic_error,
) (descriptor int32) {
	return try(out, func() (int32, error) {
		fd, err := engine.Bind(engine.TransportOptions{
			Host: text(host, hostSize), Port: port, ReuseAddr: reuseAddr, IPv6Only: ipv6Only,
		})
		return int32(fd), err
	})
}

// quic_transport_open_virtual keeps ring until a TransportClosed event, or until the environment is
// closed.
//
//export quic_transport_open_virtual
func quic_transport_open_virtual(
	env uint32, host unsafe.Pointer, hostSize C.size_t, port uint16,
	key unsafe.Pointer, keySize C.size_t, ids unsafe.Pointer, idsSize C.size_t, takeOver bool,
	ring unsafe.Pointer, ringSize C.size_t, descriptor int32, reuseAddr bool, out *C.quic_error,
) (h uint32) {
	return try(out, func() (uint32, error) {
		e, err := open(env)
		if err != nil {
			return 0, err
		}
		o := engine.TransportOptions{
			Host: text(host, hostSize), Port: port, ReuseAddr: reuseAddr,
			Key: bytes(key, keySize), ConnectionIDs: bytes(ids, idsSize), TakeOver: takeOver,
		}
		if descriptor >= 0 {
			t, err := e.OpenShared(o, int(descriptor))
			if err != nil {
				return 0, err
			}
			return uint32(t.Handle), nil
		}
		if ringSize < shared.Slot {
			return 0, errors.New("the ring has no room for a datagram")
		}
		t, err := e.OpenVirtual(o, bytes(ring, ringSize))
		if err != nil {
			return 0, err
		}
		return uint32(t.Handle), nil
	})
}

// quic_transport_is_open returns whether the transport may still write into its ring.
//
//export quic_transport_is_open
func quic_transport_is_open(env, h uint32) (isOpen bool) {
	return ask(env, h, false, func(*engine.Transport) bool { return true })
}

// quic_transport_host fills the buffer with the address that the socket is bound to if it fits, and
// returns its size.
//
//export quic_transport_host
func quic_transport_host(env, h uint32, buffer unsafe.Pointer, size C.size_t) (n C.size_t) {
	return fillFrom(env, h, buffer, size, func(t *engine.Transport) []byte { return []byte(t.LocalHost()) })
}

//export quic_transport_port
func quic_transport_port(env, h uint32) (port uint16) {
	return ask(env, h, uint16(0), (*engine.Transport).LocalPort)
}

//export quic_transport_deliver
func quic_transport_deliver(env, h uint32, batch unsafe.Pointer, size C.size_t) {
	with(env, h, func(t *engine.Transport) { t.Deliver(bytes(batch, size)) })
}

//export quic_transport_pending
func quic_transport_pending(env, h uint32) (n int32) {
	return ask(env, h, int32(0), func(t *engine.Transport) int32 { return int32(t.Pending()) })
}

//export quic_transport_release
func quic_transport_release(env, h uint32, n int32) (left int32) {
	return ask(env, h, int32(0), func(t *engine.Transport) int32 { return int32(t.Release(int(n))) })
}

//export quic_transport_fail_writes
func quic_transport_fail_writes(
	env, h uint32, host unsafe.Pointer, hostSize C.size_t, port uint16, code int32,
) {
	with(env, h, func(t *engine.Transport) {
		if ip, err := netip.ParseAddr(text(host, hostSize)); err == nil {
			t.FailWrites(netip.AddrPortFrom(ip, port), int(code))
		}
	})
}

// quic_transport_send returns whether a TransportSent event with that id will come.
//
//export quic_transport_send
func quic_transport_send(
	env, h uint32, id float64, data unsafe.Pointer, size C.size_t,
	host unsafe.Pointer, hostSize C.size_t, port uint16,
) (started bool) {
	return ask(env, h, false, func(t *engine.Transport) bool {
		ip, err := netip.ParseAddr(text(host, hostSize))
		if err != nil {
			return false
		}
		t.Send(id, []byte(text(data, size)), netip.AddrPortFrom(ip, port))
		return true
	})
}

// quic_transport_read_raw_datagrams returns what [engine.Transport.ReadRawDatagrams] does.
//
//export quic_transport_read_raw_datagrams
func quic_transport_read_raw_datagrams(env, h uint32, buffer unsafe.Pointer, size C.size_t) (n C.size_t) {
	return ask(env, h, C.size_t(0), func(t *engine.Transport) C.size_t {
		return C.size_t(t.ReadRawDatagrams(bytes(buffer, size)))
	})
}

// quic_transport_stats writes the numbers of [engine.TransportStats].
//
//export quic_transport_stats
func quic_transport_stats(env, h uint32, numbers *float64) {
	with(env, h, func(t *engine.Transport) {
		s := t.Stats()
		*(*[C.QUIC_TRANSPORT_STATS]float64)(unsafe.Pointer(numbers)) = [...]float64{
			shared.Handshakes:            float64(s.Handshakes),
			shared.UnvalidatedHandshakes: float64(s.Unvalidated),
			shared.Retries:               float64(s.Retries),
			shared.Refused:               float64(s.Refused),
			shared.FailedHandshakes:      float64(s.Failed),
			shared.DatagramsDropped:      float64(s.Dropped),
		}
	})
}

//export quic_transport_close
func quic_transport_close(env, h uint32) { with(env, h, (*engine.Transport).Close) }
