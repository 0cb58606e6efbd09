package quicgo

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/quic-go/quic-go"
)

var (
	sendStreamMutex       = offset[quic.SendStream, sync.Mutex]("mutex")
	sendStreamOffset      = offsetOfKind[quic.SendStream](reflect.Int64, "writeOffset")
	sendStreamOutstanding = offset[quic.SendStream, int64]("numOutstandingFrames")
	sendStreamCompleted   = offset[quic.SendStream, bool]("completed")
	sendStreamNext        = offsetOfKind[quic.SendStream](reflect.Pointer, "nextFrame")
	sendStreamData        = offset[quic.SendStream, []byte]("dataForWriting")
)

// Acknowledged reports whether the peer has Acknowledged all that was sent on a stream.
func Acknowledged(s *quic.SendStream) bool {
	mu := at[sync.Mutex](s, sendStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return *at[bool](s, sendStreamCompleted)
}

// SendProgress returns a number that changes when something of a stream is sent or Acknowledged.
func SendProgress(s *quic.SendStream) int64 {
	mu := at[sync.Mutex](s, sendStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	// The number of frames is small
	return *at[int64](s, sendStreamOffset)<<16 + *at[int64](s, sendStreamOutstanding)
}

// HasUnsent reports whether quic-go has some of what was written to a stream that is not in a
// packet yet.
func HasUnsent(s *quic.SendStream) bool {
	mu := at[sync.Mutex](s, sendStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return *at[unsafe.Pointer](s, sendStreamNext) != nil ||
		len(*at[[]byte](s, sendStreamData)) > 0
}
