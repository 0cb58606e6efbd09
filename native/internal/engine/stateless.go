package engine

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net"
	"slices"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

const (
	// quic-go answers larger packets than that of connections that nobody knows with a stateless
	// reset.
	largestLeft = 42
	// A stateless reset of fewer bytes does not look like a packet (RFC 9000 section 10.3).
	smallestReset  = 21
	resetTokenSize = 16

	// maxIDLength is the length of the longest connection ID of the versions that are known (RFC
	// 9000 section 17.2).
	maxIDLength = 20
	// A server need not answer to smaller datagrams of unknown versions (RFC 9000 section 5.2.2).
	minUnknownVersion = 1200

	// maxAnswers is how many answers are sent at a time: it is fine to send none when there is much
	// to do.
	maxAnswers = 4
)

var versions = []quic.Version{quic.Version1, quic.Version2}

// answersAlone deals with a datagram that needs an answer without a connection which quic-go does
// not give, and reports whether that was one. It is called by the goroutine that reads from the
// socket.
func (t *Transport) answersAlone(data []byte, from net.Addr) bool {
	var answer []byte
	switch {
	case len(data) == 0:
		return false
	case data[0]&0x80 != 0:
		answer = t.longIDs(data)
	case data[0]&0x40 != 0 && len(data) <= largestLeft:
		answer = t.resetFor(data)
	}
	if answer == nil {
		return false
	}
	select {
	case t.answers <- struct{}{}:
		go func() {
			defer fault.Recover(nil)
			defer func() { <-t.answers }()
			t.quic.WriteTo(answer, from)
		}()
	default:
	}
	return true
}

// resetFor returns the stateless reset (RFC 9000 section 10.3) for a small packet with a short
// header, or nil if there is a connection, or it may be a stateless reset itself. It is one byte
// shorter, so that two ends without a state do not go on forever.
func (t *Transport) resetFor(data []byte) []byte {
	length := t.ids.Length()
	if len(data) <= smallestReset || len(data) < 1+length {
		return nil
	}
	id := quic.ConnectionIDFromBytes(data[1 : 1+length])
	if quicgo.Knows(t.quic, id) || quicgo.IsResetToken(t.quic, [resetTokenSize]byte(data[len(data)-resetTokenSize:])) {
		return nil
	}
	answer := make([]byte, len(data)-1)
	rand.Read(answer)
	answer[0] = answer[0]&0x3f | 0x40
	mac := hmac.New(sha256.New, t.quic.StatelessResetKey[:])
	mac.Write(id.Bytes())
	copy(answer[len(answer)-resetTokenSize:], mac.Sum(nil))
	return answer
}

// longIDs returns the Version Negotiation packet for a packet of an unknown version with connection
// IDs that are longer than those of known ones, or nil if it is none.
func (t *Transport) longIDs(data []byte) []byte {
	if t.listener.Load() == nil || len(data) < minUnknownVersion {
		return nil
	}
	version := quic.Version(binary.BigEndian.Uint32(data[1:]))
	if version == 0 || slices.Contains(versions, version) {
		return nil
	}
	destination, rest := cutID(data[5:])
	source, _ := cutID(rest)
	if len(destination) <= maxIDLength && len(source) <= maxIDLength {
		return nil
	}
	return quicgo.VersionNegotiation(source, destination, versions)
}

// cutID returns the connection ID at the beginning of data, after its length, and what follows.
func cutID(data []byte) (id, rest []byte) {
	length := int(data[0])
	return data[1 : 1+length], data[1+length:]
}
