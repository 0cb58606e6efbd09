package engine

// apart is how much of a stream keeps the chunks that it was written in, on a good network: a write
// has frames of its own, and a frame that does not fill its packet ends a chunk, as does the first.
// Nothing promises that, but peers rely on it for the header that begins a stream.
const apart = 64 << 10

// A frame is taken to fill its packet if it has leastFull bytes, which is what fits into the
// smallest packet (RFC 9000 section 14), and no more than frameSlack less than the largest one.
const (
	leastFull  = 1100
	frameSlack = 16
)

// chunks are the first ones that a peer has written, as far as its frames tell. Each is read by
// itself.
type chunks struct {
	lengths []int
	frame   frame
}

// A frame is the STREAM frame that is being read.
type frame struct {
	size, left int
	largest    int  // of all frames so far
	joins      bool // what follows belongs to the same chunk
}

// add takes n of the left bytes of a frame, after which taken bytes of the stream were read.
func (c *chunks) add(n, left int, taken int64) {
	f := &c.frame
	if f.left == 0 {
		f.size = left
		f.largest = max(f.largest, left)
	}
	f.left = left - n
	if last := len(c.lengths) - 1; f.joins && last >= 0 {
		c.lengths[last] += n
	} else {
		c.lengths = append(c.lengths, n)
	}
	isFirst := taken <= int64(f.size)
	f.joins = f.left > 0 || !isFirst && f.size >= max(leastFull, f.largest-frameSlack)
}

// isAny reports whether a chunk is left that is read by itself.
func (c *chunks) isAny() bool { return len(c.lengths) > 0 }

// limit returns how many of n bytes are of the first chunk.
func (c *chunks) limit(n int) int {
	if c.isAny() {
		return min(n, c.lengths[0])
	}
	return n
}

// consume takes n bytes off the first chunks.
func (c *chunks) consume(n int) { c.lengths = consume(c.lengths, n) }

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
