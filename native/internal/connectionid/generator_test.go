package connectionid

import (
	"bytes"
	"crypto/aes"
	"encoding/hex"
	"testing"
)

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The vectors are those of appendix B and section 5.4.2.4 of the draft.
func TestVectorsOfTheDraft(t *testing.T) {
	for _, c := range []struct{ configID, key, serverID, nonce, id string }{
		{"00", "", "c4605e", "4504cc4f", "07c4605e4504cc4f"},
		{"00", "8f95f09245765f80256934e50c66207f", "ed793a", "ee080dbf", "0720b1d07b359d3c"},
		{"01", "8f95f09245765f80256934e50c66207f", "ed793a51d49b8f5fab65", "ee080dbf48", "2fcc381bc74cb4fbad2823a3d1f8fed2"},
		{"02", "8f95f09245765f80256934e50c66207f", "ed793a51d49b8f5f", "ee080dbf48c0d1e5", "504dd2d05a7b0de9b2b9907afb5ecf8cc3"},
		{"00", "8f95f09245765f80256934e50c66207f", "ed793a51d49b8f5fab", "ee080dbf48c0d1e55d", "125779c9cc86beb3a3a4a3ca96fce4bfe0cdbc"},
		{"00", "fdf726a9893ec05c0632d3956680baf0", "31441a", "9c69c275", "0767947d29be054a"},
	} {
		key, serverID, nonce, want := unhex(t, c.key), unhex(t, c.serverID), unhex(t, c.nonce), unhex(t, c.id)
		data := append(unhex(t, c.configID), 1, byte(len(nonce)), byte(len(key)))
		g, err := New(append(append(data, key...), serverID...))
		if err != nil {
			t.Fatal(err)
		}
		id := g.Next()
		if id[0] != want[0] || len(id) != len(want) || len(id) != g.Length() {
			t.Errorf("%s begins wrong: % x", c.id, id)
		}
		text := append(bytes.Clone(serverID), nonce...)
		if len(key) > 0 {
			encrypt(g.block, text)
		} else if !bytes.HasPrefix(id[1:], serverID) {
			t.Errorf("% x does not hold the server ID %s", id, c.serverID)
		}
		if !bytes.Equal(text, want[1:]) {
			t.Errorf("got % x, want %s", text, c.id)
		}
	}
}

// decrypt is what a load balancer does (section 5.5 of the draft).
func decrypt(t *testing.T, key, id []byte) []byte {
	t.Helper()
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	n := len(id)
	if n == 16 {
		text := make([]byte, n)
		block.Decrypt(text, id)
		return text
	}
	half := (n + 1) / 2
	left, right := bytes.Clone(id[:half]), bytes.Clone(id[n-half:])
	clear := func() {
		if n%2 != 0 {
			left[half-1] &= 0xf0
			right[0] &= 0x0f
		}
	}
	clear()
	for pass := byte(4); pass > 0; pass-- {
		from, to := left, right
		if pass%2 == 0 {
			from, to = right, left
		}
		b := make([]byte, 16)
		copy(b, from)
		b[14], b[15] = byte(n), pass
		block.Encrypt(b, b)
		for i := range to {
			to[i] ^= b[i]
		}
		clear()
	}
	if n%2 == 0 {
		return append(left, right...)
	}
	left[half-1] |= right[0]
	return append(left, right[1:]...)
}

func TestALoadBalancerFindsTheServer(t *testing.T) {
	key := []byte("0123456789abcdef")
	for server := 1; server <= 15; server++ {
		for nonce := 4; server+nonce <= 19; nonce++ {
			serverID := bytes.Repeat([]byte{0xa5}, server)
			data := append([]byte{3, 0, byte(nonce), 16}, key...)
			g, err := New(append(data, serverID...))
			if err != nil {
				t.Fatal(err)
			}
			seen := map[string]bool{}
			for range 100 {
				id := g.Next()
				if id[0]>>5 != 3 || !bytes.HasPrefix(decrypt(t, key, id[1:]), serverID) {
					t.Fatalf("%d and %d bytes: % x does not lead to the server", server, nonce, id)
				}
				if seen[string(id[1:])] {
					t.Fatalf("%d and %d bytes: % x came twice", server, nonce, id)
				}
				seen[string(id[1:])] = true
			}
		}
	}
}

func TestRandomIDs(t *testing.T) {
	g, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := g.Next(), g.Next(); len(a) != g.Length() || bytes.Equal(a, b) {
		t.Errorf("made % x and % x", a, b)
	}
}

func FuzzNew(f *testing.F) {
	f.Add([]byte{0, 1, 4, 0, 1})
	f.Add(append([]byte{6, 0, 18, 16}, make([]byte, 17)...))
	f.Fuzz(func(t *testing.T, data []byte) {
		if g, err := New(data); err == nil && len(g.Next()) != g.Length() {
			t.Error("an ID has another length than announced")
		}
	})
}
