// Package congestion has congestion controllers of its own (RFC 9002 section 7). It knows nothing
// of what sends the packets: that tells of each packet by its number, its size in bytes and the
// time, in nanoseconds of any clock that never goes back.
package congestion

// A Controller decides when packets may be sent. Its methods are called by one goroutine, in the
// order in which things happen. An acknowledgement comes as MaybeExitSlowStart, OnCongestionEvent
// for each packet that it shows to be lost, OnSpuriousLoss, and OnPacketAcked for each packet.
type Controller interface {
	TimeUntilSend(inFlight int64) int64
	HasPacingBudget(now int64) bool
	OnPacketSent(now, inFlight, number, size int64, isAckEliciting bool)
	CanSend(inFlight int64) bool
	MaybeExitSlowStart()
	OnPacketAcked(number, size, priorInFlight, now int64)
	OnCongestionEvent(number, lost, priorInFlight int64)
	OnSpuriousLoss(number int64)
	OnRetransmissionTimeout(packetsRetransmitted bool)
	SetMaxDatagramSize(size int64)
	InSlowStart() bool
	InRecovery() bool
	GetCongestionWindow() int64
}
