package engine

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
	"testing"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

// datagramOptions are options with datagrams enabled, of which a number is kept.
func datagramOptions(t *testing.T, keep int) (server, client *config.Config) {
	server, client = options(t)
	for _, c := range []*config.Config{server, client} {
		c.EnableDatagrams, c.IncomingHighWaterMark = true, keep
	}
	return server, client
}

func batchOf(datagrams ...[]byte) (batch []byte) {
	for _, d := range datagrams {
		batch = binary.LittleEndian.AppendUint16(batch, uint16(len(d)))
		batch = append(batch, d...)
	}
	return batch
}

func splitBatch(batch []byte) (datagrams [][]byte) {
	for len(batch) > 0 {
		n := int(binary.LittleEndian.Uint16(batch))
		datagrams = append(datagrams, batch[shared.DatagramLength:][:n])
		batch = batch[shared.DatagramLength+n:]
	}
	return datagrams
}

// readDatagrams reads until there are that many.
func (u *user) readDatagrams(d *Datagrams, count int) (datagrams [][]byte) {
	u.t.Helper()
	for len(datagrams) < count {
		batch := make([]byte, 1<<16)
		n := d.Read(batch)
		datagrams = append(datagrams, splitBatch(batch[:n&^ReadMore])...)
		if n&ReadMore == 0 && len(datagrams) < count {
			u.next(event.DatagramsReadable)
		}
	}
	return datagrams
}

func connectWithDatagrams(t *testing.T, keep int) *pair {
	t.Helper()
	serverConfig, clientConfig := datagramOptions(t, keep)
	return connect(t, serverConfig, clientConfig)
}

func TestDatagramEcho(t *testing.T) {
	p := connectWithDatagrams(t, 100)
	client, server := p.clientConn.Datagrams(), p.serverConn.Datagrams()
	for _, size := range []int{0, 1, 1000, client.MaxSize()} {
		sent := bytes.Repeat([]byte{7}, size)
		client.Write(batchOf(sent), 100)
		got := p.server.readDatagrams(server, 1)
		server.Write(batchOf(got...), 100)
		if echo := p.client.readDatagrams(client, 1)[0]; !bytes.Equal(echo, sent) {
			t.Fatalf("got %d bytes instead of %d, or others", len(echo), size)
		}
	}
}

func TestDatagramsAreOffByDefault(t *testing.T) {
	for _, enabled := range [][2]bool{{false, false}, {true, false}, {false, true}} {
		serverConfig, clientConfig := options(t)
		serverConfig.EnableDatagrams, clientConfig.EnableDatagrams = enabled[0], enabled[1]
		p := connect(t, serverConfig, clientConfig)
		for i, c := range []*Connection{p.serverConn, p.clientConn} {
			if d := describe(t, c); d.LocalDatagrams != enabled[i] || d.PeerDatagrams != enabled[1-i] {
				t.Errorf("with %v: %+v", enabled, d)
			}
			if d := c.Datagrams(); (d != nil) != enabled[i] || d != nil && d.MaxSize() != 0 {
				t.Errorf("with %v the datagrams are %v", enabled, d)
			}
		}
	}
}

func TestOldDatagramsMakeRoomForNewOnes(t *testing.T) {
	const keep, count = 8, 100
	p := connectWithDatagrams(t, keep)
	client, server := p.clientConn.Datagrams(), p.serverConn.Datagrams()
	for i := range count {
		client.Write(batchOf(fmt.Append(nil, i)), 1000)
	}
	wait(t, "not all came", func() bool { return server.Stats().DroppedIncoming == count-keep })
	for i, d := range p.server.readDatagrams(server, keep) {
		if want := fmt.Sprint(count - keep + i); string(d) != want {
			t.Errorf("datagram %d is %q, not %q", i, d, want)
		}
	}
}

// What quic-go has no room for is counted, however fast small datagrams come.
func TestNoDatagramGetsLostUncounted(t *testing.T) {
	const count = 20_000
	p := connectWithDatagrams(t, count)
	client, server := p.clientConn.Datagrams(), p.serverConn.Datagrams()
	for range count / 100 {
		client.Write(bytes.Repeat(batchOf([]byte("x")), 100), 1)
		p.client.next(event.DatagramsWritable)
	}
	arrived := func() int {
		server.inMu.Lock()
		defer server.inMu.Unlock()
		return server.in.Len() + server.inDropped
	}
	wait(t, "some are missing", func() bool {
		return arrived() == count || int(p.clientConn.quic.ConnectionStats().PacketsLost) > 0
	})
	t.Logf("%d were dropped", server.Stats().DroppedIncoming)
}

func TestDatagramQueueTellsWhenThereIsRoom(t *testing.T) {
	p := connectWithDatagrams(t, 1000)
	client := p.clientConn.Datagrams()
	for _, highWater := range []int{1, 10, 100} {
		for range 3 {
			batch := batchOf(make([]byte, 1000))
			for client.Write(batch, highWater) < highWater {
			}
			p.client.next(event.DatagramsWritable)
			if queued := client.Write(nil, 1<<30); queued > highWater/2 {
				t.Errorf("%d of %d are queued", queued, highWater)
			}
		}
	}
}

func TestABatchThatIsCutOffEndsThere(t *testing.T) {
	p := connectWithDatagrams(t, 10)
	client, server := p.clientConn.Datagrams(), p.serverConn.Datagrams()
	batch := batchOf([]byte("whole"), []byte("cut"))
	client.Write(batch[:len(batch)-1], 10)
	client.Write(batchOf(make([]byte, quicgo.MaxDatagram+1)), 10)
	client.Write(batchOf([]byte("last")), 10)
	got := p.server.readDatagrams(server, 2)
	if string(got[0]) != "whole" || string(got[1]) != "last" {
		t.Errorf("got %q", got)
	}
}

func TestDatagramsThatNobodyWants(t *testing.T) {
	p := connectWithDatagrams(t, 10)
	client, server := p.clientConn.Datagrams(), p.serverConn.Datagrams()
	client.Write(batchOf([]byte("first")), 10)
	p.server.readDatagrams(server, 1)
	server.StopReading()
	client.Write(batchOf([]byte("second")), 10)
	client.Write(batchOf([]byte("third")), 10)
	server.Write(batchOf([]byte("answer")), 10)
	p.client.readDatagrams(client, 1)
	if n := server.Read(make([]byte, 100)); n != 0 {
		t.Errorf("read %d bytes", n)
	}
}

func TestDatagramsThatCameBeforeTheEndCanBeRead(t *testing.T) {
	p := connectWithDatagrams(t, 100)
	client, server := p.clientConn.Datagrams(), p.serverConn.Datagrams()
	for i := range 50 {
		client.Write(batchOf(fmt.Append(nil, i)), 1000)
	}
	p.client.drain(p.clientConn)
	p.clientConn.Close(true, 0, nil)
	p.server.next(event.ConnectionClosed)
	if got := p.server.readDatagrams(server, 50); len(got) != 50 {
		t.Errorf("%d were read", len(got))
	}
	p.client.next(event.ConnectionClosed)
	p.clientConn.Release()
	p.serverConn.Release()
	client.Write(batchOf([]byte("late")), 1)
	if queued := server.Write(batchOf([]byte("late")), 1); queued != 0 {
		t.Errorf("%d are queued", queued)
	}
}

func TestEnvironmentsCloseWhileDatagramsFlow(t *testing.T) {
	for range 5 {
		p := connectWithDatagrams(t, 10)
		client := p.clientConn.Datagrams()
		client.Write(bytes.Repeat(batchOf(make([]byte, 1000)), 2000), 1)
		p.server.readDatagrams(p.serverConn.Datagrams(), 1)
		p.client.Close()
		p.server.Close()
		wait(t, "a transport is left", func() bool {
			return p.client.Stats().Transports == 0 && p.server.Stats().Transports == 0
		})
		wait(t, "something is still being sent", func() bool {
			client.outMu.Lock()
			defer client.outMu.Unlock()
			return !client.writing || client.closed
		})
	}
}

// A peer on plain quic-go, whose connection IDs are as long as they can be: the largest datagram
// still arrives.
func TestTheLargestDatagramFitsWhateverTheConnectionID(t *testing.T) {
	for _, length := range []int{4, 8, 15, 16, 20} {
		serverConfig, clientConfig := datagramOptions(t, 10)
		// Packets do not grow
		clientConfig.MaxSendUDPPayloadSize = 1300
		conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		peer := &quic.Transport{Conn: conn, ConnectionIDLength: length}
		cert, err := tls.X509KeyPair([]byte(serverConfig.Cert[0]), []byte(serverConfig.Key[0]))
		if err != nil {
			t.Fatal(err)
		}
		listener, err := peer.Listen(
			&tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"test"}},
			&quic.Config{EnableDatagrams: true},
		)
		if err != nil {
			t.Fatal(err)
		}
		client := newUser(t)
		transport, err := client.OpenNative(TransportOptions{Host: "127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		c, err := transport.Dial(conn.LocalAddr().(*net.UDPAddr).AddrPort(), "localhost", clientConfig, nil)
		if err != nil {
			t.Fatal(err)
		}
		client.next(event.ConnectionEstablished)
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		accepted, err := listener.Accept(ctx)
		if err != nil {
			t.Fatal(err)
		}
		// Packet numbers take more bytes the more there are
		d := c.Datagrams()
		for i := range 300 {
			sent := bytes.Repeat([]byte{byte(i)}, d.MaxSize())
			d.Write(batchOf(sent), 10)
			got, err := accepted.ReceiveDatagram(ctx)
			if err != nil || !bytes.Equal(got, sent) {
				t.Fatalf("with IDs of %d bytes datagram %d of %d bytes did not arrive: %v", length, i, len(sent), err)
			}
		}
		if fits := 1300 - 37 - max(0, length-15); d.MaxSize() != fits {
			t.Errorf("with IDs of %d bytes the maximum is %d, not %d", length, d.MaxSize(), fits)
		}
		cancel()
		accepted.CloseWithError(0, "")
		c.Accept()
		client.next(event.ConnectionClosed)
		peer.Close()
		conn.Close()
	}
}

func TestAReadOfDatagramsGivesBack(t *testing.T) {
	p := connectWithDatagrams(t, 3)
	client, server := p.clientConn.Datagrams(), p.serverConn.Datagrams()
	client.Write(batchOf([]byte("a"), []byte("b"), []byte("c")), 10)
	wait(t, "they did not come", func() bool {
		server.inMu.Lock()
		defer server.inMu.Unlock()
		return server.in.Len() == 3
	})
	got := p.server.readDatagrams(server, 3)
	server.Unread(2)
	client.Write(batchOf([]byte("d"), []byte("e")), 10)
	wait(t, "they did not come", func() bool { return server.Stats().DroppedIncoming == 1 })
	got = append(got[:1], p.server.readDatagrams(server, 3)...)
	if s := fmt.Sprintf("%s", got); s != "[a c d e]" {
		t.Errorf("got %s", s)
	}
}
