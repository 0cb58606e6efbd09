// Package handle names Go objects by small integers, so that C++ and JavaScript
// never hold a pointer into Go memory.
package handle

import "sync"

// A Handle names one object in a [Table]. It carries a generation, so that a
// handle that outlived its object is recognised instead of naming another one.
// The zero Handle names nothing. Every Handle fits into 31 bits, which V8 stores
// without an allocation.
type Handle uint32

const (
	indexBits      = 20
	generationBits = 11

	maxIndex      = 1<<indexBits - 1
	maxGeneration = 1<<generationBits - 1
	// A slot is only used again once this many others wait for their turn, so
	// that a generation comes round after millions of objects, not thousands.
	minFree = 1024
)

type slot[T any] struct {
	value      T
	generation uint32
	used       bool
}

// A Table is a generational table of objects. It is safe for concurrent use.
type Table[T any] struct {
	mu    sync.RWMutex
	slots []slot[T]
	free  []uint32 // first in, first out
	count int
}

// Add stores value and returns its handle.
// It returns false when the table holds as many objects as handles can name.
func (t *Table[T]) Add(value T) (Handle, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()

	var index uint32
	switch {
	case len(t.free) > minFree || len(t.slots) > maxIndex && len(t.free) > 0:
		index = t.free[0]
		t.free = t.free[1:]
	case len(t.slots) <= maxIndex:
		index = uint32(len(t.slots))
		t.slots = append(t.slots, slot[T]{})
	default:
		return 0, false
	}
	s := &t.slots[index]
	s.generation++
	if s.generation > maxGeneration {
		s.generation = 1 // never 0: the zero Handle names nothing
	}
	s.value = value
	s.used = true
	t.count++
	return Handle(s.generation<<indexBits | index), true
}

// Get returns the object that h names, and false when h is stale or was never given out.
func (t *Table[T]) Get(h Handle) (T, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if s := t.find(h); s != nil {
		return s.value, true
	}
	var zero T
	return zero, false
}

// Remove forgets the object that h names and returns it.
// It returns false when h is stale or was never given out.
func (t *Table[T]) Remove(h Handle) (T, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var zero T
	s := t.find(h)
	if s == nil {
		return zero, false
	}
	value := s.value
	s.value = zero
	s.used = false
	t.free = append(t.free, uint32(h)&maxIndex)
	t.count--
	return value, true
}

// Len returns the number of objects in the table.
func (t *Table[T]) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.count
}

// Values returns all objects in the table.
func (t *Table[T]) Values() []T {
	t.mu.RLock()
	defer t.mu.RUnlock()
	values := make([]T, 0, t.count)
	for i := range t.slots {
		if t.slots[i].used {
			values = append(values, t.slots[i].value)
		}
	}
	return values
}

func (t *Table[T]) find(h Handle) *slot[T] {
	index := int(h & maxIndex)
	if index >= len(t.slots) {
		return nil
	}
	s := &t.slots[index]
	if !s.used || s.generation != uint32(h)>>indexBits {
		return nil
	}
	return s
}
