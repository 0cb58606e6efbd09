package udpconn

import (
	"bytes"
	"encoding/binary"
	"net"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

func listen(t *testing.T) *net.UDPConn {
	t.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	return conn
}

// segmentSizeMessage asks the kernel to send datagrams of that size.
func segmentSizeMessage(size uint16) []byte {
	oob := make([]byte, unix.CmsgSpace(2))
	header := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0]))
	header.Level, header.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	header.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(oob[unix.CmsgLen(0):], size)
	return oob
}

// datagrams that differ in size and content.
func datagrams(count, size, last int) [][]byte {
	all := make([][]byte, count)
	for i := range all {
		n := size
		if i == count-1 {
			n = last
		}
		all[i] = bytes.Repeat([]byte{byte(i)}, n)
	}
	return all
}

func TestBurstsAreTakenApart(t *testing.T) {
	receiver, sender := New(listen(t)), listen(t)
	to := receiver.LocalAddr().(*net.UDPAddr)

	var want [][]byte
	for _, burst := range [][][]byte{
		datagrams(40, 1200, 300),
		datagrams(40, 1452, 1452),
		datagrams(2, 25, 1),
	} {
		if _, _, err := sender.WriteMsgUDP(bytes.Join(burst, nil), segmentSizeMessage(uint16(len(burst[0]))), to); err != nil {
			t.Skip("the kernel cannot send bursts: ", err)
		}
		want = append(want, burst...)
	}
	for _, single := range datagrams(3, 1000, 1) {
		if _, err := sender.WriteToUDP(single, to); err != nil {
			t.Fatal(err)
		}
		want = append(want, single)
	}

	messages := make([]ipv4.Message, 8)
	for i := range messages {
		messages[i].Buffers = [][]byte{make([]byte, 1452)}
		messages[i].OOB = make([]byte, 128)
	}
	var got [][]byte
	for len(got) < len(want) {
		n, err := receiver.ReadBatch(messages, 0)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			t.Fatal("nothing was read")
		}
		for _, m := range messages[:n] {
			if m.Addr.String() != sender.LocalAddr().String() {
				t.Fatalf("from %v, want %v", m.Addr, sender.LocalAddr())
			}
			got = append(got, bytes.Clone(m.Buffers[0][:m.N]))
		}
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("datagram %d has %d bytes of %x, want %d of %x", i, len(got[i]), got[i][:1], len(want[i]), want[i][:1])
		}
	}
}

// What the kernel says about a burst decides where it is cut.
func FuzzBursts(f *testing.F) {
	// It is told with four bytes, and asked for with two
	burst := append(segmentSizeMessage(1200), 0, 0)
	(*unix.Cmsghdr)(unsafe.Pointer(&burst[0])).SetLen(unix.CmsgLen(4))
	f.Add(bytes.Repeat([]byte{1}, 2500), burst)
	f.Add([]byte{}, []byte{})
	f.Add([]byte{1}, bytes.Repeat([]byte{0xff}, oobSize))
	f.Fuzz(func(t *testing.T, data, oob []byte) {
		if len(oob) > oobSize || len(data) > maxRead {
			t.Skip()
		}
		r := &socketReceiver{pending: []ipv4.Message{{Buffers: [][]byte{data}, OOB: oob, N: len(data), NN: len(oob)}}}
		var got []byte
		for len(r.pending) > 0 {
			message := ipv4.Message{Buffers: [][]byte{make([]byte, maxRead)}, OOB: make([]byte, oobSize)}
			r.next(&message)
			got = append(got, message.Buffers[0][:message.N]...)
		}
		if !bytes.Equal(got, data) {
			t.Errorf("%d bytes came out of %d", len(got), len(data))
		}
	})
}
