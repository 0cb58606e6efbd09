package qlogfile

import (
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/quic-go/quic-go"
)

// Files are those that are being written.
type Files struct {
	mu   sync.Mutex
	open map[*File]struct{}
}

// Open starts a file in a directory, which is made if it is missing. The file is named after the
// original destination connection ID, which both ends share, and the perspective.
func (fs *Files) Open(directory string, isClient bool, id quic.ConnectionID) *File {
	perspective := "server"
	if isClient {
		perspective = "client"
	}
	path := filepath.Join(directory, id.String()+"_"+perspective+".sqlog")
	return fs.start(perspective, id, func() (output, error) { return create(path) })
}

func (fs *Files) start(perspective string, id quic.ConnectionID, create func() (output, error)) *File {
	f := &File{
		files: fs,
		start: time.Now(),
		wake:  make(chan struct{}, 1),
		done:  make(chan struct{}),
	}
	f.writeHeader(perspective, id)
	fs.add(f)
	go f.run(create)
	return f
}

// Close completes all files, but waits no longer than timeout. It is for the end of a process.
func (fs *Files) Close(timeout time.Duration) {
	open := fs.all()
	deadline := time.Now().Add(timeout)
	for _, f := range open {
		f.finish()
	}
	for _, f := range open {
		f.wait(time.After(time.Until(deadline)))
	}
}

func (fs *Files) remove(f *File) {
	fs.forget(f)
	close(f.done)
}

func (fs *Files) add(f *File) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.open == nil {
		fs.open = make(map[*File]struct{})
	}
	fs.open[f] = struct{}{}
}

func (fs *Files) all() []*File {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return slices.Collect(maps.Keys(fs.open))
}

func (fs *Files) forget(f *File) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	delete(fs.open, f)
}
