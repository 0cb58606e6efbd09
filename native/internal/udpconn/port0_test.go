package udpconn

import (
	"encoding/binary"
	"net"
	"testing"
	"time"

	"golang.org/x/net/ipv4"
)

// sendFrom sends a datagram to a socket from any port, which takes a raw socket.
func sendFrom(t *testing.T, raw net.PacketConn, from int, to *net.UDPAddr, data string) {
	t.Helper()
	b := binary.BigEndian.AppendUint16(nil, uint16(from))
	b = binary.BigEndian.AppendUint16(b, uint16(to.Port))
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(data)))
	b = binary.BigEndian.AppendUint16(b, 0) // no checksum
	if _, err := raw.WriteTo(append(b, data...), &net.IPAddr{IP: to.IP}); err != nil {
		t.Fatal(err)
	}
}

func TestWhatComesFromPort0IsDropped(t *testing.T) {
	raw, err := net.ListenPacket("ip4:udp", "127.0.0.1")
	if err != nil {
		t.Skip("needs the right to open a raw socket: ", err)
	}
	defer raw.Close()
	for name, read := range map[string]func(*Conn) string{
		"batches": func(c *Conn) string {
			messages := make([]ipv4.Message, 8)
			for i := range messages {
				messages[i].Buffers = [][]byte{make([]byte, 1500)}
				messages[i].OOB = make([]byte, 128)
			}
			for {
				n, err := c.ReadBatch(messages, 0)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range messages[:n] {
					if m.N > 0 {
						return string(m.Buffers[0][:m.N])
					}
				}
			}
		},
		"one by one": func(c *Conn) string {
			b := make([]byte, 1500)
			n, _, err := c.ReadFrom(b)
			if err != nil {
				t.Fatal(err)
			}
			return string(b[:n])
		},
	} {
		t.Run(name, func(t *testing.T) {
			socket, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			defer socket.Close()
			socket.SetReadDeadline(time.Now().Add(10 * time.Second))
			c := New(socket)
			to := socket.LocalAddr().(*net.UDPAddr)
			sendFrom(t, raw, 0, to, "from nowhere")
			sendFrom(t, raw, 1234, to, "from somewhere")
			if got := read(c); got != "from somewhere" {
				t.Errorf("got what comes %s", got)
			}
		})
	}
}
