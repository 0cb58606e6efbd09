package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"
)

const (
	kibibyte = 1 << 10
	mebibyte = 1 << 20
)

// defaultStreams is how many streams of a client may be open at once.
const defaultStreams = 100

// options say what a pair is for.
type options struct {
	// streams is how many may be open at once, or 0 for defaultStreams.
	streams int
	// through is nil or turns the server's address into the one to dial.
	through   relay
	datagrams bool
}

// config holds the defaults of the JavaScript library, so that both sides of
// the comparison have the same flow-control windows and timeouts.
func (o options) config() *quic.Config {
	streams := o.streams
	if streams == 0 {
		streams = defaultStreams
	}
	return &quic.Config{
		InitialStreamReceiveWindow:     1 * mebibyte,
		MaxStreamReceiveWindow:         16 * mebibyte,
		InitialConnectionReceiveWindow: 10 * mebibyte,
		MaxConnectionReceiveWindow:     24 * mebibyte,
		MaxIncomingStreams:             int64(streams),
		MaxIncomingUniStreams:          100,
		// The library has no idle timeout by default
		MaxIdleTimeout:  time.Hour,
		EnableDatagrams: o.datagrams,
	}
}

// pair is a server and a client, each on a loopback UDP socket of its own,
// with one connection between them.
type pair struct {
	options
	server     *quic.Transport
	listener   *quic.Listener
	client     *quic.Transport
	connection *quic.Conn
	// address is what clients dial: the server's, or of what leads to it.
	address net.Addr
	// received yields the length of every uni stream that the server read.
	received chan int64
	// read counts the bytes that the server read of uni streams so far.
	read atomic.Int64
	// arrived counts the datagrams that the server received.
	arrived   atomic.Int64
	clientTLS *tls.Config
}

func newPair(ctx context.Context, o options) (_ *pair, err error) {
	serverTLS, clientTLS, err := selfSigned()
	if err != nil {
		return nil, err
	}
	p := &pair{options: o, received: make(chan int64, defaultStreams), clientTLS: clientTLS}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	if p.server, err = newTransport(); err != nil {
		return nil, err
	}
	if p.client, err = newTransport(); err != nil {
		return nil, err
	}
	if p.listener, err = p.server.Listen(serverTLS, o.config()); err != nil {
		return nil, err
	}
	p.address = p.server.Conn.LocalAddr()
	if o.through != nil {
		if p.address, err = o.through(p.address); err != nil {
			return nil, err
		}
	}
	go p.serve(ctx)
	p.connection, err = p.dial(ctx)
	return p, err
}

func newTransport() (*quic.Transport, error) {
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	return &quic.Transport{Conn: conn}, nil
}

func (p *pair) dial(ctx context.Context) (*quic.Conn, error) {
	return p.client.Dial(ctx, p.address, p.clientTLS, options{datagrams: p.datagrams}.config())
}

func (p *pair) serve(ctx context.Context) {
	for {
		conn, err := p.listener.Accept(ctx)
		if err != nil {
			return
		}
		go serveEchoes(ctx, conn)
		go p.serveBulk(ctx, conn)
		if p.datagrams {
			go p.serveDatagrams(ctx, conn)
		}
	}
}

func (p *pair) close() {
	if p.connection != nil {
		p.connection.CloseWithError(0, "")
	}
	for _, transport := range []*quic.Transport{p.client, p.server} {
		if transport != nil {
			transport.Close()
			transport.Conn.Close()
		}
	}
}

// selfSigned makes the certificate that the library's utils.selfSigned makes:
// ECDSA P-256, for 127.0.0.1, verified by the client.
func selfSigned() (server, client *tls.Config, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "localhost"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	server = &tls.Config{
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos:   []string{"quic"},
	}
	client = &tls.Config{RootCAs: roots, NextProtos: []string{"quic"}}
	return server, client, nil
}
