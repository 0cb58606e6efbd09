// Package connectionid makes connection IDs (RFC 9000 section 5.1), also such that load balancers
// can route by (draft-ietf-quic-load-balancers-21).
package connectionid

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"sync"
)

// randomLength is long enough that connection IDs of one socket never collide by chance and
// cannot be guessed.
const randomLength = 8

// A Generator makes connection IDs, all of the same length.
type Generator struct {
	length   int
	first    byte
	keepLow  bool // the low five bits of first are set
	serverID []byte
	block    cipher.Block // nil without encryption

	mu    sync.Mutex
	nonce []byte // the last one that was encrypted
}

// New reads how connection IDs are made: of random bytes if there is no data. Else data is a byte
// each for the configuration ID, whether the length is encoded, the length of the nonce and the
// length of the key, which is 0 or 16, then the key, and the server ID.
func New(data []byte) (*Generator, error) {
	if len(data) == 0 {
		return &Generator{length: randomLength}, nil
	}
	if len(data) < 4 || len(data) < 4+int(data[3]) {
		return nil, errors.New("connection IDs are described by more")
	}
	configID, nonceLength, key := data[0], int(data[2]), data[4:4+int(data[3])]
	serverID := append([]byte(nil), data[4+len(key):]...)
	length := 1 + len(serverID) + nonceLength
	if configID > 6 || len(serverID) == 0 || nonceLength < 4 || length > 20 {
		return nil, errors.New("connection IDs cannot be as described")
	}
	g := &Generator{length: length, first: configID << 5, serverID: serverID, nonce: make([]byte, nonceLength)}
	if data[1] != 0 {
		g.first |= byte(length - 1)
		g.keepLow = true
	}
	if len(key) > 0 {
		block, err := aes.NewCipher(key)
		if err != nil || len(key) != 16 {
			return nil, errors.New("the key of connection IDs has the wrong length")
		}
		g.block = block
		rand.Read(g.nonce) // never fails
	}
	return g, nil
}

// Length returns the length of the IDs in bytes.
func (g *Generator) Length() int { return g.length }

// Next returns a new connection ID.
func (g *Generator) Next() []byte {
	id := make([]byte, g.length)
	rand.Read(id) // never fails
	if g.serverID == nil {
		return id
	}
	if g.keepLow {
		id[0] = g.first
	} else {
		id[0] = g.first | id[0]&0x1f
	}
	copy(id[1:], g.serverID)
	if g.block != nil {
		g.nextNonce(id[1+len(g.serverID):])
		encrypt(g.block, id[1:])
	}
	return id
}

// nextNonce counts: no nonce may come twice under a key, which short random ones would soon do.
func (g *Generator) nextNonce(nonce []byte) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := len(g.nonce) - 1; i >= 0; i-- {
		g.nonce[i]++
		if g.nonce[i] != 0 {
			break
		}
	}
	copy(nonce, g.nonce)
}

// encrypt encrypts server ID and nonce in place (section 5.4 of the draft).
func encrypt(block cipher.Block, text []byte) {
	if len(text) == aes.BlockSize {
		block.Encrypt(text, text)
		return
	}
	half := (len(text) + 1) / 2
	left, right := text[:half], text[len(text)-half:]
	isOdd := len(text)%2 != 0
	// The halves of an odd number of bytes share the one in the middle: its high bits are of the
	// left half, its low ones of the right.
	for pass := byte(1); pass <= 4; pass++ {
		from, to, keep := left, right, byte(0x0f)
		if pass%2 == 0 {
			from, to, keep = right, left, 0xf0
		}
		var b [aes.BlockSize]byte
		copy(b[:], from)
		if isOdd {
			if pass%2 != 0 {
				b[half-1] &= 0xf0
			} else {
				b[0] &= 0x0f
			}
		}
		b[14], b[15] = byte(len(text)), pass
		block.Encrypt(b[:], b[:])
		if isOdd {
			if pass%2 != 0 {
				b[0] &= keep
			} else {
				b[half-1] &= keep
			}
		}
		for i := range to {
			to[i] ^= b[i]
		}
	}
}
