package engine

import (
	"net"
	"testing"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

// A panic under a lock must leave it free: what is caught would otherwise stop the next one who
// comes. Events cannot be pushed to an environment that has no queue, which panics where the lock
// is held.
func TestAPanicUnderALockLeavesItFree(t *testing.T) {
	env := &Environment{}
	transport := &Transport{env: env}
	conn := &Connection{env: env, transport: transport, remote: udp(1)}
	stream := newStream(conn)
	stream.receive.err = &quic.StreamError{ErrorCode: 1, Remote: true}
	for name, call := range map[string]func(){
		"Stream":     func() { stream.Read(make([]byte, 1)) },
		"Connection": func() { conn.pathChanged(udp(2)) },
		"Transport":  func() { transport.addRaw([]byte("datagram")) },
	} {
		t.Run(name, func(t *testing.T) { mustPanic(t, call) })
	}

	env.Events = event.NewQueue(func() {})
	stream.receive.err, stream.receive.done = nil, false
	if n := stream.Read(make([]byte, 1)); n != ReadWouldBlock {
		t.Errorf("a read returned %d", n)
	}
	conn.path.isTold = false
	conn.pathChanged(udp(3))
	if n := transport.ReadRawDatagrams(make([]byte, 100)); n != len("datagram") {
		t.Errorf("read %d bytes", n)
	}
	if n := env.Events.Drain(make([]byte, 100)); n != shared.EventHeader {
		t.Errorf("%d bytes of events", n)
	}
}

func udp(port int) net.Addr { return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port} }

// mustPanic calls what panics, as all entrances of the library do.
func mustPanic(t *testing.T, f func()) {
	t.Helper()
	before := fault.Count()
	func() {
		defer fault.Recover(nil)
		f()
	}()
	if fault.Count() != before+1 {
		t.Fatal("it did not panic")
	}
}

func TestAnEnvironmentHearsOfFaults(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	func() {
		defer fault.Recover(nil)
		panic("on purpose")
	}()
	if e := p.client.next(event.Fault); len(e.data) == 0 {
		t.Error("it is not told what has happened")
	}
}
