package buffer

import (
	"slices"

	"github.com/MatrixAI/js-quic/native/internal/shared"
)

// A Ring holds datagrams until they are read, but no more than a number of them: then the oldest
// make room for new ones. It is not safe for concurrent use. The zero value holds none.
type Ring struct {
	limit  int
	items  [][]byte // used in a circle, and as long as was needed so far
	first  int      // index of the oldest
	length int
	last   [][]byte // what the last Read moved, for Unread
}

// minItems is the length of a ring that is not empty, maxIdleItems that of one which was emptied.
const (
	minItems     = 16
	maxIdleItems = 1024
)

// Len returns the number of datagrams.
func (r *Ring) Len() int { return r.length }

// SetLimit sets how many datagrams the ring holds at most, and returns how many it dropped for it.
func (r *Ring) SetLimit(limit int) (dropped int) {
	r.limit = limit
	for r.length > limit {
		r.shift()
		dropped++
	}
	return dropped
}

// Push takes a datagram and returns how many were dropped for it: the oldest, or itself when the
// limit is 0.
func (r *Ring) Push(datagram []byte) (dropped int) {
	if r.limit == 0 {
		return 1
	}
	if r.length == r.limit {
		r.shift()
		dropped = 1
	}
	r.grow()
	r.items[(r.first+r.length)%len(r.items)] = datagram
	r.length++
	return dropped
}

// Read moves the oldest datagrams into batch, as many as fit, each behind its length. It returns
// how many bytes these are. A batch must have room for the largest datagram.
func (r *Ring) Read(batch []byte) (n int) {
	clear(r.last)
	r.last = r.last[:0]
	for r.length > 0 && shared.DatagramLength+len(r.items[r.first]) <= len(batch)-n {
		datagram := r.shift()
		n += shared.PutDatagram(batch[n:], datagram)
		r.last = append(r.last, datagram)
	}
	if r.length == 0 && len(r.items) > maxIdleItems {
		r.items, r.first = nil, 0
	}
	return n
}

// Unread puts the last n datagrams of the last Read back to where they were, and returns how many
// of them were dropped, as newer ones have taken their room.
func (r *Ring) Unread(n int) (dropped int) {
	n = min(max(n, 0), len(r.last))
	back := r.last[len(r.last)-n:]
	kept := min(n, r.limit-r.length)
	for _, datagram := range slices.Backward(back[n-kept:]) {
		r.grow()
		r.first = (r.first - 1 + len(r.items)) % len(r.items)
		r.items[r.first] = datagram
		r.length++
	}
	r.last = nil
	return n - kept
}

// Clear drops everything.
func (r *Ring) Clear() { *r = Ring{limit: r.limit} }

// shift removes the oldest datagram.
func (r *Ring) shift() []byte {
	datagram := r.items[r.first]
	r.items[r.first] = nil
	r.first = (r.first + 1) % len(r.items)
	r.length--
	return datagram
}

// grow makes room for one more.
func (r *Ring) grow() {
	if r.length < len(r.items) {
		return
	}
	items := make([][]byte, max(minItems, 2*r.length))
	n := copy(items, r.items[r.first:])
	copy(items[n:], r.items[:r.first])
	r.items, r.first = items, 0
}
