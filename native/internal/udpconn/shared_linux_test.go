package udpconn

import (
	"bytes"
	"errors"
	"net"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/MatrixAI/js-quic/native/internal/packetconn"
	layout "github.com/MatrixAI/js-quic/native/internal/shared"
)

// share returns a conn for a socket that the test has, too.
func share(t *testing.T) (c *Conn, received *packetconn.Conn, fd int) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
		t.Fatal(err)
	}
	name, err := unix.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	local := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: name.(*unix.SockaddrInet4).Port}
	received = packetconn.New(local, false, nil, nil)
	c, err = Share(fd, false, received)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, received, fd
}

func TestASharedSocketSendsSegments(t *testing.T) {
	c, _, fd := share(t)
	if on, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR); err != nil || on != 0 {
		t.Errorf("others may take the port: %d, %v", on, err)
	}
	// Without receive offload, which would put the segments together again
	peer, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	data := bytes.Repeat([]byte("0123456789"), 250)
	to := peer.LocalAddr().(*net.UDPAddr)
	if n, _, err := c.WriteMsgUDP(data, segmentControl(t, 1000), to); n != len(data) || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	peer.SetReadDeadline(time.Now().Add(5 * time.Second))
	buffer := make([]byte, 2000)
	for _, want := range []int{1000, 1000, 500} {
		n, from, err := peer.ReadFrom(buffer)
		if n != want || err != nil || from.String() != c.LocalAddr().String() {
			t.Errorf("%d bytes of %v, %v", n, from, err)
		}
	}
}

func TestASharedSocketReadsWhatIsDelivered(t *testing.T) {
	c, received, _ := share(t)
	messages := make([]ipv4.Message, 8)
	for i := range messages {
		messages[i].Buffers = [][]byte{make([]byte, 1500)}
	}
	var batch []byte
	for _, text := range []string{"one", "two", "three"} {
		batch = layout.AppendSourced(batch, "192.0.2.1", 4433, []byte(text))
	}
	received.Deliver(batch)
	n, err := c.ReadBatch(messages, 0)
	if n != 3 || err != nil {
		t.Fatalf("%d datagrams, %v", n, err)
	}
	for i, want := range []string{"one", "two", "three"} {
		m := messages[i]
		if got := string(m.Buffers[0][:m.N]); got != want || m.Addr.String() != "192.0.2.1:4433" {
			t.Errorf("%q of %v", got, m.Addr)
		}
	}
	time.AfterFunc(20*time.Millisecond, func() { c.Close() })
	if _, err := c.ReadBatch(messages, 0); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a read of a conn that is closed: %v", err)
	}
}

// Another descriptor may have its number by then.
func TestASharedSocketThatIsClosedIsNotUsed(t *testing.T) {
	c, _, fd := share(t)
	to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9}
	c.Close()
	if _, _, err := c.WriteMsgUDP([]byte("late"), nil, to); err == nil {
		t.Error("it is written to")
	}
	if err := c.SetReadBuffer(4096); err == nil {
		t.Error("its options are set")
	}
	// The socket itself is open
	if err := unix.Sendto(fd, []byte("hello"), 0, &unix.SockaddrInet4{Port: 9, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Error(err)
	}
}
