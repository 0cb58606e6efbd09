// Command relay stands between clients and a server on loopback like a long and
// lossy line: it delays every packet by half of the round-trip time and loses
// some, always the same ones. It prints its port to stdout and runs until its
// stdin ends.
//
// Usage: relay [-rtt 20ms] [-loss 0.01] [-seed 1] <host:port of the server>
package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"time"
)

const (
	maxPacket = 65536
	// A larger queue than a line has, so that nothing but chance loses packets.
	queueLength  = 1 << 16
	socketBuffer = 7 << 20
)

func main() {
	rtt := flag.Duration("rtt", 20*time.Millisecond, "round-trip time")
	loss := flag.Float64("loss", 0.01, "share of the packets lost, each way")
	seed := flag.Uint64("seed", 1, "seed of the losses")
	flag.Parse()
	line := line{delay: *rtt / 2, loss: *loss, seed: *seed}
	if err := run(flag.Arg(0), line); err != nil {
		fmt.Fprintln(os.Stderr, "relay:", err)
		os.Exit(1)
	}
}

// line is one direction of the way between two sockets.
type line struct {
	delay time.Duration
	loss  float64
	seed  uint64
}

func run(target string, line line) error {
	server, err := net.ResolveUDPAddr("udp", target)
	if err != nil {
		return err
	}
	front, err := net.ListenUDP("udp", &net.UDPAddr{IP: server.IP})
	if err != nil {
		return err
	}
	setBuffers(front)
	fmt.Println(front.LocalAddr().(*net.UDPAddr).Port)
	go serve(front, server, line)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// The system may grant less, which is no error: the relay reads at once.
func setBuffers(conn *net.UDPConn) {
	conn.SetReadBuffer(socketBuffer)
	conn.SetWriteBuffer(socketBuffer)
}

// serve makes a socket towards the server for each client, for as long as the
// process runs.
func serve(front *net.UDPConn, server *net.UDPAddr, line line) {
	clients := map[netip.AddrPort]func([]byte){}
	read(front, func(packet []byte, from netip.AddrPort) {
		forward, known := clients[from]
		if !known {
			back, err := net.DialUDP("udp", nil, server)
			if err != nil {
				fmt.Fprintln(os.Stderr, "relay:", err)
				return
			}
			setBuffers(back)
			forward = line.start(func(packet []byte) { back.Write(packet) })
			clients[from] = forward
			reply := line.start(func(packet []byte) { front.WriteToUDPAddrPort(packet, from) })
			go read(back, func(packet []byte, _ netip.AddrPort) { reply(packet) })
		}
		forward(packet)
	})
}

// read calls use with each packet. A packet that was refused before makes a
// read fail, which matters no more than its loss.
func read(conn *net.UDPConn, use func([]byte, netip.AddrPort)) {
	buffer := make([]byte, maxPacket)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buffer)
		if err == nil {
			use(append([]byte(nil), buffer[:n]...), from)
		}
	}
}

// start returns what puts a packet on the line, at whose end send gets it.
func (l line) start(send func([]byte)) func([]byte) {
	type sent struct {
		packet []byte
		due    time.Time
	}
	queue := make(chan sent, queueLength)
	go func() {
		for s := range queue {
			time.Sleep(time.Until(s.due))
			send(s.packet)
		}
	}()
	chance := rand.New(rand.NewPCG(l.seed, 0))
	return func(packet []byte) {
		if chance.Float64() < l.loss {
			return
		}
		select {
		case queue <- sent{packet, time.Now().Add(l.delay)}:
		default:
		}
	}
}
