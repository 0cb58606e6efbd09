// Package main is the C ABI of the QUIC engine, and nothing else: it converts
// arguments, looks up handles and reports errors as numbers. It is built as
// a C shared library. One file is one object, as in the engine.
//
// Handles are uint32; 0 is none. No function blocks, and none lets a panic out.
// Memory that is passed in is not kept, but for the ring of a virtual transport.
package main

// #cgo CXXFLAGS: -std=c++17 -fno-exceptions -fvisibility=hidden -Wall -Wextra
// #cgo CXXFLAGS: -Os -fno-rtti -fno-asynchronous-unwind-tables
// #cgo CXXFLAGS: -DNAPI_VERSION=8
// #cgo CXXFLAGS: -I${SRCDIR}/../node_modules/node-api-headers/include
// #cgo darwin LDFLAGS: -Wl,-undefined,dynamic_lookup
//
// #include "abi.h"
//
// static inline void quic_call_wake(quic_wake wake, void *context) { wake(context); }
import "C"

import (
	"errors"
	"io"
	"log"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/engine"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

func main() {} // never called, but a C shared library needs it

func init() {
	// quic-go logs here when it cannot set the size of a socket's buffers. The
	// process that loaded this library owns its stderr.
	log.SetOutput(io.Discard)

	// A call from a JavaScript thread needs a processor of the Go scheduler. When transfers keep
	// all of them busy, a call waits up to milliseconds for one. See docs/performance.md.
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	}
	if os.Getenv("GOGC") == "" {
		ballast = make([]byte, ballastSize)
	}
}

// ballast is never touched, so that it takes address space only. But it counts when the garbage
// collector decides when to run next: else a process with few connections collects
// its few megabytes hundreds of times a second. See docs/performance.md.
var ballast []byte

const ballastSize = 32 << 20

// environments is the one thing that all environments of the process share: it turns the
// number that C++ holds into the environment, as no pointer to Go memory may be kept there.
var environments handle.Table[*engine.Environment]

// version is that of package.json: the linker puts it in.
var version string

//export quic_version
func quic_version(buffer unsafe.Pointer, size C.size_t) (n C.size_t) {
	defer fault.Recover(nil)
	return C.size_t(copy(bytes(buffer, size), version))
}

//export quic_environment_open
func quic_environment_open(wake C.quic_wake, context unsafe.Pointer) (env uint32) {
	defer fault.Recover(nil)
	h, _ := environments.Add(engine.NewEnvironment(func() { C.quic_call_wake(wake, context) }))
	return uint32(h)
}

//export quic_environment_close
func quic_environment_close(env uint32) {
	defer fault.Recover(nil)
	if e, ok := environments.Remove(handle.Handle(env)); ok {
		e.Close()
	}
}

// quic_environment_abandon does the same for a copy of the JavaScript that is gone, whose thread
// goes on: it does not wait until the peers have been told.
//
//export quic_environment_abandon
func quic_environment_abandon(env uint32) {
	defer fault.Recover(nil)
	if e, ok := environments.Remove(handle.Handle(env)); ok {
		e.Abandon()
	}
}

// quic_environment_close_connections waits until the peers have been told, but no longer than
// that many milliseconds. It is for the end of a process, when nothing else can be done.
//
//export quic_environment_close_connections
func quic_environment_close_connections(env uint32, milliseconds int32) {
	defer fault.Recover(nil)
	if e, ok := environments.Get(handle.Handle(env)); ok {
		e.CloseConnections(time.Duration(milliseconds) * time.Millisecond)
	}
}

//export quic_environment_drain
func quic_environment_drain(env uint32, buffer unsafe.Pointer, size C.size_t) (n int64) {
	defer fault.Recover(nil)
	if e, ok := environments.Get(handle.Handle(env)); ok {
		return int64(e.Events.Drain(bytes(buffer, size)))
	}
	return 0
}

// quic_environment_stats writes the number of transports, listeners, connections, streams and
// goroutines, the bytes of the heap in use, and the number of panics that were caught. With collect
// garbage is collected before, and unused memory given back to the system: the one call that takes
// as long as it takes, which is milliseconds.
//
//export quic_environment_stats
func quic_environment_stats(env uint32, collect bool, numbers *float64) {
	defer fault.Recover(nil)
	e, ok := environments.Get(handle.Handle(env))
	if !ok {
		return
	}
	if collect {
		debug.FreeOSMemory()
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	s := e.Stats()
	*(*[C.QUIC_ENVIRONMENT_STATS]float64)(unsafe.Pointer(numbers)) = [...]float64{
		shared.Transports:  float64(s.Transports),
		shared.Listeners:   float64(s.Listeners),
		shared.Connections: float64(s.Connections),
		shared.Streams:     float64(s.Streams),
		shared.Goroutines:  float64(s.Goroutines),
		shared.GoHeap:      float64(memory.HeapAlloc) - float64(len(ballast)),
		shared.Faults:      float64(s.Faults),
	}
}

// quic_issue makes a key and its certificate, as the options of request say. It writes the PEM of
// the key and then of the certificate, and returns the size of the key, with that of both in total.
//
//export quic_issue
func quic_issue(
	request unsafe.Pointer, requestSize C.size_t,
	buffer unsafe.Pointer, size C.size_t, total *C.size_t, out *C.quic_error,
) (keySize C.size_t) {
	return try(out, func() (C.size_t, error) {
		issue, err := config.ParseIssue(bytes(request, requestSize))
		if err != nil {
			return 0, err
		}
		key, cert, err := issue.Make()
		if err != nil {
			return 0, err
		}
		if len(key)+len(cert) > int(size) {
			return 0, &config.Error{Option: "hosts", Reason: "too many for one certificate, which may take up to 64 KiB"}
		}
		*total = C.size_t(copy(bytes(buffer, size), key+cert))
		return C.size_t(len(key)), nil
	})
}

// lookup returns the object of type T that h names in an environment.
func lookup[T any](env, h uint32) (object T, err error) {
	e, err := open(env)
	if err != nil {
		return object, err
	}
	object, ok := engine.Lookup[T](e, handle.Handle(h))
	if !ok {
		return object, errStale
	}
	return object, nil
}

// open returns an environment that is open.
func open(env uint32) (*engine.Environment, error) {
	e, ok := environments.Get(handle.Handle(env))
	if !ok {
		return nil, errStale
	}
	return e, nil
}

// with calls f with the object of type T that h names in an environment, if there is one. A panic
// does not end the process.
func with[T any](env, h uint32, f func(T)) {
	defer fault.Recover(nil)
	if object, err := lookup[T](env, h); err == nil {
		f(object)
	}
}

// ask does the same for what returns something. Without an object, or after a panic, that is
// otherwise.
func ask[T, R any](env, h uint32, otherwise R, f func(T) R) (result R) {
	result = otherwise
	with(env, h, func(object T) { result = f(object) })
	return result
}

// try calls f, and reports its error or its panic. The call returns the zero value then.
func try[R any](out *C.quic_error, f func() (R, error)) (result R) {
	defer fault.Recover(func(err error) { report(out, err) })
	result, err := f()
	if err != nil {
		report(out, err)
	}
	return result
}

// bytes views C memory as a slice for the time of a call.
func bytes(p unsafe.Pointer, size C.size_t) []byte {
	if p == nil || size == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(p), int(size))
}

// text copies C memory into a string.
func text(p unsafe.Pointer, size C.size_t) string { return string(bytes(p, size)) }

// fill copies data into a buffer when it fits, and returns its size in any case.
func fill(buffer unsafe.Pointer, size C.size_t, data []byte) C.size_t {
	if len(data) <= int(size) {
		copy(bytes(buffer, size), data)
	}
	return C.size_t(len(data))
}

// fillFrom does so with what f returns of the object that h names.
func fillFrom[T any](env, h uint32, buffer unsafe.Pointer, size C.size_t, f func(T) []byte) C.size_t {
	return ask(env, h, C.size_t(0), func(object T) C.size_t { return fill(buffer, size, f(object)) })
}

var errStale = errors.New("the handle names nothing")

// report fills in out.
func report(out *C.quic_error, err error) {
	out.kind = C.QUIC_ERROR_INTERNAL
	setText(out.message[:], err.Error())
	if e, ok := errors.AsType[*config.Error](err); ok {
		out.kind = C.QUIC_ERROR_CONFIG
		setText(out.option[:], e.Option)
		setText(out.message[:], e.Reason)
	} else if errno, ok := errors.AsType[syscall.Errno](err); ok {
		out.kind = C.QUIC_ERROR_SYSTEM
		out.code = C.int32_t(errno)
	} else if err == errStale {
		out.kind = C.QUIC_ERROR_STALE
	} else if errors.Is(err, engine.ErrClosed) {
		out.kind = C.QUIC_ERROR_CLOSED
		setText(out.message[:], "the connection is closed")
	}
}

func setText(dst []C.char, s string) {
	n := min(len(s), len(dst)-1)
	for i := range n {
		dst[i] = C.char(s[i])
	}
	dst[n] = 0
}
