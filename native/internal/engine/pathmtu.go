package engine

import (
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

const (
	// smallestMTU is a size of packets that every path carries (RFC 9000 section 14).
	smallestMTU = 1200

	// A path has become a black hole for larger packets when lostInHole of them are lost, and none
	// that was sent later is acknowledged though smaller ones are, or when nothing is for
	// ptosInHole probe timeouts.
	lostInHole = 4
	ptosInHole = 2

	// Larger packets are tried again after firstRaise, and then every nextRaise (RFC 8899 section
	// 5.1.1): the network may have been down, and paths change again.
	firstRaise = time.Second
	nextRaise  = 10 * time.Minute
)

// A pathMTU notices that the path of a connection carries less than it did. quic-go finds out how
// much a path carries, but never that it is less: all its packets are lost then (RFC 8899 section
// 4.3). It sees what congestion control is told, between quic-go and its controller, and is called
// by the goroutine of the connection alone.
type pathMTU struct {
	quicgo.CongestionController
	conn     *quic.Conn
	ptoCount *uint32

	lost      int   // larger packets since the last one that was acknowledged
	firstLost int64 // the number of the first one of these
	since     int64 // what was sent before does not count
	raiseAt   int64 // when to try larger packets, 0 for never
}

// control gives a connection the congestion controller that was chosen, and has it notice when its
// path carries less. To be called while quic-go waits for a callback of TLS, or by the goroutine of
// the connection. It reports whether quic-go had a controller of its own.
func (s *congestionState) control(conn *quic.Conn) bool {
	defer fault.Recover(nil) // quic-go has changed; a test fails then, but no process
	controller, ptoCount := quicgo.CongestionControl(conn)
	if _, ok := (*controller).(*pathMTU); ok {
		return false
	}
	quicgo.SetController(controller, &pathMTU{
		CongestionController: s.controlled(conn, *controller), conn: conn, ptoCount: ptoCount,
	})
	return true
}

// followPath does so again for a connection that changes its path: quic-go has, or is about to
// have, another controller.
func (s *congestionState) followPath(conn *quic.Conn, attempts int) {
	quicgo.RunOnConnection(conn, func() {
		if !s.control(conn) && attempts > 1 {
			time.AfterFunc(pathInterval, func() { s.followPath(conn, attempts-1) })
		}
	})
}

func (m *pathMTU) OnPacketSent(now, inFlight, number, size int64, isAckEliciting bool) {
	m.CongestionController.OnPacketSent(now, inFlight, number, size, isAckEliciting)
	if size > smallestMTU && (m.lost >= lostInHole || *m.ptoCount >= ptosInHole) {
		m.fallBack(now, number)
	} else if m.raiseAt != 0 && now >= m.raiseAt {
		m.raise(now)
	}
}

func (m *pathMTU) OnPacketAcked(number, size, priorInFlight, now int64) {
	m.CongestionController.OnPacketAcked(number, size, priorInFlight, now)
	if size > smallestMTU && number > m.firstLost {
		m.lost = 0
	}
}

func (m *pathMTU) OnCongestionEvent(number, lost, priorInFlight int64) {
	m.CongestionController.OnCongestionEvent(number, lost, priorInFlight)
	if lost <= smallestMTU || number < m.since {
		return
	}
	if m.lost == 0 {
		m.firstLost = number
	}
	m.lost++
}

// fallBack makes packets as small as every path carries.
func (m *pathMTU) fallBack(now, number int64) {
	defer fault.Recover(nil)
	m.lost, m.since = 0, number+1
	if quicgo.SetPathMTU(m.conn, smallestMTU) {
		m.SetMaxDatagramSize(smallestMTU)
		m.raiseAt = now + int64(firstRaise)
	}
}

// raise looks for the largest packets that the path carries.
func (m *pathMTU) raise(now int64) {
	defer fault.Recover(nil)
	m.raiseAt = now + int64(nextRaise)
	quicgo.SearchPathMTU(m.conn, now)
}
