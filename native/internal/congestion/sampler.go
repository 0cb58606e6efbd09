package congestion

// A packet is what is remembered of one that was sent, until it is acknowledged or lost. The names
// are those of draft-ietf-ccwg-bbr section 4.1.2, as P.
type packet struct {
	size         int64 // 0 if it is acknowledged, lost or was never sent
	sentAt       int64 // P.send_time
	firstSentAt  int64 // P.first_send_time
	deliveredAt  int64 // P.delivered_time
	delivered    int64
	lost         int64
	inFlight     int64 // P.tx_in_flight, with the packet itself
	isAppLimited bool
}

// A history has the packets that are under way, in a ring by their number.
type history struct {
	ring  []packet // its length is a power of two
	first int64    // the number of the first one
	count int64    // with those in between that are done
}

const (
	smallestRing = 32
	// How long before the newest one that is acknowledged a packet may have been sent, besides some
	// round trips. Packets that are dropped with their keys (RFC 9001 section 4.9) and those that
	// probe for a larger MTU are given up without a word.
	longestWait = second
	// What waits longer was given up by the sender, which does not tell of all that it gives up.
	longestHistory = 1 << 15
)

// add returns where to put what is known of the next packet.
func (h *history) add(number int64) *packet {
	if h.count == 0 {
		h.first = number
	}
	index := number - h.first
	if index < h.count {
		return nil // a number is never used twice
	}
	for index >= longestHistory && h.count > 0 {
		h.first++
		h.count--
		index--
	}
	if h.count == 0 {
		h.first, index = number, 0
	}
	if index >= int64(len(h.ring)) {
		h.grow(index + 1)
	}
	// Numbers are left out at times (RFC 9000 section 21.4)
	for ; h.count <= index; h.count++ {
		*h.at(h.first + h.count) = packet{}
	}
	return h.at(number)
}

func (h *history) clear() {
	h.first, h.count = 0, 0
	h.shrink()
}

// shrink gives the memory back when nothing is under way: a connection that is idle keeps little.
func (h *history) shrink() {
	if h.count == 0 && len(h.ring) > smallestRing {
		h.ring = nil
	}
}

// forget drops the first packets that were sent before a time.
func (h *history) forget(before int64) {
	for h.count > 0 && h.at(h.first).sentAt < before {
		h.first++
		h.count--
	}
	h.shrink()
}

func (h *history) at(number int64) *packet {
	return &h.ring[number&int64(len(h.ring)-1)]
}

func (h *history) grow(least int64) {
	size := int64(max(smallestRing, 2*len(h.ring)))
	for size < least {
		size *= 2
	}
	ring := make([]packet, size)
	for number := h.first; number < h.first+h.count; number++ {
		ring[number&(size-1)] = *h.at(number)
	}
	h.ring = ring
}

// take returns what is known of a packet and forgets it. It reports false if nothing is.
func (h *history) take(number int64) (packet, bool) {
	if number < h.first || number >= h.first+h.count {
		return packet{}, false
	}
	at := h.at(number)
	taken := *at
	at.size = 0
	for h.count > 0 && h.at(h.first).size == 0 {
		h.first++
		h.count--
	}
	h.shrink()
	return taken, taken.size > 0
}

// A rateSample is what an acknowledgement tells of the path (RS).
type rateSample struct {
	hasData      bool
	deliveryRate float64 // bytes per second, 0 if there is none that can be relied on
	isAppLimited bool
	delivered    int64 // bytes, from when the newest packet was sent until now
	newlyAcked   int64
	inFlight     int64 // RS.tx_in_flight
	lost         int64
	rtt          int64 // -1 if there is none

	priorDelivered int64
	sendElapsed    int64
	ackElapsed     int64
	newest         int64 // the number of the newest packet
}

// A sampler estimates the rate at which the path delivers (section 4.1).
type sampler struct {
	packets history

	delivered   int64 // C.delivered, bytes
	deliveredAt int64 // C.delivered_time
	firstSentAt int64 // C.first_send_time
	lost        int64 // C.lost, bytes
	appLimited  int64 // C.app_limited: until that many bytes are delivered, 0 if it is not limited

	sample rateSample
}

func (s *sampler) reset() {
	s.sample = rateSample{rtt: -1}
}

// sent is called for each packet that elicits an acknowledgement.
func (s *sampler) sent(now, number, size, inFlight int64) {
	if inFlight == size || s.deliveredAt == 0 {
		s.firstSentAt, s.deliveredAt = now, now
	}
	if inFlight == size {
		// Nothing else is under way: of what is still here the sender has given up without a word
		s.packets.clear()
	}
	if p := s.packets.add(number); p != nil {
		*p = packet{
			size: size, sentAt: now,
			firstSentAt: s.firstSentAt, deliveredAt: s.deliveredAt,
			delivered: s.delivered, lost: s.lost,
			inFlight: inFlight, isAppLimited: s.appLimited != 0,
		}
	}
}

// acked is called for each packet that is newly acknowledged.
func (s *sampler) acked(number, now int64) {
	p, ok := s.packets.take(number)
	if !ok {
		return
	}
	s.delivered += p.size
	s.deliveredAt = now
	r := &s.sample
	r.newlyAcked += p.size
	isNewest := p.sentAt > s.firstSentAt || (p.sentAt == s.firstSentAt && number > r.newest)
	if r.hasData && !isNewest {
		return
	}
	r.hasData = true
	r.priorDelivered = p.delivered
	r.isAppLimited = p.isAppLimited
	r.sendElapsed = p.sentAt - p.firstSentAt
	r.ackElapsed = s.deliveredAt - p.deliveredAt
	r.newest = number
	r.inFlight = p.inFlight
	r.lost = s.lost - p.lost
	r.rtt = now - p.sentAt
	s.firstSentAt = p.sentAt
	s.packets.forget(p.sentAt - longestWait - 8*r.rtt)
}

// finish completes the sample, once all packets of an acknowledgement were told.
func (s *sampler) finish(minRTT int64) {
	if s.appLimited != 0 && s.delivered > s.appLimited {
		s.appLimited = 0
	}
	r := &s.sample
	interval := max(r.sendElapsed, r.ackElapsed)
	r.delivered = s.delivered - r.priorDelivered
	if interval > 0 && interval >= minRTT {
		r.deliveryRate = float64(r.delivered) * float64(second) / float64(interval)
	}
}

// limitedByApplication marks what is under way, as there was nothing to send.
func (s *sampler) limitedByApplication(inFlight int64) {
	s.appLimited = max(s.delivered+inFlight, 1)
}
