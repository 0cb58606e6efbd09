package main

import (
	"bufio"
	"context"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The measures over a line, which is the relay in a process of its own. Their work
// and warm-up are seconds.

// interval is the time between two looks at the round-trip time.
const interval = 20 * time.Millisecond

// arriving measures the MB/s that the server reads of one stream.
func arriving(ctx context.Context, work, warmUp int) (float64, error) {
	f, err := newFlood(ctx)
	if err != nil {
		return 0, err
	}
	defer f.close()
	if err := f.during(time.Duration(warmUp) * time.Second); err != nil {
		return 0, err
	}
	before, start := f.read.Load(), time.Now()
	err = f.during(time.Duration(work) * time.Second)
	return float64(f.read.Load()-before) / 1e6 / time.Since(start).Seconds(), err
}

// roundTrip measures the 95th percentile of the client's smoothed round-trip
// time, in milliseconds.
func roundTrip(ctx context.Context, work, warmUp int) (float64, error) {
	f, err := newFlood(ctx)
	if err != nil {
		return 0, err
	}
	defer f.close()
	if err := f.during(time.Duration(warmUp) * time.Second); err != nil {
		return 0, err
	}
	samples := make([]time.Duration, time.Duration(work)*time.Second/interval)
	for i := range samples {
		if err := f.during(interval); err != nil {
			return 0, err
		}
		samples[i] = f.connection.ConnectionStats().SmoothedRTT
	}
	slices.Sort(samples)
	return samples[len(samples)*95/100].Seconds() * 1e3, nil
}

// flood is a pair whose client sends as much as one stream can.
type flood struct {
	*pair
	// failed yields why the client sends no more.
	failed chan error
}

func newFlood(ctx context.Context) (*flood, error) {
	p, err := newPair(ctx, options{through: relayed})
	if err != nil {
		return nil, err
	}
	f := &flood{pair: p, failed: make(chan error, 1)}
	go func() { f.failed <- send(ctx, p.connection, math.MaxInt64) }()
	return f, nil
}

// during waits for that long, and returns why sending failed meanwhile.
func (f *flood) during(d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case err := <-f.failed:
		return err
	}
}

// relay starts something that leads to an address and returns where.
type relay func(net.Addr) (net.Addr, error)

// lifelines are the stdins of relays. A relay ends with its stdin, which garbage
// collection would close.
var lifelines []io.Closer

// relayed starts the relay, which ends with this process.
func relayed(target net.Addr) (net.Addr, error) {
	args := append(strings.Fields(os.Getenv("BENCH_LINE")), target.String())
	command := exec.Command(os.Getenv("BENCH_RELAY"), args...)
	command.Stderr = os.Stderr
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	lifelines = append(lifelines, stdin)
	stdout, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(strings.TrimSpace(line))
	return &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}, err
}
