// Package sentence tells the texts that are for users of this library from those of the packages
// that it is made of.
package sentence

// An Error has such a text.
type Error string

func (e Error) Error() string { return string(e) }

// CannotSend is what a write to the network fails with. quic-go tells the peer of it, should that
// be possible later.
const CannotSend Error = "packets cannot be sent"

// A SendError is one with its cause.
type SendError struct{ Cause error }

func (e SendError) Error() string { return CannotSend.Error() }

func (e SendError) Unwrap() error { return e.Cause }
