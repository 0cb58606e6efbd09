package main

// #include "abi.h"
import "C"

import (
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/engine"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

// withDatagrams calls f with the datagrams of a connection, if there are some.
func withDatagrams(env, connection uint32, f func(*engine.Datagrams)) {
	with(env, connection, func(c *engine.Connection) {
		if d := c.Datagrams(); d != nil {
			f(d)
		}
	})
}

// quic_datagrams_read returns what [engine.Datagrams.Read] does.
//
//export quic_datagrams_read
func quic_datagrams_read(env, connection uint32, batch unsafe.Pointer, size C.size_t) (n int32) {
	withDatagrams(env, connection, func(d *engine.Datagrams) { n = int32(d.Read(bytes(batch, size))) })
	return n
}

//export quic_datagrams_unread
func quic_datagrams_unread(env, connection uint32, n int32) {
	withDatagrams(env, connection, func(d *engine.Datagrams) { d.Unread(int(n)) })
}

//export quic_datagrams_set_incoming_high_water_mark
func quic_datagrams_set_incoming_high_water_mark(env, connection uint32, n int32) {
	withDatagrams(env, connection, func(d *engine.Datagrams) { d.SetIncomingHighWaterMark(int(n)) })
}

//export quic_datagrams_stop_reading
func quic_datagrams_stop_reading(env, connection uint32) {
	withDatagrams(env, connection, (*engine.Datagrams).StopReading)
}

// quic_datagrams_write returns what [engine.Datagrams.Write] does, and writes the maximum size.
//
//export quic_datagrams_write
func quic_datagrams_write(
	env, connection uint32, batch unsafe.Pointer, size C.size_t, highWater int32, maxSize *float64,
) (queued int32) {
	withDatagrams(env, connection, func(d *engine.Datagrams) {
		queued = int32(d.Write(bytes(batch, size), int(highWater)))
		*maxSize = float64(d.MaxSize())
	})
	return queued
}

// quic_datagrams_stats writes the maximum size, and the numbers of incoming and of outgoing
// datagrams that were dropped.
//
//export quic_datagrams_stats
func quic_datagrams_stats(env, connection uint32, numbers *float64) {
	withDatagrams(env, connection, func(d *engine.Datagrams) {
		s := d.Stats()
		*(*[C.QUIC_DATAGRAMS_STATS]float64)(unsafe.Pointer(numbers)) = [...]float64{
			shared.MaxSize:         float64(s.MaxSize),
			shared.DroppedIncoming: float64(s.DroppedIncoming),
			shared.DroppedOutgoing: float64(s.DroppedOutgoing),
		}
	})
}
