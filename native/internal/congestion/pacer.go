package congestion

const (
	millisecond = int64(1e6)
	second      = int64(1e9)

	// Timers are not more precise, and larger bursts are cheaper to send.
	leastPause = millisecond
	// A burst has what is sent in longestBurst, or smallestBurst packets if that is less.
	longestBurst  = 2 * millisecond
	smallestBurst = 10
)

// A pacer spreads packets over time (RFC 9002 section 7.7). It is a bucket of bytes that may be
// sent: it fills at the rate of the controller, and holds one burst.
type pacer struct {
	rate    float64 // bytes per second
	budget  float64 // bytes, when it was last asked
	askedAt int64
	packet  float64 // bytes of the largest packet
}

func (p *pacer) burst() float64 {
	return max(p.rate*float64(longestBurst)/float64(second), smallestBurst*p.packet)
}

// fill adds what time has brought.
func (p *pacer) fill(now int64) {
	if p.askedAt == 0 {
		p.budget = p.burst()
	} else if now > p.askedAt {
		p.budget += p.rate * float64(now-p.askedAt) / float64(second)
	}
	p.budget = min(p.budget, p.burst())
	p.askedAt = max(p.askedAt, now)
}

func (p *pacer) hasBudget(now int64) bool {
	p.fill(now)
	return p.budget >= p.packet
}

// sent takes out a packet. Probes are sent without asking: what they take is given back before
// anything else is sent.
func (p *pacer) sent(now, size int64) {
	p.fill(now)
	p.budget = max(p.budget-float64(size), -p.burst())
}

// next returns when there is room for a packet, 0 if there is.
func (p *pacer) next() int64 {
	missing := p.packet - p.budget
	if p.askedAt == 0 || missing <= 0 {
		return 0
	}
	pause := missing * float64(second) / max(p.rate, 1)
	return p.askedAt + max(leastPause, int64(min(pause, float64(longestPause)))+1)
}

// longestPause keeps times within their type, whatever the rate.
const longestPause = 10 * second
