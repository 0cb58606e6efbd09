package congestion

import "time"

const (
	simMaxOutstanding = 20_000 // packets
	simMaxLost        = 64     // lost packets that are remembered
	simThreshold      = 3      // packets, of loss detection
	simMaxEighths     = 8      // by which the time threshold may exceed an RTT
	simGranularity    = int64(time.Millisecond)
	simMaxAckDelay    = int64(25 * time.Millisecond)
	simToldAckDelay   = simMaxAckDelay + simGranularity // what the receiver announces
	simMaxPTO         = int64(60 * time.Second)
	simSpinLimit      = 100_000 // times that a controller may hold back a packet without reason
)

// What a packet carries instead of a chunk.
const (
	simPing    int32 = -1
	simAckOnly int32 = -2
)

// A simSent is a packet that may be on the way.
type simSent struct {
	number, at, size int64
	chunk            int32
}

// A simRTT estimates the RTT as RFC 9002 says.
type simRTT struct{ latest, smoothed, deviation, least int64 }

func (r *simRTT) update(measured, ackDelay int64) {
	if r.least == 0 || measured < r.least {
		r.least = measured
	}
	sample := measured
	if sample-r.least >= ackDelay {
		sample -= ackDelay
	}
	r.latest = sample
	if r.smoothed == 0 {
		r.smoothed, r.deviation = sample, sample/2
		return
	}
	r.deviation = (3*r.deviation + max(r.smoothed-sample, sample-r.smoothed)) / 4
	r.smoothed = (7*r.smoothed + sample) / 8
}

func (r *simRTT) pto() int64 { return r.smoothed + max(4*r.deviation, simGranularity) }

// A simSender does what the connection of quic-go and its sentPacketHandler do when the handshake
// is over. A lost packet's chunk is sent again in a new packet, even if the lost one is
// acknowledged after all.
type simSender struct {
	next         int64     // packet number
	skipped      []int64   // packet numbers not used, so that a probe is acknowledged at once
	outstanding  []simSent // by ascending number
	lost         []simSent // by ascending number: the latest ones, to detect spurious losses
	retransmit   []int32   // chunks to send again
	inFlight     int64
	largestAcked int64
	ceSeen       int64
	rtt          simRTT
	lastSentAt   int64
	lossAt       int64 // when the time threshold makes a packet lost, or 0
	alarmAt      int64 // of the loss detection, or 0
	pacingAt     int64 // when the pacer allows more, or 0
	timerAt      int64 // of the event that was scheduled for these, or 0
	ptoCount     int
	probes       int   // packets to send in spite of the controller
	noThreshold  bool  // the packet threshold is off, since there was a spurious loss
	eighths      int64 // by which the time threshold exceeds an RTT
	relaxFrom    int64 // a spurious loss from this packet number on may raise it, -1: none yet
	acked, kept  []simSent
}

// trigger sends as much as the controller allows, and arms the timer.
func (f *flow) trigger() {
	s := &f.sender
	s.pacingAt = 0
	for f.doneAt == 0 {
		if s.probes > 0 {
			f.sendProbe()
			continue
		}
		if !f.controller.CanSend(s.inFlight) || len(s.outstanding) >= simMaxOutstanding {
			break
		}
		if !f.controller.HasPacingBudget(f.sim.now) {
			f.pace()
			break
		}
		// The controller was asked even if there is nothing to send: so it finds that out.
		if !f.sendNext() {
			break
		}
	}
	f.arm()
}

// pace sets when the pacer allows the next packet.
func (f *flow) pace() {
	at := f.controller.TimeUntilSend(f.sender.inFlight)
	if at <= f.sim.now { // the connection asks again and again
		f.spins++
		if f.spinning++; f.spinning > simSpinLimit {
			f.sim.t.Fatalf("after %v no packet may be sent, nor at a later time", f.sim.elapsed())
		}
		at = f.sim.now + int64(time.Microsecond)
	}
	if f.timerSlack > 0 {
		at += f.sim.random.Int64N(f.timerSlack)
	}
	f.sender.pacingAt = at
}

// sendNext sends one packet, unless there is no data.
func (f *flow) sendNext() bool {
	s := &f.sender
	switch {
	case len(s.retransmit) > 0:
		chunk := s.retransmit[0]
		s.retransmit = s.retransmit[1:]
		f.send(chunk)
	case f.backlog > 0:
		f.send(f.take())
	default:
		return false
	}
	return true
}

// sendProbe takes back the oldest packet, which the controller is not told, and sends a packet.
func (f *flow) sendProbe() {
	s := &f.sender
	if len(s.outstanding) > 0 {
		oldest := s.outstanding[0]
		s.outstanding = s.outstanding[1:]
		s.inFlight -= oldest.size
		f.sendAgain(oldest)
	}
	if !f.sendNext() {
		f.send(simPing)
	}
}

func (f *flow) sendAgain(p simSent) {
	if p.chunk >= 0 {
		f.sender.retransmit = append(f.sender.retransmit, p.chunk)
	}
}

// send sends a packet with a chunk, or simPing.
func (f *flow) send(chunk int32) {
	s, now := &f.sender, f.sim.now
	size := int64(simOverhead)
	if chunk >= 0 {
		size += int64(f.chunks[chunk].size)
	}
	number := s.next
	s.next++
	if s.relaxFrom < 0 {
		s.relaxFrom = number
	}
	if s.probes > 0 {
		s.probes--
	}
	s.lastSentAt = now
	f.spinning = 0
	s.inFlight += size
	f.sent++
	f.controller.OnPacketSent(now, s.inFlight, number, size, true)
	s.outstanding = append(s.outstanding, simSent{number, now, size, chunk})
	f.setAlarm()
	f.sim.enter(f, simPacket{number: number, chunk: chunk, size: int32(size)})
	if f.ackOnlyEvery > 0 && f.sent%f.ackOnlyEvery == 0 {
		f.sendAckOnly()
	}
}

// sendAckOnly sends a packet of which the controller never hears again.
func (f *flow) sendAckOnly() {
	s := &f.sender
	f.controller.OnPacketSent(f.sim.now, s.inFlight, s.next, simOverhead, false)
	f.sim.enter(f, simPacket{number: s.next, chunk: simAckOnly, size: simOverhead})
	s.next++
}

// setAlarm sets when the loss detection has something to do.
func (f *flow) setAlarm() {
	s := &f.sender
	switch {
	case len(s.outstanding) == 0:
		s.alarmAt = 0
	case s.lossAt != 0:
		s.alarmAt = s.lossAt
	default:
		pto := (s.rtt.pto() + simToldAckDelay) << s.ptoCount
		if pto <= 0 || pto > simMaxPTO {
			pto = simMaxPTO
		}
		s.alarmAt = s.lastSentAt + pto
	}
}

// arm schedules an event for the timer, unless there is an earlier one that will do so then.
func (f *flow) arm() {
	s := &f.sender
	at := s.alarmAt
	if s.pacingAt != 0 && (at == 0 || s.pacingAt < at) {
		at = s.pacingAt
	}
	if at == 0 || s.timerAt != 0 && s.timerAt <= at {
		return
	}
	s.timerAt = max(at, f.sim.now)
	f.sim.push(simEvent{at: s.timerAt, kind: simTimer, flow: f})
}

func (f *flow) onTimer(at int64) {
	s, now := &f.sender, f.sim.now
	if at != s.timerAt {
		return
	}
	s.timerAt = 0
	if s.alarmAt != 0 && s.alarmAt <= now {
		f.onAlarm()
	} else if s.pacingAt == 0 || s.pacingAt > now {
		f.arm()
		return
	}
	f.sim.wake(f)
}

// onAlarm declares packets lost that took too long, or has probes sent.
func (f *flow) onAlarm() {
	s := &f.sender
	if s.lossAt != 0 {
		f.detectLost()
	} else {
		f.timeouts++
		s.ptoCount = min(s.ptoCount+1, 20)
		s.probes += 2
		s.skipped = append(s.skipped, s.next)
		s.next++
	}
	f.setAlarm()
}

// onAck handles an ACK, in the order in which quic-go does it.
func (f *flow) onAck(ack *simAck) {
	s, now := &f.sender, f.sim.now
	prior := s.inFlight
	f.takeAcked(ack)
	if n := len(s.acked); n > 0 && s.acked[n-1].number == ack.largest() {
		measured := now - s.acked[n-1].at
		f.samples = append(f.samples, simSample{now, measured})
		s.rtt.update(measured, min(ack.delay, simToldAckDelay))
		f.controller.MaybeExitSlowStart()
	}
	spurious, raised := f.detectSpurious(ack)
	if len(s.acked) > 0 {
		if ack.largest() > s.largestAcked {
			s.largestAcked = ack.largest()
			if ack.ce > s.ceSeen {
				s.ceSeen = ack.ce
				f.controller.OnCongestionEvent(s.largestAcked, 0, prior)
			}
		}
	}
	if len(s.acked) > 0 || raised {
		f.detectLost()
	}
	for _, number := range spurious {
		f.spurious++
		f.controller.OnSpuriousLoss(number)
	}
	for _, p := range s.acked {
		f.controller.OnPacketAcked(p.number, p.size, prior, now)
		s.inFlight -= p.size
		if p.chunk >= 0 {
			f.unacked--
		}
	}
	if len(s.acked) > 0 {
		s.ptoCount, s.probes = 0, 0
		f.settle()
	}
	f.setAlarm()
	f.sim.wake(f)
}

// takeAcked moves the packets that an ACK newly acknowledges to s.acked.
func (f *flow) takeAcked(ack *simAck) {
	s := &f.sender
	s.acked, s.kept = s.acked[:0], s.kept[:0]
	span, walked := 0, 0
	for ; walked < len(s.outstanding); walked++ {
		p := s.outstanding[walked]
		for span < len(ack.spans) && p.number > ack.spans[span].high {
			span++
		}
		if span == len(ack.spans) {
			break
		}
		if p.number >= ack.spans[span].low {
			s.acked = append(s.acked, p)
		} else {
			s.kept = append(s.kept, p)
		}
	}
	// What is left of the walked ones moves up to the others, which stay where they are.
	first := walked - len(s.kept)
	copy(s.outstanding[first:walked], s.kept)
	s.outstanding = s.outstanding[first:]
}

// lossDelay returns after which time a packet is lost if a later one was acknowledged.
func (s *simSender) lossDelay() int64 {
	return max(max(s.rtt.latest, s.rtt.smoothed)*(8+s.eighths)/8, simGranularity)
}

// distance returns how many packets were sent after one until another.
func (s *simSender) distance(from, to int64) int64 {
	distance := to - from
	for _, number := range s.skipped {
		if number > from && number < to {
			distance--
		}
	}
	return distance
}

// detectLost declares packets lost. Each one that is not lost is followed by others that are not.
func (f *flow) detectLost() {
	s, now := &f.sender, f.sim.now
	prior, delay := s.inFlight, s.lossDelay()
	s.lossAt = 0
	for len(s.outstanding) > 0 {
		p := s.outstanding[0]
		if p.number > s.largestAcked {
			break
		}
		byOrder := !s.noThreshold && s.distance(p.number, s.largestAcked) >= simThreshold
		if p.at > now-delay && !byOrder {
			s.lossAt = p.at + delay
			break
		}
		s.outstanding = s.outstanding[1:]
		if len(s.lost) == simMaxLost {
			s.lost = s.lost[:copy(s.lost, s.lost[1:])]
		}
		s.lost = append(s.lost, p)
		s.inFlight -= p.size
		f.lost++
		f.sendAgain(p)
		f.controller.OnCongestionEvent(p.number, p.size, prior)
	}
	for len(s.skipped) > 0 && (len(s.outstanding) == 0 || s.skipped[0] < s.outstanding[0].number) {
		s.skipped = s.skipped[1:]
	}
}

// detectSpurious finds lost packets that an ACK acknowledges after all, and relaxes the thresholds
// for them. It also tells whether the time threshold was raised.
func (f *flow) detectSpurious(ack *simAck) (numbers []int64, raised bool) {
	s, now := &f.sender, f.sim.now
	var longest int64
	kept := s.lost[:0]
	oldest := now - 3*s.rtt.pto()
	for _, p := range s.lost {
		if ack.contains(p.number) {
			s.noThreshold = true
			numbers = append(numbers, p.number)
			if s.relaxFrom >= 0 && p.number >= s.relaxFrom {
				longest = max(longest, now-min(ack.delay, simToldAckDelay)-p.at)
			}
		} else if p.at >= oldest {
			kept = append(kept, p)
		}
	}
	s.lost = kept
	if longest > s.lossDelay() && s.eighths < simMaxEighths {
		s.eighths *= 2
		s.relaxFrom = -1
		raised = true
	}
	return numbers, raised
}
