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
	defer recoveredTo(out)
	t, ok := lookup[*engine.Transport](env, transport)
	if !ok {
		report(out, errStale)
		return 0
	}
	c, err := config.Parse(bytes(conf, size))
	if err != nil {
		report(out, err)
		return 0
	}
	l, err := t.Listen(c)
	if err != nil {
		report(out, err)
		return 0
	}
	return uint32(l.Handle)
}

//export quic_listener_configure
func quic_listener_configure(env, h uint32, conf unsafe.Pointer, size C.size_t, out *C.quic_error) {
	defer recoveredTo(out)
	l, ok := lookup[*engine.Listener](env, h)
	if !ok {
		report(out, errStale)
		return
	}
	c, err := config.Parse(bytes(conf, size))
	if err == nil {
		err = l.SetConfig(c)
	}
	if err != nil {
		report(out, err)
	}
}

//export quic_listener_close
func quic_listener_close(env, h uint32, code float64) {
	with(env, h, func(l *engine.Listener) { l.Close(uint64(code)) })
}
