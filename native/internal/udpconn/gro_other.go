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

// ReadBatch fills messages with a datagram each.
func (c *Conn) ReadBatch(messages []ipv4.Message, flags int) (int, error) {
	n, err := c.receiver.conn.ReadBatch(messages, flags)
	return n, c.readError(err)
}
