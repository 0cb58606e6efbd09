package quicgo

import (
	"reflect"
	"sync"
	"unsafe"

	"github.com/quic-go/quic-go"
)

var (
	flowConnection    = offsetOfKindIn(pointedTo[quic.ReceiveStream]("flowController"), reflect.Pointer, "connection")
	flowMutex         = offsetIn[sync.Mutex](flowControl, "mutex")
	flowRead          = offsetOfKindIn(flowControl, reflect.Int64, "bytesRead")
	flowWindow        = offsetOfKindIn(flowControl, reflect.Int64, "receiveWindow")
	flowWindowSize    = offsetOfKindIn(flowControl, reflect.Int64, "receiveWindowSize")
	flowEpoch         = offsetOfKindIn(flowControl, reflect.Int64, "epochStartOffset")
	flowMaxWindowSize = offsetOfKindIn(flowControl, reflect.Int64, "maxReceiveWindowSize")
)

// flowControl is what the flow control of a stream and that of a connection both begin with.
var flowControl = func() reflect.Type {
	stream := pointedTo[quic.ReceiveStream]("flowController").Field(0)
	conn := pointedTo[quic.Conn]("connFlowController").Field(0)
	known(stream, stream.Anonymous && stream.Type == conn.Type, "flowController")
	return stream.Type
}()

// ReceiveWindow returns how many bytes the peer may send on a stream besides those that were read.
func ReceiveWindow(s *quic.ReceiveStream) int64 {
	control := *at[unsafe.Pointer](s, receiveStreamControl)
	mu := (*sync.Mutex)(unsafe.Add(control, flowMutex))
	mu.Lock()
	defer mu.Unlock()
	size := *(*int64)(unsafe.Add(control, flowWindowSize))
	open := *(*int64)(unsafe.Add(control, flowWindow)) - *(*int64)(unsafe.Add(control, flowRead))
	if isUpdateDue(open, size) {
		// There may be one on its way, with twice the size
		return min(2*size, max(size, *(*int64)(unsafe.Add(control, flowMaxWindowSize))))
	}
	return open
}

// CountAsRead makes the window of a stream's connection move on by n bytes, or back if that is
// negative, as if that many had been read. It reports whether the peer is to be told.
func CountAsRead(s *quic.ReceiveStream, n int64) bool {
	control := *at[unsafe.Pointer](s, receiveStreamControl)
	control = *(*unsafe.Pointer)(unsafe.Add(control, flowConnection))
	mu := (*sync.Mutex)(unsafe.Add(control, flowMutex))
	mu.Lock()
	defer mu.Unlock()
	read := (*int64)(unsafe.Add(control, flowRead))
	*read += n
	// The window must not grow for it as for a reader that is fast
	*(*int64)(unsafe.Add(control, flowEpoch)) += n
	return isUpdateDue(*(*int64)(unsafe.Add(control, flowWindow))-*read, *(*int64)(unsafe.Add(control, flowWindowSize)))
}

// isUpdateDue reports whether quic-go tells the peer of a new window: a quarter of the last one is
// used up.
func isUpdateDue(open, size int64) bool { return open <= size/4*3 }
