package congestion

import "math"

// A recovery lasts from a loss until a packet that was sent after it is acknowledged (RFC 9002
// section 7.3.2). It remembers what to go back to if all the losses turn out to be none.
type recovery struct {
	end      int64 // -1 if there is none, else the last packet that was sent before
	lastSent int64

	first             int64 // the first packet that was lost
	losses            int   // those that are not known to be spurious
	state             State // that the losses ended, or -1
	bwShortterm       float64
	inflightShortterm int64
	inflightLongterm  int64
}

const noState State = -1

// undo is called for each spurious loss, and reports whether that was the last one of the losses.
func (r *recovery) undo(number int64) bool {
	if r.losses == 0 || number < r.first {
		return false
	}
	r.losses--
	return r.losses == 0
}

// A baseline is the share of packets that is lost by chance: losses that stay although the rate was
// lowered, and nothing waits in the queue, are not those of too high a rate. The draft does not
// know it. Without it a path that loses more than lossThreshold would be used less and less.
type baseline struct {
	share     float64
	delivered int64 // C.delivered and C.lost at the start of the round
	lost      int64
	rtt       int64 // the smallest one in the round
}

const (
	mostBaseline = 0.25
	baselineGain = 1.0 / 8
	// Rounds with fewer packets say little.
	leastPackets = 8
	// The queue is empty if the round-trip time is at most that part longer than the smallest one.
	emptyQueue = 1.1
)

// updateBaseline takes in a round that is over, in a state that lets queues drain.
func (b *BBR) updateBaseline() {
	l := &b.baseline
	if rtt := b.sample.rtt; rtt > 0 && rtt < l.rtt {
		l.rtt = rtt
	}
	if !b.isRoundStart {
		return
	}
	delivered, lost := b.delivered-l.delivered, b.lost-l.lost
	isEmpty := float64(l.rtt) <= emptyQueue*float64(b.minRTT)
	if b.state == ProbeBWCruise && isEmpty && !b.sample.isAppLimited && delivered+lost >= leastPackets*b.mss {
		share := float64(lost) / float64(delivered+lost)
		if isSlower := b.bwShortterm < b.maxBW; isSlower || share < l.share {
			l.share = min(l.share+baselineGain*(share-l.share), mostBaseline)
		}
	}
	l.delivered, l.lost, l.rtt = b.delivered, b.lost, infinite
}

// isByChance reports whether the last round lost no more than chance does.
func (b *BBR) isByChance() bool {
	delivered, lost := b.delivered-b.baseline.delivered, b.lost-b.baseline.lost
	return float64(lost) <= b.byChance(delivered+lost) && !b.isMarkInRound
}

// byChance returns how much of what was sent may be lost without another cause: what is expected,
// and two standard deviations.
func (b *BBR) byChance(sent int64) float64 {
	expected := b.baseline.share * float64(sent)
	return expected + 2*math.Sqrt(expected*float64(b.mss))
}

func (b *BBR) saveStateUponLoss() {
	b.recovery.state = noState
	b.recovery.bwShortterm = b.bwShortterm
	b.recovery.inflightShortterm = b.inflightShortterm
	b.recovery.inflightLongterm = b.inflightLongterm
}

func (b *BBR) noteLoss(number int64) {
	r := &b.recovery
	if !b.isLossInRound {
		b.lossRoundDelivered = b.delivered
		b.isLossInRound = true
		b.saveCwnd()
		b.saveStateUponLoss()
		r.first, r.losses = number, 0
	}
	r.losses++
	if r.end < 0 {
		r.end = r.lastSent
	}
}

func (b *BBR) handleLost(number int64, p packet) {
	b.noteLoss(number)
	if number != b.lastLost+1 {
		b.lostRanges++
	}
	b.lastLost = number
	if !b.isProbeSample {
		return
	}
	r := &b.sample
	r.inFlight = p.inFlight
	r.lost = b.lost - p.lost
	r.isAppLimited = p.isAppLimited
	if b.isInflightTooHigh() {
		r.inFlight = b.inflightAtLoss(r.inFlight-p.size, r.lost-p.size)
		b.handleInflightTooHigh()
	}
	b.sampler.reset()
}

// handleMark takes packets that were marked for a loss: the network asks to send less before it
// loses any (RFC 9002 section 7.1).
func (b *BBR) handleMark(priorInFlight int64) {
	number := b.recovery.lastSent
	b.noteLoss(number)
	b.isMarkInRound = true
	if !b.isProbeSample {
		return
	}
	b.sample.inFlight = priorInFlight
	b.handleInflightTooHigh()
	b.sampler.reset()
}

// isInflightTooHigh reports whether more was lost than a probe may lose.
func (b *BBR) isInflightTooHigh() bool {
	return float64(b.sample.lost) > b.mostLoss(b.sample.inFlight)
}

func (b *BBR) mostLoss(inFlight int64) float64 {
	return lossThreshold*float64(inFlight) + b.byChance(inFlight)
}

// inflightAtLoss returns how much was under way when the losses came to be too many.
func (b *BBR) inflightAtLoss(inflightBefore, lostBefore int64) int64 {
	share := lossThreshold + b.baseline.share
	prefix := (b.mostLoss(inflightBefore) - float64(lostBefore)) / (1 - share)
	return inflightBefore + int64(prefix)
}

func (b *BBR) handleInflightTooHigh() {
	b.wasTooHigh = true
	b.isProbeSample = false // once for each probe
	if !b.sample.isAppLimited {
		least := int64(beta * float64(b.targetInflight()))
		b.inflightLongterm = max(b.sample.inFlight, least)
	}
	if b.state == ProbeBWUp {
		b.recovery.state = ProbeBWUp
		b.startDown()
	}
}

func (b *BBR) handleSpuriousLoss() {
	r := &b.recovery
	b.restoreCwnd()
	b.isLossInRound = false
	b.resetFullBW()
	b.bwShortterm = max(b.bwShortterm, r.bwShortterm)
	b.inflightShortterm = max(b.inflightShortterm, r.inflightShortterm)
	b.inflightLongterm = max(b.inflightLongterm, r.inflightLongterm)
	state := r.state
	r.state = noState
	switch {
	case state == Startup && b.state != Startup:
		b.isFullBW = false
		if b.state != ProbeRTT {
			b.enterStartup()
		}
	case state == ProbeBWUp && b.state != ProbeBWUp && b.state != ProbeRTT:
		b.startRefill()
	}
	r.end = -1
}
