package fault_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/MatrixAI/js-quic/native/internal/fault"
)

func fail(reason string) (err error) {
	defer fault.Recover(func(e error) { err = e })
	panic(reason)
}

func TestAPanicIsAnErrorAndCounted(t *testing.T) {
	before := fault.Count()
	err := fail("on purpose")
	if !errors.Is(err, fault.Err) || !strings.Contains(err.Error(), "on purpose") {
		t.Errorf("got %v", err)
	}
	if count := fault.Count() - before; count != 1 {
		t.Errorf("%d were counted", count)
	}
}

func TestListenersHearOfEachPlaceOnce(t *testing.T) {
	var heard []string
	cancel := fault.Listen(func(message string) { heard = append(heard, message) })
	elsewhere := func() {
		defer fault.Recover(nil)
		panic("elsewhere")
	}
	for range 3 {
		elsewhere()
	}
	if len(heard) != 1 || !strings.HasPrefix(heard[0], "elsewhere\n") || !strings.Contains(heard[0], "fault_test.go") {
		t.Errorf("heard %q", heard)
	}
	cancel()
	func() {
		defer fault.Recover(nil)
		panic("a third place")
	}()
	if len(heard) != 1 {
		t.Error("a listener that is gone was told")
	}
}

func TestNothingIsReportedWithoutAPanic(t *testing.T) {
	defer fault.Recover(func(err error) { t.Error(err) })
}
