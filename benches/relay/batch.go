package main

// maxBatch is the UDP payload that one call of the system can send.
const maxBatch = 65507

// batch gathers packets of one size, of which the last may be shorter: so the
// system wants what it sends at once.
type batch struct {
	packets []byte
	// size is that of the first packet.
	size int
	// most is how many packets there may be.
	most int
	send func(packets []byte, size int)
}

func newBatch(most int, send func(packets []byte, size int)) *batch {
	return &batch{packets: make([]byte, 0, maxBatch), most: most, send: send}
}

// add keeps a copy of the packet until the flush.
func (b *batch) add(packet []byte) {
	if len(b.packets) > 0 && !b.fits(len(packet)) {
		b.flush()
	}
	if len(b.packets) == 0 {
		b.size = len(packet)
	}
	b.packets = append(b.packets, packet...)
}

func (b *batch) fits(size int) bool {
	return size <= b.size && len(b.packets)%b.size == 0 &&
		len(b.packets)/b.size < b.most && len(b.packets)+size <= maxBatch
}

func (b *batch) flush() {
	if len(b.packets) > 0 {
		b.send(b.packets, b.size)
		b.packets = b.packets[:0]
	}
}
