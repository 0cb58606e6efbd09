//go:build !linux

package udpconn

import (
	"net"

	"golang.org/x/net/ipv4"
)

// A receiver only reads the socket.
type receiver struct {
	conn *ipv4.PacketConn
}

func newReceiver(conn *net.UDPConn) *receiver { return &receiver{ipv4.NewPacketConn(conn)} }

func (c *Conn) readBatch(messages []ipv4.Message, flags int) (int, error) {
	return c.receiver.conn.ReadBatch(messages, flags)
}

// isSegmented reports whether the system is to split what is sent: quic-go only asks Linux to.
func isSegmented([]byte) bool { return false }
