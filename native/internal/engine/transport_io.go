package engine

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/sentence"
	"github.com/MatrixAI/js-quic/native/internal/udpconn"
)

// Pending returns how many datagrams wait in the ring of a virtual transport.
func (t *Transport) Pending() int {
	if t.virtual == nil {
		return 0
	}
	return t.virtual.Pending()
}

// Release gives back the n oldest datagrams of the ring of a virtual transport and returns how many
// are left.
func (t *Transport) Release(n int) int {
	if t.virtual == nil {
		return 0
	}
	return t.virtual.Release(n)
}

// Deliver hands received datagrams to a virtual transport, see [packetconn.Conn.Deliver].
func (t *Transport) Deliver(batch []byte) {
	if t.virtual != nil {
		t.virtual.Deliver(batch)
	}
}

// isConnected reports whether a connection goes to addr that must not end by what cannot be sent
// there. A client that is told at once that it cannot connect is better off.
func (t *Transport) isConnected(addr netip.AddrPort) bool {
	return slices.ContainsFunc(t.peers.at(addr), func(c *Connection) bool {
		return c.listener != nil || c.isEstablishedOn(t)
	})
}

// FailWrites tells a virtual transport that the socket could not send to addr: handshakes that go
// there fail. What is sent on established connections is lost, as it could be anywhere on its way.
func (t *Transport) FailWrites(addr netip.AddrPort, errno int) {
	if t.virtual == nil {
		return
	}
	addr = unmapped(addr)
	for _, c := range t.peers.at(addr) {
		// The next packet of a handshake would only be sent when this one is deemed lost
		if c.failDial(syscall.Errno(errno)) {
			return
		}
	}
	if !t.isConnected(addr) {
		t.virtual.FailWrites(addr, syscall.Errno(errno))
	}
}

// Send sends a datagram of the application. It completes with a TransportSent event that carries
// id.
func (t *Transport) Send(id float64, data []byte, to netip.AddrPort) {
	go func() {
		defer fault.Recover(func(err error) { t.sent(id, err) })
		_, err := t.quic.WriteTo(data, net.UDPAddrFromAddrPort(to))
		t.sent(id, err)
	}()
}

func (t *Transport) sent(id float64, err error) {
	if err == nil {
		t.env.Events.Push(event.TransportSent, t.Handle, id, 0, nil)
		return
	}
	errno, _ := errors.AsType[syscall.Errno](err)
	if errno == 0 {
		errno = syscall.EIO
	}
	t.env.Events.Push(event.TransportSent, t.Handle, id, float64(errno), nil)
}

// sendError returns the error behind err if it stands for one of sending to addr, else err.
func (t *Transport) sendError(err error, addr net.Addr) error {
	conn, ok := t.conn.(*udpconn.Conn)
	failed, isFailed := errors.AsType[*quic.TransportError](err)
	if !ok || !isFailed || failed.Remote {
		return err
	}
	if cause := conn.WriteError(addr.(*net.UDPAddr)); cause != nil && failed.ErrorMessage == sentence.CannotSend.Error() {
		return cause
	}
	return err
}

// failed tells that the socket cannot be read any more. JavaScript closes it.
func (t *Transport) failed(err error) {
	errno, _ := errors.AsType[syscall.Errno](err)
	t.env.Events.Push(event.TransportFailed, t.Handle, float64(errno), 0, []byte(err.Error()))
}
