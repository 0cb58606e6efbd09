package engine

import (
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlog"
	"github.com/quic-go/quic-go/qlogwriter"

	"github.com/MatrixAI/js-quic/native/internal/congestion"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

// A congestionState is what others are told of the congestion controller of a connection, whose
// goroutine writes it.
type congestionState struct {
	controller int // of shared.CongestionControllers
	state      atomic.Uint32
	pacingRate atomic.Uint64 // the bits of a float64, bytes per second; 0 for that of quic-go
}

func (s *congestionState) choose(controller string) {
	s.controller = max(slices.Index(shared.CongestionControllers, controller), 0)
	if controller == "bbr" {
		s.state.Store(shared.Startup)
	}
}

// rate returns the pacing rate in bytes per second. Those of quic-go pace by the window and the
// round-trip time.
func (s *congestionState) rate(window uint64, smoothedRTT time.Duration) float64 {
	if rate := math.Float64frombits(s.pacingRate.Load()); rate > 0 {
		return rate
	}
	if smoothedRTT <= 0 {
		return 0
	}
	gain := 1.25
	if s.state.Load() == shared.SlowStart {
		gain = 2
	}
	return gain * float64(window) / smoothedRTT.Seconds()
}

// controlled returns the controller that was chosen, for a path on which quic-go has begun with its
// own.
func (s *congestionState) controlled(conn *quic.Conn, own quicgo.CongestionController) quicgo.CongestionController {
	switch shared.CongestionControllers[s.controller] {
	case "bbr":
		return newBBR(s, conn)
	case "cubic":
		quicgo.UseCubic(own)
	}
	return &lossBased{own, s}
}

// lossBased is a controller of quic-go, whose state is told.
type lossBased struct {
	quicgo.CongestionController
	told *congestionState
}

func (l *lossBased) CanSend(inFlight int64) bool {
	state := uint32(shared.CongestionAvoidance)
	switch {
	case l.InRecovery():
		state = shared.Recovery
	case l.InSlowStart():
		state = shared.SlowStart
	}
	if l.told.state.Load() != state {
		l.told.state.Store(state)
	}
	return l.CongestionController.CanSend(inFlight)
}

// bbr is BBR as quic-go calls it.
type bbr struct {
	*congestion.BBR
	told     *congestionState
	counters quicgo.CongestionCounters
	recorder qlogwriter.Recorder // nil without a qlog

	state  congestion.State
	window int64
	rate   float64
}

func newBBR(told *congestionState, conn *quic.Conn) *bbr {
	b := &bbr{
		BBR:      congestion.NewBBR(quicgo.PathMTU(conn), uint64(time.Now().UnixNano())),
		told:     told,
		counters: quicgo.CountersOf(conn),
		recorder: quicgo.RecorderOf(conn),
		state:    -1,
	}
	b.tell()
	return b
}

func (b *bbr) CanSend(inFlight int64) bool {
	can := b.BBR.CanSend(inFlight)
	b.tell()
	return can
}

func (b *bbr) OnCongestionEvent(number, lost, priorInFlight int64) {
	b.counters.PacketsLost.Add(1)
	b.counters.BytesLost.Add(uint64(lost))
	b.BBR.OnCongestionEvent(number, lost, priorInFlight)
}

func (b *bbr) tell() {
	if window := b.GetCongestionWindow(); window != b.window {
		b.window = window
		b.counters.Window.Store(uint64(window))
	}
	if rate := b.PacingRate(); rate != b.rate {
		b.rate = rate
		b.told.pacingRate.Store(math.Float64bits(rate))
	}
	state := b.State()
	if state == b.state {
		return
	}
	b.state = state
	told := shared.Startup + uint32(state)
	b.told.state.Store(told)
	if b.recorder != nil {
		name := qlog.CongestionState(shared.CongestionStates[told])
		b.recorder.RecordEvent(qlog.CongestionStateUpdated{State: name})
	}
}
