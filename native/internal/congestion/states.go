package congestion

// The state machine (section 5.3).

func (b *BBR) isInProbeBW() bool {
	return b.state >= ProbeBWDown && b.state <= ProbeBWUp
}

func (b *BBR) isProbingBW() bool {
	return b.state == Startup || b.state == ProbeBWRefill || b.state == ProbeBWUp
}

func (b *BBR) enter(state State, pacingGain, cwndGain float64) {
	b.state, b.pacingGain, b.cwndGain = state, pacingGain, cwndGain
}

func (b *BBR) enterStartup() { b.enter(Startup, startupPacingGain, defaultCwndGain) }

func (b *BBR) checkStartupDone() {
	if b.state != Startup {
		return
	}
	if b.isTooMuchForStartup() {
		b.recovery.state = Startup
		b.isFullBW = true
		b.inflightLongterm = max(b.bdp(1), b.inflightLatest)
	}
	if b.isFullBW {
		b.enter(Drain, drainPacingGain, defaultCwndGain)
		b.drainStartRound = b.round
	}
}

// isTooMuchForStartup reports whether a whole round in recovery lost too much, and not only by one
// burst, or had packets marked.
func (b *BBR) isTooMuchForStartup() bool {
	if !b.isLossRoundStart {
		return false
	}
	if b.isMarkInRound {
		return b.stalledRounds > 0
	}
	isHigh := b.InRecovery() && b.lostRanges >= fullLossCount && b.isInflightTooHigh()
	// While the rate still grows by a quarter each round, the losses are not those of a full path
	return isHigh && b.stalledRounds > 1
}

func (b *BBR) checkDrainDone() {
	if b.state != Drain {
		return
	}
	if b.inFlight <= b.inflightAt(1) || b.round > b.drainStartRound+3 {
		b.startDown()
	}
}

func (b *BBR) startDown() {
	b.resetCongestionSignals()
	b.upAckedPerInc = infinite
	b.pickProbeWait()
	b.cycleStamp = b.now
	b.ackPhase = acksProbeStopping
	b.startRound(b.delivered)
	b.enter(ProbeBWDown, downPacingGain, defaultCwndGain)
}

func (b *BBR) startCruise() { b.enter(ProbeBWCruise, cruisePacingGain, defaultCwndGain) }

func (b *BBR) startRefill() {
	b.resetShortTerm()
	b.upRounds, b.upAcked = 0, 0
	b.wasPrecautionary = false
	b.ackPhase = acksRefilling
	b.startRound(b.delivered)
	b.enter(ProbeBWRefill, cruisePacingGain, defaultCwndGain)
}

func (b *BBR) startUp() {
	b.ackPhase = acksProbeStarting
	b.startRound(b.delivered)
	b.resetFullBW()
	b.fullBW = b.sample.deliveryRate
	b.enter(ProbeBWUp, upPacingGain, upCwndGain)
	b.raiseSlope()
}

// pickProbeWait decides by chance how long to wait until the next probe for bandwidth.
func (b *BBR) pickProbeWait() {
	b.roundsSinceProbe = b.random.Int64N(2)
	b.probeWait = 2*second + b.random.Int64N(second)
}

// isTimeToProbe reports whether a cycle has lasted long enough, by the clock or by the rounds that
// flows with Reno need to come to the same bandwidth (section 5.3.3.5).
func (b *BBR) isTimeToProbe() bool {
	rounds := min(max(b.targetInflight()/b.mss, 1), mostRoundsOfReno)
	return b.now > b.cycleStamp+b.probeWait || b.roundsSinceProbe >= rounds
}

func (b *BBR) updateProbeBW() {
	if !b.isFullBW || b.adaptLongTerm() {
		return
	}
	switch b.state {
	case ProbeBWDown:
		if b.isTimeToProbe() {
			b.startRefill()
		} else if b.inFlight <= min(b.inflightWithHeadroom(), b.inflightOfMaxBW()) {
			b.startCruise()
		}
	case ProbeBWCruise:
		if b.isTimeToProbe() {
			b.startRefill()
		}
	case ProbeBWRefill:
		if b.isRoundStart {
			b.isProbeSample = true
			b.startUp()
		}
	case ProbeBWUp:
		if b.isTimeToGoDown() {
			b.wasTooHigh = false // so far
			b.startDown()
		}
	}
}

// inflightOfMaxBW is the product of the bandwidth in the long term and the round-trip time.
func (b *BBR) inflightOfMaxBW() int64 {
	bw := b.bw
	b.bw = b.maxBW
	inflight := b.inflightAt(1)
	b.bw = bw
	return inflight
}

func (b *BBR) isTimeToGoDown() bool {
	if b.wasTooHigh && b.inFlight >= b.inflightLongterm {
		b.wasPrecautionary = true
		return true
	}
	if b.isWindowFull() && b.cwnd >= b.inflightLongterm {
		// The window keeps it from the bandwidth that there may be
		b.resetFullBW()
		b.fullBW = b.sample.deliveryRate
		return false
	}
	return b.isFullBWNow
}

func (b *BBR) raiseSlope() {
	growth := int64(1) << b.upRounds
	b.upRounds = min(b.upRounds+1, 30)
	b.upAckedPerInc = max(b.cwnd/growth, b.mss)
}

// raiseLongTerm lets more and more be under way while nothing speaks against it.
func (b *BBR) raiseLongTerm() {
	if !b.isWindowFull() || b.cwnd < b.inflightLongterm {
		return
	}
	b.upAcked += b.sample.newlyAcked
	if b.upAcked >= b.upAckedPerInc {
		steps := b.upAcked / b.upAckedPerInc
		b.upAcked -= steps * b.upAckedPerInc
		b.inflightLongterm += steps * b.mss
	}
	if b.isRoundStart {
		b.raiseSlope()
	}
}

// adaptLongTerm follows what acknowledgements tell of the last probe, and reports whether it has
// changed the state.
func (b *BBR) adaptLongTerm() bool {
	if b.ackPhase == acksProbeStarting && b.isRoundStart {
		b.ackPhase = acksProbeFeedback
	}
	if b.ackPhase == acksProbeStopping && b.isRoundStart {
		b.isProbeSample = false
		b.ackPhase = acksInit
		if b.isInProbeBW() {
			if !b.sample.isAppLimited {
				b.advanceMaxBW()
			}
			if b.wasPrecautionary && !b.wasTooHigh {
				b.startRefill()
				return true
			}
		}
	}
	if b.isInflightTooHigh() || b.inflightLongterm == infinite {
		return false
	}
	b.inflightLongterm = max(b.inflightLongterm, b.sample.inFlight)
	if b.state == ProbeBWUp {
		b.raiseLongTerm()
	}
	return false
}

func (b *BBR) updateMinRTT() {
	b.isRTTExpired = b.now > b.minRTTStamp+minRTTFilter
	if b.isRTTExpired && b.state != ProbeRTT {
		// The estimate is about to be replaced by one with a queue in it
		b.probeRTTCwnd = max(b.bdp(probeRTTCwndGain), b.minPipeCwnd())
	}
	rtt := b.sample.rtt
	if rtt > 0 && (rtt < b.minRTT || b.isRTTExpired) {
		b.minRTT = rtt
		b.minRTTStamp = b.now
	}
}

func (b *BBR) checkProbeRTT() {
	if b.state != ProbeRTT && b.isRTTExpired && !b.isIdleRestart {
		b.saveCwnd()
		b.enter(ProbeRTT, 1, probeRTTCwndGain)
		b.probeRTTDoneAt = 0
		b.ackPhase = acksProbeStopping
		b.startRound(b.delivered)
	}
	if b.state == ProbeRTT {
		b.handleProbeRTT()
	}
	if b.sample.delivered > 0 {
		b.isIdleRestart = false
	}
}

func (b *BBR) handleProbeRTT() {
	// The rate is low for no fault of the path
	b.limitedByApplication(b.inFlight)
	if b.probeRTTDoneAt == 0 {
		if b.inFlight <= b.probeRTTCwnd {
			b.probeRTTDoneAt = b.now + probeRTTDuration
			b.probeRTTRoundDone = false
			b.startRound(b.delivered)
		}
		return
	}
	b.probeRTTRoundDone = b.probeRTTRoundDone || b.isRoundStart
	if b.probeRTTRoundDone {
		b.checkProbeRTTDone()
	}
}

func (b *BBR) checkProbeRTTDone() {
	if b.probeRTTDoneAt == 0 || b.now <= b.probeRTTDoneAt {
		return
	}
	b.minRTTStamp = b.now
	b.restoreCwnd()
	b.resetShortTerm()
	if b.isFullBW {
		b.startDown()
		b.startCruise()
	} else {
		b.enterStartup()
	}
}

// restartFromIdle is called before the first packet after everything was acknowledged.
func (b *BBR) restartFromIdle() {
	b.isIdleRestart = true
	b.extraAckedStart = b.now
	if b.isInProbeBW() {
		b.setPacingRate(1)
	} else if b.state == ProbeRTT {
		b.checkProbeRTTDone()
	}
}
