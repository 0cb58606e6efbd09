package congestion

import "slices"

// simMaxSpans is how many ranges of packets a receiver remembers and reports.
const simMaxSpans = 64

// A simSpan is a range of packet numbers.
type simSpan struct{ low, high int64 }

// A simAck is an ACK frame.
type simAck struct {
	spans []simSpan // ascending
	delay int64     // for which the receiver held back the acknowledgement of the largest
	ce    int64     // packets received with a CE mark
}

func (a *simAck) largest() int64 { return a.spans[len(a.spans)-1].high }

func (a *simAck) contains(number int64) bool {
	for i := len(a.spans) - 1; i >= 0; i-- {
		if number >= a.spans[i].low {
			return number <= a.spans[i].high
		}
	}
	return false
}

// A simReceiver acknowledges packets as quic-go does: every second one, or after the maximum delay,
// but at once when something is missing or was missing, or was marked.
type simReceiver struct {
	spans     []simSpan // ascending
	largest   int64
	largestAt int64 // when it came
	reported  int64 // the largest in an ACK so far, or -1
	pending   int   // packets since then
	ce        int64
	ackAt     int64 // when an ACK is due, or 0
	timerAt   int64 // of the event that was scheduled for it, or 0
}

// receive takes a packet from the line.
func (f *flow) receive(p simPacket) {
	r, now := &f.receiver, f.sim.now
	f.deliver(p)
	r.insert(p.number)
	if p.number > r.largest {
		r.largest, r.largestAt = p.number, now
	}
	if p.ce {
		r.ce++
	}
	if p.chunk == simAckOnly {
		return
	}
	r.pending++
	wasMissing := p.number < r.reported
	isMissing := r.reported >= 0 && r.spans[len(r.spans)-1].low > r.reported+1
	if wasMissing || isMissing || p.ce || r.pending >= 2 {
		f.acknowledge()
		return
	}
	r.ackAt = now + simMaxAckDelay
	f.armAckTimer()
}

// insert notes that a packet was received.
func (r *simReceiver) insert(number int64) {
	i := len(r.spans) - 1
	for i >= 0 && r.spans[i].low > number+1 {
		i--
	}
	switch {
	case i >= 0 && r.spans[i].low == number+1:
		r.spans[i].low = number
		if i > 0 && r.spans[i-1].high == number-1 {
			r.spans[i-1].high = r.spans[i].high
			r.spans = slices.Delete(r.spans, i, i+1)
		}
	case i >= 0 && r.spans[i].high == number-1:
		r.spans[i].high = number
	case i < 0 || r.spans[i].high < number:
		r.spans = slices.Insert(r.spans, i+1, simSpan{number, number})
		if len(r.spans) > simMaxSpans {
			r.spans = slices.Delete(r.spans, 0, 1)
		}
	}
}

// acknowledge sends an ACK.
func (f *flow) acknowledge() {
	r, s := &f.receiver, f.sim
	var ack *simAck
	if n := len(s.spareAcks); n > 0 {
		ack = s.spareAcks[n-1]
		s.spareAcks = s.spareAcks[:n-1]
	} else {
		ack = new(simAck)
	}
	ack.spans = append(ack.spans[:0], r.spans...)
	ack.delay, ack.ce = s.now-r.largestAt, r.ce
	r.reported, r.pending, r.ackAt = r.largest, 0, 0
	s.sendAck(f, ack)
}

// armAckTimer schedules an event for the timer, unless there is an earlier one that will do so.
func (f *flow) armAckTimer() {
	if r := &f.receiver; r.timerAt == 0 {
		r.timerAt = r.ackAt
		f.sim.push(simEvent{at: r.ackAt, kind: simAckTimer, flow: f})
	}
}

func (f *flow) onAckTimer() {
	r := &f.receiver
	r.timerAt = 0
	switch {
	case r.ackAt == 0:
	case r.ackAt <= f.sim.now:
		f.acknowledge()
	default:
		f.armAckTimer()
	}
}
