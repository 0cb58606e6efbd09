// Command quic-go does the work of one bench in plain quic-go, client and
// server in one process on loopback, and prints {"value": n} to stdout. It is
// the yardstick for the same work done by ../workloads.ts: change both alike.
//
// Usage: quic-go <bench> <work> <warm-up>
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"
)

// workload does the given amount of work; its unit is the bench's own.
type workload func(ctx context.Context, p *pair, work int) error

type bench struct {
	work workload
	// unitsPerWork scales the amount of work to what is reported per second.
	unitsPerWork float64
}

var benches = map[string]bench{
	"bulk":       {bulk, mebibyte / 1e6},
	"echo-1":     {echoes(1), 1},
	"echo-32":    {echoes(32), 1},
	"handshakes": {handshakes, 1},
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return fmt.Errorf("usage: quic-go <bench> <work> <warm-up>")
	}
	b, ok := benches[args[0]]
	if !ok {
		return fmt.Errorf("no bench is called %q", args[0])
	}
	work, err := amount(args[1])
	if err != nil {
		return err
	}
	warmUp, err := amount(args[2])
	if err != nil {
		return err
	}
	ctx := context.Background()
	p, err := newPair(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	if err := b.work(ctx, p, warmUp); err != nil {
		return fmt.Errorf("warm-up: %w", err)
	}
	start := time.Now()
	if err := b.work(ctx, p, work); err != nil {
		return err
	}
	seconds := time.Since(start).Seconds()
	return json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"value": float64(work) * b.unitsPerWork / seconds,
	})
}

func amount(arg string) (int, error) {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("an amount of work is a whole number above 0, got %q", arg)
	}
	return n, nil
}
