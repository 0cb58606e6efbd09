package engine

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

const patience = 10 * time.Second

type record struct {
	kind event.Kind
	h    handle.Handle
	a, b float64
	data []byte
}

// A user stands for the JavaScript side of an environment.
type user struct {
	*Environment
	t       testing.TB
	woken   chan struct{}
	pending []record
}

func newUser(t testing.TB) *user {
	woken := make(chan struct{}, 1)
	u := &user{t: t, woken: woken, Environment: NewEnvironment(func() {
		select {
		case woken <- struct{}{}:
		default:
		}
	})}
	t.Cleanup(u.Close)
	return u
}

// drain waits until the peer has acknowledged what was written to finished streams.
func (u *user) drain(c *Connection) {
	if c.Drain(true, false) {
		u.next(event.ConnectionDrained)
	}
}

// next returns the next event of one of some kinds and leaves the others for later.
func (u *user) next(kinds ...event.Kind) record {
	u.t.Helper()
	timeout := time.After(patience)
	for {
		for i, r := range u.pending {
			if slices.Contains(kinds, r.kind) {
				u.pending = slices.Delete(u.pending, i, i+1)
				return r
			}
		}
		buf := make([]byte, 1<<16)
		if n := u.Events.Drain(buf); n > 0 {
			u.pending = append(u.pending, parse(buf[:n])...)
			continue
		}
		select {
		case <-u.woken:
		case <-timeout:
			u.t.Fatalf("no event of kinds %v came, but %+v", kinds, u.pending)
		}
	}
}

// has reports whether an event of a kind waits, or has come by now.
func (u *user) has(kind event.Kind) bool {
	buf := make([]byte, 1<<16)
	if n := u.Events.Drain(buf); n > 0 {
		u.pending = append(u.pending, parse(buf[:n])...)
	}
	return slices.ContainsFunc(u.pending, func(r record) bool { return r.kind == kind })
}

func parse(buf []byte) (records []record) {
	order := binary.LittleEndian
	for len(buf) > 0 {
		length := order.Uint32(buf[12:])
		records = append(records, record{
			kind: event.Kind(order.Uint32(buf[4:])),
			h:    handle.Handle(order.Uint32(buf[8:])),
			a:    math.Float64frombits(order.Uint64(buf[16:])),
			b:    math.Float64frombits(order.Uint64(buf[24:])),
			data: bytes.Clone(buf[shared.EventHeader : shared.EventHeader+length]),
		})
		buf = buf[order.Uint32(buf):]
	}
	return records
}

func (u *user) lookupStream(r record) *Stream {
	u.t.Helper()
	s, ok := Lookup[*Stream](u.Environment, handle.Handle(r.a))
	if !ok {
		u.t.Fatal("the event names no stream")
	}
	return s
}

// readAll reads to the FIN.
func (u *user) readAll(s *Stream) []byte {
	u.t.Helper()
	var data []byte
	buf := make([]byte, 100_000)
	for {
		switch n := s.Read(buf); {
		case n >= ReadFin:
			return append(data, buf[:n-ReadFin]...)
		case n >= 0:
			data = append(data, buf[:n&^ReadApart]...)
		case n == ReadClosed:
			return data
		default:
			u.next(event.StreamReadable, event.StreamEnded, event.StreamReset)
		}
	}
}

func options(t testing.TB) (server, client *config.Config) {
	t.Helper()
	key, cert, err := config.SelfSigned([]string{"localhost"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	common := config.Config{
		ApplicationProtos: []string{"test"}, InitialMaxStreamsBidi: 10, InitialMaxStreamsUni: 10,
		InitialMaxData: 10 << 20, InitialMaxStreamDataBidiRemote: 1 << 20,
		MaxConnectionWindow: 24 << 20, MaxStreamWindow: 16 << 20,
	}
	s, c := common, common
	s.Key, s.Cert = []string{key}, []string{cert}
	c.CA, c.VerifyPeer = []string{cert}, true
	return &s, &c
}

type pair struct {
	server, client                   *user
	serverConn, clientConn           *Connection
	serverTransport, clientTransport *Transport
}

// dial starts the handshake of a client with a server.
func dial(t testing.TB, serverConfig, clientConfig *config.Config) *pair {
	t.Helper()
	p := &pair{server: newUser(t), client: newUser(t)}
	var err error
	if p.serverTransport, err = p.server.OpenNative(TransportOptions{Host: "127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	if _, err = p.serverTransport.Listen(serverConfig); err != nil {
		t.Fatal(err)
	}
	if p.clientTransport, err = p.client.OpenNative(TransportOptions{Host: "127.0.0.1"}); err != nil {
		t.Fatal(err)
	}
	p.clientConn = p.dialAgain(clientConfig)
	return p
}

func (p *pair) dialAgain(clientConfig *config.Config) *Connection {
	p.client.t.Helper()
	to := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), p.serverTransport.LocalPort())
	c, err := p.clientTransport.Dial(to, "localhost", clientConfig, nil)
	if err != nil {
		p.client.t.Fatal(err)
	}
	return c
}

// connect waits for the handshake, and lets both ends accept streams.
func connect(t testing.TB, serverConfig, clientConfig *config.Config) *pair {
	t.Helper()
	p := dial(t, serverConfig, clientConfig)
	p.client.next(event.ConnectionEstablished)
	r := p.server.next(event.ListenerConnection)
	p.serverConn, _ = Lookup[*Connection](p.server.Environment, handle.Handle(r.a))
	p.clientConn.Accept()
	p.serverConn.Accept()
	return p
}

type description struct {
	SourceID   string `json:"connectionId"`
	PeerID     string `json:"connectionIdPeer"`
	OriginalID string `json:"connectionIdShared"`

	LocalPort, RemotePort         uint16
	LocalDatagrams, PeerDatagrams bool
}

func describe(t *testing.T, c *Connection) (d description) {
	t.Helper()
	if err := json.Unmarshal(c.Description(), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestBothEndsAgreeOnConnectionIDs(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	server, client := describe(t, p.serverConn), describe(t, p.clientConn)
	if server.OriginalID == "" || server.OriginalID != client.OriginalID {
		t.Errorf("the shared IDs are %q and %q", server.OriginalID, client.OriginalID)
	}
	if server.SourceID != client.PeerID || client.SourceID != server.PeerID || server.SourceID == "" {
		t.Errorf("the IDs are %+v and %+v", server, client)
	}
	if server.RemotePort != client.LocalPort || server.LocalPort != client.RemotePort {
		t.Errorf("the addresses are %+v and %+v", server, client)
	}
}

func TestStreamEcho(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	for _, size := range []int{0, 1, 1000, 100_000, 5 << 20} {
		data := bytes.Repeat([]byte{0, 1, 2, 3, 4, 5, 6}, size/7+1)[:size]
		s, err := p.clientConn.OpenStream(false)
		if err != nil {
			t.Fatal(err)
		}
		s.Write(data, true)
		peer := p.server.lookupStream(p.server.next(event.ConnectionStream))
		if got := p.server.readAll(peer); !bytes.Equal(got, data) {
			t.Fatalf("the server got %d bytes of %d, or others", len(got), size)
		}
		peer.Write(data, true)
		if got := p.client.readAll(s); !bytes.Equal(got, data) {
			t.Fatalf("the client got %d bytes of %d, or others", len(got), size)
		}
		peer.Release()
	}
	wait(t, "a stream is left", func() bool {
		return p.client.Stats().Streams == 0 && p.server.Stats().Streams == 0
	})
}

func wait(t *testing.T, complaint string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(complaint)
		}
	}
}

// The next chunk may come before the reader has had its turn: it must not be joined to the first.
func TestTheFirstChunksAreReadApartAlsoWhenNoneIsLeft(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	s, err := p.clientConn.OpenStream(true)
	if err != nil {
		t.Fatal(err)
	}
	s.Write([]byte("a message"), false)
	peer := p.server.lookupStream(p.server.next(event.ConnectionStream))
	buf := make([]byte, 1<<20)
	if n := peer.Read(buf); n != len("a message")|ReadApart {
		t.Errorf("a read of all that there is returned %#x", n)
	}
	s.Write(make([]byte, 3*apart), false)
	var n, total int
	wait(t, "the rest does not come", func() bool {
		if n = peer.Read(buf); n > 0 {
			total += n &^ ReadApart
		}
		return total == 3*apart
	})
	if n&ReadApart != 0 {
		t.Error("chunks are read apart to the end")
	}
}

func TestStreamsOpenInOrderWhenThereIsCredit(t *testing.T) {
	serverConfig, clientConfig := options(t)
	serverConfig.InitialMaxStreamsUni = 2
	p := connect(t, serverConfig, clientConfig)
	var waiting []*Stream
	for i := range 20 {
		s, err := p.clientConn.OpenStream(true)
		if err != nil {
			t.Fatal(err)
		}
		s.Write([]byte{byte(i)}, true)
		if s.ID() < 0 {
			waiting = append(waiting, s)
		}
	}
	if len(waiting) == 0 {
		t.Fatal("no stream waits at a limit of 2")
	}
	for range 20 {
		r := p.server.next(event.ConnectionStream)
		s := p.server.lookupStream(r)
		if got := p.server.readAll(s); len(got) != 1 || got[0] != byte(r.b)/4 {
			t.Fatalf("stream %v carries %v", r.b, got)
		}
		s.Release()
	}
	for range waiting {
		p.client.next(event.StreamOpened)
		p.client.next(event.StreamFinished)
	}
}

func TestResetAndStopSending(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	s, _ := p.clientConn.OpenStream(false)
	s.Write([]byte("x"), false)
	peer := p.server.lookupStream(p.server.next(event.ConnectionStream))
	s.Reset(7)
	if r := p.server.next(event.StreamReset); r.a != 7 {
		t.Fatalf("reset with code %v", r.a)
	}
	s.StopSending(9)
	if r := p.server.next(event.StreamStopped); r.a != 9 {
		t.Fatalf("stopped with code %v", r.a)
	}
	if n := peer.Read(make([]byte, 1)); n != ReadClosed {
		t.Fatalf("Read returned %d", n)
	}
	if n := peer.Write([]byte("x"), false); n != WriteClosed {
		t.Fatalf("Write returned %d", n)
	}
	if s.Write(nil, true) != WriteClosed {
		t.Fatal("wrote to a stream that was reset")
	}
}

func TestAStreamResetBeforeItsFirstByteIsNotAnnounced(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	ghost, _ := p.clientConn.OpenStream(false)
	ghost.Reset(1)
	ghost.StopSending(1)
	s, _ := p.clientConn.OpenStream(false)
	s.Write([]byte("x"), true)
	if r := p.server.next(event.ConnectionStream); int64(r.b) != s.ID() {
		t.Fatalf("stream %v was announced", r.b)
	}
}

func TestBackpressure(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	s, _ := p.clientConn.OpenStream(true)
	chunk := make([]byte, 64<<10)
	written := 0
	for s.Write(chunk, false) != WriteFull {
		written += len(chunk)
	}
	peer := p.server.lookupStream(p.server.next(event.ConnectionStream))
	// What was taken is bounded by the windows and buffers, while nobody reads
	for stalled := false; !stalled; {
		select {
		case <-p.client.woken:
			if !p.client.has(event.StreamWritable) {
				continue // woken for an event that was taken before
			}
			p.client.next(event.StreamWritable)
			for s.Write(chunk, false) != WriteFull {
				written += len(chunk)
			}
		case <-time.After(200 * time.Millisecond):
			stalled = true
		}
	}
	if limit := 6 << 20; written > limit {
		t.Fatalf("a writer whose peer does not read wrote %d bytes, more than %d", written, limit)
	}
	s.Write(nil, true)
	if n := len(p.server.readAll(peer)); n < written {
		t.Fatalf("%d bytes arrived of %d", n, written)
	}
}

func TestCloseCodes(t *testing.T) {
	for _, isApp := range []bool{true, false} {
		serverConfig, clientConfig := options(t)
		p := connect(t, serverConfig, clientConfig)
		p.clientConn.Close(isApp, 5, []byte("why"))
		want := event.CloseTransport
		if isApp {
			want = event.CloseApplication
		}
		for _, end := range []struct {
			r    record
			kind event.CloseKind
		}{
			{p.client.next(event.ConnectionClosed), want},
			{p.server.next(event.ConnectionClosed), want | event.CloseRemote},
		} {
			if event.CloseKind(end.r.a) != end.kind || end.r.b != 5 || string(end.r.data) != "why" {
				t.Errorf("closed with %+v, want kind %d", end.r, end.kind)
			}
		}
	}
}

func TestAListenerThatClosesEndsHandshakesWithItsCode(t *testing.T) {
	serverConfig, clientConfig := options(t)
	serverConfig.VerifyPeer, serverConfig.VerifyCallback = true, true
	clientConfig.Key, clientConfig.Cert = serverConfig.Key, serverConfig.Cert
	p := dial(t, serverConfig, clientConfig)
	// The client is done with it, while the server waits for a verdict
	p.client.next(event.ConnectionEstablished)
	p.clientConn.Accept()
	p.server.next(event.ConnectionVerify)
	p.serverTransport.listener.Load().Close(5)
	for _, end := range []struct {
		r    record
		kind event.CloseKind
	}{
		{p.client.next(event.ConnectionClosed), event.CloseTransport | event.CloseRemote},
		{p.server.next(event.ListenerFailed), event.CloseTransport},
	} {
		if event.CloseKind(end.r.a) != end.kind || end.r.b != 5 {
			t.Errorf("closed with %+v, want kind %d and code 5", end.r, end.kind)
		}
	}
	p.server.next(event.ListenerClosed)
}

func TestAHandshakeThatIsGivenUpTellsTheServer(t *testing.T) {
	for _, isApp := range []bool{true, false} {
		serverConfig, clientConfig := options(t)
		clientConfig.VerifyCallback = true
		p := dial(t, serverConfig, clientConfig)
		p.client.next(event.ConnectionVerify)
		p.clientConn.Close(isApp, 5, nil)
		want, code := event.CloseTransport, 5.0
		if isApp {
			want = event.CloseApplication
		}
		if r := p.client.next(event.ConnectionClosed); event.CloseKind(r.a) != want || r.b != code {
			t.Errorf("the client closed with %+v, want kind %d", r, want)
		}
		if isApp {
			code = 0xc // the code of an application is not sent in a handshake (RFC 9000 section 10.2.3)
		}
		r := p.server.next(event.ListenerFailed)
		if event.CloseKind(r.a) != event.CloseTransport|event.CloseRemote || r.b != code {
			t.Errorf("the server was told %+v", r)
		}
	}
}

func TestDrainWaitsForAcknowledgements(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	data := bytes.Repeat([]byte("data"), 50_000)
	s, _ := p.clientConn.OpenStream(true)
	if s.Write(data, true) != WriteFinished {
		p.client.next(event.StreamFinished)
	}
	if len(p.clientConn.finished) != 1 {
		t.Fatal("the stream is not remembered")
	}
	send := p.clientConn.finished[0]
	p.client.drain(p.clientConn)
	if !quicgo.Acknowledged(send) {
		t.Fatal("drained before the data was acknowledged")
	}
	p.clientConn.Close(true, 0, nil)
	p.server.next(event.ConnectionClosed)
	// All of it is there although the connection is closed
	if got := p.server.readAll(p.server.lookupStream(p.server.next(event.ConnectionStream))); !bytes.Equal(got, data) {
		t.Fatalf("%d bytes arrived of %d", len(got), len(data))
	}
}

func TestVerdict(t *testing.T) {
	for _, alert := range []uint8{0, 44} {
		serverConfig, clientConfig := options(t)
		clientConfig.VerifyCallback = true
		p := dial(t, serverConfig, clientConfig)
		client, c := p.client, p.clientConn
		r := client.next(event.ConnectionVerify)
		if handle.Handle(r.a) != c.Handle || len(c.Question()) <= 8 {
			t.Fatalf("asked about %+v", r)
		}
		if c.Verdict(uint64(r.b)+1, 0) {
			t.Fatal("a verdict about something else was taken")
		}
		if !c.Verdict(uint64(r.b), alert) || c.Verdict(uint64(r.b), 0) {
			t.Fatal("a verdict is taken once")
		}
		if alert == 0 {
			client.next(event.ConnectionEstablished)
			continue
		}
		r = client.next(event.ConnectionClosed)
		if event.CloseKind(r.a) != event.CloseTransport || r.b != 0x100+float64(alert) {
			t.Fatalf("the client closed with %+v", r)
		}
		r = p.server.next(event.ListenerFailed)
		if event.CloseKind(r.a) != event.CloseTransport|event.CloseRemote || r.b != 0x100+float64(alert) {
			t.Fatalf("the server was told %+v", r)
		}
	}
}

func TestEnvironmentsCloseInMidTransfer(t *testing.T) {
	for range 5 {
		serverConfig, clientConfig := options(t)
		p := connect(t, serverConfig, clientConfig)
		s, _ := p.clientConn.OpenStream(true)
		s.Write(make([]byte, 4<<20), false)
		p.server.next(event.ConnectionStream)
		p.client.Close()
		p.server.Close()
		wait(t, "a transport is left", func() bool {
			return p.client.Stats().Transports == 0 && p.server.Stats().Transports == 0
		})
	}
}

func TestAnAbandonedEnvironmentTellsItsPeers(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	p.server.Abandon()
	p.client.next(event.ConnectionClosed)
	wait(t, "a transport is left", func() bool { return p.server.Stats().Transports == 0 })
	if n := p.server.Events.Drain(make([]byte, 1<<16)); n != 0 {
		t.Errorf("%d bytes of events", n)
	}
}

func TestStaleHandles(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	h := p.clientConn.Handle
	if _, ok := Lookup[*Stream](p.client.Environment, h); ok {
		t.Fatal("the handle of a connection names a stream")
	}
	p.clientConn.Close(true, 0, nil)
	p.client.next(event.ConnectionClosed)
	p.clientConn.Release()
	if _, ok := Lookup[*Connection](p.client.Environment, h); ok {
		t.Fatal("the handle of a released connection names it")
	}
	if n := p.client.Stats().Connections; n != 0 {
		t.Fatalf("%d connections are left", n)
	}
}

func TestKeysAreThoseOfTheSecret(t *testing.T) {
	token, reset := *deriveKey([]byte("secret"), "token"), *deriveKey([]byte("secret"), "stateless reset")
	if token != *deriveKey([]byte("secret"), "token") {
		t.Error("two processes with one secret have different keys")
	}
	if token == reset || token == *deriveKey([]byte("other"), "token") {
		t.Error("two keys are the same")
	}
	if first, second := deriveKey(nil, "token"), deriveKey(nil, "token"); *first == *second {
		t.Error("without a secret two transports have the same key")
	}
}

func TestAnAddressThatTheSystemRefuses(t *testing.T) {
	_, clientConfig := options(t)
	client := newUser(t)
	transport, err := client.OpenNative(TransportOptions{Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	// A socket on the loopback address cannot send elsewhere
	if _, err := transport.Dial(netip.MustParseAddrPort("192.0.2.1:9"), "", clientConfig, nil); err != nil {
		t.Fatal(err)
	}
	r := client.next(event.ConnectionClosed)
	if event.CloseKind(r.a) != event.CloseSendFailed || r.b == 0 {
		t.Fatalf("closed with %+v", r)
	}
}

func TestWhatArrivedBeforeThePeerClosedIsRead(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	// More than is read ahead, less than the windows: all of it is acknowledged while nobody reads
	data := bytes.Repeat([]byte("data"), 250_000)
	s, _ := p.clientConn.OpenStream(true)
	if s.Write(data, true) != WriteFinished {
		p.client.next(event.StreamFinished)
	}
	unfinished, _ := p.clientConn.OpenStream(true)
	unfinished.Write([]byte("x"), false)
	peer := p.server.lookupStream(p.server.next(event.ConnectionStream))
	p.server.next(event.ConnectionStream)
	p.client.drain(p.clientConn)
	p.clientConn.Close(true, 0, nil)
	p.server.next(event.ConnectionClosed)
	if got := p.server.readAll(peer); !bytes.Equal(got, data) {
		t.Fatalf("%d bytes arrived of %d", len(got), len(data))
	}
}

func TestAStopThatComesWithTheFirstByteIsNotLost(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := connect(t, serverConfig, clientConfig)
	s, _ := p.clientConn.OpenStream(false)
	s.StopSending(3)
	s.Write([]byte("x"), true)
	peer := p.server.lookupStream(p.server.next(event.ConnectionStream))
	if r := p.server.next(event.StreamStopped); r.h != peer.Handle || r.a != 3 {
		t.Fatalf("stopped with %+v", r)
	}
}

func TestWhatHappensBeforeAcceptWaits(t *testing.T) {
	serverConfig, clientConfig := options(t)
	p := dial(t, serverConfig, clientConfig)
	server, client, c := p.server, p.client, p.clientConn
	client.next(event.ConnectionEstablished)
	c.Accept()
	s, _ := c.OpenStream(true)
	s.Write([]byte("hello"), true)
	client.drain(c)
	c.Close(true, 0, nil)
	client.next(event.ConnectionClosed)

	r := server.next(event.ListenerConnection)
	conn, _ := Lookup[*Connection](server.Environment, handle.Handle(r.a))
	conn.Accept()
	stream := server.lookupStream(server.next(event.ConnectionStream))
	if got := server.readAll(stream); string(got) != "hello" {
		t.Fatalf("read %q", got)
	}
	server.next(event.ConnectionClosed)
}

func TestManyStreamsShareTheBuffers(t *testing.T) {
	const streams = 100
	serverConfig, clientConfig := options(t)
	serverConfig.InitialMaxStreamsUni = streams
	p := connect(t, serverConfig, clientConfig)
	for range streams {
		s, err := p.clientConn.OpenStream(true)
		if err != nil {
			t.Fatal(err)
		}
		for written := 0; written < readAhead && s.Write(make([]byte, 32<<10), false) != WriteFull; {
			written += 32 << 10
		}
	}
	if n := p.clientConn.unsent.Load(); n > maxUnsent+streams*2*fairShare {
		t.Fatalf("%d bytes wait to be sent", n)
	}
	var last int64
	wait(t, "it never stalls", func() bool {
		time.Sleep(100 * time.Millisecond)
		n := p.serverConn.unread.Load()
		stalled := n > 0 && n == last
		last = n
		return stalled
	})
	if last > maxUnread+streams*2*fairShare {
		t.Fatalf("%d bytes wait to be read", last)
	}
	// None is forgotten: each goes on when it is read
	for range streams {
		s := p.server.lookupStream(p.server.next(event.ConnectionStream))
		got := 0
		wait(t, "a stream does not go on", func() bool {
			if n := s.Read(make([]byte, 64<<10)); n > 0 {
				got += n &^ (ReadFin | ReadApart)
			}
			return got > fairShare
		})
	}
}

func TestStreamsThatAreNotReadKeepTheirCredit(t *testing.T) {
	serverConfig, clientConfig := options(t)
	serverConfig.InitialMaxStreamsUni = 3
	p := connect(t, serverConfig, clientConfig)
	open := func() *Stream {
		s, err := p.clientConn.OpenStream(true)
		if err != nil {
			t.Fatal(err)
		}
		s.Write([]byte("x"), true)
		return s
	}
	var unread []*Stream
	for range 3 {
		open()
		unread = append(unread, p.server.lookupStream(p.server.next(event.ConnectionStream)))
	}
	if s := open(); s.ID() >= 0 {
		t.Fatal("the peer may open more than it was allowed to")
	}
	p.server.readAll(unread[0])
	unread[0].Release()
	p.client.next(event.StreamOpened)
	p.server.next(event.ConnectionStream)
}

// Streams that end by themselves are over in the engine before JavaScript has heard of them: they
// must not pile up.
func TestStreamsKeepTheirCreditUntilTheirEndIsHandled(t *testing.T) {
	const limit = 3
	for name, end := range map[string]func(*Stream){
		"FIN alone":              func(s *Stream) { s.Write(nil, true) },
		"data and RESET_STREAM":  func(s *Stream) { s.Write([]byte("x"), false); s.Commit(); s.Reset(1) },
		"data, FIN and STOPPING": func(s *Stream) { s.Write([]byte("x"), true); s.StopSending(1) },
	} {
		t.Run(name, func(t *testing.T) {
			serverConfig, clientConfig := options(t)
			serverConfig.InitialMaxStreamsUni, serverConfig.InitialMaxStreamsBidi = limit, limit
			p := connect(t, serverConfig, clientConfig)
			var streams []*Stream
			for range 3 * limit {
				s, err := p.clientConn.OpenStream(name != "data, FIN and STOPPING")
				if err != nil {
					t.Fatal(err)
				}
				end(s)
				streams = append(streams, s)
			}
			var seen []*Stream
			for range limit {
				s := p.server.lookupStream(p.server.next(event.ConnectionStream))
				seen = append(seen, s)
				p.server.readAll(s)
				s.Write(nil, true)
			}
			// What a peer may do on its own brings no more of them
			p.client.drain(p.clientConn)
			if p.server.has(event.ConnectionStream) || streams[limit].ID() >= 0 {
				t.Fatal("a stream came in place of one whose end was not handled")
			}
			for _, s := range seen {
				s.Release()
			}
			p.server.next(event.ConnectionStream)
		})
	}
}

func TestManyHandshakesTurnOnRetry(t *testing.T) {
	const retryAbove = 256
	serverConfig, clientConfig := options(t)
	serverConfig.Retry, serverConfig.RetryThreshold = "auto", retryAbove
	p := connect(t, serverConfig, clientConfig)
	verify := p.serverTransport.quic.VerifySourceAddress
	if verify(nil) {
		t.Fatal("a Retry is asked for without load")
	}
	a := &p.serverTransport.admission
	for i := range retryAbove {
		a.enter(serverConfig, &Connection{remote: udpAddr(i)}, false)
	}
	if !verify(nil) {
		t.Fatal("no Retry is asked for under load")
	}
	// With it a client still gets in
	c := p.dialAgain(clientConfig)
	p.client.next(event.ConnectionEstablished)
	p.server.next(event.ListenerConnection)
	if n := a.underWay(); n != retryAbove {
		t.Fatalf("%d handshakes are counted that have ended", n-retryAbove)
	}
	c.Close(true, 0, nil)
}
