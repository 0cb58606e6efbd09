package udpconn

import (
	"sync/atomic"
	"time"
)

const (
	// maxBacklog is less than the 256 packets that quic-go queues for a connection. It drops
	// more, and the sender slows down.
	maxBacklog = 128
	// perWrite is how many quic-go takes before it sends an acknowledgement.
	perWrite = 32
	// maxBacklogWait is how long datagrams are left to the kernel, which has more room for them.
	// Those that nobody answers, as they belong to no connection, must not hold up the others.
	maxBacklogWait = time.Millisecond
)

// A backlog estimates how many of the datagrams that were read still wait. A
// connection sends an acknowledgement when it has taken [perWrite] of them, or all that there were.
type backlog struct {
	count atomic.Int32
	fell  chan struct{}
}

func newBacklog() backlog { return backlog{fell: make(chan struct{}, 1)} }

func (b *backlog) read(n int) { b.count.Add(int32(n)) }

func (b *backlog) written() {
	count := b.count.Load()
	for count > 0 && !b.count.CompareAndSwap(count, max(count-perWrite, 0)) {
		count = b.count.Load()
	}
	if count >= maxBacklog && count-perWrite < maxBacklog {
		select {
		case b.fell <- struct{}{}:
		default:
		}
	}
}

// wait waits until there is room for more.
func (b *backlog) wait() {
	for b.count.Load() >= maxBacklog {
		select {
		case <-b.fell:
		case <-time.After(maxBacklogWait):
			b.count.Store(0)
		}
	}
}
