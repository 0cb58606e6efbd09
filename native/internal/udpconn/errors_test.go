package udpconn

import (
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/MatrixAI/js-quic/native/internal/sentence"
)

// What a write fails with may be told to a peer.
func TestErrorsOfWritesHoldNoAddress(t *testing.T) {
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	c := New(socket)
	defer c.Close()
	// Loopback addresses reach no others
	to := &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4433}
	_, _, err = c.WriteMsgUDP([]byte("datagram"), nil, to)
	if err == nil {
		t.Skip("the system sends from loopback addresses to others")
	}
	if err.Error() != string(sentence.CannotSend) {
		t.Errorf("the error says %q", err)
	}
	if _, ok := errors.AsType[syscall.Errno](err); !ok {
		t.Error("its cause is lost")
	}
	if c.WriteError(to) == nil {
		t.Error("it was not remembered")
	}
}
