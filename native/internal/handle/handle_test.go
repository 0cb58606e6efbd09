package handle

import (
	"sync"
	"testing"
)

func TestAddGetRemove(t *testing.T) {
	var table Table[string]
	h, ok := table.Add("a")
	if !ok || h == 0 {
		t.Fatalf("Add returned %d, %v", h, ok)
	}
	if v, ok := table.Get(h); !ok || v != "a" {
		t.Fatalf("Get returned %q, %v", v, ok)
	}
	if v, ok := table.Remove(h); !ok || v != "a" {
		t.Fatalf("Remove returned %q, %v", v, ok)
	}
	if _, ok := table.Get(h); ok {
		t.Fatal("a removed handle still names an object")
	}
	if _, ok := table.Remove(h); ok {
		t.Fatal("a handle was removed twice")
	}
	if table.Len() != 0 {
		t.Fatalf("Len is %d after everything was removed", table.Len())
	}
}

func TestUnknownHandles(t *testing.T) {
	var table Table[int]
	for _, h := range []Handle{0, 1, 1 << indexBits, 0xffffffff} {
		if _, ok := table.Get(h); ok {
			t.Errorf("handle %#x names an object in an empty table", h)
		}
	}
}

func TestStaleHandleNeverNamesAnother(t *testing.T) {
	var table Table[int]
	first, _ := table.Add(-1)
	table.Remove(first)
	for i := range 100_000 {
		h, _ := table.Add(i)
		if h == first {
			t.Fatalf("handle %#x was given out again after %d objects", h, i)
		}
		if h>>31 != 0 {
			t.Fatalf("handle %#x does not fit into 31 bits", h)
		}
		if _, ok := table.Get(first); ok {
			t.Fatalf("a stale handle names object %d", i)
		}
		table.Remove(h)
	}
	if n := len(table.slots); n > minFree+2 {
		t.Fatalf("%d slots for one object at a time", n)
	}
}

func TestFullTable(t *testing.T) {
	var table Table[struct{}]
	var last Handle
	for range maxIndex + 1 {
		h, ok := table.Add(struct{}{})
		if !ok {
			t.Fatal("the table is full too early")
		}
		last = h
	}
	if _, ok := table.Add(struct{}{}); ok {
		t.Fatal("Add succeeded on a full table")
	}
	table.Remove(last)
	if _, ok := table.Add(struct{}{}); !ok {
		t.Fatal("Add failed although a slot is free")
	}
}

func TestConcurrentUse(t *testing.T) {
	var table Table[int]
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 500 {
				h, _ := table.Add(worker*10_000 + i)
				if v, ok := table.Get(h); !ok || v != worker*10_000+i {
					t.Errorf("Get returned %d, %v", v, ok)
				}
				table.Values()
				table.Remove(h)
			}
		})
	}
	wg.Wait()
	if table.Len() != 0 {
		t.Fatalf("Len is %d", table.Len())
	}
}
