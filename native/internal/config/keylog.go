package config

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// A keyLog appends TLS secrets to a file. It opens the file for each of the five lines of
// a handshake, so that nothing has to be closed when the last connection ends.
type keyLog string

// newKeyLog returns nil without a path, and an error if the file cannot be opened.
func newKeyLog(path string) (io.Writer, error) {
	if path == "" {
		return nil, nil
	}
	f, err := keyLog(path).open()
	if err != nil {
		reason := "cannot open " + path
		if errno, ok := errors.AsType[syscall.Errno](err); ok {
			reason += ": " + errno.Error()
		}
		return nil, &Error{"config.logKeys", reason}
	}
	return keyLog(path), f.Close()
}

func (l keyLog) open() (*os.File, error) {
	return os.OpenFile(string(l), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}

// Write never fails: an error would end the handshake, for the sake of its log.
func (l keyLog) Write(line []byte) (int, error) {
	if f, err := l.open(); err == nil {
		// In one write, as other connections and processes may append to the same file
		f.Write(line)
		f.Close()
	}
	return len(line), nil
}
