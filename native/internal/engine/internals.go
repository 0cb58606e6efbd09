package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlogwriter"
)

// This file is the only one that reaches for what quic-go and crypto/tls do not export. Its test
// fails when an upgrade moves one of these things.

// closeWith closes a connection with an application error code, or a transport error code, which the
// application cannot send through the exported methods (RFC 9000 section 20.1). It does not wait.
func closeWith(conn *quic.Conn, isApp bool, code uint64, reason string) {
	if isApp {
		closeLocal(conn, &quic.ApplicationError{ErrorCode: quic.ApplicationErrorCode(code), ErrorMessage: reason})
		return
	}
	closeLocal(conn, chosenError{&quic.TransportError{ErrorCode: quic.TransportErrorCode(code), ErrorMessage: reason}})
}

//go:linkname closeLocal github.com/quic-go/quic-go.(*Conn).closeLocal
func closeLocal(conn *quic.Conn, err error)

// sendPing has a PING frame sent (RFC 9000 section 19.2), which the peer acknowledges. quic-go only does so by itself, as
// often as its configuration says, also when the peer wants quiet connections to end.
func sendPing(conn *quic.Conn) {
	ping, _, _ := parseFrame(nil, 0x01, nil, quic.Version1)
	queueControlFrame(conn, ping)
}

// A controlFrame is the interface value of a frame.
type controlFrame struct{ table, value unsafe.Pointer }

// parseFrame makes a frame, as it cannot be made from outside. That of PING has no content, and no parser is needed.
//
//go:linkname parseFrame github.com/quic-go/quic-go/internal/wire.(*FrameParser).ParseLessCommonFrame
func parseFrame(parser unsafe.Pointer, frameType uint64, data []byte, v quic.Version) (frame controlFrame, n int, err error)

//go:linkname queueControlFrame github.com/quic-go/quic-go.(*Conn).queueControlFrame
func queueControlFrame(conn *quic.Conn, frame controlFrame)

// idleTimeout returns the one in force, which is the smaller one of both ends (RFC 9000 section 10.1). The handshake
// must have completed.
func idleTimeout(conn *quic.Conn) time.Duration {
	return *at[time.Duration](conn, connIdleTimeout)
}

// limitIdleTimeout makes the one in force no longer than that of the peer. quic-go takes no less than 5 s from a peer: it would
// wait that long for one that has gone. To be called by a callback of TLS, while quic-go waits for it, and has
// not applied what the peer sent.
func limitIdleTimeout(conn *quic.Conn) {
	defer guard(func(error) {})                 // crypto/tls has changed; a test fails then, but no process
	conf := *at[*quic.Config](conn, connConfig) // of this connection alone
	if peer := peerIdleTimeout(conn); peer > 0 {
		conf.MaxIdleTimeout = min(conf.MaxIdleTimeout, peer)
	}
}

// peerIdleTimeout returns what the transport parameters of the peer say that quic-go has not taken yet, and 0 if there
// are none, or they say nothing of it.
func peerIdleTimeout(conn *quic.Conn) time.Duration {
	setup := reflect.ValueOf(conn).Elem().FieldByName("cryptoStreamHandler").Elem().Elem()
	events := setup.FieldByName("conn").Elem().FieldByName("conn").Elem().FieldByName("quic").Elem().FieldByName("events")
	for _, e := range unsafe.Slice((*tls.QUICEvent)(events.UnsafePointer()), events.Len()) {
		if e.Kind == tls.QUICTransportParameters {
			return maxIdleTimeout(e.Data)
		}
	}
	return 0
}

// A congestionController is what quic-go has for an interface of it, whose types of numbers are internal. Both have the same methods
// in the same order, so that a value of the one is one of the other. A test makes sure: here that would keep all methods of all
// types in the library.
type congestionController interface {
	TimeUntilSend(inFlight int64) int64
	HasPacingBudget(now int64) bool
	OnPacketSent(now, inFlight, number, size int64, isAckEliciting bool)
	CanSend(inFlight int64) bool
	MaybeExitSlowStart()
	OnPacketAcked(number, size, priorInFlight, now int64)
	OnCongestionEvent(number, lost, priorInFlight int64)
	OnSpuriousLoss(number int64)
	OnRetransmissionTimeout(packetsRetransmitted bool)
	SetMaxDatagramSize(size int64)
	InSlowStart() bool
	InRecovery() bool
	GetCongestionWindow() int64
}

// congestionControl returns where a connection has its controller and the number of its probe timeouts without an
// acknowledgement. Only the goroutine of the connection may use them.
func congestionControl(conn *quic.Conn) (*congestionController, *uint32) {
	handler := reflect.ValueOf(conn).Elem().FieldByName("sentPacketHandler").Elem().Elem()
	controller := handler.FieldByName("congestion")
	ours := reflect.TypeFor[congestionController]()
	known(reflect.StructField{}, controller.Kind() == reflect.Interface && controller.Type().NumMethod() == ours.NumMethod(), "congestion")
	ptoCount := handler.FieldByName("ptoCount")
	known(reflect.StructField{}, ptoCount.Kind() == reflect.Uint32, "ptoCount")
	return (*congestionController)(unsafe.Pointer(controller.UnsafeAddr())), (*uint32)(unsafe.Pointer(ptoCount.UnsafeAddr()))
}

// setPathMTU makes the packets of a connection no larger than size, and ends the search for larger ones. It reports whether they
// were larger. To be called by the goroutine of the connection, as what follows.
func setPathMTU(conn *quic.Conn, size int64) bool {
	finder := *at[unsafe.Pointer](conn, connMTU)
	if finder == nil || currentMTU(finder) <= size {
		return false
	}
	resetMTU(finder, size, maxMTU(conn))
	at[atomic.Uint32](conn, connMaxPayload).Store(uint32(estimateMaxPayloadSize(size)))
	return true
}

// searchPathMTU makes a connection look for the largest packets that its path carries, unless its configuration says how large
// they are.
func searchPathMTU(conn *quic.Conn, now int64) {
	if (*at[*quic.Config](conn, connConfig)).DisablePathMTUDiscovery {
		return
	}
	finder := *at[unsafe.Pointer](conn, connMTU)
	resetMTU(finder, currentMTU(finder), maxMTU(conn))
	startMTU(finder, now)
}

// pathMTUOf returns the largest size of the packets that a connection sends, without headers of IP and UDP.
func pathMTUOf(conn *quic.Conn) int64 {
	const least = 1 << 10
	// It is the inverse of what quic-go keeps for others
	overhead := least - estimateMaxPayloadSize(least)
	return int64(at[atomic.Uint32](conn, connMaxPayload).Load()) + overhead
}

//go:linkname currentMTU github.com/quic-go/quic-go.(*mtuFinder).CurrentSize
func currentMTU(finder unsafe.Pointer) int64

//go:linkname resetMTU github.com/quic-go/quic-go.(*mtuFinder).Reset
func resetMTU(finder unsafe.Pointer, start, max int64)

//go:linkname startMTU github.com/quic-go/quic-go.(*mtuFinder).Start
func startMTU(finder unsafe.Pointer, now int64)

//go:linkname maxMTU github.com/quic-go/quic-go.(*Conn).maxMTU
func maxMTU(conn *quic.Conn) int64

//go:linkname estimateMaxPayloadSize github.com/quic-go/quic-go.estimateMaxPayloadSize
func estimateMaxPayloadSize(size int64) int64

// runOnConnection has the goroutine of a connection run f when it sends its next packet, which has a PING.
func runOnConnection(conn *quic.Conn, f func()) {
	var frame ownFrame = &task{run: sync.OnceFunc(f)}
	if keepsMethods {
		frame.Append(nil, 0)
		frame.Length(0)
	}
	queueControlFrame(conn, *(*controlFrame)(unsafe.Pointer(&frame)))
}

// An ownFrame is what quic-go has for an interface of frames, as [congestionController] is for one of controllers.
type ownFrame interface {
	Append(b []byte, v quic.Version) ([]byte, error)
	Length(v quic.Version) int64
}

// A task is a PING frame that runs something when it is put into a packet.
type task struct{ run func() }

func (t *task) Append(b []byte, _ quic.Version) ([]byte, error) {
	defer guard(func(error) {})
	t.run()
	return append(b, 0x01), nil
}

func (t *task) Length(quic.Version) int64 { return 1 }

// IsPing tells a qlog what it is.
func (t *task) IsPing() {}

// keepsMethods is never true. The linker drops the methods of a type that nobody seems to call, and does not see that quic-go does,
// by interfaces whose types have other names. What may be called by ours, it keeps.
var keepsMethods bool

// setController has quic-go call a controller in place of the one it had.
func setController(at *congestionController, c congestionController) {
	if keepsMethods {
		c.TimeUntilSend(0)
		c.HasPacingBudget(0)
		c.OnPacketSent(0, 0, 0, 0, false)
		c.CanSend(0)
		c.MaybeExitSlowStart()
		c.OnPacketAcked(0, 0, 0, 0)
		c.OnCongestionEvent(0, 0, 0)
		c.OnSpuriousLoss(0)
		c.OnRetransmissionTimeout(false)
		c.SetMaxDatagramSize(0)
		c.InSlowStart()
		c.InRecovery()
		c.GetCongestionWindow()
	}
	*at = c
}

// hasDatagrams reports whether datagrams wait to be put into packets.
func hasDatagrams(conn *quic.Conn) bool {
	queue := *at[unsafe.Pointer](conn, connDatagrams)
	return peekDatagram(queue) != nil
}

// recordDroppedDatagrams has a recorder told, by the goroutine of the connection, when a datagram came in and
// was dropped because nobody had taken those before it.
func recordDroppedDatagrams(conn *quic.Conn, recorder qlogwriter.Recorder) {
	queue := *at[unsafe.Pointer](conn, connDatagrams)
	mu := (*sync.Mutex)(unsafe.Add(queue, datagramQueueMutex))
	mu.Lock()
	defer mu.Unlock()
	// Unless it has one that writes a log
	if field := (*qlogwriter.Recorder)(unsafe.Add(queue, datagramQueueRecorder)); *field == nil {
		*field = recorder
	}
}

//go:linkname peekDatagram github.com/quic-go/quic-go.(*datagramQueue).Peek
func peekDatagram(queue unsafe.Pointer) unsafe.Pointer

var (
	sendStreamMutex        = offset[quic.SendStream, sync.Mutex]("mutex")
	sendStreamOffset       = offsetOfKind[quic.SendStream](reflect.Int64, "writeOffset")
	sendStreamOutstanding  = offset[quic.SendStream, int64]("numOutstandingFrames")
	sendStreamCompleted    = offset[quic.SendStream, bool]("completed")
	sendStreamNext         = offsetOfKind[quic.SendStream](reflect.Pointer, "nextFrame")
	sendStreamData         = offset[quic.SendStream, []byte]("dataForWriting")
	transportMutex         = offset[quic.Transport, sync.Mutex]("mutex")
	transportHandlers      = offsetOfMap[quic.Transport, quic.ConnectionID]("handlers")
	transportResetTokens   = offsetOfMap[quic.Transport, [16]byte]("resetTokens")
	connConfig             = offset[quic.Conn, *quic.Config]("config")
	connDroppedInitialKeys = offset[quic.Conn, bool]("droppedInitialKeys")
	connIdleTimeout        = offset[quic.Conn, time.Duration]("idleTimeout")
	connPeerID             = offset[quic.Conn, quic.ConnectionID]("handshakeDestConnID")
	connPathManager        = offsetOfKind[quic.Conn](reflect.Pointer, "pathManager")
	connLogger             = offsetOfKind[quic.Conn](reflect.Interface, "logger")
	activeConnectionID     = offsetIn[quic.ConnectionID](pointedTo[quic.Conn]("connIDManager"), "activeConnectionID")
	connIDManager          = offsetOfKind[quic.Conn](reflect.Pointer, "connIDManager")
	connMTU                = offsetOfKind[quic.Conn](reflect.Pointer, "mtuDiscoverer")
	connMaxPayload         = offset[quic.Conn, atomic.Uint32]("maxPayloadSizeEstimate")
	connDatagrams          = offsetOfKind[quic.Conn](reflect.Pointer, "datagramQueue")
	datagramQueueMutex     = offsetIn[sync.Mutex](pointedTo[quic.Conn]("datagramQueue"), "rcvMx")
	datagramQueueRecorder  = offsetIn[qlogwriter.Recorder](pointedTo[quic.Conn]("datagramQueue"), "qlogger")
	receiveStreamStop      = offset[quic.ReceiveStream, bool]("queuedStopSending")
	receiveStreamMutex     = offset[quic.ReceiveStream, sync.Mutex]("mutex")
	receiveStreamSize      = offsetOfKind[quic.ReceiveStream](reflect.Int64, "finalOffset")
	receiveStreamSure      = offsetOfKind[quic.ReceiveStream](reflect.Int64, "reliableSize")
	receiveStreamClosed    = offset[quic.ReceiveStream, error]("closeForShutdownErr")
	receiveStreamQueue     = offsetOfKind[quic.ReceiveStream](reflect.Pointer, "frameQueue")
	receiveStreamFrame     = offset[quic.ReceiveStream, []byte]("currentFrame")
	receiveStreamInFrame   = offset[quic.ReceiveStream, int]("readPosInFrame")
	receiveStreamRead      = offsetOfKind[quic.ReceiveStream](reflect.Int64, "readPos")
	receiveStreamControl   = offsetOfKind[quic.ReceiveStream](reflect.Pointer, "flowController")
	flowConnection         = offsetOfKindIn(pointedTo[quic.ReceiveStream]("flowController"), reflect.Pointer, "connection")
	flowMutex              = offsetIn[sync.Mutex](flowControl, "mutex")
	flowRead               = offsetOfKindIn(flowControl, reflect.Int64, "bytesRead")
	flowWindow             = offsetOfKindIn(flowControl, reflect.Int64, "receiveWindow")
	flowWindowSize         = offsetOfKindIn(flowControl, reflect.Int64, "receiveWindowSize")
	flowEpoch              = offsetOfKindIn(flowControl, reflect.Int64, "epochStartOffset")
	flowMaxWindowSize      = offsetOfKindIn(flowControl, reflect.Int64, "maxReceiveWindowSize")
	clientTokenData        = offset[quic.ClientToken, []byte]("data")
	clientTokenRTT         = offset[quic.ClientToken, time.Duration]("rtt")
	sessionVersionUsed     = offset[tls.SessionState, uint16]("version")
	sessionIsClient        = offset[tls.SessionState, bool]("isClient")
	sessionCipherSuite     = offset[tls.SessionState, uint16]("cipherSuite")
	sessionSecret          = offset[tls.SessionState, []byte]("secret")
	sessionCreatedAt       = offset[tls.SessionState, uint64]("createdAt")
	sessionAgeAdd          = offset[tls.SessionState, uint32]("ageAdd")
	sessionChain           = offset[tls.SessionState, []*x509.Certificate]("peerCertificates")
	streamReceiveStream    = offset[quic.Stream, *quic.ReceiveStream]("receiveStr")
	streamSendStream       = offset[quic.Stream, *quic.SendStream]("sendStr")
)

// flowControl is what the flow control of a stream and that of a connection both begin with.
var flowControl = func() reflect.Type {
	stream := pointedTo[quic.ReceiveStream]("flowController").Field(0)
	conn := pointedTo[quic.Conn]("connFlowController").Field(0)
	known(stream, stream.Anonymous && stream.Type == conn.Type, "flowController")
	return stream.Type
}()

// acknowledged reports whether the peer has acknowledged all that was sent on a stream.
func acknowledged(s *quic.SendStream) bool {
	mu := at[sync.Mutex](s, sendStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return *at[bool](s, sendStreamCompleted)
}

// isStopUnsent reports whether a STOP_SENDING of a stream is not in a packet yet.
func isStopUnsent(s *quic.ReceiveStream) bool {
	mu := at[sync.Mutex](s, receiveStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return *at[bool](s, receiveStreamStop)
}

// sendProgress returns a number that changes when something of a stream is sent or acknowledged.
func sendProgress(s *quic.SendStream) int64 {
	mu := at[sync.Mutex](s, sendStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	// The number of frames is small
	return *at[int64](s, sendStreamOffset)<<16 + *at[int64](s, sendStreamOutstanding)
}

// peerConnectionID returns the connection ID that the peer chose in the handshake, which
// must have completed.
func peerConnectionID(conn *quic.Conn) quic.ConnectionID {
	return *at[quic.ConnectionID](conn, connPeerID)
}

// sendSide returns the sending side of a bidirectional stream.
func sendSide(s *quic.Stream) *quic.SendStream {
	return *at[*quic.SendStream](s, streamSendStream)
}

// receiveSide returns the receiving side of a bidirectional stream.
func receiveSide(s *quic.Stream) *quic.ReceiveStream {
	return *at[*quic.ReceiveStream](s, streamReceiveStream)
}

// reviveReads makes what arrived on a stream before its connection was closed readable again,
// if the FIN is among it. quic-go keeps it, but answers every read with the error of
// the connection.
func reviveReads(s *quic.ReceiveStream) bool {
	mu := at[sync.Mutex](s, receiveStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	if *at[int64](s, receiveStreamSize) == unknownSize {
		return false
	}
	*at[error](s, receiveStreamClosed) = nil
	return true
}

// resetsPartially reports whether a peer that has reset a stream delivers some of it (RESET_STREAM_AT).
func resetsPartially(s *quic.ReceiveStream) bool {
	mu := at[sync.Mutex](s, receiveStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return *at[int64](s, receiveStreamSure) > 0
}

// hasUnsent reports whether quic-go has some of what was written to a stream that is not in a packet yet.
func hasUnsent(s *quic.SendStream) bool {
	mu := at[sync.Mutex](s, sendStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return *at[unsafe.Pointer](s, sendStreamNext) != nil ||
		len(*at[[]byte](s, sendStreamData)) > 0
}

// frameLength returns how much is left of the STREAM frame that a stream is being read from, after Peek.
func frameLength(s *quic.ReceiveStream) int {
	mu := at[sync.Mutex](s, receiveStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return leftOfFrame(s)
}

func leftOfFrame(s *quic.ReceiveStream) int {
	return len(*at[[]byte](s, receiveStreamFrame)) - *at[int](s, receiveStreamInFrame)
}

// hasUnread reports whether more has arrived on a stream than the taken bytes.
func hasUnread(s *quic.ReceiveStream, taken int64) bool {
	mu := at[sync.Mutex](s, receiveStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return *at[int64](s, receiveStreamRead) != taken || leftOfFrame(s) > 0 ||
		hasMoreData(*at[unsafe.Pointer](s, receiveStreamQueue))
}

// receiveWindow returns how many bytes the peer may send on a stream besides those that were read.
func receiveWindow(s *quic.ReceiveStream) int64 {
	control := *at[unsafe.Pointer](s, receiveStreamControl)
	mu := (*sync.Mutex)(unsafe.Add(control, flowMutex))
	mu.Lock()
	defer mu.Unlock()
	size := *(*int64)(unsafe.Add(control, flowWindowSize))
	open := *(*int64)(unsafe.Add(control, flowWindow)) - *(*int64)(unsafe.Add(control, flowRead))
	if isUpdateDue(open, size) {
		// There may be one on its way, with twice the size
		return min(2*size, max(size, *(*int64)(unsafe.Add(control, flowMaxWindowSize))))
	}
	return open
}

// countAsRead makes the window of a stream's connection move on by n bytes, or back if that is negative, as if that many had
// been read. It reports whether the peer is to be told.
func countAsRead(s *quic.ReceiveStream, n int64) bool {
	control := *at[unsafe.Pointer](s, receiveStreamControl)
	control = *(*unsafe.Pointer)(unsafe.Add(control, flowConnection))
	mu := (*sync.Mutex)(unsafe.Add(control, flowMutex))
	mu.Lock()
	defer mu.Unlock()
	read := (*int64)(unsafe.Add(control, flowRead))
	*read += n
	// The window must not grow for it as for a reader that is fast
	*(*int64)(unsafe.Add(control, flowEpoch)) += n
	return isUpdateDue(*(*int64)(unsafe.Add(control, flowWindow))-*read, *(*int64)(unsafe.Add(control, flowWindowSize)))
}

// isUpdateDue reports whether quic-go tells the peer of a new window: a quarter of the last one is used up.
func isUpdateDue(open, size int64) bool { return open <= size/4*3 }

// scheduleSending makes a connection look for something to send.
//
//go:linkname scheduleSending github.com/quic-go/quic-go.(*Conn).scheduleSending
func scheduleSending(conn *quic.Conn)

//go:linkname hasMoreData github.com/quic-go/quic-go.(*frameSorter).HasMoreData
func hasMoreData(queue unsafe.Pointer) bool

// unknownSize is what a stream has for its final size before the FIN.
const unknownSize = 1<<62 - 1

// allowMTUDiscovery makes connections of a transport look for the MTU of their paths although their socket is none that
// the DF bit can be set on.
func allowMTUDiscovery(t *quic.Transport) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	t.ReadNonQUICPacket(ctx, nil) // makes what follows
	conn := reflect.ValueOf(t).Elem().FieldByName("conn").Elem().Elem()
	*(*bool)(unsafe.Pointer(conn.FieldByName("supportsDF").UnsafeAddr())) = true
}

// tokenParts returns what a token for the next connection to a server holds: what the server sent, and
// the RTT at that time.
func tokenParts(t *quic.ClientToken) ([]byte, time.Duration) {
	return *at[[]byte](t, clientTokenData), *at[time.Duration](t, clientTokenRTT)
}

// newToken makes a token of its parts.
func newToken(data []byte, rtt time.Duration) *quic.ClientToken {
	t := &quic.ClientToken{}
	*at[[]byte](t, clientTokenData) = data
	*at[time.Duration](t, clientTokenRTT) = rtt
	return t
}

// A sessionState is what a session consists of that crypto/tls does not tell.
type sessionState struct {
	version     uint16
	isClient    bool
	cipherSuite uint16
	secret      []byte
	chain       []*x509.Certificate // of the peer
}

func sessionParts(s *tls.SessionState) sessionState {
	return sessionState{
		version:     *at[uint16](s, sessionVersionUsed),
		isClient:    *at[bool](s, sessionIsClient),
		cipherSuite: *at[uint16](s, sessionCipherSuite),
		secret:      *at[[]byte](s, sessionSecret),
		chain:       *at[[]*x509.Certificate](s, sessionChain),
	}
}

// A resetToken is what a peer that has lost its state proves to be that peer with (RFC 9000 section 10.3), and
// the connection that it then ends, as the transport has them in its map.
type resetToken struct{ token, handler reflect.Value }

// activeResetTokens returns the tokens that a transport knows for a connection.
func activeResetTokens(t *quic.Transport, conn *quic.Conn) (active []resetToken) {
	ids := *at[unsafe.Pointer](conn, connIDManager)
	mu, tokens := resetTokens(t)
	mu.Lock()
	all := make([]resetToken, 0, tokens.Len())
	for entries := tokens.MapRange(); entries.Next(); {
		all = append(all, resetToken{entries.Key(), entries.Value()})
	}
	mu.Unlock()
	for _, t := range all {
		var token [16]byte
		reflect.Copy(reflect.ValueOf(token[:]), t.token)
		if isActiveResetToken(ids, token) {
			active = append(active, t)
		}
	}
	return active
}

// addResetTokens makes a transport end the connections of tokens when it gets one of these, and
// removeResetTokens ends that.
func addResetTokens(t *quic.Transport, added []resetToken) {
	mu, tokens := resetTokens(t)
	mu.Lock()
	defer mu.Unlock()
	for _, t := range added {
		tokens.SetMapIndex(t.token, t.handler)
	}
}

func removeResetTokens(t *quic.Transport, removed []resetToken) {
	mu, tokens := resetTokens(t)
	mu.Lock()
	defer mu.Unlock()
	for _, t := range removed {
		tokens.SetMapIndex(t.token, reflect.Value{})
	}
}

func resetTokens(t *quic.Transport) (*sync.Mutex, reflect.Value) {
	mu := at[sync.Mutex](t, transportMutex)
	field := reflect.ValueOf(t).Elem().FieldByName("resetTokens")
	return mu, reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem()
}

//go:linkname isActiveResetToken github.com/quic-go/quic-go.(*connIDManager).IsActiveStatelessResetToken
func isActiveResetToken(ids unsafe.Pointer, token [16]byte) bool

// connectionOf returns the connection that packets with a connection ID go to, also before its handshake has
// completed, or nil if there is none.
func connectionOf(t *quic.Transport, id quic.ConnectionID) *quic.Conn {
	defer guard(func(error) {}) // quic-go has changed; a test fails then, but no process
	mu := at[sync.Mutex](t, transportMutex)
	mu.Lock()
	handler := reflect.ValueOf(t).Elem().FieldByName("handlers").MapIndex(reflect.ValueOf(id))
	mu.Unlock()
	if !handler.IsValid() {
		return nil
	}
	conn := handler.Elem().Elem().FieldByName("Conn")
	if !conn.IsValid() {
		return nil // it is closed
	}
	return (*quic.Conn)(conn.UnsafePointer())
}

// refuseMigration makes a connection of a client, whose ClientHello is being answered, ask
// that client not to migrate: the transport parameter disable_active_migration (RFC 9000
// section 18.2), which quic-go reads but has no option to send.
func refuseMigration(conn *quic.Conn) {
	defer guard(func(error) {}) // as above
	params := reflect.ValueOf(conn).Elem().FieldByName("cryptoStreamHandler").Elem().Elem().FieldByName("ourParams").Elem()
	*(*bool)(unsafe.Pointer(params.FieldByName("DisableActiveMigration").UnsafeAddr())) = true
}

// keepWithinLimit makes a connection of a client, whose ClientHello is being answered, never send more than three times of what came from
// an address that is not validated (RFC 9000 section 8.1). quic-go asks before a packet whether the limit is reached, so
// that the last one goes beyond: it must stop one packet earlier.
func keepWithinLimit(conn *quic.Conn) {
	defer guard(func(error) {}) // as above
	const factor = 3
	handler := reflect.ValueOf(conn).Elem().FieldByName("sentPacketHandler").Elem().Elem()
	count := func(name string) *int64 {
		field := handler.FieldByName(name)
		known(reflect.StructField{}, field.Kind() == reflect.Int64, name)
		return (*int64)(unsafe.Pointer(field.UnsafeAddr()))
	}
	// It stops when sent >= factor * received. No packet that is larger follows before the address is validated
	sent, received, larger := count("bytesSent"), count("bytesReceived"), pathMTUOf(conn)-1
	*sent += larger % factor
	*received -= larger / factor
}

// shareConnectionID lets a connection of a client, whose ClientHello is being answered, follow that client to another address
// with the connection ID in use, if the client has given no other: RFC 9000 section 9.5 allows it where only the
// address of the peer changed. quic-go would neither validate the address nor send to it.
func shareConnectionID(conn *quic.Conn) {
	defer guard(func(error) {}) // as above
	ids := *at[unsafe.Pointer](conn, connIDManager)
	manager := newPathManager(
		func(path int64) (quic.ConnectionID, bool) {
			id, ok := connectionIDForPath(ids, path)
			if !ok {
				id = *(*quic.ConnectionID)(unsafe.Add(ids, activeConnectionID))
			}
			return id, true
		},
		func(path int64) { retireConnectionIDForPath(ids, path) },
		*at[logger](conn, connLogger),
	)
	*at[unsafe.Pointer](conn, connPathManager) = manager
}

// A logger is the value of an interface that is internal to quic-go.
type logger struct{ table, value unsafe.Pointer }

//go:linkname newPathManager github.com/quic-go/quic-go.newPathManager
func newPathManager(get func(path int64) (quic.ConnectionID, bool), retire func(path int64), l logger) unsafe.Pointer

//go:linkname connectionIDForPath github.com/quic-go/quic-go.(*connIDManager).GetConnIDForPath
func connectionIDForPath(ids unsafe.Pointer, path int64) (quic.ConnectionID, bool)

//go:linkname retireConnectionIDForPath github.com/quic-go/quic-go.(*connIDManager).RetireConnIDForPath
func retireConnectionIDForPath(ids unsafe.Pointer, path int64)

// knows reports whether a transport has something to do with packets of a connection ID: there is a connection, or
// was one a moment ago.
func knows(t *quic.Transport, id quic.ConnectionID) bool {
	mu := at[sync.Mutex](t, transportMutex)
	mu.Lock()
	defer mu.Unlock()
	_, ok := (*at[map[quic.ConnectionID]packetHandler](t, transportHandlers))[id]
	return ok
}

// A packetHandler is the value of an interface that is internal to quic-go.
type packetHandler struct{ table, value unsafe.Pointer }

// isResetToken reports whether a peer of a transport may send a stateless reset with a token.
func isResetToken(t *quic.Transport, token [16]byte) bool {
	mu := at[sync.Mutex](t, transportMutex)
	mu.Lock()
	defer mu.Unlock()
	_, ok := (*at[map[[16]byte]packetHandler](t, transportResetTokens))[token]
	return ok
}

// versionNegotiation returns a Version Negotiation packet (RFC 9000 section 17.2.1).
//
//go:linkname versionNegotiation github.com/quic-go/quic-go/internal/wire.ComposeVersionNegotiation
func versionNegotiation(destination, source []byte, versions []quic.Version) []byte

// firstKeyUpdate is the number of packets after which quic-go updates the keys of a connection for the first time (RFC 9001
// section 6): early, to see whether the peer can do it. A peer that does it badly when packets are reordered would end
// the connection.
//
//go:linkname firstKeyUpdate github.com/quic-go/quic-go/internal/handshake.FirstKeyUpdateInterval
var firstKeyUpdate uint64

// As many as between two later updates
func init() { firstKeyUpdate = 100_000 }

// keepTicketTime makes a session that a server has just sent a ticket for remember when that was in milliseconds, as the age that is
// told at resumption is to be exact (RFC 8446 section 4.2.11.1), and servers reject early data otherwise. crypto/tls
// keeps whole seconds: the rest is taken off what it adds to the age.
func keepTicketTime(s *tls.SessionState, now time.Time) {
	since := now.UnixMilli() - 1000*int64(*at[uint64](s, sessionCreatedAt))
	*at[uint32](s, sessionAgeAdd) -= uint32(since)
}

// hasProvedAddress reports whether the client of a connection that is closed has proved its address: it has sent a packet
// of the handshake (RFC 9000 section 8.1), at which a server drops the keys of those before.
func hasProvedAddress(conn *quic.Conn) bool {
	return *at[bool](conn, connDroppedInitialKeys)
}

// at returns the part of a struct at an offset.
func at[F, T any](s *T, offset uintptr) *F { return (*F)(unsafe.Add(unsafe.Pointer(s), offset)) }

// offset returns where a field of type F lies in a T.
func offset[T, F any](name string) uintptr {
	return offsetIn[F](reflect.TypeFor[T](), name)
}

// offsetIn does so for a struct whose type is internal to quic-go.
func offsetIn[F any](t reflect.Type, name string) uintptr {
	field, ok := t.FieldByName(name)
	return known(field, ok && field.Type == reflect.TypeFor[F](), name)
}

// pointedTo returns the type that a field of a T points to.
func pointedTo[T any](name string) reflect.Type {
	field, ok := reflect.TypeFor[T]().FieldByName(name)
	known(field, ok && field.Type.Kind() == reflect.Pointer, name)
	return field.Type.Elem()
}

// offsetOfKind does so for a field whose type is internal to quic-go.
func offsetOfKind[T any](kind reflect.Kind, name string) uintptr {
	return offsetOfKindIn(reflect.TypeFor[T](), kind, name)
}

func offsetOfKindIn(t reflect.Type, kind reflect.Kind, name string) uintptr {
	field, ok := t.FieldByName(name)
	return known(field, ok && field.Type.Kind() == kind, name)
}

// offsetOfMap does so for a map with keys like K, whose type may be internal, and values of an internal interface.
func offsetOfMap[T, K any](name string) uintptr {
	field, ok := reflect.TypeFor[T]().FieldByName(name)
	ok = ok && field.Type.Kind() == reflect.Map
	if ok {
		key, like, value := field.Type.Key(), reflect.TypeFor[K](), field.Type.Elem()
		ok = key.Kind() == like.Kind() && key.Size() == like.Size() &&
			value.Kind() == reflect.Interface && value.NumMethod() > 0
	}
	return known(field, ok, name)
}

func known(field reflect.StructField, ok bool, name string) uintptr {
	if !ok {
		panic("a dependency has changed: it has no field " + name + " as it was")
	}
	return field.Offset
}
