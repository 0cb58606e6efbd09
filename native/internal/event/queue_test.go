package event

import (
	"bytes"
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/MatrixAI/js-quic/native/internal/handle"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

type record struct {
	kind Kind
	h    handle.Handle
	a, b float64
	data []byte
}

func parse(t *testing.T, buf []byte) (records []record) {
	t.Helper()
	order := binary.LittleEndian
	for len(buf) > 0 {
		size := order.Uint32(buf)
		if size%8 != 0 {
			t.Fatalf("record of %d bytes is not aligned", size)
		}
		length := order.Uint32(buf[12:])
		records = append(records, record{
			kind: Kind(order.Uint32(buf[4:])),
			h:    handle.Handle(order.Uint32(buf[8:])),
			a:    math.Float64frombits(order.Uint64(buf[16:])),
			b:    math.Float64frombits(order.Uint64(buf[24:])),
			data: bytes.Clone(buf[shared.EventHeader : shared.EventHeader+length]),
		})
		buf = buf[size:]
	}
	return records
}

func TestWakesOnlyWhenEmpty(t *testing.T) {
	wakes := 0
	q := NewQueue(func() { wakes++ })
	q.Push(StreamReadable, 1, 0, 0, nil)
	q.Push(StreamReadable, 2, 0, 0, nil)
	if wakes != 1 {
		t.Fatalf("woke %d times for one batch", wakes)
	}
	buf := make([]byte, 1024)
	if n := q.Drain(buf); len(parse(t, buf[:n])) != 2 {
		t.Fatalf("drained %d bytes", n)
	}
	if n := q.Drain(buf); n != 0 {
		t.Fatalf("drained %d bytes from an empty queue", n)
	}
	q.Push(StreamReadable, 3, 0, 0, nil)
	if wakes != 2 {
		t.Fatalf("woke %d times for two batches", wakes)
	}
}

func TestRecordsArriveAsPushed(t *testing.T) {
	q := NewQueue(func() {})
	want := record{ConnectionClosed, 7, 257, math.MaxInt32 * 1000.0, []byte("reason")}
	q.Push(want.kind, want.h, want.a, want.b, want.data)
	buf := make([]byte, 1024)
	got := parse(t, buf[:q.Drain(buf)])
	if len(got) != 1 || got[0].kind != want.kind || got[0].h != want.h ||
		got[0].a != want.a || got[0].b != want.b || !bytes.Equal(got[0].data, want.data) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

func TestDrainInBatches(t *testing.T) {
	wakes := 0
	q := NewQueue(func() { wakes++ })
	for i := range 10 {
		q.Push(StreamReadable, handle.Handle(i+1), 0, 0, nil)
	}
	buf := make([]byte, 3*shared.EventHeader+8)
	var got []record
	for {
		n := q.Drain(buf)
		if n == 0 {
			break
		}
		got = append(got, parse(t, buf[:n])...)
	}
	if len(got) != 10 {
		t.Fatalf("got %d records", len(got))
	}
	for i, r := range got {
		if r.h != handle.Handle(i+1) {
			t.Fatalf("record %d is of handle %d", i, r.h)
		}
	}
	if wakes != 4 { // once for the first, once after each batch that left some
		t.Fatalf("woke %d times", wakes)
	}
}

func TestRecordLargerThanTheBuffer(t *testing.T) {
	q := NewQueue(func() {})
	data := bytes.Repeat([]byte{1}, 1000)
	q.Push(ConnectionVerify, 1, 0, 0, data)
	n := q.Drain(make([]byte, 100))
	if n >= 0 {
		t.Fatalf("Drain returned %d", n)
	}
	buf := make([]byte, -n)
	if got := parse(t, buf[:q.Drain(buf)]); len(got) != 1 || !bytes.Equal(got[0].data, data) {
		t.Fatal("the record was lost")
	}
}

func TestCloseWaitsForWake(t *testing.T) {
	var closed atomic.Bool
	q := NewQueue(func() {
		if closed.Load() {
			t.Error("woken after Close returned")
		}
	})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			buf := make([]byte, 256)
			for range 1000 {
				q.Push(StreamReadable, 1, 0, 0, nil)
				q.Drain(buf)
			}
		})
	}
	q.Close()
	closed.Store(true)
	wg.Wait()
	if n := q.Drain(make([]byte, 256)); n != 0 {
		t.Fatalf("a closed queue holds %d bytes", n)
	}
}

func TestWhatWasDrainedIsNotKept(t *testing.T) {
	const batch = 100
	q := NewQueue(func() {})
	buf := make([]byte, batch*shared.EventHeader)
	for range 2 * batch {
		q.Push(StreamReadable, 1, 0, 0, nil)
	}
	next := 0
	for round := range 1000 {
		for i := range batch {
			q.Push(StreamReadable, 1, float64(round*batch+i), 0, nil)
		}
		// There is always something left
		for _, r := range parse(t, buf[:q.Drain(buf)]) {
			if round < 2 {
				continue
			}
			if int(r.a) != next {
				t.Fatalf("%v came instead of %d", r.a, next)
			}
			next++
		}
	}
	if size := cap(q.buf); size > 20*batch*shared.EventHeader {
		t.Errorf("%d bytes are kept", size)
	}
}
