// Package qlogfile writes what quic-go tells of connections into files in the format of
// qlog. It never blocks quic-go, whatever the disk does, and never fails: what cannot be
// written is left out.
package qlogfile

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlog"
	"github.com/quic-go/quic-go/qlogwriter"
	"github.com/quic-go/quic-go/qlogwriter/jsontext"

	"github.com/MatrixAI/js-quic/native/internal/fault"
)

const (
	// writeSize is how many bytes of records wait until they are written.
	writeSize = 32 << 10
	// maxWaiting bounds how many bytes wait for a disk that is too slow. Records beyond are
	// dropped.
	maxWaiting = 4 << 20
	// closeTimeout is how long a connection that ends waits for the disk.
	closeTimeout = time.Second
)

// A File takes the events of one connection. It is its own [qlogwriter.Trace] and
// [qlogwriter.Recorder].
type File struct {
	files *Files
	start time.Time

	mu       sync.Mutex
	waiting  bytes.Buffer  // whole records
	isClosed bool          // no more records come
	wake     chan struct{} // signalled when there is enough to write, or the last of it
	done     chan struct{} // closed when the file is
}

// AddProducer is called once for a connection.
func (f *File) AddProducer() qlogwriter.Recorder { return f }

// A Ping is a frame that quic-go does not know, and that a packet has as a PING frame.
type Ping interface{ IsPing() }

// known returns an event with frames that quic-go can encode.
func known(e qlogwriter.Event) qlogwriter.Event {
	sent, ok := e.(qlog.PacketSent)
	if !ok {
		return e
	}
	isOwn := func(frame qlog.Frame) bool {
		_, ok := frame.Frame.(Ping)
		return ok
	}
	if !slices.ContainsFunc(sent.Frames, isOwn) {
		return e
	}
	sent.Frames = slices.Clone(sent.Frames)
	for i, frame := range sent.Frames {
		if isOwn(frame) {
			sent.Frames[i] = qlog.Frame{Frame: &qlog.PingFrame{}}
		}
	}
	return sent
}

// RecordEvent adds a record.
func (f *File) RecordEvent(e qlogwriter.Event) {
	e = known(e)
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.waiting.Len()
	if f.isClosed || before > maxWaiting {
		return
	}
	// An event that quic-go cannot encode is no reason to end its connection
	defer fault.Recover(func(error) { f.waiting.Truncate(before) })
	f.waiting.WriteByte(qlogwriter.RecordSeparator)
	enc := jsontext.NewEncoder(&f.waiting)
	enc.WriteToken(jsontext.BeginObject)
	enc.WriteToken(jsontext.String("time"))
	enc.WriteToken(jsontext.Float(float64(now.Sub(f.start).Nanoseconds()) / 1e6))
	enc.WriteToken(jsontext.String("name"))
	enc.WriteToken(jsontext.String(e.Name()))
	enc.WriteToken(jsontext.String("data"))
	err := e.Encode(enc, now)
	if err != nil || enc.WriteToken(jsontext.EndObject) != nil {
		f.waiting.Truncate(before)
		return
	}
	if f.waiting.Len() >= writeSize {
		f.signal()
	}
}

// Close completes the file. quic-go calls it before anyone hears that the connection is closed.
// Only the first call waits for the disk.
func (f *File) Close() error {
	if f.finish() {
		f.wait(time.After(closeTimeout))
	}
	return nil
}

// finish lets no more records in. It reports whether it is the first to do so.
func (f *File) finish() (isFirst bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	isFirst = !f.isClosed
	f.isClosed = true
	f.signal()
	return isFirst
}

func (f *File) wait(timeout <-chan time.Time) {
	select {
	case <-f.done:
	case <-timeout:
	}
}

func (f *File) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// take returns the records that wait, and whether they are the last.
func (f *File) take() (records []byte, isLast bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	records = f.waiting.Bytes()
	f.waiting = bytes.Buffer{}
	return records, f.isClosed
}

// run writes the file. After an error, as of a full disk, it goes on to take records, but writes
// none.
func (f *File) run(create func() (output, error)) {
	defer f.files.remove(f)
	out, err := create()
	size := int64(0) // of whole records
	for isLast := false; !isLast; {
		<-f.wake
		var records []byte
		records, isLast = f.take()
		if err != nil {
			continue
		}
		if _, err = out.Write(records); err != nil {
			out.Truncate(size)
		}
		size += int64(len(records))
	}
	if out != nil {
		out.Close()
	}
}

// An output is an [os.File].
type output interface {
	io.WriteCloser
	Truncate(size int64) error
}

// create does not touch a file that is there: clients choose the connection IDs that name them.
func create(path string) (output, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f *File) writeHeader(perspective string, id quic.ConnectionID) {
	f.waiting.WriteByte(qlogwriter.RecordSeparator)
	enc := jsontext.NewEncoder(&f.waiting)
	key := func(name string) { enc.WriteToken(jsontext.String(name)) }
	text := func(name, value string) {
		key(name)
		enc.WriteToken(jsontext.String(value))
	}
	object := func(name string, members func()) {
		key(name)
		enc.WriteToken(jsontext.BeginObject)
		members()
		enc.WriteToken(jsontext.EndObject)
	}
	enc.WriteToken(jsontext.BeginObject)
	text("file_schema", "urn:ietf:params:qlog:file:sequential")
	text("serialization_format", "application/qlog+json-seq")
	text("title", "@matrixai/quic")
	object("trace", func() {
		key("event_schemas")
		enc.WriteToken(jsontext.BeginArray)
		enc.WriteToken(jsontext.String(qlog.EventSchema))
		enc.WriteToken(jsontext.EndArray)
		object("vantage_point", func() { text("type", perspective) })
		object("common_fields", func() {
			text("group_id", id.String())
			object("reference_time", func() {
				text("clock_type", "monotonic")
				text("epoch", "unknown")
				text("wall_clock_time", f.start.Format(time.RFC3339Nano))
			})
		})
	})
	// The viewer qvis wants these, though newer drafts of qlog do without
	text("qlog_format", "JSON-SEQ")
	text("qlog_version", "0.3")
	enc.WriteToken(jsontext.EndObject)
}
