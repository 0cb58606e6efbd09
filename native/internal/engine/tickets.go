package engine

import (
	"strconv"
	"time"
)

// Session tickets are encrypted with keys that change every day. They all come from one secret, so
// that processes that share it can read each other's tickets, and do not have to agree on anything
// but the date.
const (
	ticketKeyLifetime = 24 * time.Hour
	// Clients resume sessions for up to a week (RFC 8446 section 4.6.1).
	ticketKeysKept = 7
)

// ticketEpoch numbers the days.
func ticketEpoch(now time.Time) int64 { return now.Unix() / int64(ticketKeyLifetime/time.Second) }

// ticketKeys returns the keys of an epoch: first the one that encrypts, then those that tickets may
// be encrypted with; also the next one, as clocks differ.
func ticketKeys(secret []byte, epoch int64) [][32]byte {
	key := func(epoch int64) [32]byte {
		return *deriveKey(secret, "session ticket "+strconv.FormatInt(epoch, 10))
	}
	keys := [][32]byte{key(epoch), key(epoch + 1)}
	for i := range int64(ticketKeysKept) {
		keys = append(keys, key(epoch-1-i))
	}
	return keys
}
