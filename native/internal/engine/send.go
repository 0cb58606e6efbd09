package engine

import (
	"context"
	"errors"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/buffer"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

const (
	// A writer is asked to wait at writeHigh bytes that are not sent yet, and to go on at writeLow.
	writeHigh = 2 << 20
	writeLow  = 1 << 20

	// maxUnsent bounds the writes of a connection, as maxUnread bounds its reads.
	maxUnsent = 8 << 20
	fairShare = 64 << 10

	// eagerWrites is how much of a stream goes into quic-go's queue without a goroutine that
	// waits. It only pays for short streams: quic-go copies that queue whenever it grows.
	eagerWrites = 64 << 10
)

// What Write returns.
const (
	// WriteQueued means that the bytes were taken, and that more are welcome.
	WriteQueued = 0
	// WriteFull means that the bytes were taken, and that a StreamWritable event will tell when to
	// go on.
	WriteFull = 1
	// WriteFinished means that the bytes and the FIN were handed to the transport. When a write
	// with FIN returns something else, a StreamFinished event tells it later.
	WriteFinished = 2
	// WriteClosed means that nothing can be written any more.
	WriteClosed = -2
)

// A sendSide is the sending side of a stream (RFC 9000 section 3.1). The mutex of the stream guards
// it.
type sendSide struct {
	stream *Stream
	quic   *quic.SendStream // nil when there is no sending side, or not yet

	stopWatch func() bool // stops waiting for STOP_SENDING
	out       buffer.FIFO
	written   int64 // number of bytes that were written
	writes    []int // lengths of the first writes in out, each of which gets frames of its own
	fin       bool  // the FIN follows after out
	writing   bool  // a goroutine is writing out
	wanted    bool  // a write filled out
	done      bool  // the FIN was handed over, or nothing can be written any more
	resetCode quic.StreamErrorCode
	committed int  // bytes of out that are delivered even if the stream is reset
	resetting bool // it is reset once these are written
	// A STOP_SENDING that JavaScript does not know of: it came before the stream was announced, or
	// with data that is to be read before.
	untold *stop
	eager  int  // bytes queued without a goroutine
	wrote  bool // bytes were put into out
}

// A stop is a STOP_SENDING that came: its code, and how many bytes that were written it made lose.
type stop struct {
	code quic.StreamErrorCode
	lost int
}

// Write takes the bytes of p, and after them the FIN if fin is set. It returns one of the Write
// constants.
func (s *Stream) Write(p []byte, fin bool) int {
	status := s.send.write(p, fin)
	if status == WriteFinished {
		s.releaseIfDone()
	}
	return status
}

func (w *sendSide) write(p []byte, fin bool) int {
	s := w.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.done || w.fin || w.resetting {
		return WriteClosed
	}
	defer s.receive.start()
	isApart := w.written+int64(len(p)) <= apart
	w.written += int64(len(p))
	if w.quic != nil && !w.writing && w.out.Len() == 0 &&
		(w.eager == 0 || len(p) == 0 || !quicgo.HasUnsent(w.quic)) { // else quic-go would join them
		n := len(p)
		if w.eager+n > eagerWrites {
			n = w.firstByte(n)
		}
		switch err := w.quic.TryWriteAll(p[:n]); {
		case err == nil:
			w.eager += n
			p = p[n:]
		case err != quic.ErrWouldBlock:
			return WriteClosed // an event tells why
		}
	}
	w.wrote = w.wrote || len(p) > 0
	w.out.Write(p)
	if isApart && len(p) > 0 {
		w.writes = append(w.writes, len(p))
	}
	w.fin = fin
	if fin && w.quic != nil && !w.writing && w.out.Len() == 0 && !s.waited {
		w.finish()
		return WriteFinished
	}
	w.start()
	if w.isFull() {
		w.wanted = true
		return WriteFull
	}
	return WriteQueued
}

// isFull reports whether to wait until some of what was written is sent.
func (w *sendSide) isFull() bool { return isFull(&w.out, writeHigh, maxUnsent) }

// isFull reports whether a queue holds as much as it may, or its share while those of all streams
// of the connection together hold as much as they may.
func isFull(queue *buffer.FIFO, most int, mostOfAll int64) bool {
	n := queue.Len()
	return n >= most || n >= fairShare && queue.Total.Load() >= mostOfAll
}

// firstByte returns how much of a large first write goes into quic-go at once: enough for the final
// size to say that there was something, should the stream be reset before any of it is sent.
func (w *sendSide) firstByte(n int) int {
	if w.eager > 0 {
		return 0
	}
	return min(n, 1)
}

// start starts a goroutine when there is something to write and none yet. The mutex must be held.
func (w *sendSide) start() {
	if w.quic == nil || w.writing || w.out.Len() == 0 && !w.fin {
		return
	}
	w.writing = true
	go w.loop()
}

func (w *sendSide) loop() {
	s := w.stream
	defer s.releaseIfDone()
	defer fault.Recover(s.conn.fault)
	for {
		front, limit := w.front()
		if len(front) == 0 {
			return
		}
		n, err := w.quic.WriteWithLimit(front, limit)
		if !w.sent(n, err) {
			return
		}
	}
}

// front returns the first bytes of out, or none when there is nothing more to write. quic-go holds
// back the end of a write and joins it with the next one: a limit keeps it from doing so.
func (w *sendSide) front() (front []byte, limit func(int) int) {
	s := w.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	front = w.out.Front()
	if w.resetting && !w.done {
		if w.committed == 0 {
			w.writing = false
			w.clear()
			w.reset()
			return nil, nil
		}
		front = front[:min(len(front), w.committed)]
	}
	if w.done || len(front) == 0 {
		w.writing = false
		if w.done {
			w.clear()
		} else if w.fin {
			w.finish()
			s.env.Events.Push(event.StreamFinished, s.Handle, 0, 0, nil)
		}
		return nil, nil
	}
	if len(w.writes) > 0 {
		front = front[:min(len(front), w.writes[0])]
		if !w.fin || len(front) < w.out.Len() {
			limit = noLimit
		}
	}
	return front, limit
}

func noLimit(most int) int { return most }

// sent takes note of n bytes that quic-go has taken, and reports whether to go on.
func (w *sendSide) sent(n int, err error) bool {
	s := w.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	w.out.Consume(n)
	w.writes = consume(w.writes, n)
	if err != nil {
		// Either STOP_SENDING, of which the stream's context tells, or the connection is closed.
		w.writing = false
		w.done = w.done || w.resetting
		w.clear()
		return false
	}
	if w.committed > 0 {
		w.committed = max(w.committed-n, 0)
		if w.committed == 0 {
			w.quic.SetReliableBoundary()
		}
	}
	if w.wanted && w.out.Len() <= writeLow {
		w.wanted = false
		s.env.Events.Push(event.StreamWritable, s.Handle, 0, 0, nil)
	}
	return true
}

// isFinishing reports whether the FIN follows after what is written.
func (s *Stream) isFinishing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.send.fin && !s.send.done
}

// finish sends the FIN.
func (w *sendSide) finish() {
	conn := w.stream.conn
	w.done = true
	w.stopWatch()
	conn.ends.run(func() { w.quic.Close() })
	conn.addFinished(w.quic)
}

// Commit has all that was written so far delivered even if the stream is reset, when the peer
// supports that (draft-ietf-quic-reliable-stream-reset).
func (s *Stream) Commit() {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &s.send
	if w.done || w.resetting {
		return
	}
	w.committed = w.out.Len()
	if w.committed == 0 && w.quic != nil {
		w.quic.SetReliableBoundary()
	}
}

// Reset gives up the sending side (RFC 9000 section 3.1).
func (s *Stream) Reset(code uint64) {
	s.send.giveUp(quic.StreamErrorCode(code))
	s.releaseIfDone()
}

func (w *sendSide) giveUp(code quic.StreamErrorCode) {
	s := w.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.done || w.resetting {
		return
	}
	w.resetCode = code
	if w.committed > 0 {
		w.resetting = true
		w.fin = false
	} else {
		w.reset()
	}
}

func (w *sendSide) reset() {
	s := w.stream
	w.done = true
	w.drop()
	if w.quic != nil {
		w.stopWatch()
		s.conn.ends.run(func() { w.quic.CancelWrite(w.resetCode) })
		s.conn.addFinished(w.quic)
		s.receive.start()
	}
}

// isUnsent reports whether there is something that was written and is not in a packet yet.
func (w *sendSide) isUnsent() bool {
	return w.quic != nil && (w.out.Len() > 0 || quicgo.HasUnsent(w.quic))
}

// watch waits for STOP_SENDING, which the peer may send while nobody writes.
func (w *sendSide) watch(send *quic.SendStream) {
	w.quic = send
	w.stopWatch = context.AfterFunc(send.Context(), func() {
		defer fault.Recover(w.stream.conn.fault)
		w.stream.tellIfStopped()
	})
}

// tellIfStopped tells of a STOP_SENDING that has come, once.
func (s *Stream) tellIfStopped() {
	send := s.send.opened()
	if send == nil {
		return
	}
	if e, ok := errors.AsType[*quic.StreamError](context.Cause(send.Context())); ok && e.Remote {
		s.send.stopped(e.ErrorCode)
		s.releaseIfDone()
	}
}

func (w *sendSide) opened() *quic.SendStream {
	w.stream.mu.Lock()
	defer w.stream.mu.Unlock()
	return w.quic
}

func (w *sendSide) stopped(code quic.StreamErrorCode) {
	w.stream.mu.Lock()
	defer w.stream.mu.Unlock()
	if w.done {
		return
	}
	w.done = true
	w.untold = &stop{code, w.out.Len()}
	w.drop()
	w.quic.CancelWrite(0) // tells quic-go that we know
	w.tellStopped()
}

// tellStopped tells JavaScript of a STOP_SENDING, unless there is data that came before and is not
// in yet. The mutex must be held.
func (w *sendSide) tellStopped() {
	s := w.stream
	if w.untold == nil || !s.announced || s.receive.isBehind() {
		return
	}
	code, lost := exact(uint64(w.untold.code)), w.untold.lost
	s.env.Events.Push(event.StreamStopped, s.Handle, float64(code), float64(lost), nil)
	w.untold = nil
}

// drop frees the buffer. If a goroutine is using it, that goroutine does so.
func (w *sendSide) drop() {
	if !w.writing {
		w.clear()
	}
}

func (w *sendSide) clear() {
	w.out.Clear()
	w.writes = nil
}
