// Package shared has what Go, C++ and TypeScript must agree on. A test writes it down for
// TypeScript, in src/ts/internal/engine/shared.ts, and fails when that is not as it would write it.
package shared

// Indexes of the numbers that tell of an environment.
const (
	Transports = iota
	Listeners
	Connections
	Streams
	Goroutines
	GoHeap
	Faults
	EnvironmentNumbers
)

// Indexes of the numbers that tell of a transport.
const (
	Handshakes = iota
	UnvalidatedHandshakes
	Retries
	Refused
	FailedHandshakes
	DatagramsDropped
	TransportNumbers
)

// Indexes of the numbers that tell of a connection. Times are in milliseconds, sizes in bytes.
const (
	SmoothedRTT = iota
	LatestRTT
	MinRTT
	RTTVariation
	CongestionWindow
	BytesSent
	PacketsSent
	BytesReceived
	PacketsReceived
	BytesLost
	PacketsLost
	PathMTU
	CongestionController // of CongestionControllers
	CongestionState      // of CongestionStates
	PacingRate           // bytes per second
	ConnectionNumbers
)

// Indexes of the numbers that tell of datagrams.
const (
	MaxSize = iota
	DroppedIncoming
	DroppedOutgoing
	DatagramsNumbers
)
