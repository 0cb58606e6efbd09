package packetconn

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/MatrixAI/js-quic/native/internal/shared"
)

var (
	local  = &net.UDPAddr{IP: net.IPv6unspecified, Port: 4433}
	remote = &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1234}
)

func newConn(slots int, mapIPv4 bool) (*Conn, []byte, chan struct{}) {
	ring := make([]byte, slots*shared.Slot)
	notified := make(chan struct{}, 1000)
	return New(local, mapIPv4, ring, func() { notified <- struct{}{} }), ring, notified
}

func record(host string, port uint16, data []byte) []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(len(data)))
	b = binary.LittleEndian.AppendUint16(b, port)
	b = append(b, byte(len(host)))
	b = append(b, host...)
	return append(b, data...)
}

func parseSlot(slot []byte) (host string, port uint16, id uint32, data []byte) {
	length := binary.LittleEndian.Uint16(slot)
	return string(slot[9 : 9+slot[8]]), binary.LittleEndian.Uint16(slot[2:]),
		binary.LittleEndian.Uint32(slot[4:]), slot[shared.SlotHeader:][:length]
}

func TestWriteToPutsDatagramsIntoTheRing(t *testing.T) {
	c, ring, notified := newConn(4, false)
	for _, s := range []string{"one", "two"} {
		if n, err := c.WriteTo([]byte(s), remote); n != 3 || err != nil {
			t.Fatalf("WriteTo returned %d, %v", n, err)
		}
	}
	if len(notified) != 1 {
		t.Fatalf("notified %d times for one batch", len(notified))
	}
	if c.Pending() != 2 {
		t.Fatalf("%d pending", c.Pending())
	}
	host, port, first, data := parseSlot(ring)
	if host != "192.0.2.1" || port != 1234 || string(data) != "one" {
		t.Fatalf("first slot holds %s %d %q", host, port, data)
	}
	_, _, second, data := parseSlot(ring[shared.Slot:])
	if string(data) != "two" || second != first {
		t.Fatalf("second slot holds %q for address %d, not %d", data, second, first)
	}
	if left := c.Release(2); left != 0 {
		t.Fatalf("%d left", left)
	}
	c.WriteTo([]byte("three"), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 1235})
	if len(notified) != 2 {
		t.Fatal("not notified of the next batch")
	}
	if _, _, third, _ := parseSlot(ring[2*shared.Slot:]); third == first {
		t.Fatal("two destinations have the same number")
	}
}

func TestAddressFamilies(t *testing.T) {
	mapped := &net.UDPAddr{IP: net.ParseIP("::ffff:192.0.2.1"), Port: 1}
	zoned := &net.UDPAddr{IP: net.ParseIP("fe80::1"), Zone: strings.Repeat("z", 15), Port: 1}
	for _, tt := range []struct {
		mapIPv4 bool
		addr    *net.UDPAddr
		want    string
	}{
		{true, remote, "::ffff:192.0.2.1"},
		{true, mapped, "::ffff:192.0.2.1"},
		{false, remote, "192.0.2.1"},
		{false, mapped, "192.0.2.1"},
		{true, zoned, "fe80::1%" + strings.Repeat("z", 15)},
	} {
		c, ring, _ := newConn(1, tt.mapIPv4)
		c.WriteTo([]byte("x"), tt.addr)
		if host, _, _, _ := parseSlot(ring); host != tt.want {
			t.Errorf("%v on a socket that maps IPv4 %v goes to %q, not %q", tt.addr, tt.mapIPv4, host, tt.want)
		}
	}
}

func TestWriteToBlocksWhileTheRingIsFull(t *testing.T) {
	c, _, _ := newConn(2, false)
	written := make(chan int, 3)
	go func() {
		for i := range 3 {
			c.WriteTo([]byte("x"), remote)
			written <- i
		}
	}()
	<-written
	<-written
	select {
	case <-written:
		t.Fatal("wrote into a full ring")
	case <-time.After(20 * time.Millisecond):
	}
	c.Release(1)
	<-written
	if c.Pending() != 2 {
		t.Fatalf("%d pending", c.Pending())
	}
}

func TestReleaseOfMoreThanIsPending(t *testing.T) {
	c, _, _ := newConn(2, false)
	c.WriteTo([]byte("x"), remote)
	for _, n := range []int{-1, 2, 1 << 30} {
		if left := c.Release(n); left != 1 {
			t.Fatalf("Release(%d) left %d", n, left)
		}
	}
}

func TestTooLargeDatagram(t *testing.T) {
	c, _, _ := newConn(1, false)
	if _, err := c.WriteTo(make([]byte, MaxDatagramSize+1), remote); !errors.Is(err, errMessageSize) {
		t.Fatalf("got %v", err)
	}
	if _, err := c.WriteTo(make([]byte, MaxDatagramSize), remote); err != nil {
		t.Fatal(err)
	}
}

func TestFailWrites(t *testing.T) {
	c, _, _ := newConn(2, false)
	c.FailWrites(netip.MustParseAddrPort("192.0.2.1:1234"), syscall.ENETUNREACH)
	if _, err := c.WriteTo([]byte("x"), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1).To4(), Port: 1234}); !errors.Is(err, syscall.ENETUNREACH) {
		t.Fatalf("got %v", err)
	}
	if _, err := c.WriteTo([]byte("x"), remote); err != nil {
		t.Fatalf("another write failed too: %v", err)
	}
}

func TestDeliverAndReadFrom(t *testing.T) {
	c, _, _ := newConn(1, true)
	large := bytes.Repeat([]byte{7}, 9000)
	batch := record("192.0.2.1", 1, []byte("one"))
	batch = append(batch, record("::ffff:192.0.2.1", 1, nil)...)
	batch = append(batch, record("2001:db8::1", 2, large)...)
	c.Deliver(batch)
	b := make([]byte, 1452)
	for _, want := range []struct {
		addr string
		n    int
	}{{"192.0.2.1:1", 3}, {"192.0.2.1:1", 0}, {"[2001:db8::1]:2", 1452}} {
		n, addr, err := c.ReadFrom(b)
		if n != want.n || err != nil || addr.String() != want.addr {
			t.Fatalf("read %d bytes from %v, %v, want %+v", n, addr, err, want)
		}
	}
}

func TestDeliverOfABrokenBatch(t *testing.T) {
	good := record("192.0.2.1", 1, []byte("good"))
	for _, bad := range [][]byte{
		{1}, {1, 2, 3, 4}, good[:len(good)-1], record("nonsense", 1, []byte("x")), {255, 255, 0, 0, 255},
	} {
		c, _, _ := newConn(1, false)
		c.Deliver(append(bytes.Clone(good), bad...))
		b := make([]byte, 100)
		if n, _, err := c.ReadFrom(b); err != nil || string(b[:n]) != "good" {
			t.Fatalf("read %q, %v", b[:n], err)
		}
		if c.queued != len(c.queue) {
			t.Fatalf("%d datagrams came out of %v", len(c.queue), bad)
		}
	}
}

func TestReceiveQueueIsBounded(t *testing.T) {
	c, _, _ := newConn(1, false)
	one := record("192.0.2.1", 1, []byte("x"))
	for range maxReceiveQueue + 10 {
		c.Deliver(one)
	}
	if c.Dropped() != 10 {
		t.Fatalf("dropped %d", c.Dropped())
	}
}

func TestAddressTablesAreBounded(t *testing.T) {
	c, _, notified := newConn(1, false)
	for port := range 3 * maxAddresses {
		c.Deliver(record("192.0.2.1", uint16(port), nil))
		c.WriteTo(nil, &net.UDPAddr{IP: remote.IP, Port: port})
		c.Release(1)
		<-notified
	}
	if len(c.addrs) > maxAddresses || len(c.addrIDs) > maxAddresses {
		t.Fatalf("%d and %d addresses", len(c.addrs), len(c.addrIDs))
	}
}

func TestReadDeadline(t *testing.T) {
	c, _, _ := newConn(1, false)
	failed := make(chan error)
	go func() {
		_, _, err := c.ReadFrom(make([]byte, 10))
		failed <- err
	}()
	c.SetReadDeadline(time.Now())
	if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	c.SetReadDeadline(time.Time{})
	c.Deliver(record("192.0.2.1", 1, []byte("x")))
	if _, _, err := c.ReadFrom(make([]byte, 10)); err != nil {
		t.Fatalf("after the deadline was lifted: %v", err)
	}
}

func TestCloseUnblocksEverything(t *testing.T) {
	c, _, _ := newConn(1, false)
	c.WriteTo([]byte("x"), remote)
	failed := make(chan error)
	go func() {
		_, err := c.WriteTo([]byte("x"), remote)
		failed <- err
	}()
	go func() {
		_, _, err := c.ReadFrom(make([]byte, 10))
		failed <- err
	}()
	c.Close()
	for range 2 {
		if err := <-failed; !errors.Is(err, net.ErrClosed) {
			t.Fatalf("got %v", err)
		}
	}
	c.Deliver(record("192.0.2.1", 1, []byte("x")))
	if len(c.queue) != 0 {
		t.Fatal("a closed conn queues")
	}
}

func FuzzDeliver(f *testing.F) {
	f.Add(record("192.0.2.1", 1, []byte("one")))
	f.Add(append(record("::1", 65535, nil), record("fe80::1%eth0", 1, []byte("two"))...))
	f.Add(record("nonsense", 1, []byte("three"))[:7])
	f.Fuzz(func(t *testing.T, batch []byte) {
		c, _, _ := newConn(1, false)
		defer c.Close()
		c.Deliver(batch)
		b := make([]byte, 1<<16)
		total := 0
		for c.queued < len(c.queue) {
			n, addr, err := c.ReadFrom(b)
			if err != nil || !addr.(*net.UDPAddr).AddrPort().IsValid() {
				t.Fatalf("read %d bytes from %v: %v", n, addr, err)
			}
			total += n
		}
		if total > len(batch) {
			t.Errorf("%d bytes of a batch of %d were delivered", total, len(batch))
		}
	})
}
