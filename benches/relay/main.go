// Command relay stands between clients and a server on loopback like a long line
// with a bottleneck: it delays every packet by half of the round-trip time, lets
// no more through than the rate of the bottleneck, and loses some by chance,
// always the same ones. It prints its port to stdout and runs until its stdin
// ends. It knows UDP alone.
//
// Usage: relay [-rtt 20ms] [-loss 0.01] [-seed 1] [-rate bit/s] [-buffer bytes]
// <host:port of the server>
package main

import (
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"
)

const (
	// maxRead is what one call of the system reads: many packets of one size, if
	// the system groups them.
	maxRead      = 1 << 16
	socketBuffer = 7 << 20
)

func main() {
	rtt := flag.Duration("rtt", 20*time.Millisecond, "round-trip time")
	loss := flag.Float64("loss", 0.01, "share of the packets lost, each way")
	seed := flag.Uint64("seed", 1, "seed of the losses")
	rate := flag.Float64("rate", 0, "bits per second of the bottleneck each way, 0 for none")
	buffer := flag.Int("buffer", 0, "bytes that wait before the bottleneck, each way")
	flag.Parse()
	line := line{delay: *rtt / 2, loss: *loss, seed: *seed, rate: *rate, buffer: *buffer}
	if err := run(flag.Arg(0), line); err != nil {
		fmt.Fprintln(os.Stderr, "relay:", err)
		os.Exit(1)
	}
}

func run(target string, line line) error {
	address, err := net.ResolveUDPAddr("udp", target)
	if err != nil {
		return err
	}
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: address.IP})
	if err != nil {
		return err
	}
	fmt.Println(front.LocalAddr().(*net.UDPAddr).Port)
	go serve(newSocket(front), address, line)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// serve makes a socket towards the server for each client, for as long as the
// process runs.
func serve(front *socket, server *net.UDPAddr, line line) {
	clients := map[netip.AddrPort]func([]byte){}
	front.read(func(packet []byte, from netip.AddrPort) {
		forward, known := clients[from]
		if !known {
			conn, err := net.DialUDP("udp", nil, server)
			if err != nil {
				fmt.Fprintln(os.Stderr, "relay:", err)
				return
			}
			back := newSocket(conn)
			forward = line.start(back.to(netip.AddrPort{}))
			clients[from] = forward
			reply := line.start(front.to(from))
			go back.read(func(packet []byte, _ netip.AddrPort) { reply(packet) })
		}
		forward(packet)
	})
}

// socket reads and writes many packets at once where the system can.
type socket struct {
	*net.UDPConn
	// grouped is whether it can.
	grouped bool
}

func newSocket(conn *net.UDPConn) *socket {
	// The system may grant less, which is no error: the relay reads at once.
	conn.SetReadBuffer(socketBuffer)
	conn.SetWriteBuffer(socketBuffer)
	return &socket{UDPConn: conn, grouped: group(conn)}
}

// read calls use with each packet. A packet that was refused before makes a
// read fail, which matters no more than its loss.
func (s *socket) read(use func([]byte, netip.AddrPort)) {
	buffer := make([]byte, maxRead)
	control := make([]byte, controlSize)
	for {
		n, controlled, _, from, err := s.ReadMsgUDPAddrPort(buffer, control)
		if err != nil {
			continue
		}
		size := groupedSize(control[:controlled])
		if size == 0 {
			size = n
		}
		for packets := buffer[:n]; len(packets) > 0; {
			end := min(size, len(packets))
			use(packets[:end], from)
			packets = packets[end:]
		}
	}
}

// to returns what sends packets to an address, or to where the socket is
// connected to. A packet that cannot be sent is lost, as on any line.
func (s *socket) to(address netip.AddrPort) *batch {
	control := make([]byte, 0, controlSize)
	send := func(packets []byte, size int) {
		control = control[:0]
		if len(packets) > size {
			control = appendGroupedSize(control, size)
		}
		s.WriteMsgUDPAddrPort(packets, control, address)
	}
	if !s.grouped {
		return newBatch(1, send)
	}
	return newBatch(maxGroup, send)
}
