package engine

import (
	"container/heap"
	"container/list"
	"math"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/MatrixAI/js-quic/native/internal/config"
)

const (
	// shares is how many addresses it takes to hold all handshakes of a listener, unless these are
	// very few.
	shares     = 8
	leastShare = 2
	// stalledAfter is the age of a handshake that nobody would have waited for.
	stalledAfter = time.Second
	// failureHalfLife is the time after which a failed handshake counts half as much when a
	// listener decides whether clients have to prove their address.
	failureHalfLife = 10 * time.Second

	// Failures of clients that have not proved their address can be had for a forged packet each.
	// These many are told, and as many more as there are seconds: enough to see what is wrong with
	// a client.
	toldAtOnce    = 64
	toldPerSecond = 8
)

// A standing is what a connection of a client counts as for its listener.
type standing int

const (
	unproved    standing = iota // a handshake, of a client that has not proved its address
	proved                      // a handshake, of a client that has
	established                 // no handshake any more
)

// A seat is what a connection of a client takes up, until JavaScript has heard of its end.
type seat struct {
	source   *source // nil if there is no seat
	standing standing
	element  *list.Element // in the handshakes of the source
	began    time.Time
}

// A source is an address with all its connections; with IPv6 it is a network of /64, as whoever has
// one of its addresses has them all (RFC 4291 section 2.5.4).
type source struct {
	address     netip.Addr
	handshakes  [established]list.List // of *Connection, the oldest first
	connections int
	index       int // in the heap
}

func (s *source) handshaking() int {
	return s.handshakes[unproved].Len() + s.handshakes[proved].Len()
}

// oldest returns the handshake that began first, or nil if there is none.
func (s *source) oldest() *Connection {
	a, b := front(&s.handshakes[unproved]), front(&s.handshakes[proved])
	if a == nil || b != nil && b.seat.began.Before(a.seat.began) {
		return b
	}
	return a
}

func front(l *list.List) *Connection {
	if l.Len() == 0 {
		return nil
	}
	return l.Front().Value.(*Connection)
}

// An admission decides whom the listener of a transport lets in, and counts who is there. What it
// counts is what bounds the events of a listener: a seat is only free again when JavaScript has
// heard of the end.
type admission struct {
	mu      sync.Mutex
	sources map[netip.Addr]*source
	busiest busiest // of these, those with handshakes

	handshakes  [established]int
	connections int

	failures   float64 // of clients that have not proved their address, weighted by their age
	failuresAt time.Time
	told       float64 // how many of them are told, and not yet made up for by time
	toldAt     time.Time

	failed, refused, retries uint64 // handshakes, all that there were
}

// share is how many handshakes one address may have.
func share(c *config.Config) int { return int(max(leastShare, c.MaxHandshakes/shares)) }

// sourceOf returns what counts as the address of a client.
func sourceOf(addr net.Addr) netip.Addr {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return netip.Addr{}
	}
	ip := udp.AddrPort().Addr().Unmap().WithZone("")
	if ip.Is6() {
		network, _ := ip.Prefix(64) // never fails
		return network.Addr()
	}
	return ip
}

// asksForRetry decides whether a client must prove its address by a Retry (RFC 9000 section
// 8.1.2): a flood of forged ones costs no memory then.
func (a *admission) asksForRetry(c *config.Config, addr net.Addr) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.mustProve(c, addr) {
		return false
	}
	a.retries++
	return true
}

func (a *admission) mustProve(c *config.Config, addr net.Addr) bool {
	switch c.Retry {
	case "always":
		return true
	case "auto":
	default:
		return false
	}
	if float64(a.underWay())+a.recentFailures() >= float64(c.RetryThreshold) {
		return true
	}
	// Nor must somebody who forges an address use up its share
	s := a.sources[sourceOf(addr)]
	return s != nil && c.MaxHandshakes > 0 && s.handshakes[unproved].Len() >= max(1, share(c)/2)
}

// recentFailures counts failed handshakes. Those that are over at once would never be many at a
// time.
func (a *admission) recentFailures() float64 {
	now := time.Now()
	age := now.Sub(a.failuresAt)
	a.failuresAt = now
	a.failures *= math.Exp2(-float64(age) / float64(failureHalfLife))
	return a.failures
}

// What becomes of a client that begins a handshake.
type verdict int

const (
	admitted verdict = iota
	refused          // it is told so (CONNECTION_REFUSED, RFC 9000 section 20.1)
	ignored          // it will try again soon
)

// enter gives a client that begins a handshake a seat, if there is one. It returns the connection
// that has to go for it, if one has to.
func (a *admission) enter(c *config.Config, conn *Connection, isProved bool) (v verdict, evicted *Connection) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.source(conn.remote)
	defer a.forgetIfEmpty(s)
	if v, evicted = a.judge(c, s, isProved); v != admitted {
		a.refused++
		return v, nil
	}
	if evicted != nil {
		a.refused++
		a.vacate(evicted)
	}
	conn.seat = seat{source: s, began: time.Now()}
	if isProved {
		conn.seat.standing = proved
	}
	conn.seat.element = s.handshakes[conn.seat.standing].PushBack(conn)
	a.handshakes[conn.seat.standing]++
	a.busiest.update(s)
	return admitted, evicted
}

func (a *admission) judge(c *config.Config, s *source, isProved bool) (v verdict, evicted *Connection) {
	if a.isFull(c, s) {
		return refused, nil
	}
	if c.MaxHandshakes == 0 {
		return admitted, nil
	}
	if !isProved && int64(a.handshakes[unproved]) >= c.MaxUnvalidatedHandshakes {
		return refused, nil
	}
	if a.underWay() >= c.MaxHandshakes {
		if most := a.busiest[0]; most.handshaking() > s.handshaking() {
			return admitted, most.oldest()
		}
		return refused, nil
	}
	if s.handshaking() < share(c) {
		return admitted, nil
	}
	// Whoever has proved the address goes before those who may have forged it
	if oldest := front(&s.handshakes[unproved]); isProved && oldest != nil && time.Since(oldest.seat.began) > stalledAfter {
		return admitted, oldest
	}
	// They may be many good ones behind a NAT, or a burst: each begins again when it has heard
	// nothing
	return ignored, nil
}

func (a *admission) underWay() int64 { return int64(a.handshakes[unproved] + a.handshakes[proved]) }

// isFull reports whether there are as many connections as there may be.
func (a *admission) isFull(c *config.Config, s *source) bool {
	return c.MaxConnections > 0 && int64(a.connections) >= c.MaxConnections ||
		c.MaxConnectionsPerAddress > 0 && int64(s.connections) >= c.MaxConnectionsPerAddress
}

// establish moves a connection from the handshakes to the connections. It reports false if there
// are too many.
func (a *admission) establish(c *config.Config, conn *Connection) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if conn.seat.source == nil {
		return false // it had to go just now
	}
	if a.isFull(c, conn.seat.source) {
		a.refused++
		return false
	}
	a.vacate(conn)
	s := a.source(conn.remote)
	s.connections++
	a.connections++
	conn.seat = seat{source: s, standing: established}
	return true
}

// fail notes that a handshake failed, and reports whether to tell JavaScript of it.
func (a *admission) fail(conn *Connection, isProved bool) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.failed++
	if isProved {
		return true
	}
	a.failures = a.recentFailures() + 1
	now := time.Now()
	a.told = max(0, a.told-toldPerSecond*now.Sub(a.toldAt).Seconds())
	a.toldAt = now
	if a.told >= toldAtOnce {
		return false
	}
	a.told++
	return true
}

// leave gives a seat back.
func (a *admission) leave(conn *Connection) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.vacate(conn)
}

func (a *admission) vacate(conn *Connection) {
	s := conn.seat.source
	if s == nil {
		return
	}
	if standing := conn.seat.standing; standing == established {
		s.connections--
		a.connections--
	} else {
		s.handshakes[standing].Remove(conn.seat.element)
		a.handshakes[standing]--
		a.busiest.update(s)
	}
	conn.seat = seat{}
	a.forgetIfEmpty(s)
}

func (a *admission) source(addr net.Addr) *source {
	address := sourceOf(addr)
	s := a.sources[address]
	if s == nil {
		s = &source{address: address, index: -1}
		if a.sources == nil {
			a.sources = make(map[netip.Addr]*source)
		}
		a.sources[address] = s
	}
	return s
}

func (a *admission) forgetIfEmpty(s *source) {
	if s.connections == 0 && s.handshaking() == 0 {
		delete(a.sources, s.address)
	}
}

// busiest is a heap of the sources that have handshakes: first the one with the most, and of
// several such the one that has had its oldest for the longest time.
type busiest []*source

func (b busiest) Len() int { return len(b) }

func (b busiest) Less(i, j int) bool {
	if n, m := b[i].handshaking(), b[j].handshaking(); n != m {
		return n > m
	}
	c, d := b[i].oldest(), b[j].oldest()
	return c != nil && d != nil && c.seat.began.Before(d.seat.began)
}

func (b busiest) Swap(i, j int) {
	b[i], b[j] = b[j], b[i]
	b[i].index, b[j].index = i, j
}

func (b *busiest) Push(s any) {
	s.(*source).index = len(*b)
	*b = append(*b, s.(*source))
}

func (b *busiest) Pop() any {
	last := len(*b) - 1
	s := (*b)[last]
	(*b)[last] = nil
	*b = (*b)[:last]
	s.index = -1
	return s
}

// update puts a source in its place after its handshakes have changed.
func (b *busiest) update(s *source) {
	switch isIn := s.index >= 0; {
	case s.handshaking() == 0 && isIn:
		heap.Remove(b, s.index)
	case s.handshaking() == 0:
	case isIn:
		heap.Fix(b, s.index)
	default:
		heap.Push(b, s)
	}
}
