package main

import (
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// maxPacket is the UDP payload of an Ethernet frame. Larger packets do not fit
	// into the line, as a sender that probes for its limit expects.
	maxPacket = 1472
	// headers of IP and UDP take their part of the bottleneck.
	headers = 28
	// A larger queue than a line has, so that only chance and the bottleneck lose
	// packets.
	queueLength = 1 << 16
	// grain is how long the line sleeps at least: so late may a packet be, for many
	// to leave at once. It is a hundredth of the shortest round trip.
	grain = 200 * time.Microsecond
)

// line is one direction of the way between two sockets.
type line struct {
	delay time.Duration
	loss  float64
	seed  uint64
	// rate is in bits per second, or 0 where there is no bottleneck.
	rate float64
	// buffer is how many bytes may wait before the bottleneck.
	buffer int
}

// packet is on the line until it is due at its end.
type packet struct {
	data [maxPacket]byte
	size int
	due  time.Time
}

var pool = sync.Pool{New: func() any { return new(packet) }}

// start returns what puts a packet on the line, at whose end it is sent. One
// goroutine may put packets.
func (l line) start(end *batch) func([]byte) {
	queue := make(chan *packet, queueLength)
	go leave(queue, end)
	bottleneck := bottleneck{rate: l.rate, buffer: l.buffer}
	chance := rand.New(rand.NewPCG(l.seed, 0))
	return func(data []byte) {
		if len(data) > maxPacket || chance.Float64() < l.loss {
			return
		}
		through, fits := bottleneck.pass(time.Now(), len(data)+headers)
		if !fits {
			return
		}
		p := pool.Get().(*packet)
		p.size = copy(p.data[:], data)
		p.due = through.Add(l.delay)
		select {
		case queue <- p:
		default:
			pool.Put(p)
		}
	}
}

// leave sends packets in their order when they are due, all that are due in a
// batch.
func leave(queue <-chan *packet, end *batch) {
	for p := range queue {
		if wait := time.Until(p.due); wait > 0 {
			end.flush()
			sleep(max(wait, grain))
		}
		end.add(p.data[:p.size])
		pool.Put(p)
		if len(queue) == 0 {
			end.flush()
		}
	}
}

// bottleneck tells when packets have passed it. The queue before it needs no
// packets: it is the time for which the bottleneck is busy.
type bottleneck struct {
	rate   float64
	buffer int
	// free is when all packets so far have passed.
	free time.Time
}

// pass returns when a packet that comes now has passed, or that it is dropped
// as it finds the queue full.
func (b *bottleneck) pass(now time.Time, size int) (through time.Time, fits bool) {
	if b.rate == 0 {
		return now, true
	}
	if busy := b.free.Sub(now); busy > 0 {
		if waiting := busy.Seconds() * b.rate / 8; int(waiting)+size > b.buffer {
			return now, false
		}
	} else {
		b.free = now
	}
	b.free = b.free.Add(time.Duration(float64(8*size) / b.rate * float64(time.Second)))
	return b.free, true
}
