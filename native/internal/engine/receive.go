package engine

import (
	"errors"
	"io"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/buffer"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

const (
	// readAhead is how much is read from a stream before JavaScript asks for it. What comes beyond
	// is held back by flow control (RFC 9000 section 4).
	readAhead = 1 << 20

	// When all streams of a connection together hold more than maxUnread bytes, each of them is
	// held to fairShare: a few streams at full speed need much, many must not.
	maxUnread = 4 << 20

	// salvageTimeout bounds the wait for bytes before a FIN that arrived, should some be missing.
	salvageTimeout = 100 * time.Millisecond

	// overtakeTimeout bounds the wait until what was written is sent, before a STOP_SENDING is.
	overtakeTimeout = 100 * time.Millisecond
)

// What Read returns besides a number of bytes.
const (
	// ReadFin is added to the number of bytes when they were the last.
	ReadFin = 1 << 30
	// ReadApart is added to the number of bytes when a chunk that is left, or that may come at any
	// moment, is not to be joined with them.
	ReadApart = 1 << 29
	// mostRead is the largest number of bytes that can be told besides.
	mostRead = ReadApart - 1
	// ReadWouldBlock means that there is nothing to read: a StreamReadable event will come.
	ReadWouldBlock = -1
	// ReadClosed means that nothing can be read any more.
	ReadClosed = -2
)

// A receiveSide is the receiving side of a stream (RFC 9000 section 3.2). The mutex of the stream
// guards it.
type receiveSide struct {
	stream *Stream
	quic   *quic.ReceiveStream // nil when there is no receiving side, or not yet

	started  bool // there is a goroutine that reads, or was
	in       buffer.FIFO
	err      error // why no more bytes will come in, io.EOF after the FIN
	taken    int64 // number of bytes that were read into in
	chunks   chunks
	reading  bool  // memory of in is being filled
	parked   bool  // the reader waits for room in in
	exempted int64 // how much of what it may hold the connection's window does not count
	wanted   bool  // a read found nothing
	woken    bool  // a StreamReadable event is on its way
	unbound  bool  // all that the peer sends is read, however much
	salvaged bool  // what it sent before was made readable
	done     bool  // JavaScript knows that nothing more comes, or wants nothing more
	stopCode quic.StreamErrorCode
	space    sync.Cond // in has room again, or done
	one      [1]byte   // what is looked at ahead, by the goroutine that reads
}

// Read moves bytes that have come in into p. It returns their number, with ReadFin added when they
// were the last, or one of the negative Read constants.
func (s *Stream) Read(p []byte) int {
	n, isOver := s.receive.read(p)
	if isOver {
		s.releaseIfDone()
	}
	return n
}

func (r *receiveSide) read(p []byte) (n int, isOver bool) {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.done {
		return ReadClosed, false
	}
	r.woken = false
	p = p[:min(len(p), mostRead)]
	p = p[:r.chunks.limit(len(p))]
	n = r.in.Read(p)
	r.chunks.consume(n)
	if !r.isFull() {
		r.space.Signal()
	}
	if r.err == io.EOF && r.in.Len() == 0 {
		r.done = true
		return n | ReadFin, true
	}
	if reset, ok := errors.AsType[*quic.StreamError](r.err); ok && r.in.Len() == 0 {
		r.end(reset)
		return n, true
	}
	switch {
	case n == 0:
		n = ReadWouldBlock
		r.wanted = true
		r.start()
	case r.chunks.isAny() || r.taken < apart:
		n |= ReadApart
	}
	return n, false
}

// StopSending gives up the receiving side and asks the peer to stop sending.
func (s *Stream) StopSending(code uint64) {
	if !s.receive.stop(quic.StreamErrorCode(code)) {
		return
	}
	s.receive.sendStop()
	s.releaseIfDone()
}

// stop reports whether there was something to give up.
func (r *receiveSide) stop(code quic.StreamErrorCode) bool {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.done {
		return false
	}
	r.done = true
	r.stopCode = code
	r.drop()
	s.send.tellStopped()
	r.space.Broadcast()
	return true
}

// sendStop has STOP_SENDING sent, once all that was written before is in packets.
func (r *receiveSide) sendStop() {
	recv, isUnsent := r.unsent()
	switch {
	case recv == nil:
	case isUnsent:
		go r.stopWhenSent(recv)
	default:
		r.stream.conn.stopSending(recv, r.stopCode)
	}
}

// unsent reports whether there is something that was written and is not in a packet yet.
func (r *receiveSide) unsent() (recv *quic.ReceiveStream, isUnsent bool) {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.quic, s.send.isUnsent()
}

// stopWhenSent asks the peer to stop sending once all that was written before is in packets.
// quic-go sends STOP_SENDING first, and a peer that has its answer has no use for what says that
// its request was not read to the end. quic-go has no event for it; and the peer may be the one
// that does not read, so the wait has a bound.
func (r *receiveSide) stopWhenSent(recv *quic.ReceiveStream) {
	defer fault.Recover(r.stream.conn.fault)
	for wait := 50 * time.Microsecond; wait < overtakeTimeout; wait *= 2 {
		time.Sleep(wait)
		if _, isUnsent := r.unsent(); !isUnsent {
			break
		}
	}
	r.stream.conn.stopSending(recv, r.stopCode)
}

// start starts the goroutine that reads ahead. For a stream that was opened at once it is put off
// until JavaScript reads or writes: the peer has not heard of the stream before, and a goroutine
// that starts wakes a thread, as does the write. The mutex must be held.
func (r *receiveSide) start() {
	if r.quic == nil || r.started || r.done {
		return
	}
	r.started = true
	r.stream.conn.addReader()
	go r.loop()
}

// loop reads ahead of JavaScript.
func (r *receiveSide) loop() {
	s := r.stream
	defer s.conn.removeReader()
	defer s.releaseIfDone()
	defer fault.Recover(s.conn.fault)
	for r.readOnce() {
	}
}

// readOnce reads what comes next, and reports whether to go on.
func (r *receiveSide) readOnce() bool {
	s := r.stream
	idle, isApart := r.awaitRoom()
	if idle || isApart {
		// An idle stream holds no buffer. The error, if there is one, comes again from Read.
		r.quic.Peek(r.one[:])
	}
	left := 0 // of the frame, if it is to be read by itself
	if isApart {
		left = quicgo.FrameLength(r.quic)
	}
	<-s.conn.accepted
	space, ok := r.lend(left)
	if !ok {
		return false
	}
	n, err := r.quic.Read(space)
	if r.salvage(err) {
		err = nil
	}
	return r.received(n, left, err)
}

// awaitRoom waits until JavaScript has read enough. It returns whether nothing is left to be read,
// and whether the chunks that the peer wrote are kept apart.
func (r *receiveSide) awaitRoom() (idle, isApart bool) {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	for r.isFull() && !r.done && !r.unbound {
		r.parked = true
		s.send.tellStopped()
		r.exempt()
		r.space.Wait()
	}
	r.parked = false
	r.include()
	return r.in.Len() == 0, r.taken < apart
}

// lend returns memory of in to read into, up to the left bytes of a frame if there are some. It
// returns false when nobody wants to read.
func (r *receiveSide) lend(left int) (space []byte, ok bool) {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.done && s.announced {
		return nil, false
	}
	space = r.in.Space()
	if left > 0 {
		space = space[:min(len(space), left)]
	}
	r.reading = true
	return space, true
}

// isFull reports whether to wait until JavaScript has read some of what came in.
func (r *receiveSide) isFull() bool { return isFull(&r.in, readAhead, maxUnread) }

// isBehind reports whether quic-go has data that is about to be read into in.
func (r *receiveSide) isBehind() bool {
	return r.started && !r.done && r.err == nil && !r.parked && quicgo.HasUnread(r.quic, r.taken)
}

// salvage reports whether to go on reading although a read failed with err: the peer closed the
// connection, but had finished the stream, and was told that all of it arrived.
func (r *receiveSide) salvage(err error) bool {
	if err == nil || !closedByPeer(err) {
		return false
	}
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.salvaged || !quicgo.ReviveReads(r.quic) {
		return false
	}
	r.salvaged = true
	r.quic.SetReadDeadline(time.Now().Add(salvageTimeout))
	return true
}

// readRest lets the stream read all that is left, however much: the peer cannot send more.
func (r *receiveSide) readRest() {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	r.unbound = true
	r.space.Broadcast()
}

// tellArrived has a StreamArrived event tell when all that the peer sends has come.
func (r *receiveSide) tellArrived() {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.quic == nil || r.done {
		return
	}
	if r.err == io.EOF && s.announced {
		s.env.Events.Push(event.StreamArrived, s.Handle, 0, 0, nil)
		return
	}
	r.readRestOnceKnown()
}

// readRestOnceKnown has all that is left read once the final size is known: that is at most what
// flow control has admitted.
func (r *receiveSide) readRestOnceKnown() {
	// The callback must not wait for the mutex
	r.quic.SetReceiveFinalSizeCallback(func(int64) {
		go func() {
			defer fault.Recover(r.stream.conn.fault)
			r.readRest()
		}()
	})
}

// received takes n bytes that were read into in, of the left ones of their frame if they are not 0.
// It reports whether to go on.
func (r *receiveSide) received(n, left int, err error) bool {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.send.tellStopped()
	r.in.Commit(n)
	r.reading = false
	if r.done {
		r.clear()
		return false
	}
	r.taken += int64(n)
	if left > 0 && n > 0 {
		r.chunks.add(n, left, r.taken)
	}
	r.err = err
	reset, isReset := errors.AsType[*quic.StreamError](err)
	if !s.announced && !s.announce(isReset) {
		return false
	}
	switch {
	case isReset && r.in.Len() > 0 && (r.wanted || r.woken || quicgo.ResetsPartially(r.quic)):
		// Read tells of it after these bytes
		r.wake()
	case isReset:
		r.end(reset)
		r.clear()
	case err == io.EOF && r.in.Len() == 0:
		r.done = true
		s.env.Events.Push(event.StreamEnded, s.Handle, 0, 0, nil)
	case r.in.Len() > 0:
		r.wake()
	}
	if err == io.EOF && !r.done && s.conn.tellsArrived() {
		s.env.Events.Push(event.StreamArrived, s.Handle, 0, 0, nil)
	}
	return err == nil
}

// end tells that the peer has reset the stream.
func (r *receiveSide) end(reset *quic.StreamError) {
	s := r.stream
	r.done = true
	s.env.Events.Push(event.StreamReset, s.Handle, float64(exact(uint64(reset.ErrorCode))), 0, nil)
}

// wake tells JavaScript, if it waits, that there is something to read.
func (r *receiveSide) wake() {
	if r.wanted {
		r.wanted, r.woken = false, true
		r.stream.env.Events.Push(event.StreamReadable, r.stream.Handle, 0, 0, nil)
	}
}

// finalSize returns how many bytes a peer that has reset a stream has sent, or would have.
func (r *receiveSide) finalSize() (size int64) {
	r.quic.SetReceiveFinalSizeCallback(func(n int64) { size = n }) // it is known, so this is called at once
	return size
}

// drop frees the buffer. If a goroutine is using it, that goroutine does so.
func (r *receiveSide) drop() {
	if !r.reading {
		r.clear()
	}
}

func (r *receiveSide) clear() {
	r.in.Clear()
	r.chunks.lengths = nil
}
