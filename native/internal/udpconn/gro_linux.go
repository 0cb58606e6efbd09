package udpconn

import (
	"encoding/binary"
	"net"

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
	backlog *backlog
	isOn    bool // whether the kernel puts datagrams together

	reads   []ipv4.Message
	pending []ipv4.Message // those of reads that are not taken apart yet
	offset  int            // of what is left of the first of them
}

func newReceiver(conn *net.UDPConn, b *backlog) receiver {
	r := &socketReceiver{conn: ipv4.NewPacketConn(conn), backlog: b}
	raw, err := conn.SyscallConn()
	if err != nil {
		return r
	}
	raw.Control(func(fd uintptr) {
		// Kernels before 5.0 refuse
		r.isOn = unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1) == nil
	})
	if !r.isOn {
		return r
	}
	r.reads = make([]ipv4.Message, readsPerCall)
	buffer := make([]byte, readsPerCall*maxRead)
	for i := range r.reads {
		r.reads[i].Buffers = [][]byte{buffer[i*maxRead : (i+1)*maxRead]}
		r.reads[i].OOB = make([]byte, oobSize)
	}
	return r
}

func (r *socketReceiver) readBatch(messages []ipv4.Message, flags int) (int, error) {
	if !r.isOn {
		return r.conn.ReadBatch(messages, flags)
	}
	r.backlog.wait()
	if len(r.pending) == 0 {
		n, err := r.conn.ReadBatch(r.reads, flags)
		if err != nil {
			return 0, err
		}
		r.pending = r.reads[:n]
	}
	n := 0
	for ; n < len(messages) && len(r.pending) > 0; n++ {
		r.next(&messages[n])
	}
	r.backlog.read(n)
	return n, nil
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
