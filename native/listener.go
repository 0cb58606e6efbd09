package main

// #include "abi.h"
import "C"

import (
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/engine"
)

//export quic_listener_open
func quic_listener_open(env, transport uint32, conf unsafe.Pointer, size C.size_t, out *C.quic_error) (h uint32) {
	return try(out, func() (uint32, error) {
		t, err := lookup[*engine.Transport](env, transport)
		if err != nil {
			return 0, err
		}
		c, err := config.Parse(bytes(conf, size))
		if err != nil {
			return 0, err
		}
		l, err := t.Listen(c)
		if err != nil {
			return 0, err
		}
		return uint32(l.Handle), nil
	})
}

//export quic_listener_configure
func quic_listener_configure(env, h uint32, conf unsafe.Pointer, size C.size_t, out *C.quic_error) {
	try(out, func() (none struct{}, err error) {
		l, err := lookup[*engine.Listener](env, h)
		if err != nil {
			return none, err
		}
		c, err := config.Parse(bytes(conf, size))
		if err != nil {
			return none, err
		}
		return none, l.SetConfig(c)
	})
}

//export quic_listener_close
func quic_listener_close(env, h uint32, code float64) {
	with(env, h, func(l *engine.Listener) { l.Close(uint64(code)) })
}
