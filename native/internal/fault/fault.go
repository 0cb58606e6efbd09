// Package fault keeps panics from ending the process, and makes sure that somebody hears of them.
package fault

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
)

// Err is wrapped by the errors of panics that were caught.
var Err = errors.New("a fault inside the library")

// The registry is one for the process: a panic may happen where no environment is at hand.
var registry struct {
	mu        sync.Mutex
	count     uint64
	places    map[string]struct{} // where panics were caught so far
	listeners map[*func(string)]struct{}
}

// Recover turns a panic into a call of report, so that it does not end the process. It is to be
// deferred. A nil report means that nobody has to be told but the listeners.
func Recover(report func(error)) {
	value := recover()
	if value == nil {
		return
	}
	record(value)
	if report != nil {
		report(fmt.Errorf("%w: %v", Err, value))
	}
}

// Count returns how many panics were caught.
func Count() uint64 {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	return registry.count
}

// Listen has f called with what was caught, once for each place, until cancel is called.
func Listen(f func(message string)) (cancel func()) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	if registry.listeners == nil {
		registry.listeners = make(map[*func(string)]struct{})
	}
	registry.listeners[&f] = struct{}{}
	return func() {
		registry.mu.Lock()
		defer registry.mu.Unlock()
		delete(registry.listeners, &f)
	}
}

// record counts a panic, and tells the listeners if it is the first one at its place.
func record(value any) {
	stack := string(debug.Stack())
	for _, f := range count(placeOf(stack)) {
		f(fmt.Sprintf("%v\n%s", value, stack))
	}
}

// count returns whom to tell.
func count(place string) (listeners []func(string)) {
	registry.mu.Lock()
	defer registry.mu.Unlock()
	registry.count++
	if _, isKnown := registry.places[place]; isKnown {
		return nil
	}
	if registry.places == nil {
		registry.places = make(map[string]struct{})
	}
	registry.places[place] = struct{}{}
	for f := range registry.listeners {
		listeners = append(listeners, *f)
	}
	return listeners
}

// placeOf returns the line of a stack that names where the panic happened, which follows after the
// call of panic.
func placeOf(stack string) string {
	_, after, _ := strings.Cut(stack, "\npanic(")
	lines := strings.SplitN(after, "\n", 5)
	if len(lines) < 4 {
		return stack
	}
	place, _, _ := strings.Cut(strings.TrimSpace(lines[3]), " +0x")
	return place
}
