package udpconn

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestBacklogWaitsForAcknowledgements(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBacklog()
		b.read(maxBacklog - 1)
		b.wait() // has room
		b.read(1)
		start := time.Now()
		go func() {
			time.Sleep(maxBacklogWait / 4)
			b.written()
		}()
		b.wait()
		if waited := time.Since(start); waited != maxBacklogWait/4 {
			t.Fatalf("waited %v", waited)
		}
	})
}

func TestBacklogThatNobodyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBacklog()
		b.read(maxBacklog)
		start := time.Now()
		b.wait()
		if waited := time.Since(start); waited != maxBacklogWait {
			t.Fatalf("waited %v", waited)
		}
		b.wait() // starts from none
		if waited := time.Since(start); waited != maxBacklogWait {
			t.Fatalf("waited again, %v", waited)
		}
	})
}
