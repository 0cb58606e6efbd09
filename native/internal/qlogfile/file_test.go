package qlogfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/qlog"
	"github.com/quic-go/quic-go/qlogwriter"
	"github.com/quic-go/quic-go/qlogwriter/jsontext"
)

var id = quic.ConnectionIDFromBytes([]byte{0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4})

// records parses a file, each record of which must be whole.
func records(t *testing.T, data []byte) []map[string]any {
	t.Helper()
	parts := bytes.Split(data, []byte{qlogwriter.RecordSeparator})
	if len(parts[0]) > 0 {
		t.Fatalf("the file begins with %q", parts[0])
	}
	var parsed []map[string]any
	for _, part := range parts[1:] {
		var record map[string]any
		if err := json.Unmarshal(part, &record); err != nil || part[len(part)-1] != '\n' {
			t.Fatalf("%q: %v", part, err)
		}
		parsed = append(parsed, record)
	}
	return parsed
}

func TestFileIsCompleteWhenItIsClosed(t *testing.T) {
	var files Files
	directory := filepath.Join(t.TempDir(), "made", "for it")
	f := files.Open(directory, true, id)
	const n = 2000 // more than is written at once
	for i := range n {
		f.RecordEvent(qlog.MTUUpdated{Value: i})
	}
	f.Close()
	f.Close()
	f.RecordEvent(qlog.MTUUpdated{})
	data, err := os.ReadFile(filepath.Join(directory, id.String()+"_client.sqlog"))
	if err != nil {
		t.Fatal(err)
	}
	parsed := records(t, data)
	if len(parsed) != n+1 {
		t.Fatalf("%d records, want %d", len(parsed), n+1)
	}
	for i, record := range parsed[1:] {
		if got := record["data"].(map[string]any)["new"]; got != float64(i) {
			t.Fatalf("record %d is %v", i, record)
		}
	}
	if len(files.open) != 0 {
		t.Error("the file counts as open")
	}
}

func TestFileThatIsThereIsLeftAlone(t *testing.T) {
	var files Files
	directory := t.TempDir()
	path := filepath.Join(directory, id.String()+"_server.sqlog")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := files.Open(directory, false, id)
	f.RecordEvent(qlog.MTUUpdated{})
	f.Close()
	if data, _ := os.ReadFile(path); string(data) != "mine" {
		t.Fatalf("the file was overwritten with %q", data)
	}
}

// A disk takes so many bytes, each write as long as it is blocked.
type disk struct {
	bytes.Buffer
	room    int
	blocked chan struct{}
}

func (d *disk) Write(p []byte) (int, error) {
	<-d.blocked
	n := min(len(p), d.room)
	d.room -= n
	d.Buffer.Write(p[:n])
	if n < len(p) {
		return n, errors.New("no space left on device")
	}
	return n, nil
}

func (d *disk) Truncate(size int64) error { d.Buffer.Truncate(int(size)); return nil }
func (d *disk) Close() error              { return nil }

func TestFullDiskKeepsWholeRecords(t *testing.T) {
	var files Files
	d := &disk{room: 3 * writeSize, blocked: make(chan struct{})}
	close(d.blocked)
	f := files.start("client", id, func() (output, error) { return d, nil })
	for range 10_000 {
		f.RecordEvent(qlog.MTUUpdated{})
	}
	f.Close()
	records(t, d.Bytes())
}

func TestHangingDiskBlocksNobody(t *testing.T) {
	var files Files
	d := &disk{room: 1 << 30, blocked: make(chan struct{})}
	f := files.start("client", id, func() (output, error) { return d, nil })
	event := qlog.DebugEvent{EventName: "large", Message: strings.Repeat("x", 10_000)}
	for range 4 * maxWaiting / 10_000 {
		f.RecordEvent(event)
	}
	f.mu.Lock()
	waiting := f.waiting.Len()
	f.mu.Unlock()
	if waiting > maxWaiting+20_000 {
		t.Errorf("%d bytes wait", waiting)
	}
	began := time.Now()
	files.Close(10 * time.Millisecond)
	if took := time.Since(began); took > closeTimeout {
		t.Errorf("the end of the process waited %v", took)
	}
	close(d.blocked)
	<-f.done
	records(t, d.Bytes())
}

type broken struct{ panics bool }

func (broken) Name() string { return "broken" }

func (b broken) Encode(enc *jsontext.Encoder, _ time.Time) error {
	enc.WriteToken(jsontext.BeginObject)
	if b.panics {
		panic("broken")
	}
	return errors.New("broken")
}

func TestEventThatCannotBeEncodedIsLeftOut(t *testing.T) {
	var files Files
	directory := t.TempDir()
	f := files.Open(directory, true, id)
	f.RecordEvent(broken{})
	f.RecordEvent(broken{panics: true})
	f.RecordEvent(qlog.MTUUpdated{})
	f.Close()
	data, _ := os.ReadFile(filepath.Join(directory, id.String()+"_client.sqlog"))
	if n := len(records(t, data)); n != 2 {
		t.Errorf("%d records, want 2", n)
	}
}
