//go:build !linux

package udpconn

import (
	"errors"

	"github.com/MatrixAI/js-quic/native/internal/packetconn"
)

// Share is for Linux alone.
func Share(int, bool, *packetconn.Conn) (*Conn, error) { return nil, errors.ErrUnsupported }
