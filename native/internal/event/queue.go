// Package event carries what happened in Go to the JavaScript thread.
package event

import (
	"encoding/binary"
	"math"
	"sync"

	"github.com/MatrixAI/js-quic/native/internal/handle"
)

// HeaderSize is the size of a record without its data, in bytes.
//
// A record is, in little-endian:
//
//	offset  0  uint32   size of the whole record, a multiple of 8
//	offset  4  uint32   kind
//	offset  8  uint32   handle of the object that it happened to
//	offset 12  uint32   length of the data
//	offset 16  float64  a, what it means depends on the kind
//	offset 24  float64  b, likewise
//	offset 32  data, padded to a multiple of 8
//
// The numbers are float64 since that is what a JavaScript number is.
const HeaderSize = 32

// A Queue holds the events of one environment until JavaScript drains them. It has no limit of its
// own: [Kind] says what bounds each kind of event. It is safe for concurrent use.
type Queue struct {
	mu     sync.Mutex
	buf    []byte // records that wait, from read on
	read   int
	closed bool

	// Held for reading during a call of wake, for writing by Close: after Close
	// has returned no goroutine is, or will be, in wake.
	wakeMu sync.RWMutex
	wake   func()
}

// NewQueue returns a queue that calls wake when it turns from empty to non-empty.
// wake must not block.
func NewQueue(wake func()) *Queue {
	return &Queue{wake: wake}
}

// Push appends an event. After Close it does nothing.
func (q *Queue) Push(kind Kind, h handle.Handle, a, b float64, data []byte) {
	if q.add(kind, h, a, b, data) {
		q.callWake()
	}
}

// add reports whether the event is the only one.
func (q *Queue) add(kind Kind, h handle.Handle, a, b float64, data []byte) (isFirst bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	isFirst = len(q.buf) == q.read
	size := (HeaderSize + len(data) + 7) &^ 7
	order := binary.LittleEndian
	q.buf = order.AppendUint32(q.buf, uint32(size))
	q.buf = order.AppendUint32(q.buf, uint32(kind))
	q.buf = order.AppendUint32(q.buf, uint32(h))
	q.buf = order.AppendUint32(q.buf, uint32(len(data)))
	q.buf = order.AppendUint64(q.buf, math.Float64bits(a))
	q.buf = order.AppendUint64(q.buf, math.Float64bits(b))
	q.buf = append(q.buf, data...)
	q.buf = append(q.buf, make([]byte, size-HeaderSize-len(data))...)
	return isFirst
}

// Drain moves as many whole records as fit into dst and returns their size in bytes.
// When some are left it calls wake, so that the loop of the JavaScript thread
// gets its turn between two batches. A record that is larger than dst is
// reported as -size and stays: the caller comes again with a buffer that large.
func (q *Queue) Drain(dst []byte) int {
	n, more := q.take(dst)
	if more {
		q.callWake()
	}
	return n
}

// take reports besides whether there are more that could come next.
func (q *Queue) take(dst []byte) (n int, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.read < len(q.buf) {
		size := int(binary.LittleEndian.Uint32(q.buf[q.read:]))
		if n+size > len(dst) {
			if n == 0 {
				return -size, false
			}
			break
		}
		n += copy(dst[n:], q.buf[q.read:q.read+size])
		q.read += size
	}
	more = q.read < len(q.buf)
	switch {
	case !more:
		q.read = 0
		if cap(q.buf) > maxIdleCapacity {
			q.buf = nil
		} else {
			q.buf = q.buf[:0]
		}
	case q.read >= len(q.buf)/2:
		// Peers can keep some records in it for ever
		q.buf = q.buf[:copy(q.buf, q.buf[q.read:])]
		q.read = 0
	}
	return n, more
}

// A burst may grow the buffer beyond this, but it does not stay so large.
const maxIdleCapacity = 1 << 20

// Close drops what is queued. When it returns, wake will not be called again
// and no call of it is still running.
func (q *Queue) Close() {
	q.drop()
	q.wakeMu.Lock()
	defer q.wakeMu.Unlock()
	q.wake = nil
}

func (q *Queue) drop() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.buf, q.read = nil, 0
}

func (q *Queue) callWake() {
	q.wakeMu.RLock()
	defer q.wakeMu.RUnlock()
	if q.wake != nil {
		q.wake()
	}
}
