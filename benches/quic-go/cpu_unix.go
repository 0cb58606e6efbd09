//go:build unix

package main

import (
	"syscall"
	"time"
)

// cpuTime returns what this process has taken of all processors.
func cpuTime() (time.Duration, error) {
	var usage syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), err
}
