// Package engine is the QUIC engine behind the C ABI: environments, transports,
// listeners, connections and streams on quic-go, named by handles, without cgo.
//
// One file is one object, as on every layer above. No method blocks: what can wait
// is started, and completes with an event.
package engine

import (
	"runtime"
	"sync/atomic"
	"time"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/qlogfile"
)

// An Environment holds all that belongs to one copy of the JavaScript. A thread may have several
// copies. Environments share nothing.
type Environment struct {
	Events  *event.Queue
	objects handle.Table[any]
	counts  counts
	configs config.Cache
	qlogs   qlogfile.Files
	probes  probes
	// The number of the last question about certificates. No two of an environment have the same.
	questions atomic.Uint64
	// How many bytes its streams may hold that do not count for the windows of their connections.
	exempted atomic.Int64
	// Ends to listen for faults.
	deafen func()
}

type counts struct {
	transports, listeners, connections, streams atomic.Int64
}

// NewEnvironment returns an environment that calls wake when events wait for it.
// wake must not block.
func NewEnvironment(wake func()) *Environment {
	e := &Environment{Events: event.NewQueue(wake)}
	e.deafen = fault.Listen(func(message string) { e.Events.Push(event.Fault, 0, 0, 0, []byte(message)) })
	return e
}

// ParseConfig reads the options of a connection, and remembers those without private keys.
func (e *Environment) ParseConfig(data []byte) (*config.Config, error) {
	return e.configs.Parse(data)
}

// Close gives up all that belongs to the environment. When it returns, no
// goroutine will wake the environment again or touch memory that it lent.
func (e *Environment) Close() {
	e.detach()
	e.finish()
}

// Abandon does what Close does, and leaves to a goroutine what takes time.
func (e *Environment) Abandon() {
	e.detach()
	go e.finish()
}

// detach ends all that reaches into JavaScript.
func (e *Environment) detach() {
	e.deafen()
	e.Events.Close()
	for _, t := range e.transports() {
		if t.writesToRing() {
			t.abandon()
		}
	}
}

func (e *Environment) finish() {
	defer fault.Recover(nil)
	e.CloseConnections(farewell)
	for _, t := range e.transports() {
		t.abandon()
	}
}

func (e *Environment) transports() (transports []*Transport) {
	for _, object := range e.objects.Values() {
		if t, ok := object.(*Transport); ok {
			transports = append(transports, t)
		}
	}
	return transports
}

// farewell is how long an environment that ends waits for the packets that tell its peers.
const farewell = 50 * time.Millisecond

// CloseConnections closes all connections and waits until the peers were told, but no longer than
// timeout. Otherwise the peers of a process that ends would wait for their idle timeout, which may
// be infinite. Then it waits for the qlogs, again no longer than timeout.
func (e *Environment) CloseConnections(timeout time.Duration) {
	defer e.qlogs.Close(timeout)
	var closing []*Connection
	for _, object := range e.objects.Values() {
		if c, ok := object.(*Connection); ok {
			c.Close(true, 0, nil)
			closing = append(closing, c)
		}
	}
	deadline := time.After(timeout)
	for _, c := range closing {
		select {
		case <-c.gone:
		case <-deadline:
			return
		}
	}
}

// Stats counts the objects of an environment, and the goroutines and the panics that were caught of
// the process.
type Stats struct {
	Transports, Listeners, Connections, Streams, Goroutines, Faults int64
}

// Stats returns how many objects are alive.
func (e *Environment) Stats() Stats {
	return Stats{
		Transports:  e.counts.transports.Load(),
		Listeners:   e.counts.listeners.Load(),
		Connections: e.counts.connections.Load(),
		Streams:     e.counts.streams.Load(),
		Goroutines:  int64(runtime.NumGoroutine()),
		Faults:      int64(fault.Count()),
	}
}

// Lookup returns the object that h names, and false when h is stale or names an
// object of another type.
func Lookup[T any](e *Environment, h handle.Handle) (T, bool) {
	object, _ := e.objects.Get(h)
	t, ok := object.(T)
	return t, ok
}

func (e *Environment) add(object any, count *atomic.Int64) (handle.Handle, error) {
	h, ok := e.objects.Add(object)
	if !ok {
		return 0, errTooManyObjects
	}
	count.Add(1)
	return h, nil
}

func (e *Environment) remove(h handle.Handle, count *atomic.Int64) {
	if _, ok := e.objects.Remove(h); ok {
		count.Add(-1)
	}
}
