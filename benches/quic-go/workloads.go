package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/quic-go/quic-go"
)

const (
	chunkSize          = 64 * kibibyte
	echoSize           = 1 * kibibyte
	datagramSize       = 1100
	parallelHandshakes = 4
)

var message = bytes.Repeat([]byte{'a'}, echoSize)

// bulk returns the workload that sends work MiB in all over that many streams
// at once and waits until the server has read the last byte.
func bulk(streams int) workload {
	return func(ctx context.Context, p *pair, work int) error {
		total := int64(work) * mebibyte
		err := inParallel(streams, streams, func() error {
			return send(ctx, p.connection, total/int64(streams))
		})
		if err != nil {
			return err
		}
		var received int64
		for range streams {
			select {
			case n := <-p.received:
				received += n
			case <-p.connection.Context().Done():
				return context.Cause(p.connection.Context())
			}
		}
		if received != total {
			return fmt.Errorf("sent %d bytes, the server read %d", total, received)
		}
		return nil
	}
}

func send(ctx context.Context, conn *quic.Conn, total int64) error {
	stream, err := conn.OpenUniStreamSync(ctx)
	if err != nil {
		return err
	}
	chunk := make([]byte, chunkSize)
	for sent := int64(0); sent < total; sent += chunkSize {
		if _, err := stream.Write(chunk); err != nil {
			return err
		}
	}
	return stream.Close()
}

func (p *pair) serveBulk(ctx context.Context, conn *quic.Conn) {
	for {
		stream, err := conn.AcceptUniStream(ctx)
		if err != nil {
			return
		}
		go func() {
			chunk := make([]byte, chunkSize)
			var received int64
			var err error
			for err == nil {
				var n int
				n, err = stream.Read(chunk)
				received += int64(n)
				p.read.Add(int64(n))
			}
			p.received <- received
		}()
	}
}

// echoes returns the workload of that many echoes at once, work in all: each
// one sends 1 KiB over a new bidirectional stream and reads it back.
func echoes(parallel int) workload {
	return func(ctx context.Context, p *pair, work int) error {
		return inParallel(parallel, work, func() error { return echo(ctx, p.connection) })
	}
}

func echo(ctx context.Context, conn *quic.Conn) error {
	stream, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return err
	}
	if _, err := stream.Write(message); err != nil {
		return err
	}
	if err := stream.Close(); err != nil {
		return err
	}
	reply, err := io.ReadAll(stream)
	if err != nil {
		return err
	}
	if !bytes.Equal(reply, message) {
		return errors.New("the echo differs from the message")
	}
	return nil
}

func serveEchoes(ctx context.Context, conn *quic.Conn) {
	for {
		stream, err := conn.AcceptStream(ctx)
		if err != nil {
			return
		}
		go func() {
			message, err := io.ReadAll(stream)
			if err != nil {
				return
			}
			if _, err := stream.Write(message); err != nil {
				return
			}
			stream.Close()
		}()
	}
}

// datagrams sends datagrams of 1,100 bytes until work have arrived: some get lost.
func datagrams(_ context.Context, p *pair, work int) error {
	datagram := bytes.Repeat([]byte{'a'}, datagramSize)
	for enough := p.arrived.Load() + int64(work); p.arrived.Load() < enough; {
		if err := p.connection.SendDatagram(datagram); err != nil {
			return err
		}
	}
	return nil
}

func (p *pair) serveDatagrams(ctx context.Context, conn *quic.Conn) {
	for {
		datagram, err := conn.ReceiveDatagram(ctx)
		if err != nil {
			return
		}
		if len(datagram) == datagramSize {
			p.arrived.Add(1)
		}
	}
}

// handshakes opens and closes work connections, each with a full handshake, on
// one client socket, four at a time.
func handshakes(ctx context.Context, p *pair, work int) error {
	return inParallel(parallelHandshakes, work, func() error {
		conn, err := p.dial(ctx)
		if err != nil {
			return err
		}
		return conn.CloseWithError(0, "")
	})
}

// connections returns the workload that opens that many connections, four at a
// time, echoes over each and closes them when all are open; again until work
// were open.
func connections(atOnce int) workload {
	return func(ctx context.Context, p *pair, work int) error {
		for done := 0; done < work; done += atOnce {
			conns, err := open(ctx, p, atOnce, func(conn *quic.Conn) error {
				return echo(ctx, conn)
			})
			for _, conn := range conns {
				conn.CloseWithError(0, "")
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

// open opens that many connections, four at a time, and calls use with each.
func open(ctx context.Context, p *pair, count int, use func(*quic.Conn) error) ([]*quic.Conn, error) {
	var mutex sync.Mutex
	var conns []*quic.Conn
	err := inParallel(parallelHandshakes, count, func() error {
		conn, err := p.dial(ctx)
		if err != nil {
			return err
		}
		mutex.Lock()
		conns = append(conns, conn)
		mutex.Unlock()
		return use(conn)
	})
	return conns, err
}

// inParallel calls f count times, parallel calls at once.
func inParallel(parallel, count int, f func() error) error {
	var wg sync.WaitGroup
	errs := make([]error, parallel)
	for i := range parallel {
		wg.Go(func() {
			for n := i; n < count && errs[i] == nil; n += parallel {
				errs[i] = f()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
