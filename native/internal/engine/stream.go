package engine

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/buffer"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

const (
	// readAhead is how much is read from a stream before JavaScript asks for it. What
	// comes beyond is held back by flow control (RFC 9000 section 4).
	readAhead = 1 << 20

	// A writer is asked to wait at writeHigh bytes that are not sent yet, and to go on at writeLow.
	writeHigh = 2 << 20
	writeLow  = 1 << 20

	// When all streams of a connection together hold more than maxUnread bytes or maxUnsent, each of
	// them is held to fairShare: a few streams at full speed need much, many must not.
	maxUnread = 4 << 20
	maxUnsent = 8 << 20
	fairShare = 64 << 10

	// eagerWrites is how much of a stream is queued in quic-go without a
	// goroutine that waits for it. It only pays for short streams: quic-go copies what is
	// queued in that way again whenever it grows.
	eagerWrites = 64 << 10

	// apart is how much of a stream keeps the chunks that it was written in, on a good network: a write has frames of
	// its own, and a frame that does not fill its packet ends a chunk, as does the first. Nothing promises that, but
	// peers rely on it for the header that begins a stream.
	apart = 64 << 10

	// A frame is taken to fill its packet if it has leastFull bytes, which is what fits into the smallest packet
	// (RFC 9000 section 14), and no more than frameSlack less than the largest one.
	leastFull  = 1100
	frameSlack = 16

	// overtakeTimeout bounds the wait until what was written is sent, before a STOP_SENDING is.
	overtakeTimeout = 100 * time.Millisecond
)

// What Read and Write return besides a number of bytes.
const (
	// ReadFin is added to the number of bytes when they were the last.
	ReadFin = 1 << 30
	// ReadApart is added to the number of bytes when a chunk is left that is not to be joined with them.
	ReadApart = 1 << 29
	// mostRead is the largest number of bytes that can be told besides.
	mostRead = ReadApart - 1
	// ReadWouldBlock means that there is nothing to read: a StreamReadable event will come.
	ReadWouldBlock = -1
	// ReadClosed means that nothing can be read any more.
	ReadClosed = -2

	// WriteQueued means that the bytes were taken, and that more are welcome.
	WriteQueued = 0
	// WriteFull means that the bytes were taken, and that a StreamWritable event will tell when to go on.
	WriteFull = 1
	// WriteFinished means that the bytes and the FIN were handed to the transport. When a
	// write with FIN returns something else, a StreamFinished event tells it later.
	WriteFinished = 2
	// WriteClosed means that nothing can be written any more.
	WriteClosed = -2
)

// A Stream is a QUIC stream of either type.
type Stream struct {
	env    *Environment
	Handle handle.Handle
	conn   *Connection
	id     atomic.Int64 // -1 while it waits to be opened

	mu        sync.Mutex
	incoming  bool // the peer opened it
	announced bool // JavaScript knows it
	handled   bool // JavaScript has handled its end
	released  bool

	// Set while the stream waits to be opened.
	openCtx    context.Context
	cancelOpen context.CancelFunc
	// Set when it has waited: a StreamOpened event must come before the one of its end.
	waited bool

	recv     *quic.ReceiveStream // nil when there is no receiving side, or not yet
	started  bool                // there is a goroutine that reads, or was
	in       buffer.FIFO
	inErr    error // why no more bytes will come in, io.EOF after the FIN
	taken    int64 // number of bytes that were read into in
	chunks   []int // lengths of the first chunks of in, each of which is read by itself
	frame    frame
	reading  bool  // memory of in is being filled
	parked   bool  // the reader waits for room in in
	exempted int64 // how much of what it may hold the connection's window does not count
	wantRead bool  // a read found nothing
	woken    bool  // a StreamReadable event is on its way
	unbound  bool  // all that the peer sends is read, however much
	salvaged bool  // what it sent before was made readable
	readDone bool  // JavaScript knows that nothing more comes, or wants nothing more
	stopCode quic.StreamErrorCode
	space    sync.Cond // in has room again, or readDone

	send      *quic.SendStream // nil when there is no sending side, or not yet
	stopWatch func() bool      // stops waiting for STOP_SENDING
	out       buffer.FIFO
	written   int64 // number of bytes that were written
	writes    []int // lengths of the first writes in out, each of which gets frames of its own
	fin       bool  // the FIN follows after out
	writing   bool  // a goroutine is writing out
	wantWrite bool  // a write filled out
	writeDone bool  // the FIN was handed over, or nothing can be written any more
	resetCode quic.StreamErrorCode
	committed int  // bytes of out that are delivered even if the stream is reset
	resetting bool // it is reset once these are written
	priority  *priority
	// A STOP_SENDING that JavaScript does not know of: it came before the stream was announced, or with data that is to be
	// read before.
	untold *stop
	eager  int  // bytes queued without a goroutine
	wrote  bool // bytes were put into out
}

// A frame is the STREAM frame that is read into in.
type frame struct {
	size, left int
	largest    int  // of all frames so far
	joins      bool // what follows belongs to the same chunk
}

// A stop is a STOP_SENDING that came: its code, and how many bytes that were written it made lose.
type stop struct {
	code quic.StreamErrorCode
	lost int
}

func newStream(c *Connection) *Stream {
	s := &Stream{env: c.env, conn: c}
	s.id.Store(-1)
	s.space.L = &s.mu
	s.in.Total, s.out.Total = &c.unread, &c.unsent
	return s
}

// ID returns the stream ID, or -1 while the stream waits to be opened.
func (s *Stream) ID() int64 { return s.id.Load() }

// register gives the stream its handle.
func (s *Stream) register() error {
	h, err := s.env.add(s, &s.env.counts.streams)
	if err != nil {
		return err
	}
	s.Handle = h
	s.conn.mu.Lock()
	defer s.conn.mu.Unlock()
	if s.conn.streams == nil {
		s.env.remove(h, &s.env.counts.streams)
		return errors.New("the connection is closed")
	}
	s.conn.streams[s] = struct{}{}
	return nil
}

// release forgets the stream.
func (s *Stream) release() {
	s.mu.Lock()
	if s.released {
		s.mu.Unlock()
		return
	}
	s.released = true
	s.readDone, s.writeDone = true, true
	if s.stopWatch != nil {
		s.stopWatch()
	}
	if s.cancelOpen != nil {
		s.cancelOpen()
	}
	s.dropIn()
	s.dropOut()
	s.space.Broadcast()
	s.mu.Unlock()
	if s.incoming {
		s.recv.ReleaseStreamCredit()
	}

	s.conn.mu.Lock()
	delete(s.conn.streams, s)
	s.conn.mu.Unlock()
	if s.Handle != 0 {
		s.env.remove(s.Handle, &s.env.counts.streams)
	}
}

// releaseIfDone forgets the stream once both sides are done. It is called without the mutex.
//
// One that the peer opened is kept until JavaScript has handled its end: only then may the peer open another one,
// else streams that end at once would pile up in the events, and in what waits behind them.
func (s *Stream) releaseIfDone() {
	s.mu.Lock()
	done := s.readDone && s.writeDone && (!s.incoming || !s.announced || s.handled)
	s.mu.Unlock()
	if done {
		s.release()
	}
}

// Release forgets a stream of the peer whose end JavaScript has handled.
func (s *Stream) Release() {
	s.mu.Lock()
	s.handled = true
	s.mu.Unlock()
	s.releaseIfDone()
}

// dropIn and dropOut free what is buffered, unless a goroutine is using the memory:
// then that does it.
func (s *Stream) dropIn() {
	if !s.reading {
		s.clearIn()
	}
}

func (s *Stream) dropOut() {
	if !s.writing {
		s.clearOut()
	}
}

func (s *Stream) clearIn() {
	s.in.Clear()
	s.chunks = nil
}

func (s *Stream) clearOut() {
	s.out.Clear()
	s.writes = nil
}

// incoming takes a stream that the peer opened. JavaScript learns of it with its
// first byte, its FIN, or a reset that says that bytes were written, though they may never arrive. Without
// these it was opened only because one with a higher ID was, or given up before it was used.
func (c *Connection) incoming(recv *quic.ReceiveStream, send *quic.SendStream) {
	s := newStream(c)
	s.id.Store(int64(recv.StreamID()))
	s.recv = recv
	s.incoming = true
	if send != nil {
		s.watch(send)
	} else {
		s.writeDone = true
	}
	s.startReading()
}

// startReading starts the goroutine that reads ahead. For a stream that was opened at once it is put off until
// JavaScript reads or writes: the peer has not heard of the stream before, and a goroutine
// that starts wakes a thread, as does the write.
func (s *Stream) startReading() {
	if s.recv == nil || s.started || s.readDone {
		return
	}
	s.started = true
	s.conn.addReader()
	go s.readLoop()
}

// openNow opens the stream if the peer's limit allows it.
func (s *Stream) openNow(conn *quic.Conn, uni bool) error {
	if uni {
		str, err := conn.OpenUniStream()
		if err != nil {
			return err
		}
		s.opened(nil, str, false)
		return nil
	}
	str, err := conn.OpenStream()
	if err != nil {
		return err
	}
	s.opened(quicgo.ReceiveSide(str), quicgo.SendSide(str), false)
	return nil
}

// willOpen prepares the stream to wait for the peer's limit.
func (s *Stream) willOpen(uni bool) {
	s.mu.Lock()
	s.openCtx, s.cancelOpen = context.WithCancel(context.Background())
	s.readDone = uni
	s.mu.Unlock()
}

// openWhenPossible waits until the peer's limit allows to open the stream, or it is released.
func (s *Stream) openWhenPossible(conn *quic.Conn, uni bool) {
	for s.openSync(conn, uni) == quic.Err0RTTRejected {
		select {
		case <-s.conn.resumed:
		case <-s.conn.gone:
			return
		case <-s.openCtx.Done():
			return
		}
	}
}

func (s *Stream) openSync(conn *quic.Conn, uni bool) error {
	if uni {
		str, err := conn.OpenUniStreamSync(s.openCtx)
		if err == nil {
			s.opened(nil, str, true)
		}
		return err
	}
	str, err := conn.OpenStreamSync(s.openCtx)
	if err == nil {
		s.opened(quicgo.ReceiveSide(str), quicgo.SendSide(str), true)
	}
	return err
}

// opened starts both sides, and makes up for what JavaScript did to a stream that was waiting.
func (s *Stream) opened(recv *quic.ReceiveStream, send *quic.SendStream, waited bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id.Store(int64(send.StreamID()))
	s.waited = waited
	if waited {
		s.cancelOpen()
		s.cancelOpen = nil
	}
	if recv == nil {
		s.readDone = true
	} else {
		s.recv = recv
		if s.readDone {
			s.conn.ends.run(func() { recv.CancelRead(s.stopCode) })
		}
		if waited {
			s.startReading()
		}
		if s.conn.tellsArrived() {
			s.readRestOnceKnown()
		}
	}
	if s.priority != nil {
		send.SetPriority(s.priority.urgency, s.priority.incremental)
	}
	if s.writeDone {
		if s.wrote {
			send.TryWriteAll(make([]byte, 1)) // for the final size, as in write
		}
		s.conn.ends.run(func() { send.CancelWrite(s.resetCode) })
		s.send = send
	} else {
		s.watch(send)
		s.startWriting()
	}
	if s.waited && !s.released {
		s.env.Events.Push(event.StreamOpened, s.Handle, float64(send.StreamID()), 0, nil)
	}
}

// watch waits for STOP_SENDING, which the peer may send while nobody writes.
func (s *Stream) watch(send *quic.SendStream) {
	s.send = send
	s.stopWatch = context.AfterFunc(send.Context(), func() {
		defer fault.Recover(s.conn.fault)
		s.tellIfStopped()
	})
}

// tellIfStopped tells of a STOP_SENDING that has come, once.
func (s *Stream) tellIfStopped() {
	s.mu.Lock()
	send := s.send
	s.mu.Unlock()
	if send == nil {
		return
	}
	if e, ok := errors.AsType[*quic.StreamError](context.Cause(send.Context())); ok && e.Remote {
		s.stopped(e.ErrorCode)
	}
}

func (s *Stream) stopped(code quic.StreamErrorCode) {
	s.mu.Lock()
	if s.writeDone {
		s.mu.Unlock()
		return
	}
	s.writeDone = true
	s.untold = &stop{code, s.out.Len()}
	s.dropOut()
	s.send.CancelWrite(0) // tells quic-go that we know
	s.tellStopped()
	s.mu.Unlock()
	s.releaseIfDone()
}

// tellStopped tells JavaScript of a STOP_SENDING, unless there is data that came before and is not in yet.
func (s *Stream) tellStopped() {
	if s.untold == nil || !s.announced || s.isBehind() {
		return
	}
	s.env.Events.Push(event.StreamStopped, s.Handle, float64(exact(uint64(s.untold.code))), float64(s.untold.lost), nil)
	s.untold = nil
}

// isBehind reports whether quic-go has data that the reader is about to read into in.
func (s *Stream) isBehind() bool {
	return s.started && !s.readDone && s.inErr == nil && !s.parked && quicgo.HasUnread(s.recv, s.taken)
}

// readLoop reads ahead of JavaScript.
func (s *Stream) readLoop() {
	defer s.conn.removeReader()
	defer s.releaseIfDone()
	defer fault.Recover(s.conn.fault)
	var one [1]byte
	for {
		s.mu.Lock()
		for s.isInFull() && !s.readDone && !s.unbound {
			s.parked = true
			s.tellStopped()
			s.exempt()
			s.space.Wait()
		}
		s.parked = false
		s.include()
		idle := s.in.Len() == 0
		isApart := s.taken < apart
		s.mu.Unlock()
		left := 0 // of the frame, if it is to be read by itself
		if idle || isApart {
			// An idle stream holds no buffer. The error, if there is one, comes again from Read.
			s.recv.Peek(one[:])
		}
		if isApart {
			left = quicgo.FrameLength(s.recv)
		}
		<-s.conn.accepted
		s.mu.Lock()
		if s.readDone && s.announced {
			s.mu.Unlock()
			return
		}
		space := s.in.Space()
		if left > 0 {
			space = space[:min(len(space), left)]
		}
		s.reading = true
		s.mu.Unlock()

		n, err := s.recv.Read(space)
		if s.salvage(err) {
			err = nil
		}
		if !s.received(n, left, err) {
			return
		}
	}
}

// isInFull reports whether to wait until JavaScript has read some of what came in.
func (s *Stream) isInFull() bool { return isFull(&s.in, readAhead, maxUnread) }

// isFull reports whether a queue holds as much as it may, or its share while those of
// all streams of the connection together hold as much as they may.
func isFull(queue *buffer.FIFO, most int, mostOfAll int64) bool {
	n := queue.Len()
	return n >= most || n >= fairShare && queue.Total.Load() >= mostOfAll
}

// salvageTimeout bounds the wait for bytes before a FIN that arrived, should some be missing.
const salvageTimeout = 100 * time.Millisecond

// salvage reports whether to go on reading although a read failed with err: the peer closed the
// connection, but had finished the stream, and was told that all of it arrived.
func (s *Stream) salvage(err error) bool {
	if err == nil || !closedByPeer(err) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.salvaged || !quicgo.ReviveReads(s.recv) {
		return false
	}
	s.salvaged = true
	s.recv.SetReadDeadline(time.Now().Add(salvageTimeout))
	return true
}

// readRest lets the stream read all that is left, however much: the peer cannot send more.
func (s *Stream) readRest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unbound = true
	s.space.Broadcast()
}

// tellArrived has a StreamArrived event tell when all that the peer sends has come.
func (s *Stream) tellArrived() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recv == nil || s.readDone {
		return
	}
	if s.inErr == io.EOF && s.announced {
		s.env.Events.Push(event.StreamArrived, s.Handle, 0, 0, nil)
		return
	}
	s.readRestOnceKnown()
}

// readRestOnceKnown has all that is left read once the final size is known: that is at most what flow control has
// admitted.
func (s *Stream) readRestOnceKnown() {
	// The callback must not wait for the mutex
	s.recv.SetReceiveFinalSizeCallback(func(int64) {
		go func() {
			defer fault.Recover(s.conn.fault)
			s.readRest()
		}()
	})
}

// received takes n bytes that were read into in, of the left ones of their frame if they are not 0. It reports whether
// to go on.
func (s *Stream) received(n, left int, err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.tellStopped()
	s.in.Commit(n)
	s.reading = false
	if s.readDone {
		s.clearIn()
		return false
	}
	if left > 0 && n > 0 {
		s.addToChunks(n, left)
	}
	s.taken += int64(n)
	s.inErr = err
	reset, isReset := errors.AsType[*quic.StreamError](err)
	if !s.announced && !s.announce(isReset) {
		return false
	}
	switch {
	case isReset && s.in.Len() > 0 && (s.wantRead || s.woken || quicgo.ResetsPartially(s.recv)):
		// Read tells of it after these bytes
		s.wake()
	case isReset:
		s.readDone = true
		s.clearIn()
		s.env.Events.Push(event.StreamReset, s.Handle, float64(exact(uint64(reset.ErrorCode))), 0, nil)
	case err == io.EOF && s.in.Len() == 0:
		s.readDone = true
		s.env.Events.Push(event.StreamEnded, s.Handle, 0, 0, nil)
	case s.in.Len() > 0:
		s.wake()
	}
	if err == io.EOF && !s.readDone && s.conn.tellsArrived() {
		s.env.Events.Push(event.StreamArrived, s.Handle, 0, 0, nil)
	}
	return err == nil
}

// addToChunks takes n of the left bytes of a frame.
func (s *Stream) addToChunks(n, left int) {
	f := &s.frame
	if f.left == 0 {
		f.size = left
		f.largest = max(f.largest, left)
	}
	f.left = left - n
	if last := len(s.chunks) - 1; f.joins && last >= 0 {
		s.chunks[last] += n
	} else {
		s.chunks = append(s.chunks, n)
	}
	isFirst := s.taken+int64(n) <= int64(f.size)
	f.joins = f.left > 0 || !isFirst && f.size >= max(leastFull, f.largest-frameSlack)
}

// wake tells JavaScript, if it waits, that there is something to read.
func (s *Stream) wake() {
	if s.wantRead {
		s.wantRead, s.woken = false, true
		s.env.Events.Push(event.StreamReadable, s.Handle, 0, 0, nil)
	}
}

// announce tells JavaScript of a stream of the peer, unless there is no use in it: nothing was ever written to it,
// or the connection is closed.
func (s *Stream) announce(isReset bool) bool {
	isEmpty := isReset && finalSize(s.recv) == 0
	closed := s.inErr != nil && s.inErr != io.EOF && !isReset
	if isEmpty || closed || s.register() != nil {
		s.readDone, s.writeDone = true, true
		s.clearIn()
		s.recv.CancelRead(0)
		if s.send != nil {
			s.send.CancelWrite(0)
		}
		return false
	}
	s.announced = true
	s.env.Events.Push(event.ConnectionStream, s.conn.Handle, float64(s.Handle), float64(s.id.Load()), nil)
	return true
}

// finalSize returns how many bytes a peer that has reset a stream has sent, or would have.
func finalSize(s *quic.ReceiveStream) (size int64) {
	s.SetReceiveFinalSizeCallback(func(n int64) { size = n }) // it is known, so this is called at once
	return size
}

// Read moves bytes that have come in into p. It returns their number, with ReadFin added
// when they were the last, or one of the negative Read constants.
func (s *Stream) Read(p []byte) int {
	s.mu.Lock()
	if s.readDone {
		s.mu.Unlock()
		return ReadClosed
	}
	s.woken = false
	p = p[:min(len(p), mostRead)]
	if len(s.chunks) > 0 {
		p = p[:min(len(p), s.chunks[0])]
	}
	n := s.in.Read(p)
	s.chunks = consume(s.chunks, n)
	if !s.isInFull() {
		s.space.Signal()
	}
	if s.inErr == io.EOF && s.in.Len() == 0 {
		s.readDone = true
		s.mu.Unlock()
		s.releaseIfDone()
		return n | ReadFin
	}
	if reset, ok := errors.AsType[*quic.StreamError](s.inErr); ok && s.in.Len() == 0 {
		s.readDone = true
		s.env.Events.Push(event.StreamReset, s.Handle, float64(exact(uint64(reset.ErrorCode))), 0, nil)
		s.mu.Unlock()
		s.releaseIfDone()
		return n
	}
	switch {
	case n == 0:
		n = ReadWouldBlock
		s.wantRead = true
		s.startReading()
	case len(s.chunks) > 0:
		n |= ReadApart
	}
	s.mu.Unlock()
	return n
}

// consume takes n bytes off the first of some lengths.
func consume(lengths []int, n int) []int {
	for len(lengths) > 0 && n >= lengths[0] {
		n -= lengths[0]
		lengths = lengths[1:]
	}
	if len(lengths) > 0 {
		lengths[0] -= n
	}
	return lengths
}

// StopSending gives up the receiving side and asks the peer to stop sending.
func (s *Stream) StopSending(code uint64) {
	s.mu.Lock()
	if s.readDone {
		s.mu.Unlock()
		return
	}
	s.readDone = true
	s.stopCode = quic.StreamErrorCode(code)
	s.dropIn()
	s.tellStopped()
	s.space.Broadcast()
	recv, isUnsent := s.recv, s.isUnsent()
	s.mu.Unlock()
	switch {
	case recv == nil:
	case isUnsent:
		go s.stopWhenSent(recv)
	default:
		s.conn.stopSending(recv, s.stopCode)
	}
	s.releaseIfDone()
}

// isUnsent reports whether there is something that was written and is not in a packet yet.
func (s *Stream) isUnsent() bool {
	return s.send != nil && (s.out.Len() > 0 || quicgo.HasUnsent(s.send))
}

// stopWhenSent asks the peer to stop sending once all that was written before is in packets. quic-go sends
// STOP_SENDING first, and a peer that has its answer has no use for what says that its request was not read to
// the end. quic-go has no event for it; and the peer may be the one that does not read, so the wait has a bound.
func (s *Stream) stopWhenSent(recv *quic.ReceiveStream) {
	defer fault.Recover(s.conn.fault)
	for wait := 50 * time.Microsecond; wait < overtakeTimeout; wait *= 2 {
		time.Sleep(wait)
		s.mu.Lock()
		isUnsent := s.isUnsent()
		s.mu.Unlock()
		if !isUnsent {
			break
		}
	}
	s.conn.stopSending(recv, s.stopCode)
}

// Write takes the bytes of p, and after them the FIN if fin is set. It returns one of
// the Write constants.
func (s *Stream) Write(p []byte, fin bool) int {
	status := s.write(p, fin)
	if status == WriteFinished {
		s.releaseIfDone()
	}
	return status
}

func (s *Stream) write(p []byte, fin bool) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writeDone || s.fin || s.resetting {
		return WriteClosed
	}
	defer s.startReading()
	isApart := s.written+int64(len(p)) <= apart
	s.written += int64(len(p))
	if s.send != nil && !s.writing && s.out.Len() == 0 &&
		(s.eager == 0 || len(p) == 0 || !quicgo.HasUnsent(s.send)) { // else quic-go would join them
		n := len(p)
		if s.eager+n > eagerWrites {
			n = s.firstByte(n)
		}
		switch err := s.send.TryWriteAll(p[:n]); {
		case err == nil:
			s.eager += n
			p = p[n:]
		case err != quic.ErrWouldBlock:
			return WriteClosed // an event tells why
		}
	}
	s.wrote = s.wrote || len(p) > 0
	s.out.Write(p)
	if isApart && len(p) > 0 {
		s.writes = append(s.writes, len(p))
	}
	s.fin = fin
	if fin && s.send != nil && !s.writing && s.out.Len() == 0 && !s.waited {
		s.finish()
		return WriteFinished
	}
	s.startWriting()
	if isFull(&s.out, writeHigh, maxUnsent) {
		s.wantWrite = true
		return WriteFull
	}
	return WriteQueued
}

// firstByte returns how much of a large first write goes into quic-go at once: enough for the final size to say that
// there was something, should the stream be reset before any of it is sent.
func (s *Stream) firstByte(n int) int {
	if s.eager > 0 {
		return 0
	}
	return min(n, 1)
}

// startWriting starts a goroutine when there is something to write and none yet.
func (s *Stream) startWriting() {
	if s.send == nil || s.writing || s.out.Len() == 0 && !s.fin {
		return
	}
	s.writing = true
	go s.writeLoop()
}

func (s *Stream) writeLoop() {
	defer s.releaseIfDone()
	defer fault.Recover(s.conn.fault)
	for s.writeFront() {
	}
}

// writeFront writes the first bytes of out and reports whether to go on.
func (s *Stream) writeFront() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	front := s.out.Front()
	if s.resetting && !s.writeDone {
		if s.committed == 0 {
			s.writing = false
			s.clearOut()
			s.resetNow()
			return false
		}
		front = front[:min(len(front), s.committed)]
	}
	if s.writeDone || len(front) == 0 {
		s.writing = false
		if s.writeDone {
			s.clearOut()
		} else if s.fin {
			s.finish()
			s.env.Events.Push(event.StreamFinished, s.Handle, 0, 0, nil)
		}
		return false
	}
	// A limit keeps quic-go from holding back the end of what is written, which would be joined with what follows
	var limit func(int) int
	if len(s.writes) > 0 {
		front = front[:min(len(front), s.writes[0])]
		if !s.fin || len(front) < s.out.Len() {
			limit = noLimit
		}
	}
	s.mu.Unlock()
	n, err := s.send.WriteWithLimit(front, limit)
	s.mu.Lock()
	s.out.Consume(n)
	s.writes = consume(s.writes, n)
	if err != nil {
		// Either STOP_SENDING, of which the stream's context tells, or the connection is closed.
		s.writing = false
		s.writeDone = s.writeDone || s.resetting
		s.clearOut()
		return false
	}
	if s.committed > 0 {
		s.committed = max(s.committed-n, 0)
		if s.committed == 0 {
			s.send.SetReliableBoundary()
		}
	}
	if s.wantWrite && s.out.Len() <= writeLow {
		s.wantWrite = false
		s.env.Events.Push(event.StreamWritable, s.Handle, 0, 0, nil)
	}
	return true
}

func noLimit(most int) int { return most }

// isFinishing reports whether the FIN follows after what is written.
func (s *Stream) isFinishing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fin && !s.writeDone
}

// finish sends the FIN.
func (s *Stream) finish() {
	s.writeDone = true
	s.stopWatch()
	s.conn.ends.run(func() { s.send.Close() })
	s.conn.addFinished(s.send)
}

// Commit has all that was written so far delivered even if the stream is reset, when the peer
// supports that (draft-ietf-quic-reliable-stream-reset).
func (s *Stream) Commit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writeDone || s.resetting {
		return
	}
	s.committed = s.out.Len()
	if s.committed == 0 && s.send != nil {
		s.send.SetReliableBoundary()
	}
}

// Reset gives up the sending side (RFC 9000 section 3.1).
func (s *Stream) Reset(code uint64) {
	s.mu.Lock()
	if s.writeDone || s.resetting {
		s.mu.Unlock()
		return
	}
	s.resetCode = quic.StreamErrorCode(code)
	if s.committed > 0 {
		s.resetting = true
		s.fin = false
	} else {
		s.resetNow()
	}
	s.mu.Unlock()
	s.releaseIfDone()
}

func (s *Stream) resetNow() {
	s.writeDone = true
	s.dropOut()
	if s.send != nil {
		s.stopWatch()
		s.conn.ends.run(func() { s.send.CancelWrite(s.resetCode) })
		s.conn.addFinished(s.send)
		s.startReading()
	}
}

// A priority orders streams (RFC 9218 section 4): those with the lowest urgency are sent first; of
// these the incremental ones in turn, the others one after another.
type priority struct {
	urgency     int8
	incremental bool
}

// SetPriority changes the order of sending, from now on.
func (s *Stream) SetPriority(urgency int8, incremental bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.priority = &priority{urgency, incremental}
	if s.send != nil {
		s.send.SetPriority(urgency, incremental)
	}
}
