package engine

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
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
	priority  *priority

	// Set while the stream waits to be opened.
	openCtx    context.Context
	cancelOpen context.CancelFunc
	// Set when it has waited: a StreamOpened event must come before the one of its end.
	waited bool

	receive receiveSide
	send    sendSide
}

func newStream(c *Connection) *Stream {
	s := &Stream{env: c.env, conn: c}
	s.id.Store(-1)
	s.receive.stream, s.send.stream = s, s
	s.receive.space.L = &s.mu
	s.receive.in.Total, s.send.out.Total = &c.unread, &c.unsent
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
	if !s.conn.addStream(s) {
		s.env.remove(h, &s.env.counts.streams)
		return errors.New("the connection is closed")
	}
	return nil
}

// release forgets the stream.
func (s *Stream) release() {
	if !s.giveUp() {
		return
	}
	if s.incoming {
		s.receive.quic.ReleaseStreamCredit()
	}
	s.conn.removeStream(s)
	if s.Handle != 0 {
		s.env.remove(s.Handle, &s.env.counts.streams)
	}
}

// giveUp ends both sides for JavaScript, and reports whether the stream was not released yet.
func (s *Stream) giveUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.released {
		return false
	}
	s.released = true
	s.receive.done, s.send.done = true, true
	if s.send.stopWatch != nil {
		s.send.stopWatch()
	}
	if s.cancelOpen != nil {
		s.cancelOpen()
	}
	s.receive.drop()
	s.send.drop()
	s.receive.space.Broadcast()
	return true
}

// releaseIfDone forgets the stream once both sides are done. It is called without the mutex.
//
// One that the peer opened is kept until JavaScript has handled its end: only then may the peer
// open another one, else streams that end at once would pile up in the events, and in what waits
// behind them.
func (s *Stream) releaseIfDone() {
	if s.isDone() {
		s.release()
	}
}

func (s *Stream) isDone() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.receive.done && s.send.done && (!s.incoming || !s.announced || s.handled)
}

// Release forgets a stream of the peer whose end JavaScript has handled.
func (s *Stream) Release() {
	s.setHandled()
	s.releaseIfDone()
}

func (s *Stream) setHandled() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handled = true
}

// incoming takes a stream that the peer opened. JavaScript learns of it with its first byte, its
// FIN, or a reset that says that bytes were written, though they may never arrive. Without these it
// was opened only because one with a higher ID was, or given up before it was used.
func (c *Connection) incoming(recv *quic.ReceiveStream, send *quic.SendStream) {
	s := newStream(c)
	s.id.Store(int64(recv.StreamID()))
	s.receive.quic = recv
	s.incoming = true
	if send != nil {
		s.send.watch(send)
	} else {
		s.send.done = true
	}
	s.receive.start()
}

// announce tells JavaScript of a stream of the peer, unless there is no use in it: nothing was ever
// written to it, or the connection is closed. The mutex must be held.
func (s *Stream) announce(isReset bool) bool {
	r, w := &s.receive, &s.send
	isEmpty := isReset && r.finalSize() == 0
	closed := r.err != nil && r.err != io.EOF && !isReset
	if isEmpty || closed || s.register() != nil {
		r.done, w.done = true, true
		r.clear()
		r.quic.CancelRead(0)
		if w.quic != nil {
			w.quic.CancelWrite(0)
		}
		return false
	}
	s.announced = true
	s.env.Events.Push(event.ConnectionStream, s.conn.Handle, float64(s.Handle), float64(s.id.Load()), nil)
	return true
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
	defer s.mu.Unlock()
	s.openCtx, s.cancelOpen = context.WithCancel(context.Background())
	s.receive.done = uni
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
	s.receiveOpened(recv)
	s.sendOpened(send)
	if s.waited && !s.released {
		s.env.Events.Push(event.StreamOpened, s.Handle, float64(send.StreamID()), 0, nil)
	}
}

func (s *Stream) receiveOpened(recv *quic.ReceiveStream) {
	r := &s.receive
	if recv == nil {
		r.done = true
		return
	}
	r.quic = recv
	if r.done {
		s.conn.ends.run(func() { recv.CancelRead(r.stopCode) })
	}
	if s.waited {
		r.start()
	}
	if s.conn.tellsArrived() {
		r.readRestOnceKnown()
	}
}

func (s *Stream) sendOpened(send *quic.SendStream) {
	w := &s.send
	if s.priority != nil {
		send.SetPriority(s.priority.urgency, s.priority.incremental)
	}
	if !w.done {
		w.watch(send)
		w.start()
		return
	}
	if w.wrote {
		send.TryWriteAll(make([]byte, 1)) // for the final size, as in write
	}
	s.conn.ends.run(func() { send.CancelWrite(w.resetCode) })
	w.quic = send
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
	if s.send.quic != nil {
		s.send.quic.SetPriority(urgency, incremental)
	}
}
