// Package buffer holds stream bytes between the transport and JavaScript.
package buffer

import (
	"sync"
	"sync/atomic"
)

// BlockSize is the size of the blocks that a [FIFO] is made of, in bytes.
const BlockSize = 64 << 10

var blocks = sync.Pool{New: func() any { return new([BlockSize]byte) }}

// smallBlocks serve streams that carry a short message: most never need a whole block.
const smallBlockSize = 4 << 10

var smallBlocks = sync.Pool{New: func() any { return new([smallBlockSize]byte) }}

type block struct {
	data       []byte
	start, end int // what is filled and not yet taken
	large      *[BlockSize]byte
	small      *[smallBlockSize]byte
}

func newBlock(small bool) *block {
	if small {
		b := smallBlocks.Get().(*[smallBlockSize]byte)
		return &block{data: b[:], small: b}
	}
	b := blocks.Get().(*[BlockSize]byte)
	return &block{data: b[:], large: b}
}

func (b *block) free() {
	if b.small != nil {
		smallBlocks.Put(b.small)
	} else {
		blocks.Put(b.large)
	}
	b.data, b.small, b.large = nil, nil, nil
}

// A FIFO is a queue of bytes in pooled blocks. The first is small, since most
// streams are short. It is not safe for concurrent use, but for one exception:
// the memory that Space or Front returned may be written or read while other
// methods are called, until Commit or Consume.
type FIFO struct {
	// Total, when set, is a counter of bytes that several queues share.
	Total *atomic.Int64

	blocks []*block
	length int
	// Set while the memory that Space returned is being filled.
	filling bool
	used    bool // some bytes have gone through
}

// Len returns the number of bytes in the queue.
func (f *FIFO) Len() int { return f.length }

func (f *FIFO) grow(n int) {
	f.length += n
	if f.Total != nil {
		f.Total.Add(int64(n))
	}
}

// Space returns memory behind the last byte, to be filled and then committed.
func (f *FIFO) Space() []byte {
	f.filling = true
	if n := len(f.blocks); n > 0 {
		if last := f.blocks[n-1]; last.end < len(last.data) {
			return last.data[last.end:]
		}
	}
	b := newBlock(!f.used)
	f.used = true
	f.blocks = append(f.blocks, b)
	return b.data
}

// Commit appends the first n bytes of what Space returned.
func (f *FIFO) Commit(n int) {
	f.filling = false
	f.blocks[len(f.blocks)-1].end += n
	f.grow(n)
	f.dropEmpty()
}

// Write appends a copy of p.
func (f *FIFO) Write(p []byte) {
	for len(p) > 0 {
		n := copy(f.Space(), p)
		f.Commit(n)
		p = p[n:]
	}
}

// Read moves up to len(p) bytes into p and returns their number.
func (f *FIFO) Read(p []byte) int {
	n := 0
	for n < len(p) && f.length > 0 {
		m := copy(p[n:], f.Front())
		f.Consume(m)
		n += m
	}
	return n
}

// Front returns the first bytes in the queue, as many as lie together. It is empty when the queue
// is.
func (f *FIFO) Front() []byte {
	if f.length == 0 {
		return nil
	}
	b := f.blocks[0]
	return b.data[b.start:b.end]
}

// Consume removes the first n bytes, which must be no more than Front returned.
func (f *FIFO) Consume(n int) {
	f.blocks[0].start += n
	f.grow(-n)
	f.dropEmpty()
}

// dropEmpty gives blocks back to the pool that hold nothing and are not being filled.
func (f *FIFO) dropEmpty() {
	for len(f.blocks) > 0 {
		b := f.blocks[0]
		last := len(f.blocks) == 1
		if b.start < b.end || last && f.filling || last && b.end < len(b.data) && f.length > 0 {
			return
		}
		b.free()
		f.blocks[0] = nil
		f.blocks = f.blocks[1:]
	}
	f.blocks = nil
}

// Clear drops everything. It must not be called between Space and Commit.
func (f *FIFO) Clear() {
	for _, b := range f.blocks {
		b.free()
	}
	f.blocks = nil
	f.grow(-f.length)
}
