package main

import "C"

import (
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/engine"
)

// datagrams returns the datagrams of a connection, or nil if there are none.
func datagrams(env, connection uint32) *engine.Datagrams {
	if c, ok := lookup[*engine.Connection](env, connection); ok {
		return c.Datagrams()
	}
	return nil
}

// quic_datagrams_read returns what [engine.Datagrams.Read] does.
//
//export quic_datagrams_read
func quic_datagrams_read(env, connection uint32, batch unsafe.Pointer, length int32) (n int32) {
	defer recovered()
	if d := datagrams(env, connection); d != nil {
		return int32(d.Read(bytes(batch, length)))
	}
	return 0
}

//export quic_datagrams_unread
func quic_datagrams_unread(env, connection uint32, n int32) {
	defer recovered()
	if d := datagrams(env, connection); d != nil {
		d.Unread(int(n))
	}
}

//export quic_datagrams_set_incoming
func quic_datagrams_set_incoming(env, connection uint32, n int32) {
	defer recovered()
	if d := datagrams(env, connection); d != nil {
		d.SetIncoming(int(n))
	}
}

//export quic_datagrams_stop_reading
func quic_datagrams_stop_reading(env, connection uint32) {
	defer recovered()
	if d := datagrams(env, connection); d != nil {
		d.StopReading()
	}
}

// quic_datagrams_write returns what [engine.Datagrams.Write] does, and writes the maximum size.
//
//export quic_datagrams_write
func quic_datagrams_write(
	env, connection uint32, batch unsafe.Pointer, length, highWater int32, maxSize *float64,
) (queued int32) {
	defer recovered()
	if d := datagrams(env, connection); d != nil {
		queued = int32(d.Write(bytes(batch, length), int(highWater)))
		*maxSize = float64(d.MaxSize())
	}
	return queued
}

// quic_datagrams_stats writes the maximum size, and the numbers of incoming and of outgoing datagrams that were dropped.
//
//export quic_datagrams_stats
func quic_datagrams_stats(env, connection uint32, numbers *float64) {
	defer recovered()
	if d := datagrams(env, connection); d != nil {
		s := d.Stats()
		copy(unsafe.Slice(numbers, 3), []float64{
			float64(s.MaxSize), float64(s.DroppedIncoming), float64(s.DroppedOutgoing),
		})
	}
}
