package engine

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/windows"
)

// bind makes a UDP socket.
func bind(address netip.AddrPort, isDualStack, reuseAddr bool) (*net.UDPConn, error) {
	network := "udp6"
	switch {
	case isDualStack:
		network = "udp"
	case address.Addr().Is4():
		network = "udp4"
	}
	lc := net.ListenConfig{Control: func(_, _ string, conn syscall.RawConn) error {
		// Go allows to send to broadcast addresses, which Node's dgram does not unless told to
		if err := setOption(conn, windows.SO_BROADCAST, 0); err != nil || !reuseAddr {
			return err
		}
		return setOption(conn, reuseOption, 1)
	}}
	conn, err := lc.ListenPacket(context.Background(), network, address.String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil
}

// Bind makes no sockets for others here.
func Bind(TransportOptions) (int, error) { return -1, errors.ErrUnsupported }
