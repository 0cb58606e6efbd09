// Command quic-go does the work of one bench in plain quic-go, client and
// server in one process on loopback, and prints {"value": n} to stdout. It is
// the yardstick for the same work done by ../measures.ts, ../lines.ts and
// ../workloads.ts: change both alike.
//
// Usage: quic-go <bench> <work> <warm-up>
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
)

// workload does the given amount of work; its unit is the bench's own.
type workload func(ctx context.Context, p *pair, work int) error

// measure turns work into a value in the bench's unit.
type measure func(ctx context.Context, work, warmUp int) (float64, error)

// measureOf returns the measure of a bench, whose name may end with how many
// at once.
func measureOf(bench string) (measure, error) {
	name, atOnce := bench, 1
	if i := strings.LastIndexByte(bench, '-'); i >= 0 {
		if n, err := amount(bench[i+1:]); err == nil {
			name, atOnce = bench[:i], n
		}
	}
	switch name {
	case "bulk-cpu":
		return cpu(bulk(1), mebibyte/1e9), nil
	case "echo-32-cpu":
		return cpu(echoes(32), 1.0/1000), nil
	case "bulk":
		return perSecond(bulk(atOnce), mebibyte/1e6, options{}), nil
	case "relay", "lossy-20ms-1%", "lossy-100ms-1%", "lossy-50ms-3%", "long-fat", "bufferbloat":
		return arriving, nil
	case "bufferbloat-rtt":
		return roundTrip, nil
	case "echo":
		return perSecond(echoes(atOnce), 1, options{}), nil
	case "datagrams":
		return perSecond(datagrams, 1, options{datagrams: true}), nil
	case "handshakes":
		return perSecond(handshakes, 1, options{}), nil
	case "connections":
		return microseconds(connections, atOnce), nil
	case "streams":
		return microseconds(echoes, atOnce), nil
	case "memory":
		return memory, nil
	}
	return nil, fmt.Errorf("no bench is called %q", bench)
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
	if slices.Contains([]string{"heap", "delay", "import"}, args[0]) {
		return json.NewEncoder(os.Stdout).Encode(map[string]string{"absent": "it runs no JavaScript"})
	}
	measure, err := measureOf(args[0])
	if err != nil {
		return err
	}
	work, err := amount(args[1])
	if err != nil {
		return err
	}
	warmUp, err := amount(args[2])
	if err != nil {
		return err
	}
	value, err := measure(context.Background(), work, warmUp)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]float64{"value": value})
}

func amount(arg string) (int, error) {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("an amount of work is a whole number above 0, got %q", arg)
	}
	return n, nil
}
