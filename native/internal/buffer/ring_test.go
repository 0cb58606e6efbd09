package buffer

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/MatrixAI/js-quic/native/internal/shared"
)

func split(t *testing.T, batch []byte) (datagrams []string) {
	t.Helper()
	for len(batch) > 0 {
		n := int(binary.LittleEndian.Uint16(batch))
		datagrams = append(datagrams, string(batch[shared.DatagramLength:][:n]))
		batch = batch[shared.DatagramLength+n:]
	}
	return datagrams
}

func read(t *testing.T, r *Ring, size int) []string {
	t.Helper()
	batch := make([]byte, size)
	return split(t, batch[:r.Read(batch)])
}

func newRing(limit int, datagrams ...string) (r *Ring, dropped int) {
	r = &Ring{}
	r.SetLimit(limit)
	for _, d := range datagrams {
		dropped += r.Push([]byte(d))
	}
	return r, dropped
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("got %q, want %q", got, want)
	}
}

func TestRingDropsTheOldest(t *testing.T) {
	r, dropped := newRing(3, "a", "b", "c", "d", "e")
	if dropped != 2 || r.Len() != 3 {
		t.Fatalf("dropped %d, kept %d", dropped, r.Len())
	}
	expect(t, read(t, r, 100), "c", "d", "e")
	expect(t, read(t, r, 100))
}

func TestRingReadsWholeDatagrams(t *testing.T) {
	r, _ := newRing(10, "", "abc", "de", "")
	expect(t, read(t, r, 2*shared.DatagramLength+4), "", "abc")
	expect(t, read(t, r, shared.DatagramLength+1))
	expect(t, read(t, r, 2*shared.DatagramLength+2), "de", "")
}

func TestRingTakesBack(t *testing.T) {
	r, _ := newRing(4, "a", "b", "c")
	expect(t, read(t, r, 100), "a", "b", "c")
	r.Push([]byte("d"))
	if dropped := r.Unread(2); dropped != 0 {
		t.Fatalf("dropped %d", dropped)
	}
	expect(t, read(t, r, shared.DatagramLength+1), "b")
	r.Push([]byte("e"))
	r.Push([]byte("f"))
	// Newer ones have taken its room
	if dropped := r.Unread(1); dropped != 1 || r.Len() != 4 {
		t.Fatalf("dropped %d of %d", dropped, r.Len())
	}
	expect(t, read(t, r, 100), "c", "d", "e", "f")
	r.Unread(4)
	r.SetLimit(2)
	if dropped := r.Unread(4); dropped != 0 {
		t.Fatalf("what was given back was so again")
	}
	expect(t, read(t, r, 100), "e", "f")
	if dropped := r.Unread(100); dropped != 0 || r.Len() != 2 {
		t.Fatalf("dropped %d of %d", dropped, r.Len())
	}
}

func TestRingWithALowerLimit(t *testing.T) {
	r, _ := newRing(100, "a", "b", "c")
	if dropped := r.SetLimit(1); dropped != 2 {
		t.Fatalf("dropped %d", dropped)
	}
	if dropped := r.Push([]byte("d")); dropped != 1 {
		t.Fatalf("dropped %d", dropped)
	}
	expect(t, read(t, r, 100), "d")
	r.SetLimit(0)
	if dropped := r.Push([]byte("e")); dropped != 1 || r.Len() != 0 {
		t.Fatalf("dropped %d of %d", dropped, r.Len())
	}
}

func TestRingIsAsLongAsNeeded(t *testing.T) {
	r, _ := newRing(1 << 30)
	for range 4 * maxIdleItems {
		r.Push([]byte("a"))
	}
	for r.Len() > 0 {
		read(t, r, 1<<16)
	}
	if len(r.items) > maxIdleItems {
		t.Fatalf("%d items are left", len(r.items))
	}
	r.Push([]byte("b"))
	r.Clear()
	expect(t, read(t, r, 100))
}

// Random calls give what a plain slice gives.
func TestRingAgainstASlice(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		limit := 1 + random.IntN(40)
		r, _ := newRing(limit)
		var model, last []string
		dropped, want := 0, 0
		cut := func(list []string) []string {
			n := max(0, len(list)-limit)
			want += n
			return slices.Clone(list[n:])
		}
		for i := range 300 {
			switch random.IntN(8) {
			case 0:
				last = read(t, r, shared.DatagramLength*4+random.IntN(100))
				expect(t, last, model[:len(last)]...)
				model = model[len(last):]
			case 1:
				n := random.IntN(len(last) + 1)
				dropped += r.Unread(n)
				model = cut(append(slices.Clone(last[len(last)-n:]), model...))
				last = nil
			case 2:
				limit = 1 + random.IntN(40)
				dropped += r.SetLimit(limit)
				model = cut(model)
			default:
				d := fmt.Sprint("datagram ", i)
				dropped += r.Push([]byte(d))
				model = cut(append(model, d))
			}
			if r.Len() != len(model) || dropped != want {
				t.Fatalf("holds %d and dropped %d, not %d and %d", r.Len(), dropped, len(model), want)
			}
		}
	}
}
