package engine

import (
	"crypto/tls"
	"io"

	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

// adjust changes what quic-go has no options for, while it waits for a callback of TLS: it would
// not take an idle timeout of the peer below 5 s, has one congestion controller, and would not
// notice when the path carries less.
func (c *Connection) adjust() {
	if conn := quicgo.ConnectionOf(c.transport.quic, c.transport.ownIDOf(c)); conn != nil {
		quicgo.LimitIdleTimeout(conn)
		c.congestion.control(conn)
	}
}

// watchServer has the idle timeout of a server taken over, unless its certificates take more than
// one packet: quic-go has its transport parameters before TLS has a callback then.
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

// A secretWatch is a key log that calls heard at the first secret of a connection. TLS has no other
// callback for all handshakes when the transport parameters of a client are there.
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
