// Package event carries what happened in Go to the JavaScript thread.
package event

import (
	"sync"

	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

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
	q.buf = shared.AppendEvent(q.buf, uint32(kind), uint32(h), a, b, data)
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
		size := shared.SizeOfEvent(q.buf[q.read:])
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
