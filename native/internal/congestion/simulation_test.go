package congestion

import (
	"math"
	"runtime"
	"testing"
	"time"
)

// simModels are the controllers of the tests of the simulation itself.
var simModels = map[string]func() Controller{
	"fixed": func() Controller { return &fixedWindow{64 * simPacketSize} },
	"reno":  func() Controller { return newRenoModel() },
	"cubic": func() Controller { return newCubicModel() },
}

// expectShare fails unless a rate is within a part of what is expected.
func expectShare(t *testing.T, what string, got, want, part float64) {
	t.Helper()
	if math.Abs(got-want) > part*want {
		t.Errorf("%s: got %.0f, want %.0f ± %.0f %%", what, got, want, 100*part)
	}
}

// buffered returns a line with a buffer as large as its bandwidth-delay product.
func buffered(rate float64, rtt time.Duration) line {
	l := line{rate: rate, delay: rtt / 2}
	l.buffer = l.bdp()
	return l
}

func TestSimulationFixedWindow(t *testing.T) {
	l := line{rate: mbit(100), delay: 20 * time.Millisecond}
	sim := newSimulation(t, l)
	window := int64(50 * simPacketSize)
	f := sim.add(flowOptions{controller: &fixedWindow{window}, app: bulkFor(10 * time.Second)})
	sim.run(20 * time.Second)
	rate := f.rate(time.Second, 10*time.Second)
	expectShare(t, "rate", rate, float64(window)/0.04, 0.03)
	mean, p95 := f.rtt(time.Second, 10*time.Second)
	if mean < 40*time.Millisecond || p95 > 46*time.Millisecond {
		t.Errorf("RTT: mean %v, p95 %v", mean, p95)
	}
	if took, ok := f.done(); !ok || took > 10100*time.Millisecond {
		t.Errorf("done: %v, %v", took, ok)
	}
	if f.lost+f.dropped+f.timeouts > 0 {
		t.Errorf("lost %d, dropped %d, timeouts %d", f.lost, f.dropped, f.timeouts)
	}
}

func TestSimulationQueue(t *testing.T) {
	l := line{rate: mbit(10), delay: 20 * time.Millisecond}
	sim := newSimulation(t, l)
	window := 3 * l.bdp()
	f := sim.add(flowOptions{controller: &fixedWindow{window}, app: bulkFor(10 * time.Second)})
	sim.run(20 * time.Second)
	expectShare(t, "rate", f.rate(time.Second, 10*time.Second), l.rate, 0.01)
	mean, peak := sim.queue(time.Second, 10*time.Second)
	expectShare(t, "queue", mean, float64(2*l.bdp()), 0.05)
	expectShare(t, "full queue", float64(peak), float64(2*l.bdp()), 0.05)
	rtt, _ := f.rtt(time.Second, 10*time.Second)
	expectShare(t, "RTT", float64(rtt), float64(120*time.Millisecond), 0.02)
}

func TestSimulationFillsLine(t *testing.T) {
	for _, name := range []string{"reno", "cubic"} {
		l := buffered(mbit(10), 40*time.Millisecond)
		sim := newSimulation(t, l)
		f := sim.add(flowOptions{controller: simModels[name](), app: bulkFor(time.Minute)})
		sim.run(time.Minute)
		rate := f.rate(5*time.Second, time.Minute)
		t.Logf("%s: %.1f %%, %d packets, %d lost", name, 100*rate/l.rate, f.sent, f.lost)
		if rate < 0.85*l.rate || rate > l.rate {
			t.Errorf("%s: rate %.0f of %.0f", name, rate, l.rate)
		}
		if f.lost == 0 || f.lost != f.dropped+f.spurious || f.timeouts > 0 {
			t.Errorf("%s: lost %d, dropped %d, timeouts %d", name, f.lost, f.dropped, f.timeouts)
		}
	}
}

func TestSimulationShares(t *testing.T) {
	l := buffered(mbit(10), 40*time.Millisecond)
	sim := newSimulation(t, l)
	app := func() application { return bulkFor(time.Minute) }
	a := sim.add(flowOptions{controller: newRenoModel(), app: app()})
	b := sim.add(flowOptions{controller: newRenoModel(), app: app(), start: time.Second})
	sim.run(time.Minute)
	x, y := a.rate(0, time.Minute), b.rate(0, time.Minute)
	t.Logf("shares %.2f and %.2f", x/l.rate, y/l.rate)
	expectShare(t, "first", x, (x+y)/2, 0.25)
	if x+y < 0.85*l.rate {
		t.Errorf("rate %.0f of %.0f", x+y, l.rate)
	}
}

func TestSimulationRandomLoss(t *testing.T) {
	l := buffered(mbit(100), 40*time.Millisecond)
	l.loss = 0.01
	sim := newSimulation(t, l)
	f := sim.add(flowOptions{controller: newRenoModel(), app: bulkFor(time.Minute)})
	sim.run(time.Minute)
	// Mathis: a window of sqrt(3/2p) packets.
	want := math.Sqrt(1.5/l.loss) * simPacketSize / 0.04
	expectShare(t, "rate", f.rate(5*time.Second, time.Minute), want, 0.25)
	expectShare(t, "lost", float64(f.dropped), l.loss*float64(f.sent), 0.25)
}

func TestSimulationTransfers(t *testing.T) {
	lines := map[string]func(l *line){
		"plain":            func(*line) {},
		"loss":             func(l *line) { l.loss, l.ackLoss = 0.1, 0.1 },
		"jitter":           func(l *line) { l.jitter = 10 * time.Millisecond },
		"reordering":       func(l *line) { l.jitter, l.reorder = 10*time.Millisecond, true },
		"aggregation":      func(l *line) { l.aggregation = 20 * time.Millisecond },
		"policer":          func(l *line) { l.policer = policer{mbit(5), 30_000} },
		"ACK-only packets": func(*line) {},
		"marks":            func(l *line) { l.ceThreshold = l.buffer / 4 },
		"outage": func(l *line) {
			l.rateAt = func(elapsed time.Duration) float64 {
				if elapsed > 200*time.Millisecond && elapsed < 2*time.Second {
					return 0
				}
				return mbit(20)
			}
		},
	}
	for name, change := range lines {
		for model, create := range simModels {
			t.Run(name+"/"+model, func(t *testing.T) {
				l := buffered(mbit(20), 40*time.Millisecond)
				l.seed = 7
				change(&l)
				sim := newSimulation(t, l)
				const size = 2_000_001
				o := flowOptions{controller: create(), app: transferOf(size)}
				if name == "ACK-only packets" {
					o.ackOnly = 7
				}
				f := sim.add(o)
				sim.run(2 * time.Minute)
				took, ok := f.done()
				t.Logf("%v: %d packets, %d lost, %d spurious, %d dropped, %d marked, %d PTOs",
					took, f.sent, f.lost, f.spurious, f.dropped, f.marked, f.timeouts)
				if !ok || f.delivered != size || f.sender.inFlight != 0 {
					t.Errorf("done %v, %d bytes, in flight %d", ok, f.delivered, f.sender.inFlight)
				}
				if least := time.Duration(size / l.rate * 1e9); took < least {
					t.Errorf("took %v, less than %v", took, least)
				}
				switch name {
				case "policer":
					if f.dropped == 0 || took < 3*time.Second {
						t.Errorf("dropped %d", f.dropped)
					}
				case "reordering":
					if model == "fixed" && f.spurious == 0 {
						t.Error("no spurious losses")
					}
				case "outage":
					if f.timeouts == 0 || took < 2*time.Second {
						t.Errorf("timeouts %d", f.timeouts)
					}
				}
			})
		}
	}
}

func TestSimulationApplications(t *testing.T) {
	sim := newSimulation(t, buffered(mbit(20), 40*time.Millisecond))
	add := func(app application, start time.Duration) *flow {
		return sim.add(flowOptions{
			controller: newRenoModel(), app: app, start: start, extraRTT: 10 * time.Millisecond,
		})
	}
	limited := add(limitedTo(50_000, 20*time.Millisecond, 10*time.Second), 0)
	requests := add(requestsOf(30_000, time.Second, 5), time.Second)
	phases := add(onAndOff(time.Second, 2*time.Second, 8*time.Second), 0)
	calls := 0
	sim.every(time.Second, func() { calls++ })
	sim.run(5 * time.Second)
	if _, ok := limited.done(); ok || calls != 5 {
		t.Errorf("done %v after 5 s, with %d calls", ok, calls)
	}
	sim.run(time.Minute)
	for name, f := range map[string]*flow{
		"limited": limited, "requests": requests, "phases": phases,
	} {
		took, ok := f.done()
		t.Logf("%s: %v, %d bytes, %d packets", name, took, f.delivered, f.sent)
		if !ok {
			t.Errorf("%s is not done", name)
		}
	}
	expectShare(t, "limited", float64(limited.delivered), 500_000, 0.001)
	if requests.delivered != 150_000 {
		t.Errorf("requests: %d bytes", requests.delivered)
	}
	if idle := phases.rate(2*time.Second, 3*time.Second); idle != 0 {
		t.Errorf("rate %.0f while off", idle)
	}
	if rate := phases.rate(3*time.Second, 4*time.Second); rate < mbit(10) {
		t.Errorf("rate %.0f while on", rate)
	}
}

// A failing records that a test failed, instead of failing.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Helper() {}

func (f *failing) Fatalf(string, ...any) {
	f.failed = true
	runtime.Goexit()
}

// A stuckModel holds every packet back, and names no time at which it would not.
type stuckModel struct{ fixedWindow }

func (c *stuckModel) HasPacingBudget(int64) bool { return false }

func TestSimulationEndsLoops(t *testing.T) {
	for _, name := range []string{"pacing", "events"} {
		f := &failing{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			sim := newSimulation(f, buffered(mbit(20), 40*time.Millisecond))
			c := Controller(&stuckModel{fixedWindow{64 * simPacketSize}})
			if name == "events" {
				c = newRenoModel()
				var again func()
				again = func() { sim.at(sim.elapsed(), again) }
				sim.at(time.Second, again)
			}
			sim.add(flowOptions{controller: c, app: bulkFor(time.Minute)})
			sim.run(time.Minute)
		}()
		<-done
		if !f.failed {
			t.Errorf("%s: did not fail", name)
		}
	}
}

func TestSimulationIsDeterministic(t *testing.T) {
	type result struct {
		took                              time.Duration
		sent, lost, spurious, dropped, at int64
	}
	run := func(seed uint64) (results [2]result) {
		l := buffered(mbit(20), 40*time.Millisecond)
		l.loss, l.jitter, l.reorder, l.seed = 0.01, 3*time.Millisecond, true, seed
		sim := newSimulation(t, l)
		for _, c := range []Controller{newRenoModel(), newCubicModel()} {
			slack := time.Millisecond
			sim.add(flowOptions{controller: c, app: transferOf(5e6), timerSlack: slack})
		}
		sim.run(2 * time.Minute)
		for i, f := range sim.flows {
			took, _ := f.done()
			results[i] = result{took, f.sent, f.lost, f.spurious, f.dropped, sim.now}
		}
		return results
	}
	first := run(1)
	if second := run(1); second != first {
		t.Errorf("two runs differ: %v, %v", first, second)
	}
	if other := run(2); other == first {
		t.Errorf("another seed has no effect: %v", first)
	}
}

// BenchmarkSimulation transfers 10 MB at 40 Mbit/s.
func BenchmarkSimulation(b *testing.B) {
	for b.Loop() {
		sim := newSimulation(b, buffered(mbit(40), 40*time.Millisecond))
		f := sim.add(flowOptions{controller: newCubicModel(), app: transferOf(10e6)})
		sim.run(time.Minute)
		if _, ok := f.done(); !ok {
			b.Fatal("not done")
		}
	}
}
