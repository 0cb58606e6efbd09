package main

import (
	"syscall"
	"time"
)

// cpuTime returns what this process has taken of all processors.
func cpuTime() (time.Duration, error) {
	process, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0, err
	}
	var created, exited, kernel, user syscall.Filetime
	err = syscall.GetProcessTimes(process, &created, &exited, &kernel, &user)
	// Both are counts of 100 ns, which Nanoseconds would take for a date
	ticks := func(t syscall.Filetime) int64 { return int64(t.HighDateTime)<<32 + int64(t.LowDateTime) }
	return time.Duration(100 * (ticks(kernel) + ticks(user))), err
}
