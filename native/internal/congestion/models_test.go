package congestion

import "math"

// A fixedWindow keeps a number of bytes in flight, whatever happens.
type fixedWindow struct{ window int64 }

func (c *fixedWindow) TimeUntilSend(int64) int64             { return 0 }
func (c *fixedWindow) HasPacingBudget(int64) bool            { return true }
func (c *fixedWindow) OnPacketSent(_, _, _, _ int64, _ bool) {}
func (c *fixedWindow) CanSend(inFlight int64) bool           { return inFlight < c.window }
func (c *fixedWindow) MaybeExitSlowStart()                   {}
func (c *fixedWindow) OnPacketAcked(_, _, _, _ int64)        {}
func (c *fixedWindow) OnCongestionEvent(_, _, _ int64)       {}
func (c *fixedWindow) OnSpuriousLoss(int64)                  {}
func (c *fixedWindow) OnRetransmissionTimeout(bool)          {}
func (c *fixedWindow) SetMaxDatagramSize(int64)              {}
func (c *fixedWindow) InSlowStart() bool                     { return false }
func (c *fixedWindow) InRecovery() bool                      { return false }
func (c *fixedWindow) GetCongestionWindow() int64            { return c.window }

// A windowModel is what renoModel and cubicModel have in common: slow start, pacing at 1.25 times
// the window per RTT, and one reduction for all losses of a round trip.
type windowModel struct {
	packet    int64   // bytes
	window    float64 // bytes
	threshold float64 // of slow start
	smoothed  float64 // RTT in nanoseconds, 0 before the first measurement
	sentAt    []int64 // by packet number
	sent      int64   // highest packet number
	recovery  int64   // losses up to this packet number were answered
	inside    bool    // no packet after recovery was acknowledged yet
	nextAt    int64   // when the pacer allows the next packet
}

// pacingBurst is for how long a model may have sent nothing and make up for it.
const pacingBurst = int64(2e6)

func newWindowModel() windowModel {
	const packet = simPacketSize
	return windowModel{packet: packet, window: 10 * packet, threshold: math.Inf(1), recovery: -1}
}

func (c *windowModel) TimeUntilSend(int64) int64      { return c.nextAt }
func (c *windowModel) HasPacingBudget(now int64) bool { return now >= c.nextAt }
func (c *windowModel) CanSend(inFlight int64) bool    { return float64(inFlight) < c.window }
func (c *windowModel) MaybeExitSlowStart()            {}
func (c *windowModel) OnSpuriousLoss(int64)           {}
func (c *windowModel) OnRetransmissionTimeout(bool)   {}
func (c *windowModel) SetMaxDatagramSize(size int64)  { c.packet = size }
func (c *windowModel) InSlowStart() bool              { return c.window < c.threshold }
func (c *windowModel) InRecovery() bool               { return c.inside }
func (c *windowModel) GetCongestionWindow() int64     { return int64(c.window) }

func (c *windowModel) OnPacketSent(now, _, number, size int64, _ bool) {
	for int64(len(c.sentAt)) <= number {
		c.sentAt = append(c.sentAt, now)
	}
	c.sent = number
	if c.smoothed > 0 {
		took := float64(size) * c.smoothed / (1.25 * c.window)
		c.nextAt = max(c.nextAt, now-pacingBurst) + int64(took)
	}
}

// acked measures the RTT, and tells whether the window may grow: it was used, and has not just been
// reduced. In slow start it has grown already.
func (c *windowModel) acked(number, size, prior, now int64) (grow bool) {
	measured := float64(now - c.sentAt[number])
	if c.smoothed == 0 {
		c.smoothed = measured
	}
	c.smoothed += (measured - c.smoothed) / 8
	if number <= c.recovery {
		return false
	}
	c.inside = false
	slow := c.InSlowStart()
	if unused := c.window - float64(prior); unused > 3*float64(c.packet) &&
		(!slow || float64(prior) < c.window/2) {
		return false
	}
	if slow {
		c.window += float64(size)
	}
	return !slow
}

// congested tells whether the window is to be reduced for a loss or mark, once per round trip.
func (c *windowModel) congested(number int64) bool {
	if number <= c.recovery {
		return false
	}
	c.recovery, c.inside = c.sent, true
	return true
}

func (c *windowModel) reduce(factor float64) {
	c.window = max(c.window*factor, 2*float64(c.packet))
	c.threshold = c.window
}

// A renoModel is a minimal NewReno, to check the simulation with.
type renoModel struct{ windowModel }

func newRenoModel() *renoModel { return &renoModel{newWindowModel()} }

func (c *renoModel) OnPacketAcked(number, size, prior, now int64) {
	if c.acked(number, size, prior, now) {
		c.window += float64(c.packet) * float64(size) / c.window
	}
}

func (c *renoModel) OnCongestionEvent(number, _, _ int64) {
	if c.congested(number) {
		c.reduce(0.5)
	}
}

// A cubicModel is a minimal CUBIC of RFC 9438, to compete with. It has no HyStart.
type cubicModel struct {
	windowModel
	top      float64 // the window before the last reduction, in packets
	epochAt  int64   // when the window began to grow from that, or 0
	estimate float64 // what Reno would have, in packets
	period   float64 // seconds after epochAt at which the window is at top again
}

func newCubicModel() *cubicModel { return &cubicModel{windowModel: newWindowModel()} }

const (
	cubicModelBeta = 0.7
	cubicModelC    = 0.4
)

func (c *cubicModel) OnPacketAcked(number, size, prior, now int64) {
	if !c.acked(number, size, prior, now) {
		// The time in which the window was not used must not count as growth.
		if !c.inside && !c.InSlowStart() {
			c.epochAt = 0
		}
		return
	}
	window := c.window / float64(c.packet)
	if c.epochAt == 0 {
		c.epochAt, c.estimate = now, window
		c.top = max(c.top, window)
		c.period = math.Cbrt((c.top - window) / cubicModelC)
	}
	ackedPackets := float64(size) / float64(c.packet)
	alpha := 3 * (1 - cubicModelBeta) / (1 + cubicModelBeta)
	if c.estimate >= c.top {
		alpha = 1
	}
	c.estimate += alpha * ackedPackets / window
	elapsed := float64(now-c.epochAt)/1e9 + c.smoothed/1e9 - c.period
	target := cubicModelC*elapsed*elapsed*elapsed + c.top
	target = min(max(target, window), 1.5*window)
	window += (target - window) / window * ackedPackets
	c.window = max(window, c.estimate) * float64(c.packet)
}

func (c *cubicModel) OnCongestionEvent(number, _, _ int64) {
	if !c.congested(number) {
		return
	}
	window := c.window / float64(c.packet)
	if window < c.top { // fast convergence: leave room for a new flow
		c.top = window * (1 + cubicModelBeta) / 2
	} else {
		c.top = window
	}
	c.epochAt = 0
	c.reduce(cubicModelBeta)
}
