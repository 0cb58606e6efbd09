package engine

import (
	"crypto/tls"
	"io"
	"math"
	"time"

	"github.com/quic-go/quic-go/quicvarint"
)

// maxIdleTimeout returns the transport parameter of that name (RFC 9000 section 18.2), or 0 if there is none.
func maxIdleTimeout(params []byte) time.Duration {
	const maxIdleTimeoutID = 0x01
	for len(params) > 0 {
		id, n, err := quicvarint.Parse(params)
		if err != nil {
			return 0
		}
		length, m, err := quicvarint.Parse(params[n:])
		if err != nil || length > uint64(len(params)-n-m) {
			return 0
		}
		value := params[n+m:][:length]
		params = params[n+m+int(length):]
		if id != maxIdleTimeoutID {
			continue
		}
		ms, _, err := quicvarint.Parse(value)
		if err != nil || ms > math.MaxInt64/uint64(time.Millisecond) {
			return 0
		}
		return time.Duration(ms) * time.Millisecond
	}
	return 0
}

// adjust changes what quic-go has no options for, while it waits for a callback of TLS: it would not take an idle timeout of the
// peer below 5 s, and not notice when the path carries less.
func (c *Connection) adjust() {
	if conn := connectionOf(c.transport.quic, c.transport.name(c)); conn != nil {
		limitIdleTimeout(conn)
		watchPathMTU(conn)
	}
}

// watchServer has the idle timeout of a server taken over, unless its certificates take more than one packet:
// quic-go has its transport parameters before TLS has a callback then.
func (c *Connection) watchServer(conf *tls.Config) {
	verify := conf.VerifyConnection
	conf.VerifyConnection = func(state tls.ConnectionState) error {
		c.adjust()
		if verify == nil {
			return nil
		}
		return verify(state)
	}
}

// watchClient has the idle timeout of a client taken over, whose ClientHello is being answered.
func (c *Connection) watchClient(conf *tls.Config) {
	conf.KeyLogWriter = &secretWatch{c.adjust, conf.KeyLogWriter}
}

// A secretWatch is a key log that calls heard at the first secret of a connection. TLS has no other callback for all
// handshakes when the transport parameters of a client are there.
type secretWatch struct {
	heard func()
	next  io.Writer // the key log, nil if there is none
}

func (w *secretWatch) Write(line []byte) (int, error) {
	if w.heard != nil {
		w.heard()
		w.heard = nil
	}
	if w.next != nil {
		return w.next.Write(line)
	}
	return len(line), nil
}
