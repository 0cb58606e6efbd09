// Package congestion has congestion controllers of its own (RFC 9002 section 7). It knows nothing
// of what sends the packets: that tells of each packet by its number, its size in bytes and the
// time, in nanoseconds of any clock that never goes back.
package congestion
