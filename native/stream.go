package main

import "C"

import (
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/engine"
)

// quic_stream_read returns what [engine.Stream.Read] does.
//
//export quic_stream_read
func quic_stream_read(env, h uint32, buffer unsafe.Pointer, length int32) (n int32) {
	defer recovered()
	if s, ok := lookup[*engine.Stream](env, h); ok {
		return int32(s.Read(bytes(buffer, length)))
	}
	return engine.ReadClosed
}

// quic_stream_write returns what [engine.Stream.Write] does.
//
//export quic_stream_write
func quic_stream_write(env, h uint32, data unsafe.Pointer, length int32, fin bool) (status int32) {
	defer recovered()
	if s, ok := lookup[*engine.Stream](env, h); ok {
		return int32(s.Write(bytes(data, length), fin))
	}
	return engine.WriteClosed
}

//export quic_stream_stop_sending
func quic_stream_stop_sending(env, h uint32, code float64) {
	defer recovered()
	if s, ok := lookup[*engine.Stream](env, h); ok {
		s.StopSending(uint64(code))
	}
}

//export quic_stream_reset
func quic_stream_reset(env, h uint32, code float64) {
	defer recovered()
	if s, ok := lookup[*engine.Stream](env, h); ok {
		s.Reset(uint64(code))
	}
}

//export quic_stream_commit
func quic_stream_commit(env, h uint32) {
	defer recovered()
	if s, ok := lookup[*engine.Stream](env, h); ok {
		s.Commit()
	}
}

//export quic_stream_set_priority
func quic_stream_set_priority(env, h uint32, urgency int8, incremental bool) {
	defer recovered()
	if s, ok := lookup[*engine.Stream](env, h); ok {
		s.SetPriority(urgency, incremental)
	}
}

//export quic_stream_release
func quic_stream_release(env, h uint32) {
	defer recovered()
	if s, ok := lookup[*engine.Stream](env, h); ok {
		s.Release()
	}
}
