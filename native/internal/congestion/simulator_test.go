package congestion

import (
	"math/rand/v2"
	"testing"
	"time"
)

// simEpoch is the virtual time at which every run starts. It is not 0, as 0 stands for "no time" in
// what a controller returns.
const simEpoch int64 = 1e9

// simBucket is the span of time over which what happens is summed up for the results.
const simBucket = int64(time.Millisecond)

// simEventLimit is how many events may happen within one millisecond: more is an endless loop.
const simEventLimit = 1_000_000

// A line is the path between all senders and their receivers: a bottleneck with a buffer, and the
// delay behind it. A test may change the fields of simulation.line in a callback of at.
type line struct {
	rate        float64                             // bytes per second
	rateAt      func(elapsed time.Duration) float64 // if set, instead of rate; 0 is an outage
	delay       time.Duration                       // of each way: the RTT is twice that
	jitter      time.Duration                       // added to the way of data, uniform up to that
	reorder     bool                                // jitter changes the order of packets
	loss        float64                             // share of packets lost behind the bottleneck
	ackLoss     float64                             // share of ACKs lost
	buffer      int64                               // bytes that may wait, 0 for no limit
	ceThreshold int64                               // packets that find more waiting are marked
	aggregation time.Duration                       // ACKs leave only at multiples of that
	policer     policer
	seed        uint64
}

// A policer drops what exceeds its rate instead of letting it wait. It is off when the rate is 0.
type policer struct {
	rate  float64 // bytes per second
	burst int64   // bytes that may pass at once
}

// mbit returns the bytes per second of a number of Mbit/s.
func mbit(n float64) float64 { return n * 1e6 / 8 }

// bdp returns the bytes that are on the way when the line is used fully without waiting.
func (l line) bdp() int64 { return int64(l.rate * 2 * l.delay.Seconds()) }

// A simKind tells what a simEvent is.
type simKind uint8

const (
	simCall     simKind = iota // a callback of the test
	simWrite                   // an application writes
	simTimer                   // the timer of a sender
	simTransmit                // the bottleneck begins with a packet, after an outage
	simLeave                   // a packet has left the bottleneck
	simArrive                  // a packet reaches its receiver
	simAckTimer                // the timer of a receiver
	simAckEvent                // an ACK reaches the sender
)

// A simPacket is what travels to the receiver.
type simPacket struct {
	number int64
	chunk  int32 // what it carries: an index of flow.chunks, simPing or simAckOnly
	size   int32
	ce     bool
}

// A simEvent is something that will happen.
type simEvent struct {
	at     int64
	order  uint64 // among those of one instant
	kind   simKind
	flow   *flow
	packet simPacket
	ack    *simAck
	call   func()
}

// simEvents is a binary heap, written out since container/heap would allocate for every event.
type simEvents []simEvent

func (e simEvents) before(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].order < e[j].order
}

func (e *simEvents) push(event simEvent) {
	*e = append(*e, event)
	h := *e
	for i := len(h) - 1; i > 0; {
		parent := (i - 1) / 2
		if !h.before(i, parent) {
			break
		}
		h[i], h[parent] = h[parent], h[i]
		i = parent
	}
}

func (e *simEvents) pop() simEvent {
	h := *e
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h[last] = simEvent{}
	h = h[:last]
	*e = h
	for i := 0; ; {
		child := 2*i + 1
		if child >= last {
			return first
		}
		if child+1 < last && h.before(child+1, child) {
			child++
		}
		if !h.before(child, i) {
			return first
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// A simWaiting is a packet in the buffer of the bottleneck.
type simWaiting struct {
	flow   *flow
	packet simPacket
}

// A simDepth sums up how full the buffer was for one bucket of time.
type simDepth struct {
	area int64 // bytes times nanoseconds
	peak int64
}

// A simulation is one run of flows over a line, in virtual time. The same line and flows give the
// same run.
type simulation struct {
	t      testing.TB
	line   line
	now    int64
	random *rand.Rand
	flows  []*flow
	active int // flows that are not done

	events simEvents
	order  uint64
	ready  []*flow // those to send when all of this instant has happened

	busy         bool // the bottleneck is at a packet
	waiting      []simWaiting
	waitingFirst int
	waitingBytes int64
	tokens       float64 // of the policer
	tokensAt     int64
	depths       []simDepth
	depthAt      int64

	spareAcks  []*simAck
	guardAt    int64
	guardCount int
}

// newSimulation returns a simulation without flows.
func newSimulation(t testing.TB, l line) *simulation {
	return &simulation{
		t: t, line: l, now: simEpoch, random: rand.New(rand.NewPCG(l.seed, 1)),
		tokens: float64(l.policer.burst), tokensAt: simEpoch, depthAt: simEpoch, guardAt: simEpoch,
	}
}

// elapsed returns the virtual time since the start.
func (s *simulation) elapsed() time.Duration { return time.Duration(s.now - simEpoch) }

// at has something done at a time after the start: to change the line, or to look at a controller.
func (s *simulation) at(elapsed time.Duration, do func()) {
	s.push(simEvent{at: simEpoch + int64(elapsed), kind: simCall, call: do})
}

// every has something done again and again, first after one interval.
func (s *simulation) every(interval time.Duration, do func()) {
	var again func()
	again = func() {
		do()
		s.at(s.elapsed()+interval, again)
	}
	s.at(s.elapsed()+interval, again)
}

// push adds an event. One that should have happened already happens at once.
func (s *simulation) push(event simEvent) {
	event.at = max(event.at, s.now)
	s.order++
	event.order = s.order
	s.events.push(event)
}

// wake lets a flow send when all of this instant has happened. So what arrives together is handled
// before sending, as a connection does it with its queue of received packets.
func (s *simulation) wake(f *flow) {
	if !f.ready {
		f.ready = true
		s.ready = append(s.ready, f)
	}
}

// run lets time pass until all flows are done, or until a time after the start. It may be called
// again with a later one.
func (s *simulation) run(until time.Duration) {
	s.t.Helper()
	deadline := simEpoch + int64(until)
	for s.active > 0 && len(s.events) > 0 {
		if s.events[0].at > deadline {
			s.now = max(s.now, deadline)
			break
		}
		event := s.events.pop()
		s.now = event.at
		if s.now-s.guardAt >= int64(time.Millisecond) {
			s.guardAt, s.guardCount = s.now, 0
		}
		if s.guardCount++; s.guardCount > simEventLimit {
			s.t.Fatalf("endless loop after %v, in an event of kind %d", s.elapsed(), event.kind)
		}
		s.handle(event)
		for len(s.ready) > 0 && (len(s.events) == 0 || s.events[0].at > s.now) {
			for i := 0; i < len(s.ready); i++ {
				s.ready[i].ready = false
				s.ready[i].trigger()
			}
			s.ready = s.ready[:0]
		}
	}
	s.fill(0)
}

func (s *simulation) handle(event simEvent) {
	switch event.kind {
	case simCall:
		event.call()
	case simWrite:
		event.flow.write()
	case simTimer:
		event.flow.onTimer(event.at)
	case simTransmit:
		s.transmit(event.flow, event.packet)
	case simLeave:
		s.leave(event.flow, event.packet)
	case simArrive:
		event.flow.receive(event.packet)
	case simAckTimer:
		event.flow.onAckTimer()
	case simAckEvent:
		event.flow.onAck(event.ack)
		s.spareAcks = append(s.spareAcks, event.ack)
	}
}

// enter takes a packet from a sender to the bottleneck, which may drop it.
func (s *simulation) enter(f *flow, p simPacket) {
	size := int64(p.size)
	if limit := s.line.policer; limit.rate > 0 {
		s.tokens += limit.rate * float64(s.now-s.tokensAt) / 1e9
		s.tokens = min(s.tokens, float64(limit.burst))
		s.tokensAt = s.now
		if s.tokens < float64(size) {
			f.dropped++
			return
		}
		s.tokens -= float64(size)
	}
	if !s.busy {
		s.transmit(f, p)
		return
	}
	if s.line.buffer > 0 && s.waitingBytes+size > s.line.buffer {
		f.dropped++
		return
	}
	if s.line.ceThreshold > 0 && s.waitingBytes > s.line.ceThreshold {
		p.ce = true
		f.marked++
	}
	s.waiting = append(s.waiting, simWaiting{f, p})
	s.fill(size)
}

// transmit lets the bottleneck begin with a packet.
func (s *simulation) transmit(f *flow, p simPacket) {
	s.busy = true
	rate := s.line.rate
	if s.line.rateAt != nil {
		rate = s.line.rateAt(s.elapsed())
	}
	if rate <= 0 { // an outage: look again later
		s.push(simEvent{at: s.now + int64(time.Millisecond), kind: simTransmit, flow: f, packet: p})
		return
	}
	took := int64(float64(p.size) / rate * 1e9)
	s.push(simEvent{at: s.now + took, kind: simLeave, flow: f, packet: p})
}

// leave sends a packet on from the bottleneck, and begins with the next one.
func (s *simulation) leave(f *flow, p simPacket) {
	if s.line.loss > 0 && s.random.Float64() < s.line.loss {
		f.dropped++
	} else {
		at := s.now + int64(s.line.delay) + f.extraWay
		if s.line.jitter > 0 {
			at += s.random.Int64N(int64(s.line.jitter) + 1)
		}
		if !s.line.reorder {
			at = max(at, f.arrivalAt)
			f.arrivalAt = at
		}
		s.push(simEvent{at: at, kind: simArrive, flow: f, packet: p})
	}
	s.busy = false
	if s.waitingFirst == len(s.waiting) {
		return
	}
	next := s.waiting[s.waitingFirst]
	s.waitingFirst++
	if s.waitingFirst > 256 && s.waitingFirst > len(s.waiting)/2 {
		s.waiting = s.waiting[:copy(s.waiting, s.waiting[s.waitingFirst:])]
		s.waitingFirst = 0
	}
	s.fill(-int64(next.packet.size))
	s.transmit(next.flow, next.packet)
}

// sendAck takes an ACK from a receiver.
func (s *simulation) sendAck(f *flow, ack *simAck) {
	if s.line.ackLoss > 0 && s.random.Float64() < s.line.ackLoss {
		s.spareAcks = append(s.spareAcks, ack)
		return
	}
	at := s.now
	if hold := int64(s.line.aggregation); hold > 0 {
		at = (at + hold - 1) / hold * hold
	}
	at += int64(s.line.delay) + f.extraWay
	s.push(simEvent{at: at, kind: simAckEvent, flow: f, ack: ack})
}

// fill changes how much is waiting, and notes for how long it was as much as before.
func (s *simulation) fill(change int64) {
	at, end := s.depthAt-simEpoch, s.now-simEpoch
	for at < end {
		bucket := at / simBucket
		step := min(end, (bucket+1)*simBucket)
		for int64(len(s.depths)) <= bucket {
			s.depths = append(s.depths, simDepth{})
		}
		depth := &s.depths[bucket]
		depth.area += s.waitingBytes * (step - at)
		depth.peak = max(depth.peak, s.waitingBytes)
		at = step
	}
	s.depthAt = s.now
	s.waitingBytes += change
}

// queue returns how many bytes waited between two times after the start, on average and at most.
// It is exact to a millisecond.
func (s *simulation) queue(from, to time.Duration) (mean float64, peak int64) {
	var area int64
	first, last := int64(from)/simBucket, int64(to)/simBucket
	for i := first; i < min(last, int64(len(s.depths))); i++ {
		area += s.depths[i].area / 1000 // so that the sum does not overflow
		peak = max(peak, s.depths[i].peak)
	}
	return float64(area) * 1000 / float64(max(1, last-first)*simBucket), peak
}
