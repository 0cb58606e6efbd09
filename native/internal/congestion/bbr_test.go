package congestion

import (
	"fmt"
	"testing"
	"time"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

func newTestBBR(seed uint64) *BBR { return NewBBR(1252, seed) }

func TestExplore(t *testing.T) {
	for _, c := range []struct {
		name string
		line func() line
	}{
		{"20ms 200M clean", func() line { return buffered(mbit(200), 20*ms) }},
		{"20ms 1%", func() line { l := buffered(mbit(200), 20*ms); l.loss = 0.01; return l }},
		{"100ms 1%", func() line { l := buffered(mbit(200), 100*ms); l.loss = 0.01; return l }},
		{"50ms 3%", func() line { l := buffered(mbit(200), 50*ms); l.loss = 0.03; return l }},
		{"50ms 15%", func() line { l := buffered(mbit(50), 50*ms); l.loss = 0.15; return l }},
		{"4bdp", func() line { l := buffered(mbit(20), 40*ms); l.buffer *= 4; return l }},
		{"jitter", func() line { l := buffered(mbit(20), 40*ms); l.jitter = 20 * ms; return l }},
		{"reorder", func() line { l := buffered(mbit(20), 40*ms); l.jitter = 20 * ms; l.reorder = true; return l }},
		{"aggregation", func() line { l := buffered(mbit(50), 40*ms); l.aggregation = 10 * ms; return l }},
		{"policer", func() line { l := buffered(mbit(100), 40*ms); l.policer = policer{rate: mbit(10), burst: 50000}; return l }},
		{"slow 64k", func() line { return buffered(64000/8, 100*ms) }},
		{"fast 2G", func() line { return buffered(mbit(2000), 10*ms) }},
	} {
		b := newTestBBR(1)
		l := c.line()
		l.seed = 1
		sim := newSimulation(t, l)
		f := sim.add(flowOptions{controller: b, app: bulkFor(30 * sec)})
		states := map[State]int{}
		sim.every(10*ms, func() { states[b.state]++ })
		sim.run(30 * sec)
		mean, p95 := f.rtt(5*sec, 30*sec)
		qm, qp := sim.queue(5*sec, 30*sec)
		t.Logf("%-16s share %.3f (first 3 s %.3f) rtt %v p95 %v queue/bdp %.2f %.2f lost %.2f%% spins %d states %v",
			c.name, f.rate(5*sec, 30*sec)/l.rate, f.rate(0, 3*sec)/l.rate, mean, p95, float64(qm)/float64(l.bdp()), float64(qp)/float64(l.bdp()),
			100*float64(f.lost)/float64(f.sent), f.spins, fmt.Sprint(states))
	}
}
