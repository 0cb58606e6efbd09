package congestion

// A model is what is known of the path (section 5.5).
type model struct {
	nextRoundDelivered int64
	isRoundStart       bool
	round              int64

	maxBWFilter [2]float64 // of the cycle before, and of this one
	maxBW       float64
	bw          float64
	bwShortterm float64

	minRTT       int64
	minRTTStamp  int64
	isRTTExpired bool
	lifetimeRTT  int64 // C.min_rtt

	inflightShortterm int64
	inflightLongterm  int64

	extraAckedStart     int64
	extraAckedDelivered int64
	extraAcked          maxFilter

	bwLatest           float64
	inflightLatest     int64
	lossRoundDelivered int64
	isLossRoundStart   bool
	isLossInRound      bool
	isMarkInRound      bool
	lostRanges         int   // in this round
	lastLost           int64 // the number of the packet

	// Rounds since the estimate has last grown by a quarter, whatever limits the rate: a receiver
	// that waits for packets which were lost may do.
	stalledRounds int
	stalledBW     float64

	fullBW      float64
	fullBWCount int
	isFullBWNow bool
	isFullBW    bool // BBR.full_bw_reached
}

func (m *model) init() {
	m.minRTT, m.lifetimeRTT = infinite, infinite
	m.inflightLongterm = infinite
	m.resetShortTerm()
}

func (m *model) resetShortTerm() {
	m.bwShortterm = withoutLimit
	m.inflightShortterm = infinite
}

func (m *model) resetFullBW() {
	m.fullBW, m.fullBWCount, m.isFullBWNow = 0, 0, false
}

func (m *model) resetCongestionSignals() {
	m.isLossInRound, m.isMarkInRound = false, false
	m.bwLatest, m.inflightLatest = 0, 0
}

func (m *model) startRound(delivered int64) {
	m.nextRoundDelivered = delivered
}

// advanceMaxBW begins a cycle of the filter. A cycle without any sample does not count: the
// estimate must never fall to nothing.
func (m *model) advanceMaxBW() {
	if m.maxBWFilter[1] == 0 {
		return
	}
	m.maxBWFilter[0], m.maxBWFilter[1] = m.maxBWFilter[1], 0
	m.maxBW = m.maxBWFilter[0]
}

func (m *model) boundBW() {
	m.bw = min(m.maxBW, m.bwShortterm)
}

// A maxFilter is the largest value of the last rounds: the best three, the later ones smaller, as
// in Kathleen Nichols' algorithm.
type maxFilter struct{ best [3]valueInRound }

type valueInRound struct{ value, round int64 }

func (f *maxFilter) update(value, round, length int64) {
	fresh := valueInRound{value, round}
	best := &f.best
	if value >= best[0].value || round-best[2].round > length {
		best[0], best[1], best[2] = fresh, fresh, fresh
		return
	}
	if value >= best[1].value {
		best[1], best[2] = fresh, fresh
	} else if value >= best[2].value {
		best[2] = fresh
	}
	// The best one leaves with its window, and each of the others is of a later part of it
	if round-best[0].round > length {
		best[0], best[1], best[2] = best[1], best[2], fresh
		if round-best[0].round > length {
			best[0], best[1] = best[1], best[2]
		}
		return
	}
	if best[1].round == best[0].round && round-best[0].round > length/4 {
		best[1], best[2] = fresh, fresh
	} else if best[2].round == best[1].round && round-best[1].round > length/2 {
		best[2] = fresh
	}
}

func (f *maxFilter) max() int64 { return f.best[0].value }

// seeRTT takes the first round-trip time for the pace of the first window, and the smallest one
// for what samples can be relied on.
func (b *BBR) seeRTT() {
	rtt := b.sample.rtt
	if rtt <= 0 {
		return
	}
	b.lifetimeRTT = min(b.lifetimeRTT, rtt)
	if !b.hasRTT {
		b.hasRTT = true
		b.pacer.rate = startupPacingGain * float64(b.initialCwnd()) * float64(second) / float64(rtt)
	}
}

func (b *BBR) initialCwnd() int64 { return initialPackets * b.mss }
func (b *BBR) minPipeCwnd() int64 { return minPipePackets * b.mss }

func (b *BBR) updateRound() {
	b.isRoundStart = b.sample.priorDelivered >= b.nextRoundDelivered
	if !b.isRoundStart {
		return
	}
	b.startRound(b.delivered)
	b.round++
	b.roundsSinceProbe++
	b.idle, b.roundStartedAt = 0, b.now
	b.wasCwndLimited, b.isCwndLimited = b.isCwndLimited, false
	b.stalledRounds++
	if b.maxBW >= b.stalledBW*1.25 {
		b.stalledBW, b.stalledRounds = b.maxBW, 0
	}
}

func (b *BBR) isWindowFull() bool { return b.isCwndLimited || b.wasCwndLimited }

func (b *BBR) updateMaxBW() {
	b.updateRound()
	rate := b.sample.deliveryRate
	if rate <= 0 || (rate < b.maxBW && b.sample.isAppLimited) {
		return
	}
	b.maxBWFilter[1] = max(b.maxBWFilter[1], rate)
	b.maxBW = max(b.maxBWFilter[0], b.maxBWFilter[1])
}

func (b *BBR) updateLatestDelivery() {
	r := &b.sample
	b.isLossRoundStart = false
	b.bwLatest = max(b.bwLatest, r.deliveryRate)
	b.inflightLatest = max(b.inflightLatest, r.delivered)
	if r.priorDelivered >= b.lossRoundDelivered {
		b.lossRoundDelivered = b.delivered
		b.isLossRoundStart = true
	}
}

func (b *BBR) advanceLatestDelivery() {
	if !b.isLossRoundStart {
		return
	}
	b.bwLatest = b.sample.deliveryRate
	b.inflightLatest = b.sample.delivered
	b.isLossInRound, b.isMarkInRound = false, false
	b.lostRanges = 0
}

func (b *BBR) updateCongestionSignals() {
	b.updateMaxBW()
	if b.isLossRoundStart && b.isLossInRound && !b.isProbingBW() && !b.isByChance() {
		b.adaptShortTerm()
	}
}

// adaptShortTerm follows what the path delivered in a round with losses.
func (b *BBR) adaptShortTerm() {
	if b.bwShortterm == withoutLimit {
		b.bwShortterm = b.maxBW
	}
	if b.inflightShortterm == infinite {
		b.inflightShortterm = b.cwnd
	}
	b.bwShortterm = max(b.bwLatest, beta*b.bwShortterm)
	b.inflightShortterm = max(b.inflightLatest, int64(beta*float64(b.inflightShortterm)))
}

func (b *BBR) updateAckAggregation() {
	interval := b.now - b.extraAckedStart
	expected := int64(b.bw * float64(interval) / float64(second))
	if b.extraAckedDelivered <= expected {
		b.extraAckedDelivered = 0
		b.extraAckedStart = b.now
		expected = 0
	}
	b.extraAckedDelivered += b.sample.newlyAcked
	// Where round trips are very short, all that waits for a processor looks like aggregation
	most := int64(b.bw * float64(max(b.lifetimeRTT, longestAggregation)) / float64(second))
	extra := min(b.extraAckedDelivered-expected, b.cwnd, most)
	length := int64(1)
	if b.isFullBW {
		length = extraAckedRounds
	}
	b.extraAcked.update(extra, b.round, length)
}

// checkFullBW looks for the plateau of a rate that was to grow (section 5.3.1.2).
func (b *BBR) checkFullBW() {
	if b.isFullBWNow || !b.isRoundStart || b.sample.isAppLimited {
		return
	}
	if b.sample.deliveryRate >= b.fullBW*1.25 {
		b.resetFullBW()
		b.fullBW = b.sample.deliveryRate
		return
	}
	b.fullBWCount++
	b.isFullBWNow = b.fullBWCount >= 3
	if b.isFullBWNow {
		b.isFullBW = true
	}
}

func (b *BBR) bdp(gain float64) int64 {
	if b.minRTT == infinite {
		return b.initialCwnd()
	}
	return int64(gain * b.bw * float64(b.minRTT) / float64(second))
}

// inflightAt returns how much may be under way at a gain, for packets that are sent in bursts.
func (b *BBR) inflightAt(gain float64) int64 {
	return b.quantized(b.bdp(gain))
}

func (b *BBR) quantized(inflight int64) int64 {
	inflight = max(inflight, b.quantum, b.minPipeCwnd())
	if b.state == ProbeBWUp {
		inflight += 2 * b.mss
	}
	return inflight
}

func (b *BBR) targetInflight() int64 { return min(b.bdp(1), b.cwnd) }

func (b *BBR) inflightWithHeadroom() int64 {
	if b.inflightLongterm == infinite {
		return infinite
	}
	room := max(b.mss, int64(headroom*float64(b.inflightLongterm)))
	return max(b.inflightLongterm-room, b.minPipeCwnd())
}

func (b *BBR) setPacingRate(gain float64) {
	if !b.hasRTT {
		return
	}
	rate := gain * b.bw * pacingMargin
	if b.isFullBW || rate > b.pacer.rate {
		b.pacer.rate = rate
	}
	// A path whose samples are all poor, as after an outage, is still looked at
	least := float64(b.mss) * float64(second) / float64(max(b.lifetimeRTT, millisecond))
	b.pacer.rate = max(b.pacer.rate, least)
}

func (b *BBR) setQuantum() {
	quantum := int64(min(b.pacer.rate/1000, mostBytesAtOnce))
	b.quantum = max(quantum, 2*b.mss)
}

func (b *BBR) setCwnd() {
	acked := b.sample.newlyAcked
	most := b.quantized(b.bdp(b.cwndGain) + b.extraAcked.max())
	if b.isFullBW {
		b.cwnd = min(b.cwnd+acked, most)
	} else if b.cwnd < most || b.delivered < b.initialCwnd() {
		b.cwnd += acked
	}
	b.cwnd = max(b.cwnd, b.minPipeCwnd())
	if b.state == ProbeRTT {
		b.cwnd = min(b.cwnd, b.probeRTTCwnd)
	}
	b.boundCwnd()
}

// boundCwnd keeps to what recent losses allow (section 5.6.4.7).
func (b *BBR) boundCwnd() {
	limit := infinite
	switch {
	case b.state == ProbeBWCruise || b.state == ProbeRTT:
		limit = b.inflightWithHeadroom()
	case b.isInProbeBW():
		limit = b.inflightLongterm
	}
	limit = max(min(limit, b.inflightShortterm), b.minPipeCwnd())
	b.cwnd = min(b.cwnd, limit)
}

func (b *BBR) saveCwnd() {
	if !b.InRecovery() && b.state != ProbeRTT {
		b.priorCwnd = b.cwnd
	} else {
		b.priorCwnd = max(b.priorCwnd, b.cwnd)
	}
}

func (b *BBR) restoreCwnd() { b.cwnd = max(b.cwnd, b.priorCwnd) }
