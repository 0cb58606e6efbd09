//go:build !linux

package main

import (
	"net"
	"time"
)

const (
	maxGroup    = 1
	controlSize = 0
)

func group(*net.UDPConn) bool { return false }

func groupedSize([]byte) int { return 0 }

func appendGroupedSize(control []byte, _ int) []byte { return control }

func sleep(d time.Duration) { time.Sleep(d) }
