//go:build race

package congestion

const isRace = true
