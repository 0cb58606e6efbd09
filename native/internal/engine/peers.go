package engine

import (
	"net"
	"net/netip"
	"slices"
	"sync"
)

// peers finds the connections of a transport by the address that they go to: whoever can make
// sending fail must not make it look at all connections each time.
type peers struct {
	mu        sync.Mutex
	addresses map[netip.AddrPort][]*Connection
}

// peerAddress returns an address in the form in which the engine compares it.
func peerAddress(addr net.Addr) netip.AddrPort {
	udp, ok := addr.(*net.UDPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	return unmapped(udp.AddrPort())
}

func unmapped(ap netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

func (p *peers) add(c *Connection, addr net.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.addresses == nil {
		p.addresses = make(map[netip.AddrPort][]*Connection)
	}
	ap := peerAddress(addr)
	// A connection may come back to a transport that it had left
	if !slices.Contains(p.addresses[ap], c) {
		p.addresses[ap] = append(p.addresses[ap], c)
	}
}

func (p *peers) remove(c *Connection, addr net.Addr) {
	p.mu.Lock()
	defer p.mu.Unlock()
	ap := peerAddress(addr)
	there := p.addresses[ap]
	i := slices.Index(there, c)
	switch {
	case i < 0:
	case len(there) == 1:
		delete(p.addresses, ap)
	default:
		p.addresses[ap] = slices.Delete(there, i, i+1)
	}
}

// at returns the connections that go to an address.
func (p *peers) at(ap netip.AddrPort) []*Connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.addresses[ap])
}
