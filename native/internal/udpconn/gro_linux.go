package udpconn

import (
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"syscall"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

const (
	// maxRead is as much as the kernel puts together.
	maxRead = 64 << 10
	// readsPerCall bounds the datagrams, put together or not, that one system call returns.
	readsPerCall = 4
	// oobSize has room for the ECN bits, the packet info and the segment size.
	oobSize = 128
)

// A socketReceiver reads datagrams that the kernel has put together (generic receive offload): a
// burst of one sender comes with one system call, and is taken apart here.
type socketReceiver struct {
	conn    *ipv4.PacketConn
	raw     syscall.RawConn
	backlog *backlog
	isOn    bool // whether the kernel puts datagrams together

	reads   *reads         // nil while nothing comes
	pending []ipv4.Message // those of reads that are not taken apart yet
	offset  int            // of what is left of the first of them
	poll    [1]unix.PollFd
}

// reads is memory for what one system call returns. It is large: a socket that waits has none.
type reads struct{ messages []ipv4.Message }

var spareReads = sync.Pool{New: func() any {
	r := &reads{make([]ipv4.Message, readsPerCall)}
	buffer := make([]byte, readsPerCall*maxRead)
	for i := range r.messages {
		r.messages[i].Buffers = [][]byte{buffer[i*maxRead : (i+1)*maxRead]}
		r.messages[i].OOB = make([]byte, oobSize)
	}
	return r
}}

func newReceiver(conn *net.UDPConn, b *backlog) receiver {
	r := &socketReceiver{conn: ipv4.NewPacketConn(conn), backlog: b}
	raw, err := conn.SyscallConn()
	if err != nil {
		return r
	}
	r.raw = raw
	raw.Control(func(fd uintptr) {
		// Kernels before 5.0 refuse
		r.isOn = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1) == nil
	})
	return r
}

func (r *socketReceiver) readBatch(messages []ipv4.Message, flags int) (int, error) {
	if !r.isOn {
		return r.conn.ReadBatch(messages, flags)
	}
	r.backlog.wait()
	for len(r.pending) == 0 {
		if err := r.read(flags); err != nil {
			return 0, err
		}
	}
	n := 0
	for ; n < len(messages) && len(r.pending) > 0; n++ {
		r.next(&messages[n])
	}
	r.backlog.read(n)
	return n, nil
}

// read reads what has come, or waits until something comes.
func (r *socketReceiver) read(flags int) error {
	if r.reads == nil {
		r.reads = spareReads.Get().(*reads)
	}
	n, err := r.conn.ReadBatch(r.reads.messages, flags|unix.MSG_DONTWAIT)
	if err == nil {
		r.pending = r.reads.messages[:n]
		return nil
	}
	spareReads.Put(r.reads)
	r.reads = nil
	if !errors.Is(err, unix.EAGAIN) {
		return err
	}
	return r.raw.Read(func(fd uintptr) bool {
		r.poll[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
		n, err := unix.Poll(r.poll[:], 0)
		return n != 0 || err != nil
	})
}

// next moves one datagram.
func (r *socketReceiver) next(to *ipv4.Message) {
	from := &r.pending[0]
	oob := from.OOB[:from.NN]
	data := from.Buffers[0][r.offset:from.N]
	if size := segmentSize(oob); size > 0 && size < len(data) {
		data = data[:size]
	}
	to.N = copy(to.Buffers[0], data)
	to.NN = copy(to.OOB, oob)
	to.Addr, to.Flags = from.Addr, from.Flags
	r.offset += len(data)
	if r.offset >= from.N {
		r.pending, r.offset = r.pending[1:], 0
	}
}

// isSegmented reports whether the system is to split what is sent (generic segmentation offload).
func isSegmented(oob []byte) bool {
	for len(oob) >= unix.CmsgLen(0) {
		header, _, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return false
		}
		if header.Level == unix.IPPROTO_UDP && header.Type == unix.UDP_SEGMENT {
			return true
		}
		oob = rest
	}
	return false
}

// segmentSize returns the size of the datagrams that were put together, or 0 if there was only one.
// The last one may be shorter.
func segmentSize(oob []byte) int {
	// x/sys reads a header without a look at the number of bytes that are left
	for len(oob) >= unix.CmsgLen(0) {
		header, data, rest, err := unix.ParseOneSocketControlMessage(oob)
		if err != nil {
			return 0
		}
		if header.Level == unix.IPPROTO_UDP && header.Type == unix.UDP_GRO && len(data) >= 4 {
			return int(binary.NativeEndian.Uint32(data))
		}
		oob = rest
	}
	return 0
}
