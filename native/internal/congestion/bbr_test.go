package congestion

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

// long skips a test of many simulations under the race detector, which has nothing to find in them.
func long(t *testing.T) {
	if isRace {
		t.Skip("takes too long under the race detector")
	}
}

func newTestBBR() *BBR { return NewBBR(1252, 1) }

// changed returns a line of 50 Mbit/s with a buffer of one BDP, but for what is changed.
func changed(change func(*line)) line {
	l := buffered(mbit(50), 40*ms)
	l.seed = 1
	change(&l)
	return l
}

// expectBulk has a flow send as much as it can, and checks which share of the line it gets from the
// fifth second on, and how large the queue is in the mean, in BDPs.
func expectBulk(t *testing.T, l line, least, mostQueue float64) {
	t.Helper()
	sim := newSimulation(t, l)
	f := sim.add(flowOptions{controller: newTestBBR(), app: bulkFor(30 * sec)})
	sim.run(30 * sec)
	share := f.rate(5*sec, 30*sec) / l.rate
	mean, _ := sim.queue(5*sec, 30*sec)
	queue := float64(mean) / float64(l.bdp())
	if share < least || share > 1.01 {
		t.Errorf("a share of %.3f, and should have %.2f", share, least)
	}
	if queue > mostQueue {
		t.Errorf("a queue of %.2f BDP in the mean, and should be %.2f", queue, mostQueue)
	}
	if f.spins > 10 {
		t.Errorf("asked %d times for a packet that it did not let go", f.spins)
	}
}

func TestBBRConvergesToTheRateOfTheLine(t *testing.T) {
	long(t)
	for _, l := range []line{
		buffered(mbit(1), 100*ms),
		buffered(mbit(10), 10*ms),
		buffered(mbit(50), 40*ms),
		buffered(mbit(400), 100*ms),
		buffered(mbit(1000), 4*ms),
	} {
		l.buffer = max(l.buffer, 20*1252)
		t.Run(fmt.Sprintf("%.0f Mbit per s, %v", l.rate*8/1e6, 2*l.delay), func(t *testing.T) {
			expectBulk(t, l, 0.9, 1)
		})
	}
}

func TestBBRKeepsTheQueueShort(t *testing.T) {
	l := changed(func(l *line) { l.buffer *= 8 })
	expectBulk(t, l, 0.95, 0.5)
	sim := newSimulation(t, l)
	f := sim.add(flowOptions{controller: newTestBBR(), app: bulkFor(30 * sec)})
	sim.run(30 * sec)
	if _, peak := sim.queue(5*sec, 30*sec); peak > l.bdp() {
		t.Errorf("a queue of up to %d bytes, which is more than the BDP, %d", peak, l.bdp())
	}
	if f.lost > 0 {
		t.Errorf("%d packets were lost", f.lost)
	}
}

func TestBBROnLinesThatLosePackets(t *testing.T) {
	long(t)
	for loss, least := range map[float64]float64{0: 0.95, 0.001: 0.9, 0.01: 0.9, 0.02: 0.85, 0.03: 0.75, 0.05: 0.6, 0.1: 0.3, 0.15: 0.2} {
		t.Run(fmt.Sprint(loss), func(t *testing.T) {
			expectBulk(t, changed(func(l *line) { l.loss, l.ackLoss = loss, loss/2 }), least, 1)
		})
	}
}

func TestBBROnOtherLines(t *testing.T) {
	long(t)
	for name, c := range map[string]struct {
		change func(*line)
		least  float64
	}{
		"jitter of half of the round trip": {func(l *line) { l.jitter = 20 * ms }, 0.9},
		"reordering":                       {func(l *line) { l.jitter, l.reorder = 20*ms, true }, 0.9},
		"aggregation of 10 ms":             {func(l *line) { l.aggregation = 10 * ms }, 0.9},
		"a tenth of a BDP of buffer":       {func(l *line) { l.buffer /= 10 }, 0.8},
		"packets that are marked":          {func(l *line) { l.ceThreshold = l.bdp() / 4 }, 0.75},
		"a policer":                        {func(l *line) { l.policer = policer{rate: l.rate / 5, burst: 50_000} }, 0.15},
	} {
		t.Run(name, func(t *testing.T) { expectBulk(t, changed(c.change), c.least, 1) })
	}
}

func TestBBRDoesNotLoseMuchToAPolicer(t *testing.T) {
	long(t)
	l := changed(func(l *line) { l.policer = policer{rate: l.rate / 5, burst: 50_000} })
	sim := newSimulation(t, l)
	f := sim.add(flowOptions{controller: newTestBBR(), app: bulkFor(60 * sec)})
	sim.run(60 * sec)
	if share := float64(f.lost) / float64(f.sent); share > 0.06 {
		t.Errorf("%.1f %% of the packets were lost", 100*share)
	}
}

func TestBBRFollowsTheBandwidth(t *testing.T) {
	long(t)
	for _, factor := range []float64{10, 0.1} {
		t.Run(fmt.Sprint("times ", factor), func(t *testing.T) {
			l := changed(func(l *line) { l.buffer *= 2 })
			sim := newSimulation(t, l)
			f := sim.add(flowOptions{controller: newTestBBR(), app: bulkFor(60 * sec)})
			sim.at(20*sec, func() { sim.line.rate *= factor })
			sim.run(60 * sec)
			if share := f.rate(35*sec, 60*sec) / (l.rate * factor); share < 0.85 {
				t.Errorf("a share of %.3f afterwards", share)
			}
		})
	}
}

func TestBBRFindsOutThatTheWayIsLonger(t *testing.T) {
	long(t)
	l := changed(func(l *line) { l.buffer *= 4 })
	b := newTestBBR()
	sim := newSimulation(t, l)
	f := sim.add(flowOptions{controller: b, app: bulkFor(60 * sec)})
	sim.at(20*sec, func() { sim.line.delay *= 3 })
	var probed bool
	sim.every(10*ms, func() { probed = probed || b.State() == ProbeRTT })
	sim.run(60 * sec)
	if !probed {
		t.Error("there was no ProbeRTT")
	}
	if b.minRTT < int64(118*ms) || b.minRTT > int64(135*ms) {
		t.Errorf("a round-trip time of %v, and it is 120 ms", time.Duration(b.minRTT))
	}
	if share := f.rate(45*sec, 60*sec) / l.rate; share < 0.85 {
		t.Errorf("a share of %.3f afterwards", share)
	}
}

func TestBBRRestartsFromIdle(t *testing.T) {
	l := changed(func(*line) {})
	sim := newSimulation(t, l)
	f := sim.add(flowOptions{controller: newTestBBR(), app: onAndOff(5*sec, 5*sec, 45*sec)})
	sim.run(45 * sec)
	for from := 10 * sec; from < 45*sec; from += 10 * sec {
		if share := f.rate(from+200*ms, from+4800*ms) / l.rate; share < 0.85 {
			t.Errorf("a share of %.3f after a pause, at %v", share, from)
		}
	}
}

func TestALimitedApplicationDoesNotShrinkTheEstimateOfBBR(t *testing.T) {
	long(t)
	l := changed(func(*line) {})
	b := newTestBBR()
	sim := newSimulation(t, l)
	bulk, limited := bulkFor(5*sec), limitedTo(l.rate/20, 5*ms, 30*sec)
	sim.add(flowOptions{controller: b, app: appFunc(func(elapsed, left int64) (int64, int64) {
		if elapsed < int64(5*sec) {
			return bulk.write(elapsed, left)
		}
		if left == appUnlimited {
			left = 0
		}
		left, next := limited.write(elapsed-int64(5*sec), left)
		if next != appNever {
			next += int64(5 * sec)
		}
		return left, next
	})})
	sim.run(40 * sec)
	if b.maxBW < 0.8*l.rate {
		t.Errorf("an estimate of %.2f of the line", b.maxBW/l.rate)
	}
}

func TestTwoFlowsOfBBRShare(t *testing.T) {
	long(t)
	for _, buffer := range []float64{0.5, 1, 4} {
		t.Run(fmt.Sprint(buffer, " BDP"), func(t *testing.T) {
			l := changed(func(l *line) { l.buffer = int64(buffer * float64(l.bdp())) })
			sim := newSimulation(t, l)
			a := sim.add(flowOptions{controller: NewBBR(1252, 1), app: bulkFor(120 * sec)})
			b := sim.add(flowOptions{controller: NewBBR(1252, 2), app: bulkFor(117 * sec), start: 3 * sec})
			sim.run(120 * sec)
			x, y := a.rate(20*sec, 120*sec), b.rate(20*sec, 120*sec)
			if x+y < 0.9*l.rate || min(x, y) < 0.4*(x+y) {
				t.Errorf("shares of %.3f and %.3f", x/l.rate, y/l.rate)
			}
		})
	}
}

func TestBBRBesideCubic(t *testing.T) {
	long(t)
	for _, buffer := range []float64{1, 4} {
		for _, isFirst := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v BDP, first %v", buffer, isFirst), func(t *testing.T) {
				l := changed(func(l *line) { l.buffer = int64(buffer * float64(l.bdp())) })
				sim := newSimulation(t, l)
				starts := []time.Duration{0, 3 * sec}
				if !isFirst {
					slices.Reverse(starts)
				}
				a := sim.add(flowOptions{controller: newTestBBR(), app: bulkFor(120*sec - starts[0]), start: starts[0]})
				b := sim.add(flowOptions{controller: newCubicModel(), app: bulkFor(120*sec - starts[1]), start: starts[1]})
				sim.run(120 * sec)
				x, y := a.rate(20*sec, 120*sec)/l.rate, b.rate(20*sec, 120*sec)/l.rate
				t.Logf("shares of %.3f and %.3f", x, y)
				if x+y < 0.9 || min(x, y) < 0.2/2 {
					t.Errorf("shares of %.3f and %.3f", x, y)
				}
			})
		}
	}
}

// Whatever the line is like, a transfer ends.
func TestBBRNeverStalls(t *testing.T) {
	long(t)
	const size = 10e6
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 7))
		between := func(a, b float64) float64 { return a + (b-a)*random.Float64() }
		l := buffered(mbit(between(1, 100)), time.Duration(between(2, 300))*ms)
		l.seed = seed
		l.buffer = max(int64(between(0.1, 4)*float64(l.buffer)), 10*1252)
		what := ""
		chance := func(p float64, name string, change func()) {
			if random.Float64() < p {
				change()
				what += " " + name
			}
		}
		chance(0.5, "loss", func() { l.loss = between(0, 0.15) })
		chance(0.3, "loss of ACKs", func() { l.ackLoss = between(0, 0.15) })
		chance(0.3, "jitter", func() { l.jitter = time.Duration(between(0, float64(l.delay))) })
		chance(0.2, "reordering", func() { l.reorder = true })
		chance(0.2, "aggregation", func() { l.aggregation = time.Duration(between(1, 20)) * ms })
		chance(0.2, "marks", func() { l.ceThreshold = int64(between(0.1, 1) * float64(l.buffer)) })
		ideal := time.Duration(size / l.rate * float64(sec))
		chance(0.2, "an outage", func() {
			from := time.Duration(between(0, float64(ideal)))
			length := time.Duration(between(0.1, 3) * float64(sec))
			rate := l.rate
			l.rateAt = func(elapsed time.Duration) float64 {
				if elapsed > from && elapsed < from+length {
					return 0
				}
				return rate
			}
			ideal += length
		})
		ideal += 2*l.delay + 2*l.jitter
		sim := newSimulation(t, l)
		f := sim.add(flowOptions{controller: NewBBR(1252, seed), app: transferOf(size), timerSlack: ms})
		sim.run(20 * ideal)
		if took, ok := f.done(); !ok || took > 10*ideal {
			t.Errorf("seed %d, %.1f Mbit/s, %v, loss %.3f,%s: %v, ideally %v (%v)", seed, l.rate*8/1e6, 2*l.delay, l.loss, what, took, ideal, ok)
		}
	}
}
