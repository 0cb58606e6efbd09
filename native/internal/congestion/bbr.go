package congestion

import "math/rand/v2"

// The parameters of draft-ietf-ccwg-bbr-05 section 2.
const (
	startupPacingGain = 2.77
	drainPacingGain   = 0.5
	downPacingGain    = 0.9
	cruisePacingGain  = 1.0
	upPacingGain      = 1.25
	defaultCwndGain   = 2.0
	upCwndGain        = 2.25
	probeRTTCwndGain  = 0.5
	pacingMargin      = 0.99 // BBR.PacingMarginPercent

	lossThreshold  = 0.02
	beta           = 0.7
	headroom       = 0.15
	minPipePackets = 4

	fullLossCount      = 6
	extraAckedRounds   = 10
	longestAggregation = 100 * millisecond // of Wi-Fi, of receivers that are busy
	minRTTFilter       = 10 * second
	probeRTTDuration   = 200 * millisecond
	mostRoundsOfReno   = 63
	mostBytesAtOnce    = 64 * 1024
	initialPackets     = 32 // as quic-go's
	infinite           = int64(1) << 62
	withoutLimit       = float64(1 << 62)
	leastIdle          = millisecond / 10
)

// A State is where the state machine is (section 5.1.1).
type State int

const (
	Startup State = iota
	Drain
	ProbeBWDown
	ProbeBWCruise
	ProbeBWRefill
	ProbeBWUp
	ProbeRTT
)

// ackPhase is what acknowledgements are about (BBR.ack_phase).
type ackPhase int

const (
	acksInit ackPhase = iota
	acksRefilling
	acksProbeStarting
	acksProbeFeedback
	acksProbeStopping
)

// BBR is version 3 of the congestion control of that name (draft-ietf-ccwg-bbr-05). It estimates
// the bandwidth and the round-trip time of the path, and sends at that rate: packets that are lost
// by chance do not slow it down. Its methods are called by one goroutine.
type BBR struct {
	sampler
	pacer pacer
	model

	state      State
	pacingGain float64
	cwndGain   float64
	cwnd       int64
	priorCwnd  int64
	mss        int64 // C.SMSS, bytes of the largest packet
	quantum    int64 // C.send_quantum

	now      int64 // of the last event
	inFlight int64 // C.inflight
	// What is under way of an acknowledgement: it is handled when all its packets were told.
	isAcking bool
	ackedAt  int64 // when it came, which may be before the last packet was sent

	// When sending was offered, and nothing was sent since. 0 if something was.
	offeredAt int64
	idle      int64 // how long offers were not taken, in this round
	// When the round began.
	roundStartedAt int64
	// Whether the window was full, in this round and in the one before.
	isCwndLimited, wasCwndLimited bool

	hasRTT           bool
	isIdleRestart    bool
	drainStartRound  int64
	cycleStamp       int64
	probeWait        int64
	roundsSinceProbe int64
	ackPhase         ackPhase
	isProbeSample    bool
	wasTooHigh       bool // BBR.prev_probe_too_high
	wasPrecautionary bool // BBR.prev_probe_precautionary
	upRounds         int
	upAcked          int64
	upAckedPerInc    int64

	probeRTTCwnd      int64
	probeRTTDoneAt    int64
	probeRTTRoundDone bool

	recovery recovery
	baseline baseline
	random   *rand.Rand
}

// NewBBR makes a controller for a path of which nothing is known.
//
// maxDatagramSize is the size of the largest packet in bytes. seed is of the times between probes
// for bandwidth, which must differ between the connections of a path.
func NewBBR(maxDatagramSize int64, seed uint64) *BBR {
	b := &BBR{
		mss:           maxDatagramSize,
		cwnd:          initialPackets * maxDatagramSize,
		upAckedPerInc: infinite,
		random:        rand.New(rand.NewPCG(seed, 0)),
	}
	b.pacer.packet = float64(maxDatagramSize)
	b.probeRTTCwnd = b.cwnd
	b.model.init()
	b.sampler.reset()
	b.recovery.end = -1
	// Until there is a round-trip time it sends its first window at once, or nearly
	b.pacer.rate = startupPacingGain * float64(b.cwnd) / 0.001
	b.enterStartup()
	b.setQuantum()
	return b
}

// State returns where the state machine is.
func (b *BBR) State() State { return b.state }

// PacingRate returns the rate at which it sends, in bytes per second.
func (b *BBR) PacingRate() float64 { return b.pacer.rate }

// TimeUntilSend returns when the next packet may be sent, 0 for now.
func (b *BBR) TimeUntilSend(int64) int64 {
	b.finishAck()
	return b.pacer.next()
}

// HasPacingBudget reports whether a packet may be sent now.
func (b *BBR) HasPacingBudget(now int64) bool {
	b.finishAck()
	b.advance(now)
	if !b.pacer.hasBudget(now) {
		return false
	}
	b.noteApplicationLimit(now)
	if b.offeredAt == 0 {
		b.offeredAt = now
	}
	return true
}

// CanSend reports whether the window has room for a packet.
func (b *BBR) CanSend(inFlight int64) bool {
	b.finishAck()
	b.inFlight = inFlight
	if inFlight < b.cwnd {
		return true
	}
	b.isCwndLimited = true
	return false
}

// OnPacketSent is called for each packet. inFlight has the packet itself.
func (b *BBR) OnPacketSent(now, inFlight, number, size int64, isAckEliciting bool) {
	b.finishAck()
	b.advance(now)
	b.recovery.lastSent = number
	if !isAckEliciting {
		return // acknowledgements are not paced (RFC 9002 section 7.7)
	}
	b.pacer.sent(now, size)
	b.noteApplicationLimit(now)
	if inFlight == size && b.appLimited != 0 {
		b.restartFromIdle()
	}
	b.offeredAt = 0
	b.inFlight = inFlight
	b.sampler.sent(now, number, size, inFlight)
}

// MaybeExitSlowStart is called at the start of an acknowledgement.
func (b *BBR) MaybeExitSlowStart() { b.finishAck() }

// OnPacketAcked is called for each packet of an acknowledgement, after those that it shows to be
// lost.
func (b *BBR) OnPacketAcked(number, size, priorInFlight, now int64) {
	if b.isAcking && now != b.ackedAt {
		b.finishAck()
	}
	b.advance(now)
	if !b.isAcking {
		b.ackedAt = now
		b.noteApplicationLimit(now)
		b.isAcking = true
		b.inFlight = min(b.inFlight, priorInFlight)
	}
	b.sampler.acked(number, now)
	b.inFlight = max(b.inFlight-size, 0)
	if b.recovery.end >= 0 && number > b.recovery.end {
		b.recovery.end = -1
		b.restoreCwnd()
	}
}

// OnCongestionEvent is called for a packet that is lost. A size of 0 means that packets were marked
// (ECN-CE, RFC 9000 section 13.4).
func (b *BBR) OnCongestionEvent(number, lost, priorInFlight int64) {
	b.finishAck()
	if lost == 0 {
		b.handleMark(priorInFlight)
		return
	}
	p, ok := b.packets.take(number)
	b.inFlight = max(b.inFlight-lost, 0)
	if !ok {
		return
	}
	b.lost += lost
	b.handleLost(number, p)
}

// OnSpuriousLoss is called when a packet arrives that was taken for lost.
func (b *BBR) OnSpuriousLoss(number int64) {
	b.finishAck()
	if b.recovery.undo(number) {
		b.handleSpuriousLoss()
	}
}

// OnRetransmissionTimeout does nothing: quic-go has no such timeout.
func (b *BBR) OnRetransmissionTimeout(bool) {}

// SetMaxDatagramSize is called when the path turns out to carry larger or smaller packets.
func (b *BBR) SetMaxDatagramSize(size int64) {
	b.mss = size
	b.pacer.packet = float64(size)
	b.cwnd = max(b.cwnd, b.minPipeCwnd())
	b.probeRTTCwnd = max(b.probeRTTCwnd, b.minPipeCwnd())
}

// InSlowStart reports whether it looks for the bandwidth of the path for the first time.
func (b *BBR) InSlowStart() bool { return b.state == Startup }

// InRecovery reports whether packets were lost in the last round trip.
func (b *BBR) InRecovery() bool { return b.recovery.end >= 0 }

// GetCongestionWindow returns how many bytes may be under way.
func (b *BBR) GetCongestionWindow() int64 {
	b.finishAck()
	return b.cwnd
}

func (b *BBR) advance(now int64) {
	if b.now == 0 {
		b.minRTTStamp = now
		b.extraAckedStart = now
	}
	b.now = max(b.now, now)
}

// noteApplicationLimit finds out whether the application leaves the path idle: sending was offered,
// and nothing was sent for a good part of the round in all. Less than that is no sign: packets that
// have come are read before more are sent.
func (b *BBR) noteApplicationLimit(now int64) {
	if b.offeredAt == 0 || now <= b.offeredAt {
		return
	}
	b.idle += now - b.offeredAt
	b.offeredAt = now
	least := max(leastIdle, (now-b.roundStartedAt)/4)
	if b.minRTT < infinite {
		least = max(least, b.minRTT/8)
	}
	if b.idle > least {
		b.idle = 0
		b.limitedByApplication(b.inFlight)
	}
}

// finishAck handles an acknowledgement, once all its packets were told (BBRUpdateOnACK).
func (b *BBR) finishAck() {
	if !b.isAcking {
		return
	}
	b.isAcking = false
	if b.sample.hasData {
		b.seeRTT()
		b.sampler.finish(b.lifetimeRTT)
		b.updateModelAndState()
		b.updateControl()
	}
	b.sampler.reset()
}

func (b *BBR) updateModelAndState() {
	b.updateLatestDelivery()
	b.updateCongestionSignals()
	b.updateAckAggregation()
	b.checkFullBW()
	b.checkStartupDone()
	b.checkDrainDone()
	b.updateProbeBW()
	b.updateMinRTT()
	b.checkProbeRTT()
	b.advanceLatestDelivery()
	b.updateBaseline()
	b.boundBW()
}

func (b *BBR) updateControl() {
	b.setPacingRate(b.pacingGain)
	b.setQuantum()
	b.setCwnd()
}
