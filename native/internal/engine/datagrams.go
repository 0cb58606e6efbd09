package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlogwriter"

	"github.com/MatrixAI/js-quic/native/internal/buffer"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

// ReadMore is added to the number of bytes that [Datagrams.Read] returns when there are more.
// Without it a DatagramsReadable event tells when there are.
const ReadMore = 1 << 30

// Datagrams are the unreliable datagrams of a connection (RFC 9221). They come in batches, in which
// a uint16 in little-endian precedes each: its length.
type Datagrams struct {
	conn *Connection
	quic *quic.Conn
	// Bytes that quic-go reckons without, see margin.
	margin int
	ended  chan struct{} // closed when no more can come in

	inMu      sync.Mutex
	in        buffer.Ring
	inDropped int
	wantRead  bool // a read left none
	unwanted  bool // nothing will be read any more

	outMu      sync.Mutex
	out        buffer.FIFO
	queued     int // datagrams in out, and the one that is being sent
	lastSent   time.Time
	outDropped int
	writing    bool // a goroutine is sending out
	wantWrite  bool // a write filled out
	low        int  // datagrams at which to say that there is room again
	closed     bool
}

// newDatagrams makes the datagrams of a connection whose handshake completed.
//
// incoming is how many are kept until they are read.
func newDatagrams(c *Connection, conn *quic.Conn, incoming int) *Datagrams {
	d := &Datagrams{conn: c, quic: conn, margin: quicgo.DatagramMargin(conn), ended: make(chan struct{})}
	d.in.SetLimit(incoming)
	quicgo.RecordDroppedDatagrams(conn, (*dropped)(d))
	go d.receive()
	return d
}

// receive takes datagrams from quic-go, which would keep the oldest when there are too many.
func (d *Datagrams) receive() {
	defer fault.Recover(d.conn.fault)
	defer close(d.ended)
	for {
		datagram, err := d.quic.ReceiveDatagram(context.Background())
		if err != nil {
			return // the connection is closed
		}
		d.receiveAll(datagram)
	}
}

// receiveAll takes a datagram, and what quic-go has besides.
func (d *Datagrams) receiveAll(first []byte) {
	d.inMu.Lock()
	defer d.inMu.Unlock()
	d.received(first)
	d.receiveRest()
}

// receiveRest takes what quic-go has besides. The mutex is held.
func (d *Datagrams) receiveRest() {
	for range quicgo.DatagramQueue {
		datagram, _ := d.quic.ReceiveDatagram(atOnce{context.Background()})
		if datagram == nil {
			return
		}
		d.received(datagram)
	}
}

func (d *Datagrams) received(datagram []byte) {
	if d.unwanted {
		return
	}
	d.inDropped += d.in.Push(datagram)
	if d.wantRead {
		d.wantRead = false
		d.conn.env.Events.Push(event.DatagramsReadable, d.conn.Handle, 0, 0, nil)
	}
}

// atOnce is a context with which quic-go gives what there is, and nil if there is nothing: it says
// that there is no time to wait, but not that it is cancelled.
type atOnce struct{ context.Context }

func (atOnce) Done() <-chan struct{} { return noTime }

var noTime = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// dropped hears of datagrams that quic-go dropped, as it had quicQueue of them. Its goroutine that
// handles packets goes on for up to 10 ms, when the machine is busy, before that gets its turn
// which takes them.
type dropped Datagrams

func (d *dropped) RecordEvent(qlogwriter.Event) {
	if d == nil {
		return
	}
	d.inMu.Lock()
	defer d.inMu.Unlock()
	if !d.unwanted {
		d.inDropped++
	}
	(*Datagrams)(d).receiveRest()
}

func (*dropped) Close() error { return nil }

// Read moves the oldest datagrams that have come in into batch. It returns their size there, with
// ReadMore added when some are left.
func (d *Datagrams) Read(batch []byte) int {
	d.inMu.Lock()
	defer d.inMu.Unlock()
	n := d.in.Read(batch)
	if d.in.Len() > 0 {
		return n | ReadMore
	}
	d.wantRead = true
	return n
}

// Unread takes the last n datagrams of the last Read back. When newer ones have taken their room
// they are dropped.
func (d *Datagrams) Unread(n int) {
	d.inMu.Lock()
	defer d.inMu.Unlock()
	d.inDropped += d.in.Unread(n)
}

// SetIncomingHighWaterMark sets how many datagrams are kept until they are read.
func (d *Datagrams) SetIncomingHighWaterMark(n int) {
	d.inMu.Lock()
	defer d.inMu.Unlock()
	d.inDropped += d.in.SetLimit(n)
}

// StopReading drops what comes in from now on.
func (d *Datagrams) StopReading() {
	d.inMu.Lock()
	defer d.inMu.Unlock()
	d.unwanted = true
	d.in.Clear()
}

// Write queues the datagrams of a batch, whatever their number, and returns how many are queued
// now. If that is highWater or more, a DatagramsWritable event will tell when it is half of it.
func (d *Datagrams) Write(batch []byte, highWater int) int {
	d.outMu.Lock()
	defer d.outMu.Unlock()
	if d.closed {
		return 0
	}
	count, size := 0, 0
	for len(batch)-size >= shared.DatagramLength {
		next := size + shared.DatagramLength + shared.LengthOfDatagram(batch[size:])
		if next > len(batch) || next-size-shared.DatagramLength > quicgo.MaxDatagram {
			break
		}
		count, size = count+1, next
	}
	d.out.Write(batch[:size])
	d.queued += count
	if d.queued > 0 && !d.writing {
		d.writing = true
		go d.send()
	}
	if d.queued >= highWater {
		d.wantWrite = true
		d.low = highWater / 2
	}
	return d.queued
}

// send hands datagrams to quic-go, which makes it wait, until there are none.
func (d *Datagrams) send() {
	defer fault.Recover(d.conn.fault)
	var memory [quicgo.MaxDatagram]byte
	for {
		datagram, ok := d.next(memory[:])
		if !ok {
			return
		}
		d.sent(d.quic.SendDatagram(datagram))
	}
}

// next takes the oldest datagram out of the queue.
func (d *Datagrams) next(memory []byte) ([]byte, bool) {
	d.outMu.Lock()
	defer d.outMu.Unlock()
	if d.queued == 0 || d.closed {
		d.writing = false
		return nil, false
	}
	d.out.Read(memory[:shared.DatagramLength])
	datagram := memory[:shared.LengthOfDatagram(memory)]
	d.out.Read(datagram)
	return datagram, true
}

func (d *Datagrams) sent(err error) {
	d.outMu.Lock()
	defer d.outMu.Unlock()
	if _, ok := errors.AsType[*quic.DatagramTooLargeError](err); ok {
		// It did fit when it was written, but the path has changed
		d.outDropped++
	} else if err != nil {
		d.close()
		return
	}
	d.queued--
	d.lastSent = time.Now()
	if d.wantWrite && d.queued <= d.low {
		d.wantWrite = false
		d.conn.env.Events.Push(event.DatagramsWritable, d.conn.Handle, 0, 0, nil)
	}
}

// close drops what has not been sent. An event of the connection tells JavaScript.
func (d *Datagrams) close() {
	d.closed = true
	d.out.Clear()
	d.queued = 0
}

// release frees what is kept.
func (d *Datagrams) release() {
	d.StopReading()
	d.outMu.Lock()
	defer d.outMu.Unlock()
	d.close()
}

// isDrained reports whether all that was written has been put into packets, and these have probably
// arrived: the one that closes the connection is sent once, and gets lost in the midst of a burst
// as others do.
func (d *Datagrams) isDrained() bool {
	d.outMu.Lock()
	defer d.outMu.Unlock()
	return d.queued == 0 && !quicgo.HasDatagrams(d.quic) && time.Since(d.lastSent) > d.quic.ConnectionStats().SmoothedRTT
}

// DatagramStats is what the getters of the public API tell.
type DatagramStats struct {
	// MaxSize is the size of the largest datagram that fits into a packet at the moment, in bytes.
	MaxSize int
	// DroppedIncoming counts datagrams for which newer ones were kept, DroppedOutgoing those that
	// did not fit any more.
	DroppedIncoming, DroppedOutgoing int
}

// Stats returns the current numbers.
func (d *Datagrams) Stats() (s DatagramStats) {
	s.MaxSize = d.MaxSize()
	s.DroppedIncoming = locked(&d.inMu, func() int { return d.inDropped })
	s.DroppedOutgoing = locked(&d.outMu, func() int { return d.outDropped })
	return s
}

// tooLarge fits into no packet.
var tooLarge [quicgo.MaxDatagram]byte

// MaxSize returns the size of the largest datagram that fits into a packet at the moment, in bytes.
// It is 0 when the peer did not enable datagrams (RFC 9221 section 3).
func (d *Datagrams) MaxSize() int {
	// quic-go tells it with the refusal
	if e, ok := errors.AsType[*quic.DatagramTooLargeError](d.quic.SendDatagram(tooLarge[:])); ok {
		return max(0, int(e.MaxDatagramPayloadSize)-d.margin)
	}
	return 0
}
