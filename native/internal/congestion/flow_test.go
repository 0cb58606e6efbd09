package congestion

import (
	"slices"
	"time"
)

const (
	simPacketSize = 1252 // bytes of a full packet, unless a flow has its own
	simOverhead   = 52   // those of them which are no payload
)

// flowOptions say what a flow is.
type flowOptions struct {
	controller Controller
	app        application
	start      time.Duration // after the start of the simulation
	extraRTT   time.Duration // added to that of the line
	packetSize int64         // bytes, if set: the controller is told
	timerSlack time.Duration // the pacing timer is late by up to that, as real ones are
	ackOnly    int64         // if set, a packet without data follows each so many packets
}

// A simChunk is a piece of payload, carried by one packet at a time.
type simChunk struct {
	size      int32
	delivered bool
}

// A simSample is a measured RTT.
type simSample struct{ at, rtt int64 }

// A flow is one sender with its receiver, and what became of it.
type flow struct {
	sim        *simulation
	controller Controller
	app        application
	startAt    int64
	extraWay   int64
	packetSize int64
	timerSlack int64

	ackOnlyEvery int64
	sender       simSender
	receiver     simReceiver

	ready     bool // to be triggered at the end of this instant
	arrivalAt int64
	chunks    []simChunk
	backlog   int64 // bytes the application has written that were not sent yet
	unacked   int64 // chunks sent but not acknowledged
	appNext   int64 // what the application returned
	doneAt    int64 // 0 while the flow is not complete

	sent      int64 // packets
	lost      int64 // packets that the sender declared lost
	spurious  int64 // those of them that were acknowledged after all
	dropped   int64 // packets that the line lost
	marked    int64 // packets that the line marked with CE
	timeouts  int64 // PTOs
	spins     int64 // times the controller held a packet back but named no later time
	spinning  int   // those of them since the last packet
	delivered int64 // payload bytes received, each counted once
	buckets   []int64
	samples   []simSample
}

// add adds a flow. Its application begins at its start.
func (s *simulation) add(o flowOptions) *flow {
	f := &flow{
		sim: s, controller: o.controller, app: o.app, startAt: simEpoch + int64(o.start),
		extraWay: int64(o.extraRTT) / 2, packetSize: simPacketSize,
		timerSlack: int64(o.timerSlack), ackOnlyEvery: o.ackOnly,
	}
	// The handshake has measured the RTT before there is data to send.
	f.sender = simSender{eighths: 1, relaxFrom: -1, largestAcked: -1}
	f.sender.rtt.update(int64(2*s.line.delay)+2*f.extraWay, 0)
	f.receiver.largest, f.receiver.reported = -1, -1
	if o.packetSize > 0 {
		f.setPacketSize(o.packetSize)
	}
	s.flows = append(s.flows, f)
	s.active++
	s.push(simEvent{at: f.startAt, kind: simWrite, flow: f})
	return f
}

// setPacketSize changes the size of full packets, as path MTU discovery does.
func (f *flow) setPacketSize(size int64) {
	f.packetSize = size
	f.controller.SetMaxDatagramSize(size)
}

// write asks the application for data.
func (f *flow) write() {
	f.backlog, f.appNext = f.app.write(f.sim.now-f.startAt, f.backlog)
	if f.appNext >= 0 {
		f.sim.push(simEvent{at: f.startAt + f.appNext, kind: simWrite, flow: f})
	}
	f.sim.wake(f)
	f.settle()
}

// settle finds out whether all data has been acknowledged.
func (f *flow) settle() {
	if f.backlog > 0 || f.unacked > 0 || f.doneAt != 0 {
		return
	}
	switch f.appNext {
	case appDrained:
		f.write()
	case appNever:
		f.doneAt = f.sim.now
		f.sim.active--
	}
}

// take returns the next chunk to send for the first time, of what the application has written.
func (f *flow) take() int32 {
	size := min(f.backlog, f.packetSize-simOverhead)
	if f.backlog != appUnlimited {
		f.backlog -= size
	}
	f.chunks = append(f.chunks, simChunk{size: int32(size)})
	f.unacked++
	return int32(len(f.chunks) - 1)
}

// deliver notes that the receiver got a chunk.
func (f *flow) deliver(p simPacket) {
	if p.chunk < 0 || f.chunks[p.chunk].delivered {
		return
	}
	f.chunks[p.chunk].delivered = true
	f.delivered += int64(f.chunks[p.chunk].size)
	bucket := (f.sim.now - simEpoch) / simBucket
	for int64(len(f.buckets)) <= bucket {
		f.buckets = append(f.buckets, 0)
	}
	f.buckets[bucket] += int64(p.size)
}

// rate returns the bytes per second that reached the receiver between two times after the start of
// the simulation. It counts whole packets, to be compared with the rate of the line, but no payload
// twice. It is exact to a millisecond.
func (f *flow) rate(from, to time.Duration) float64 {
	var sum int64
	first, last := int64(from)/simBucket, int64(to)/simBucket
	for i := first; i < min(last, int64(len(f.buckets))); i++ {
		sum += f.buckets[i]
	}
	return float64(sum) / (to - from).Seconds()
}

// rtt returns the mean and the 95th percentile of the RTTs measured between two times after the
// start of the simulation, or 0.
func (f *flow) rtt(from, to time.Duration) (mean, p95 time.Duration) {
	var rtts []int64
	var sum int64
	for _, sample := range f.samples {
		if at := time.Duration(sample.at - simEpoch); at >= from && at < to {
			rtts = append(rtts, sample.rtt)
			sum += sample.rtt
		}
	}
	if len(rtts) == 0 {
		return 0, 0
	}
	slices.Sort(rtts)
	p95 = time.Duration(rtts[len(rtts)*95/100])
	return time.Duration(sum / int64(len(rtts))), p95
}

// done returns how long after its start all data of the flow was acknowledged, if it was.
func (f *flow) done() (time.Duration, bool) {
	if f.doneAt == 0 {
		return 0, false
	}
	return time.Duration(f.doneAt - f.startAt), true
}

// An application writes what a flow shall send.
type application interface {
	// write returns how many bytes shall be there to be sent, given those that are left, and when
	// it shall be called next: nanoseconds after the start of the flow, appDrained or appNever.
	write(elapsed, left int64) (bytes, next int64)
}

const (
	appUnlimited int64 = 1 << 60 // as much as can be sent
	appNever     int64 = -1      // there is no more data to come
	appDrained   int64 = -2      // when all has been acknowledged
)

// An appFunc is an application that is a function.
type appFunc func(elapsed, left int64) (bytes, next int64)

func (a appFunc) write(elapsed, left int64) (bytes, next int64) { return a(elapsed, left) }

// bulkFor sends without a limit for some time.
func bulkFor(duration time.Duration) application {
	return appFunc(func(elapsed, _ int64) (int64, int64) {
		if elapsed >= int64(duration) {
			return 0, appNever
		}
		return appUnlimited, int64(duration)
	})
}

// transferOf sends a number of bytes.
func transferOf(bytes int64) application {
	return appFunc(func(int64, int64) (int64, int64) { return bytes, appNever })
}

// limitedTo sends at a rate in bytes per second of payload, written once every interval.
func limitedTo(rate float64, interval, duration time.Duration) application {
	written := int64(0)
	return appFunc(func(elapsed, left int64) (int64, int64) {
		if elapsed >= int64(duration) {
			return left, appNever
		}
		next := elapsed + int64(interval)
		due := int64(rate * float64(next) / 1e9)
		left += due - written
		written = due
		return left, next
	})
}

// onAndOff sends without a limit for some time, is idle for some time, and so on.
func onAndOff(on, off, duration time.Duration) application {
	return appFunc(func(elapsed, _ int64) (int64, int64) {
		phase := elapsed % int64(on+off)
		if elapsed >= int64(duration) {
			return 0, appNever
		}
		if phase < int64(on) {
			return appUnlimited, min(elapsed-phase+int64(on), int64(duration))
		}
		return 0, min(elapsed-phase+int64(on+off), int64(duration))
	})
}

// requestsOf sends a number of bytes again and again: each time it waits until all of them were
// acknowledged, and then for the gap.
func requestsOf(bytes int64, gap time.Duration, count int) application {
	idle := true
	return appFunc(func(elapsed, _ int64) (int64, int64) {
		if !idle {
			idle = true
			return 0, elapsed + int64(gap)
		}
		idle = false
		if count--; count <= 0 {
			return bytes, appNever
		}
		return bytes, appDrained
	})
}
