package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
)

// perSecond measures units of work per second.
func perSecond(work workload, unitsPerWork float64, o options) measure {
	return func(ctx context.Context, amount, warmUp int) (float64, error) {
		p, err := newPair(ctx, o)
		if err != nil {
			return 0, err
		}
		defer p.close()
		if err := work(ctx, p, warmUp); err != nil {
			return 0, fmt.Errorf("warm-up: %w", err)
		}
		start := time.Now()
		err = work(ctx, p, amount)
		return float64(amount) * unitsPerWork / time.Since(start).Seconds(), err
	}
}

// cpu measures the seconds of all processors per unit of work.
func cpu(work workload, unitsPerWork float64) measure {
	return func(ctx context.Context, amount, warmUp int) (float64, error) {
		p, err := newPair(ctx, options{})
		if err != nil {
			return 0, err
		}
		defer p.close()
		if err := work(ctx, p, warmUp); err != nil {
			return 0, fmt.Errorf("warm-up: %w", err)
		}
		before, err := cpuTime()
		if err != nil {
			return 0, err
		}
		if err := work(ctx, p, amount); err != nil {
			return 0, err
		}
		after, err := cpuTime()
		return (after - before).Seconds() / (float64(amount) * unitsPerWork), err
	}
}

// microseconds measures the time per unit of work, with that many at once.
func microseconds(work func(atOnce int) workload, atOnce int) measure {
	return func(ctx context.Context, amount, warmUp int) (float64, error) {
		p, err := newPair(ctx, options{streams: atOnce})
		if err != nil {
			return 0, err
		}
		defer p.close()
		// Something that ran once is no measure of one
		if err := work(min(atOnce, warmUp))(ctx, p, warmUp); err != nil {
			return 0, fmt.Errorf("warm-up: %w", err)
		}
		start := time.Now()
		err = work(atOnce)(ctx, p, amount)
		return float64(time.Since(start).Microseconds()) / float64(amount), err
	}
}

// memory measures the KiB by which the process has grown per idle connection.
func memory(ctx context.Context, work, warmUp int) (float64, error) {
	p, err := newPair(ctx, options{})
	if err != nil {
		return 0, err
	}
	defer p.close()
	if err := handshakes(ctx, p, min(warmUp, 64)); err != nil {
		return 0, err
	}
	before, err := resident()
	if err != nil {
		return 0, err
	}
	conns, err := open(ctx, p, work, func(*quic.Conn) error { return nil })
	if err != nil {
		return 0, err
	}
	after, err := resident()
	for _, conn := range conns {
		conn.CloseWithError(0, "")
	}
	return float64(after-before) / float64(work) / kibibyte, err
}

// resident returns the bytes of the process that are in memory. The garbage of
// Go counts, as it does in a Node.js process that has the engine in it.
func resident() (int, error) {
	// What was closed or acknowledged has been forgotten by then
	time.Sleep(500 * time.Millisecond)
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	pages, err := strconv.Atoi(strings.Fields(string(statm))[1])
	return pages * os.Getpagesize(), err
}
