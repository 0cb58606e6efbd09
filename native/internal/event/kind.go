package event

// A Kind says what happened. What a peer can cause is bounded, however long JavaScript does not
// drain the queue: by the credit that a peer has for streams, which it gets back when JavaScript
// has handled their end; by the seats of connections and handshakes, which are free again when
// JavaScript has released them; and by asking JavaScript to fetch what changes often, with one
// event at a time. Kinds that name none of these come once for each object, or once for each call.
//
// The numbers are known to src/ts/native/events.ts.
type Kind uint32

const (
	// TransportClosed: the transport and its socket are closed. a is an errno
	// when the socket failed by itself, else 0; data is the error's message.
	TransportClosed Kind = iota + 1
	// TransportSend: packets wait in the ring of a virtual transport. The next one comes when it
	// has been empty.
	TransportSend
	// TransportSent: a datagram that the application sent is sent.
	// a is the number that the call was given, b an errno or 0.
	TransportSent
	// ListenerConnection: a handshake completed. a is the connection's handle;
	// data is its description. As many as there are seats.
	ListenerConnection
	// ListenerFailed: a handshake failed. a and b are as for ConnectionClosed; data is the handle
	// of the connection, which has to be released, as uint32, the length of its description as
	// uint32, that and the reason, which is cut. As many as there are seats for handshakes; of
	// clients that have not proved their address a few a second.
	ListenerFailed
	// ListenerClosed: no new connections come.
	ListenerClosed
	// ConnectionEstablished: the handshake of a client completed, or early data can be sent. data
	// is the description.
	ConnectionEstablished
	// ConnectionVerify: the application is asked about a certificate chain, which has to be
	// fetched. a is the connection's handle, b the number of the question. One at a time for each
	// connection.
	ConnectionVerify
	// ConnectionClosed: the connection is gone. a is a CloseKind, b the error code; data the
	// reason.
	ConnectionClosed
	// ConnectionDrained: the peer has acknowledged all data of finished streams, or will not do
	// so. a is 1 if it was silent for a while, and JavaScript is to ask again.
	ConnectionDrained
	// ConnectionStream: the peer opened a stream. a is the stream's handle, b its ID. The credit
	// of the peer bounds their number. Each event of a stream comes once in all, or once for each
	// call of JavaScript, so that they are bounded as well.
	ConnectionStream
	// DatagramsReadable: after a read that left none, datagrams came in.
	DatagramsReadable
	// DatagramsWritable: after a write that filled the queue, there is room again.
	DatagramsWritable
	// StreamOpened: a stream that waited for the peer's limit is open. a is its ID.
	StreamOpened
	// StreamReadable: after a read that found nothing, there is now something to read.
	StreamReadable
	// StreamEnded: the peer sent its FIN and all bytes before it have been read.
	StreamEnded
	// StreamReset: the peer sent RESET_STREAM. a is the error code.
	StreamReset
	// StreamWritable: after a write that filled the queue, there is room again.
	StreamWritable
	// StreamFinished: all that was written, the FIN included, was handed to the transport.
	StreamFinished
	// StreamStopped: the peer sent STOP_SENDING. a is the error code, b how many bytes are not
	// going to be sent.
	StreamStopped
	// TransportRawDatagrams: datagrams that are not QUIC wait to be read. The next one comes when
	// all have been.
	TransportRawDatagrams
	// ConnectionMigrated: a migration ended. a is 0 when the connection goes over the new path,
	// and data its description; else a is a MigrationFailure, and data the reason.
	ConnectionMigrated
	// ConnectionPath: the peer's address has changed, and the description has to be fetched. One at
	// a time.
	ConnectionPath
	// ConnectionSession: there is a new session to resume the connection with, which has to be
	// fetched. One at a time.
	ConnectionSession
	// ConnectionHandshake: the handshake of a connection that was announced before has completed. a
	// is 1 if the server took the early data, else 0. data is the description.
	ConnectionHandshake
	// TransportFailed: the socket cannot be read any more. a is an errno, data the message.
	TransportFailed
	// StreamArrived: all that the peer sends on a stream has come and can be read. Only while a
	// connection waits for its streams to end, and at most twice for each.
	StreamArrived
	// Fault: a panic was caught, in any environment. data says what and where. Once for each place
	// of the library, with no object.
	Fault
)

// A MigrationFailure says why a connection did not migrate.
type MigrationFailure uint32

const (
	// MigrationRefused: the peer does not support it (RFC 9000 section 18.2).
	MigrationRefused MigrationFailure = iota + 1
	// MigrationUnreachable: the peer did not answer over the new path in time.
	MigrationUnreachable
	// MigrationClosed: the connection or the transport was closed meanwhile.
	MigrationClosed
)

// A CloseKind says how a connection ended.
type CloseKind uint32

const (
	// CloseApplication: an application error code, sent by either side.
	CloseApplication CloseKind = iota
	// CloseTransport: a transport error code (RFC 9000 section 20.1), sent by either side.
	CloseTransport
	// CloseIdleTimeout: nothing was heard for the idle timeout (RFC 9000 section 10.1).
	CloseIdleTimeout
	// CloseHandshakeTimeout: the handshake did not complete in time.
	CloseHandshakeTimeout
	// CloseStatelessReset: the peer lost its state (RFC 9000 section 10.3).
	CloseStatelessReset
	// CloseVersionNegotiation: no version in common.
	CloseVersionNegotiation
	// CloseAborted: given up locally before the handshake completed, or the transport went away.
	CloseAborted
	// CloseSendFailed: the socket refused to send. The code is an errno.
	CloseSendFailed
	// CloseInternal: a fault inside this library.
	CloseInternal

	// CloseRemote is added to CloseApplication and CloseTransport when the peer sent the code.
	CloseRemote CloseKind = 0x100
)
