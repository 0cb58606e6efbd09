package quicgo

import (
	"runtime"
	"strings"
)

// Goroutine names the Goroutine that calls it.
func Goroutine() string {
	var buf [32]byte
	// "goroutine 123 [running]: …"
	name, _, _ := strings.Cut(string(buf[:runtime.Stack(buf[:], false)]), "[")
	return name
}
