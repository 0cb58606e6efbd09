package quicgo

import (
	"reflect"
	"unsafe"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/fault"
)

var (
	connPathManager    = offsetOfKind[quic.Conn](reflect.Pointer, "pathManager")
	connLogger         = offsetOfKind[quic.Conn](reflect.Interface, "logger")
	activeConnectionID = offsetIn[quic.ConnectionID](pointedTo[quic.Conn]("connIDManager"), "activeConnectionID")
	connIDManager      = offsetOfKind[quic.Conn](reflect.Pointer, "connIDManager")
)

// ShareConnectionID lets a connection of a client, whose ClientHello is being answered, follow that
// client to another address with the connection ID in use, if the client has given no other: RFC
// 9000 section 9.5 allows it where only the address of the peer changed. quic-go would neither
// validate the address nor send to it.
func ShareConnectionID(conn *quic.Conn) {
	defer fault.Recover(nil) // as above
	ids := *at[unsafe.Pointer](conn, connIDManager)
	manager := newPathManager(
		func(path int64) (quic.ConnectionID, bool) {
			id, ok := connectionIDForPath(ids, path)
			if !ok {
				id = *(*quic.ConnectionID)(unsafe.Add(ids, activeConnectionID))
			}
			return id, true
		},
		func(path int64) { retireConnectionIDForPath(ids, path) },
		*at[logger](conn, connLogger),
	)
	*at[unsafe.Pointer](conn, connPathManager) = manager
}

// A logger is the value of an interface that is internal to quic-go.
//
//lint:ignore U1000 an array of the same would be passed in another way
type logger struct{ table, value unsafe.Pointer }

//go:linkname newPathManager github.com/quic-go/quic-go.newPathManager
func newPathManager(get func(path int64) (quic.ConnectionID, bool), retire func(path int64), l logger) unsafe.Pointer

//go:linkname connectionIDForPath github.com/quic-go/quic-go.(*connIDManager).GetConnIDForPath
func connectionIDForPath(ids unsafe.Pointer, path int64) (quic.ConnectionID, bool)

//go:linkname retireConnectionIDForPath github.com/quic-go/quic-go.(*connIDManager).RetireConnIDForPath
func retireConnectionIDForPath(ids unsafe.Pointer, path int64)
