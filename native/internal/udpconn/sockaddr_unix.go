//go:build unix

package udpconn

import (
	"net"
	"net/netip"

	"golang.org/x/sys/unix"
)

// Sockaddr returns an address as the system takes it.
func Sockaddr(ip netip.Addr, port uint16) unix.Sockaddr {
	if ip.Is4() {
		return &unix.SockaddrInet4{Port: int(port), Addr: ip.As4()}
	}
	address := &unix.SockaddrInet6{Port: int(port), Addr: ip.As16()}
	if zone := ip.Zone(); zone != "" {
		if device, err := net.InterfaceByName(zone); err == nil {
			address.ZoneId = uint32(device.Index)
		}
	}
	return address
}
