package congestion

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// A receiver or a network that holds acknowledgements back for many round trips.
func TestBBRWithLongAggregation(t *testing.T) {
	long(t)
	for _, rate := range []float64{50, 200} {
		for _, rtt := range []time.Duration{200 * time.Microsecond, 2 * ms, 5 * ms} {
			for _, aggregation := range []time.Duration{15 * ms, 25 * ms, 40 * ms, 60 * ms} {
				l := line{rate: mbit(rate), delay: rtt / 2, aggregation: aggregation, seed: 1}
				l.buffer = int64(l.rate / 10)
				sim := newSimulation(t, l)
				f := sim.add(flowOptions{controller: newTestBBR(), app: bulkFor(10 * sec)})
				sim.run(10 * sec)
				if share := f.rate(5*sec, 10*sec) / l.rate; share < 0.65 {
					t.Errorf("%v Mbit/s, %v, acknowledgements every %v: a share of %.2f", rate, rtt, aggregation, share)
				}
			}
		}
	}
}

// Whatever a network has done, its rate is found once it is calm.
func TestBBRAfterChaos(t *testing.T) {
	long(t)
	for seed := range uint64(100) {
		random := rand.New(rand.NewPCG(seed, 99))
		calm := line{rate: mbit(20), delay: 15 * ms, seed: seed, buffer: 75_000}
		sim := newSimulation(t, calm)
		f := sim.add(flowOptions{controller: NewBBR(1252, seed), app: bulkFor(40 * sec), ackOnly: 3 * int64(seed%2)})
		for at := time.Duration(0); at < 15*sec; at += time.Duration(random.Int64N(int64(2 * sec))) {
			sim.at(at, func() {
				l := &sim.line
				l.rate = mbit(math.Exp(random.Float64()*9 - 3))
				l.delay = time.Duration(math.Exp(random.Float64()*9) * 50e3)
				l.loss = []float64{0, 0, 0.01, 0.1, 0.5, 1}[random.IntN(6)]
				l.ackLoss = []float64{0, 0, 0.1, 0.5}[random.IntN(4)]
				l.jitter = time.Duration(random.Int64N(int64(30 * ms)))
				l.reorder = random.IntN(3) == 0
				l.ceThreshold = []int64{0, 0, 5000}[random.IntN(3)]
				l.aggregation = []time.Duration{0, 0, 5 * ms}[random.IntN(3)]
				f.setPacketSize([]int64{1200, 1252, 1452}[random.IntN(3)])
			})
		}
		sim.at(16*sec, func() { sim.line = calm })
		sim.run(40 * sec)
		if share := f.rate(28*sec, 40*sec) / calm.rate; share < 0.7 {
			t.Errorf("seed %d: a share of %.2f when all is calm", seed, share)
		}
	}
}

// Acknowledgements of a download must not keep what is sent meanwhile.
func TestAcknowledgementsAreNotPaced(t *testing.T) {
	b := newTestBBR()
	now, number := second, int64(0)
	for range 10 {
		number++
		b.OnPacketSent(now, 1252, number, 1252, true)
		now += 100 * millisecond
		b.OnPacketAcked(number, 1252, 1252, now)
	}
	for range 10_000 {
		number++
		b.OnPacketSent(now, 0, number, 60, false)
		now += millisecond / 50
	}
	if !b.HasPacingBudget(now) {
		t.Error("data waits for acknowledgements")
	}
}

// Packets are given up without a word: those of a handshake, and probes for a larger MTU.
func TestGivenUpPacketsAreForgotten(t *testing.T) {
	b := newTestBBR()
	now, inFlight := second, int64(0)
	for number := range int64(20_000) {
		inFlight += 1252
		b.OnPacketSent(now, inFlight, number, 1252, true)
		now += 100 * millisecond / 1000
		if acked := number - 100; acked > 0 {
			b.OnPacketAcked(acked, 1252, inFlight, now)
			inFlight -= 1252
		}
	}
	if len(b.packets.ring) > 1<<14 {
		t.Errorf("%d packets are kept", len(b.packets.ring))
	}
	b.OnPacketSent(now+second, 1252, 20_000, 1252, true)
	if len(b.packets.ring) > smallestRing {
		t.Errorf("%d packets are kept when one is under way", len(b.packets.ring))
	}
}

// Any order of calls, with times and numbers as no network has them, leaves numbers that can be
// used.
func TestBBRSurvivesAnything(t *testing.T) {
	steps := 20_000
	if isRace {
		steps = 1000
	}
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 7))
		b := NewBBR(1200+random.Int64N(252), seed)
		now, number, inFlight := random.Int64N(1e15)+1, int64(0), int64(0)
		for step := range steps {
			now = max(1, now+random.Int64N(2e6)-5e5)
			if random.IntN(1000) == 0 {
				now = max(1, now+random.Int64N(200e9)-100e9)
			}
			switch some := random.Int64N(40); random.IntN(10) {
			case 0, 1, 2, 3:
				if random.IntN(1000) == 0 {
					number += random.Int64N(1<<40) - 1<<20
				}
				number++
				size := random.Int64N(1452)
				inFlight += size
				b.OnPacketSent(now, inFlight, number, size, random.IntN(10) > 0)
			case 4, 5, 6:
				b.OnPacketAcked(number-some, random.Int64N(1452), inFlight, now)
				inFlight = max(0, inFlight-random.Int64N(1452))
			case 7:
				b.OnCongestionEvent(number-some, random.Int64N(1452), inFlight)
			case 8:
				b.MaybeExitSlowStart()
				b.OnSpuriousLoss(number - some)
			default:
				b.SetMaxDatagramSize(1200 + random.Int64N(252))
				b.CanSend(inFlight)
			}
			window, rate := b.GetCongestionWindow(), b.PacingRate()
			if window < 4*1200 || window > 1<<40 || !(rate > 0) || math.IsInf(rate, 0) {
				t.Fatalf("seed %d, step %d: a window of %d, a rate of %v", seed, step, window, rate)
			}
			isFree, next := b.HasPacingBudget(now), b.TimeUntilSend(inFlight)
			if !isFree && (next == 0 || next > max(now, b.now)+longestPause+2*leastPause) {
				t.Fatalf("seed %d, step %d: the next packet at %d, and it is %d", seed, step, next, now)
			}
			if len(b.packets.ring) > longestHistory {
				t.Fatalf("seed %d, step %d: %d packets are kept", seed, step, len(b.packets.ring))
			}
		}
	}
}
