//go:build !linux

package udpconn

import (
	"net"

	"golang.org/x/net/ipv4"
)

// A socketReceiver only reads the socket.
type socketReceiver struct {
	conn *ipv4.PacketConn
}

func newReceiver(conn *net.UDPConn, _ *backlog) receiver {
	return &socketReceiver{ipv4.NewPacketConn(conn)}
}

func (r *socketReceiver) readBatch(messages []ipv4.Message, flags int) (int, error) {
	return r.conn.ReadBatch(messages, flags)
}

// isSegmented reports whether the system is to split what is sent: quic-go only asks Linux to.
func isSegmented([]byte) bool { return false }
