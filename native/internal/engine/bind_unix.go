//go:build unix

package engine

import (
	"errors"
	"net"
	"net/netip"
	"os"

	"github.com/MatrixAI/js-quic/native/internal/udpconn"
	"golang.org/x/sys/unix"
)

// bind makes a UDP socket. Package net would do so too, and bring its resolver of names, which is
// not needed: the addresses are there. It would also allow to send to broadcast addresses, which
// Node's dgram does not unless told to.
func bind(address netip.AddrPort, isDualStack, reuseAddr bool) (*net.UDPConn, error) {
	fd, err := bound(address, !isDualStack, reuseAddr)
	if isDualStack && errors.Is(err, unix.EAFNOSUPPORT) {
		// The system has no IPv6: all addresses are those of IPv4
		any := netip.AddrPortFrom(netip.IPv4Unspecified(), address.Port())
		fd, err = bound(any, false, reuseAddr)
	}
	if err != nil {
		return nil, err
	}
	// The socket of package net is a duplicate
	file := os.NewFile(uintptr(fd), "")
	defer file.Close()
	conn, err := net.FilePacketConn(file)
	if err != nil {
		return nil, err
	}
	return conn.(*net.UDPConn), nil
}

// Bind makes a UDP socket for somebody else, and returns its descriptor.
func Bind(o TransportOptions) (int, error) {
	ip, err := netip.ParseAddr(o.Host)
	if err != nil {
		return -1, err
	}
	return bound(netip.AddrPortFrom(ip, o.Port), o.IPv6Only, o.ReuseAddr)
}

func bound(address netip.AddrPort, ipv6Only, reuseAddr bool) (int, error) {
	ip := address.Addr()
	fd, err := open(ip, ipv6Only, reuseAddr)
	if err != nil {
		return -1, err
	}
	if err := unix.Bind(fd, udpconn.Sockaddr(ip, address.Port())); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("bind", err)
	}
	return fd, nil
}

func open(ip netip.Addr, ipv6Only, reuseAddr bool) (int, error) {
	family := unix.AF_INET6
	if ip.Is4() {
		family = unix.AF_INET
	}
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|socketFlags, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	unix.CloseOnExec(fd)
	set := func(level, option int, on bool) {
		if err == nil {
			err = unix.SetsockoptInt(fd, level, option, number(on))
		}
	}
	if ip.Is6() {
		set(unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, ipv6Only)
	}
	if reuseAddr {
		set(unix.SOL_SOCKET, reuseOption, true)
	}
	if err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("setsockopt", err)
	}
	return fd, nil
}

func number(on bool) int {
	if on {
		return 1
	}
	return 0
}
