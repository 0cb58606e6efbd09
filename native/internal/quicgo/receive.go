package quicgo

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/quic-go/quic-go"
)

var (
	receiveStreamStop    = offset[quic.ReceiveStream, bool]("queuedStopSending")
	receiveStreamMutex   = offset[quic.ReceiveStream, sync.Mutex]("mutex")
	receiveStreamSize    = offsetOfKind[quic.ReceiveStream](reflect.Int64, "finalOffset")
	receiveStreamSure    = offsetOfKind[quic.ReceiveStream](reflect.Int64, "reliableSize")
	receiveStreamClosed  = offset[quic.ReceiveStream, error]("closeForShutdownErr")
	receiveStreamQueue   = offsetOfKind[quic.ReceiveStream](reflect.Pointer, "frameQueue")
	receiveStreamFrame   = offset[quic.ReceiveStream, []byte]("currentFrame")
	receiveStreamInFrame = offset[quic.ReceiveStream, int]("readPosInFrame")
	receiveStreamRead    = offsetOfKind[quic.ReceiveStream](reflect.Int64, "readPos")
	receiveStreamControl = offsetOfKind[quic.ReceiveStream](reflect.Pointer, "flowController")
)

// unknownSize is what a stream has for its final size before the FIN.
const unknownSize = 1<<62 - 1

// IsStopUnsent reports whether a STOP_SENDING of a stream is not in a packet yet.
func IsStopUnsent(s *quic.ReceiveStream) bool {
	mu := at[sync.Mutex](s, receiveStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return *at[bool](s, receiveStreamStop)
}

// ReviveReads makes what arrived on a stream before its connection was closed readable again,
// if the FIN is among it. quic-go keeps it, but answers every read with the error of
// the connection.
func ReviveReads(s *quic.ReceiveStream) bool {
	mu := at[sync.Mutex](s, receiveStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	if *at[int64](s, receiveStreamSize) == unknownSize {
		return false
	}
	*at[error](s, receiveStreamClosed) = nil
	return true
}

// ResetsPartially reports whether a peer that has reset a stream delivers some of it
// (RESET_STREAM_AT).
func ResetsPartially(s *quic.ReceiveStream) bool {
	mu := at[sync.Mutex](s, receiveStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return *at[int64](s, receiveStreamSure) > 0
}

// FrameLength returns how much is left of the STREAM frame that a stream is being read from, after
// Peek.
func FrameLength(s *quic.ReceiveStream) int {
	mu := at[sync.Mutex](s, receiveStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return leftOfFrame(s)
}

func leftOfFrame(s *quic.ReceiveStream) int {
	return len(*at[[]byte](s, receiveStreamFrame)) - *at[int](s, receiveStreamInFrame)
}

// HasUnread reports whether more has arrived on a stream than the taken bytes.
func HasUnread(s *quic.ReceiveStream, taken int64) bool {
	mu := at[sync.Mutex](s, receiveStreamMutex)
	mu.Lock()
	defer mu.Unlock()
	return *at[int64](s, receiveStreamRead) != taken || leftOfFrame(s) > 0 ||
		hasMoreData(*at[unsafe.Pointer](s, receiveStreamQueue))
}

//go:linkname hasMoreData github.com/quic-go/quic-go.(*frameSorter).HasMoreData
func hasMoreData(queue unsafe.Pointer) bool
