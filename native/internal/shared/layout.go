package shared

import (
	"encoding/binary"
	"math"
	"net/netip"
)

// What one language lays out in memory and another reads, all of it little-endian. Each layout has
// its functions here, and their counterparts in src/ts/internal/engine/layout.ts.
var order = binary.LittleEndian

// An event: its header and its data, padded to a multiple of 8. Its numbers a and b are float64, as
// a JavaScript number is.
const (
	EventSize       = 0  // uint32, of the header, the data and the padding
	EventKind       = 4  // uint32
	EventHandle     = 8  // uint32, the object that it happened to
	EventDataLength = 12 // uint32
	EventA          = 16 // float64, what it means depends on the kind
	EventB          = 24 // float64, likewise
	EventHeader     = 32
)

// AppendEvent appends an event to b.
func AppendEvent(b []byte, kind, handle uint32, x, y float64, data []byte) []byte {
	size := (EventHeader + len(data) + 7) &^ 7
	b = order.AppendUint32(b, uint32(size))
	b = order.AppendUint32(b, kind)
	b = order.AppendUint32(b, handle)
	b = order.AppendUint32(b, uint32(len(data)))
	b = order.AppendUint64(b, math.Float64bits(x))
	b = order.AppendUint64(b, math.Float64bits(y))
	b = append(b, data...)
	return append(b, make([]byte, size-EventHeader-len(data))...)
}

// SizeOfEvent returns the size of the event that b starts with.
func SizeOfEvent(b []byte) int { return int(order.Uint32(b[EventSize:])) }

// A slot of the ring of outgoing datagrams: its header, and the datagram.
const (
	SlotLength      = 0 // uint16, of the datagram
	SlotPort        = 2 // uint16, where it goes
	SlotDestination = 4 // uint32, names host and port: no others ever get it
	SlotHostLength  = 8 // uint8
	SlotHost        = 9 // as text
	SlotHeader      = 64
	Slot            = 1536
)

// PutSlot fills a slot. The text of an address without a zone is shorter than the room for it.
func PutSlot(slot []byte, destination uint32, ip netip.Addr, port uint16, datagram []byte) {
	order.PutUint16(slot[SlotLength:], uint16(len(datagram)))
	order.PutUint16(slot[SlotPort:], port)
	order.PutUint32(slot[SlotDestination:], destination)
	host := ip.AppendTo(slot[SlotHost:SlotHost:SlotHeader])
	slot[SlotHostLength] = uint8(min(len(host), SlotHeader-SlotHost))
	copy(slot[SlotHeader:], datagram)
}

// A datagram behind its source, as in batches of those that came, and of those that are not QUIC.
const (
	SourcedLength     = 0 // uint16, of the datagram
	SourcedPort       = 2 // uint16
	SourcedHostLength = 4 // uint8
	SourcedHeader     = 5 // the host as text follows, then the datagram
)

// AppendSourced appends a datagram and its source to b.
func AppendSourced(b []byte, host string, port uint16, datagram []byte) []byte {
	b = order.AppendUint16(b, uint16(len(datagram)))
	b = order.AppendUint16(b, port)
	b = append(b, uint8(len(host)))
	b = append(b, host...)
	return append(b, datagram...)
}

// CutSourced returns the datagram that batch starts with, and what follows it. It reports whether
// there is a whole one.
func CutSourced(batch []byte) (host []byte, port uint16, datagram, rest []byte, ok bool) {
	if len(batch) < SourcedHeader {
		return nil, 0, nil, nil, false
	}
	start := SourcedHeader + int(batch[SourcedHostLength])
	end := start + int(order.Uint16(batch[SourcedLength:]))
	if len(batch) < end {
		return nil, 0, nil, nil, false
	}
	return batch[SourcedHeader:start], order.Uint16(batch[SourcedPort:]), batch[start:end], batch[end:], true
}

// DatagramLength is the size of the uint16 in front of each datagram of a batch of RFC 9221.
const DatagramLength = 2

// PutDatagram writes a datagram behind its length, and returns the size of both.
func PutDatagram(batch, datagram []byte) int {
	order.PutUint16(batch, uint16(len(datagram)))
	return DatagramLength + copy(batch[DatagramLength:], datagram)
}

// LengthOfDatagram returns the length of the datagram that batch starts with.
func LengthOfDatagram(batch []byte) int { return int(order.Uint16(batch)) }

// CertificateLength is the size of the uint32 in front of each certificate of a chain.
const CertificateLength = 4

// AppendCertificate appends a certificate of a chain, in DER, to b.
func AppendCertificate(b, der []byte) []byte {
	return append(order.AppendUint32(b, uint32(len(der))), der...)
}

// A question about a chain of certificates.
const (
	QuestionNumber = 0 // float64
	QuestionChain  = 8
)

// AppendQuestion appends the beginning of a question to b: its chain follows.
func AppendQuestion(b []byte, number uint64) []byte {
	return order.AppendUint64(b, math.Float64bits(float64(number)))
}

// Why a connection was closed.
const (
	CloseKind   = 0 // uint32
	CloseCode   = 4 // float64
	CloseReason = 12
)

// AppendClose appends why a connection was closed to b.
func AppendClose(b []byte, kind int, code float64, reason string) []byte {
	b = order.AppendUint32(b, uint32(kind))
	b = order.AppendUint64(b, math.Float64bits(code))
	return append(b, reason...)
}

// A connection whose handshake failed.
const (
	FailedHandle            = 0 // uint32
	FailedDescriptionLength = 4 // uint32
	FailedDescription       = 8 // and then the reason
)

// AppendFailed appends a connection whose handshake failed to b.
func AppendFailed(b []byte, handle uint32, description []byte, reason string) []byte {
	b = order.AppendUint32(b, handle)
	b = order.AppendUint32(b, uint32(len(description)))
	return append(append(b, description...), reason...)
}
