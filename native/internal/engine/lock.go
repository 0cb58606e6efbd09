package engine

import "sync"

// locked calls f with a lock, which is free again even if f panics.
func locked[T any](mu sync.Locker, f func() T) T {
	mu.Lock()
	defer mu.Unlock()
	return f()
}
