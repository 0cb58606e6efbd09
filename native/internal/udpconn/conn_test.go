package udpconn

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func open(t *testing.T) *Conn {
	t.Helper()
	socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	c := New(socket)
	t.Cleanup(func() { c.Close() })
	return c
}

func TestReadsAreTriedAgainUnlessTheSocketIsGone(t *testing.T) {
	c := open(t)
	var failed error
	c.OnFailure = func(err error) { failed = err }
	wrapped := func(errno syscall.Errno) error {
		return &net.OpError{Op: "read", Err: os.NewSyscallError("recvmmsg", errno)}
	}
	for _, errno := range []syscall.Errno{syscall.ECONNREFUSED, syscall.ENETDOWN, syscall.EHOSTUNREACH, syscall.EINTR} {
		if !c.shallRetry(wrapped(errno), 0) {
			t.Errorf("%v ends the socket", errno)
		}
	}
	if c.shallRetry(os.ErrDeadlineExceeded, 0) || failed != nil {
		t.Error("a deadline is taken for a fault")
	}
	// The read waits until quic-go closes the socket, so that it can be written to
	time.AfterFunc(50*time.Millisecond, func() { c.SetReadDeadline(time.Now()) })
	if c.shallRetry(wrapped(syscall.EBADF), 0) || !errors.Is(failed, syscall.EBADF) {
		t.Errorf("the socket is said to have failed by %v", failed)
	}
	if c.shallRetry(wrapped(syscall.ENETDOWN), 0) {
		t.Error("a socket that is being closed is read again")
	}
}

func TestWhatTheSystemRefusesToSplitIsSentOneByOne(t *testing.T) {
	c := open(t)
	to := open(t).LocalAddr().(*net.UDPAddr)
	segmented := segmentControl(t, 100)
	if _, _, err := c.WriteMsgUDP(make([]byte, 1000), segmented, to); err != nil {
		t.Skip("the system cannot split what is sent: ", err)
	}
	// Larger than any MTU
	_, _, err := c.WriteMsgUDP(make([]byte, 1000), segmentControl(t, 65535), to)
	if errno, ok := errors.AsType[*os.SyscallError](err); err != nil && (!ok || errno.Err != syscall.EIO) {
		t.Fatalf("quic-go does not know what to do about %v", err)
	}
	c.unsegmented.Store(true)
	if _, _, err := c.WriteMsgUDP(make([]byte, 1000), segmented, to); !errors.Is(err, syscall.EIO) {
		t.Errorf("something is to be split again: %v", err)
	}
	if _, _, err := c.WriteMsgUDP(make([]byte, 100), nil, to); err != nil {
		t.Errorf("nothing can be sent: %v", err)
	}
}
