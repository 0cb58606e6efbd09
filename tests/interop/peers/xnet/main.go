// A peer on golang.org/x/net/quic. See ../../protocol.md for what it does.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/quic"
)

type object = map[string]any

var (
	host      = flag.String("host", "127.0.0.1", "")
	port      = flag.String("port", "0", "")
	cert      = flag.String("cert", "", "")
	key       = flag.String("key", "", "")
	ca        = flag.String("ca", "", "")
	idle      = flag.Int("idle", 30_000, "")
	keepalive = flag.Int("keepalive", 0, "")
	window    = flag.Int64("window", 0, "")
	streams   = flag.Int64("streams", 0, "")
	retry     = flag.Bool("retry", false, "")
	resetKey  = flag.String("reset-key", "", "")

	ctx     = context.Background()
	printer sync.Mutex
)

func say(line object) {
	printer.Lock()
	defer printer.Unlock()
	json.NewEncoder(os.Stdout).Encode(line)
}

func unsupported(what string) {
	say(object{"unsupported": what})
	os.Exit(127)
}

func config() *quic.Config {
	tlsConfig := &tls.Config{NextProtos: []string{"interop"}, MinVersion: tls.VersionTLS13, ServerName: "localhost"}
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		check(err)
		tlsConfig.Certificates = []tls.Certificate{pair}
	}
	if *ca != "" {
		pem, err := os.ReadFile(*ca)
		check(err)
		tlsConfig.RootCAs = x509.NewCertPool()
		tlsConfig.RootCAs.AppendCertsFromPEM(pem)
	}
	c := &quic.Config{
		TLSConfig:                tlsConfig,
		MaxIdleTimeout:           time.Duration(*idle) * time.Millisecond,
		KeepAlivePeriod:          time.Duration(*keepalive) * time.Millisecond,
		MaxBidiRemoteStreams:     *streams,
		MaxUniRemoteStreams:      *streams,
		MaxStreamReadBufferSize:  *window,
		MaxConnReadBufferSize:    *window,
		RequireAddressValidation: *retry,
	}
	if *resetKey != "" {
		c.StatelessResetKey = sha256.Sum256([]byte(*resetKey))
	}
	return c
}

func check(err error) {
	if err != nil {
		say(object{"error": err.Error()})
		os.Exit(1)
	}
}

func pattern(size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i)
	}
	return data
}

func finish(s *quic.Stream, data []byte) error {
	if _, err := s.Write(data); err != nil {
		return err
	}
	s.CloseWrite()
	return nil
}

type server struct {
	conn *quic.Conn
	mu   sync.Mutex
	last object
}

func (s *server) remember(what string, err error) {
	var code quic.StreamError
	if errors.As(err, &code) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.last[what] = uint64(code)
	}
}

func (s *server) serve(stream *quic.Stream) {
	var data []byte
	buffer := make([]byte, 65536)
	for {
		n, err := stream.Read(buffer)
		data = append(data, buffer[:n]...)
		if code, ok := strings.CutPrefix(string(data[:min(len(data), 100)]), "STOP "); ok {
			n, _ := strconv.ParseUint(strings.TrimSpace(code), 10, 64)
			stream.StopSending(n)
			return
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			s.remember("reset", err)
			return
		}
	}
	if stream.IsReadOnly() {
		answer, err := s.conn.NewSendOnlyStream(ctx)
		if err == nil {
			finish(answer, data)
			answer.Close()
		}
		return
	}
	words := strings.SplitN(string(data[:min(len(data), 200)]), " ", 3)
	number := func() uint64 {
		n, _ := strconv.ParseUint(words[1], 10, 64)
		return n
	}
	switch words[0] {
	case "GET":
		data = pattern(int(number()))
	case "RESET":
		stream.Reset(number())
		return
	case "CLOSE":
		s.conn.Abort(&quic.ConnectionCloseError{Code: number(), Reason: words[2]})
		return
	case "DIE":
		os.Exit(0)
	case "LAST":
		s.mu.Lock()
		data, _ = json.Marshal(s.last)
		s.mu.Unlock()
	}
	if err := finish(stream, data); err != nil {
		s.remember("stop", err)
	}
	s.remember("stop", stream.Close())
}

func runServer() {
	endpoint, err := quic.Listen("udp", net.JoinHostPort(*host, *port), config())
	check(err)
	say(object{"port": endpoint.LocalAddr().Port()})
	for {
		conn, err := endpoint.Accept(ctx)
		check(err)
		go func() {
			s := &server{conn: conn, last: object{}}
			for {
				stream, err := conn.AcceptStream(ctx)
				if err != nil {
					return
				}
				go s.serve(stream)
			}
		}()
	}
}

func ask(conn *quic.Conn, data []byte) ([]byte, error) {
	stream, err := conn.NewStream(ctx)
	if err != nil {
		return nil, err
	}
	go finish(stream, data)
	return io.ReadAll(stream)
}

func get(conn *quic.Conn, size int) bool {
	data, err := ask(conn, fmt.Appendf(nil, "GET %d", size))
	return err == nil && bytes.Equal(data, pattern(size))
}

func ended(conn *quic.Conn) object {
	err := conn.Wait(ctx)
	var app *quic.ConnectionCloseError
	if errors.As(err, &app) {
		return object{"app": true, "code": app.Code, "reason": app.Reason}
	}
	return object{"app": false, "error": fmt.Sprint(err)}
}

func act(conn *quic.Conn, action string) object {
	what, rest, _ := strings.Cut(action, " ")
	var numbers []uint64
	for word := range strings.SplitSeq(rest, " ") {
		if n, err := strconv.ParseUint(word, 10, 64); err == nil {
			numbers = append(numbers, n)
		}
	}
	code := func(err error) (n uint64) {
		var code quic.StreamError
		errors.As(err, &code)
		return uint64(code)
	}
	switch what {
	case "get":
		return object{"ok": get(conn, int(numbers[0]))}
	case "send":
		data, err := ask(conn, pattern(int(numbers[0])))
		return object{"ok": err == nil && bytes.Equal(data, pattern(int(numbers[0])))}
	case "multiplex":
		var wg sync.WaitGroup
		var mu sync.Mutex
		failed := 0
		for range numbers[0] {
			wg.Go(func() {
				if !get(conn, int(numbers[1])) {
					mu.Lock()
					failed++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		return object{"ok": failed == 0}
	case "uni":
		stream, err := conn.NewSendOnlyStream(ctx)
		check(err)
		finish(stream, []byte(rest))
		answer, err := conn.AcceptStream(ctx)
		check(err)
		data, _ := io.ReadAll(answer)
		return object{"ok": string(data) == rest}
	case "askreset":
		_, err := ask(conn, []byte("RESET "+rest))
		return object{"ok": code(err) == numbers[0], "code": code(err)}
	case "askstop":
		stream, err := conn.NewStream(ctx)
		check(err)
		stream.Write([]byte("STOP " + rest))
		for err == nil {
			stream.Flush()
			time.Sleep(10 * time.Millisecond)
			_, err = stream.Write([]byte(" "))
		}
		return object{"ok": code(err) == numbers[0], "code": code(err)}
	case "reset":
		stream, err := conn.NewStream(ctx)
		check(err)
		stream.Write([]byte("x"))
		stream.Flush()
		time.Sleep(100 * time.Millisecond)
		stream.Reset(numbers[0])
		time.Sleep(100 * time.Millisecond)
		return object{"ok": true}
	case "close":
		_, reason, _ := strings.Cut(rest, " ")
		conn.Abort(&quic.ConnectionCloseError{Code: numbers[0], Reason: reason})
		return object{"ok": true}
	case "askclose":
		ask(conn, []byte("CLOSE "+rest))
		end := ended(conn)
		return object{"ok": fmt.Sprint(end["code"], " ", end["reason"]) == rest, "end": end}
	case "ended":
		return object{"ok": true, "end": ended(conn)}
	case "wait":
		time.Sleep(time.Duration(numbers[0]) * time.Millisecond)
		return object{"ok": true}
	}
	return object{"unsupported": what}
}

func runClient(actions []string) {
	endpoint, err := quic.Listen("udp", net.JoinHostPort(*host, "0"), nil)
	check(err)
	conn, err := endpoint.Dial(ctx, "udp", net.JoinHostPort(*host, *port), config())
	check(err)
	say(object{"did": "connect", "ok": true})
	for _, action := range actions {
		said := act(conn, action)
		said["did"] = action
		say(said)
	}
	conn.Close()
	short, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	endpoint.Close(short)
}

func main() {
	for _, name := range []string{"chacha20", "v2", "negotiate", "nospare", "moving"} {
		flag.BoolFunc(name, "", func(string) error { unsupported("--" + name); return nil })
	}
	for _, name := range []string{"cid", "mtu"} {
		flag.Func(name, "", func(string) error { unsupported("--" + name); return nil })
	}
	role := os.Args[1]
	flag.CommandLine.Parse(os.Args[2:])
	if *idle < 30_000 {
		unsupported("an idle timeout that its peer is told of")
	}
	if role == "server" {
		runServer()
	} else {
		runClient(flag.Args())
	}
}
