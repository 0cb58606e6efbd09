package buffer

import (
	"bytes"
	"math/rand/v2"
	"sync/atomic"
	"testing"
)

func TestBytesComeOutAsTheyWentIn(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var f FIFO
	var want, got []byte
	next := byte(0)
	for range 2000 {
		switch rng.IntN(4) {
		case 0:
			p := make([]byte, rng.IntN(3*BlockSize))
			for i := range p {
				p[i] = next
				next++
			}
			f.Write(p)
			want = append(want, p...)
		case 1:
			space := f.Space()
			n := rng.IntN(len(space) + 1)
			for i := range n {
				space[i] = next
				want = append(want, next)
				next++
			}
			f.Commit(n)
		case 2:
			p := make([]byte, rng.IntN(4*BlockSize))
			got = append(got, p[:f.Read(p)]...)
		case 3:
			front := f.Front()
			n := rng.IntN(len(front) + 1)
			if n > 0 {
				got = append(got, front[:n]...)
				f.Consume(n)
			}
		}
		if f.Len() != len(want)-len(got) {
			t.Fatalf("Len is %d, not %d", f.Len(), len(want)-len(got))
		}
	}
	p := make([]byte, f.Len())
	f.Read(p)
	if got = append(got, p...); !bytes.Equal(got, want) {
		t.Fatal("the bytes are not the same")
	}
}

func TestReadWhileFilling(t *testing.T) {
	var f FIFO
	f.Write([]byte("abc"))
	space := f.Space()
	p := make([]byte, 10)
	if n := f.Read(p); n != 3 {
		t.Fatalf("read %d bytes", n)
	}
	copy(space, "def")
	f.Commit(3)
	if n := f.Read(p); string(p[:n]) != "def" {
		t.Fatalf("read %q", p[:n])
	}
}

func TestAnEmptyQueueHoldsNoMemory(t *testing.T) {
	var f FIFO
	f.Write(make([]byte, 5*BlockSize))
	f.Read(make([]byte, 5*BlockSize))
	if len(f.blocks) != 0 {
		t.Fatalf("an empty queue holds %d blocks", len(f.blocks))
	}
	f.Space()
	f.Commit(0)
	if len(f.blocks) != 0 {
		t.Fatal("a queue that nothing was added to holds a block")
	}
	f.Write(make([]byte, 3*BlockSize))
	f.Clear()
	if f.Len() != 0 || len(f.blocks) != 0 || f.Front() != nil {
		t.Fatal("Clear left something")
	}
}

func TestShortMessagesUseASmallBlock(t *testing.T) {
	var f FIFO
	if n := len(f.Space()); n != smallBlockSize {
		t.Fatalf("the first block has %d bytes", n)
	}
	f.Commit(smallBlockSize)
	if n := len(f.Space()); n != BlockSize {
		t.Fatalf("the second block has %d bytes", n)
	}
	f.Commit(0)
}

func TestTotalOfSeveral(t *testing.T) {
	var total atomic.Int64
	a, b := FIFO{Total: &total}, FIFO{Total: &total}
	a.Write(make([]byte, 100_000))
	b.Write(make([]byte, 10))
	a.Read(make([]byte, 70_000))
	if n := total.Load(); n != 30_010 {
		t.Fatalf("the total is %d", n)
	}
	a.Clear()
	b.Consume(4)
	if n := total.Load(); n != 6 {
		t.Fatalf("the total is %d after Clear", n)
	}
}
