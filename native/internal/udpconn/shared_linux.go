package udpconn

import (
	"errors"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"

	"github.com/MatrixAI/js-quic/native/internal/packetconn"
)

// longestPoll is how long a send waits for room in the buffer of the socket. The datagram counts as
// lost then, as it could be anywhere on its way.
const longestPoll = 20 * time.Millisecond

// Share returns a conn for a socket that somebody else reads, who delivers what came to received.
// It sends on a descriptor of its own, by which the socket is known until the conn is closed. Go
// does not poll that: it would be woken for each datagram that somebody else reads.
//
// reuseAddr says whether others may be bound to the address, which libuv turns on for a socket that
// it is given.
func Share(fd int, reuseAddr bool, received *packetconn.Conn) (*Conn, error) {
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	if !reuseAddr {
		unix.SetsockoptInt(own, unix.SOL_SOCKET, unix.SO_REUSEADDR, 0)
	}
	c := wrap(&shared{Conn: received, fd: own})
	c.receiver = batches{received}
	return c, nil
}

// A shared is the sending half of a socket, and what somebody else has read from it.
type shared struct {
	*packetconn.Conn
	mu sync.RWMutex // of fd, which must not be another one's when it is used
	fd int          // -1 once closed
}

// use calls f with the descriptor.
func (s *shared) use(f func(fd int) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd < 0 {
		return net.ErrClosed
	}
	return f(s.fd)
}

// WriteMsgUDP sends a datagram, or several of the same size.
func (s *shared) WriteMsgUDP(b, oob []byte, addr *net.UDPAddr) (n, oobn int, err error) {
	to := Sockaddr(s.Destination(addr.AddrPort().Addr()), uint16(addr.Port))
	err = s.use(func(fd int) error {
		var until time.Time
		for {
			n, err := unix.SendmsgN(fd, b, oob, to, unix.MSG_DONTWAIT)
			switch {
			case err == nil && n == len(b):
				return nil
			case errors.Is(err, unix.EINTR):
				continue
			case !errors.Is(err, unix.EAGAIN):
				return os.NewSyscallError("sendmsg", err)
			}
			if until.IsZero() {
				until = time.Now().Add(longestPoll)
			}
			left := time.Until(until)
			if left <= 0 {
				return os.NewSyscallError("sendmsg", unix.ENOBUFS)
			}
			unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, int(left.Milliseconds())+1)
		}
	})
	if err != nil {
		return 0, 0, &net.OpError{Op: "write", Net: "udp", Addr: addr, Err: err}
	}
	return len(b), len(oob), nil
}

// WriteTo sends a datagram.
func (s *shared) WriteTo(b []byte, addr net.Addr) (int, error) {
	n, _, err := s.WriteMsgUDP(b, nil, addr.(*net.UDPAddr))
	return n, err
}

// ReadMsgUDP is not called: quic-go reads batches.
func (s *shared) ReadMsgUDP([]byte, []byte) (n, oobn, flags int, addr *net.UDPAddr, err error) {
	return 0, 0, 0, nil, errors.ErrUnsupported
}

// SetReadBuffer sets the size of the buffer of the system for what comes in, in bytes.
func (s *shared) SetReadBuffer(size int) error { return s.set(unix.SO_RCVBUF, size) }

// SetWriteBuffer sets the size of that for what goes out.
func (s *shared) SetWriteBuffer(size int) error { return s.set(unix.SO_SNDBUF, size) }

func (s *shared) set(option, value int) error {
	return s.use(func(fd int) error {
		return os.NewSyscallError("setsockopt", unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, value))
	})
}

// SyscallConn gives access to the options of the socket.
func (s *shared) SyscallConn() (syscall.RawConn, error) { return rawConn{s}, nil }

// Close closes the descriptor. The socket is open until its other owner closes it, too.
func (s *shared) Close() error {
	err := s.Conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd >= 0 {
		unix.Close(s.fd)
		s.fd = -1
	}
	return err
}

type rawConn struct{ s *shared }

func (r rawConn) Control(f func(fd uintptr)) error {
	return r.s.use(func(fd int) error {
		f(uintptr(fd))
		return nil
	})
}

func (r rawConn) Read(func(fd uintptr) bool) error  { return errors.ErrUnsupported }
func (r rawConn) Write(func(fd uintptr) bool) error { return errors.ErrUnsupported }

// batches reads what was delivered.
type batches struct{ conn *packetconn.Conn }

func (b batches) readBatch(messages []ipv4.Message, _ int) (int, error) {
	return b.conn.ReadBatch(messages)
}
