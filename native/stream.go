package main

// #include "abi.h"
import "C"

import (
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/engine"
)

// quic_stream_read returns what [engine.Stream.Read] does.
//
//export quic_stream_read
func quic_stream_read(env, h uint32, buffer unsafe.Pointer, size C.size_t) (n int32) {
	return ask(env, h, engine.ReadClosed, func(s *engine.Stream) int32 { return int32(s.Read(bytes(buffer, size))) })
}

// quic_stream_write returns what [engine.Stream.Write] does.
//
//export quic_stream_write
func quic_stream_write(env, h uint32, data unsafe.Pointer, size C.size_t, fin bool) (status int32) {
	return ask(env, h, engine.WriteClosed, func(s *engine.Stream) int32 { return int32(s.Write(bytes(data, size), fin)) })
}

//export quic_stream_stop_sending
func quic_stream_stop_sending(env, h uint32, code float64) {
	with(env, h, func(s *engine.Stream) { s.StopSending(uint64(code)) })
}

//export quic_stream_reset
func quic_stream_reset(env, h uint32, code float64) {
	with(env, h, func(s *engine.Stream) { s.Reset(uint64(code)) })
}

//export quic_stream_commit
func quic_stream_commit(env, h uint32) { with(env, h, (*engine.Stream).Commit) }

//export quic_stream_set_priority
func quic_stream_set_priority(env, h uint32, urgency uint8, incremental bool) {
	with(env, h, func(s *engine.Stream) { s.SetPriority(int8(urgency), incremental) })
}

//export quic_stream_release
func quic_stream_release(env, h uint32) { with(env, h, (*engine.Stream).Release) }
