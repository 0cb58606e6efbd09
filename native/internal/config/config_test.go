package config

import (
	"context"
	"crypto/tls"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestZeroKeepsItsMeaning(t *testing.T) {
	conf := (&Config{}).QUIC()
	if conf.MaxIdleTimeout != forever || conf.HandshakeIdleTimeout != forever {
		t.Errorf("idle timeouts are %v and %v, not infinite", conf.MaxIdleTimeout, conf.HandshakeIdleTimeout)
	}
	if conf.MaxIncomingStreams >= 0 || conf.MaxIncomingUniStreams >= 0 {
		t.Error("a limit of 0 streams lets the peer open some")
	}
	if conf.InitialStreamReceiveWindow != 1 || conf.InitialConnectionReceiveWindow != 1 {
		t.Error("a window of 0 bytes became a default")
	}
	if conf.KeepAlivePeriod != 0 {
		t.Error("keep-alive is on")
	}
}

func TestTimesDoNotOverflow(t *testing.T) {
	c := &Config{MaxIdleTimeout: 1 << 53, KeepAliveIntervalTime: 1 << 53}
	if idle := c.QUIC().MaxIdleTimeout; idle <= 0 || 2*idle <= 0 || c.KeepAlive() <= 0 {
		t.Fatalf("idle timeout %v, keep-alive %v", idle, c.KeepAlive())
	}
}

func TestHandshakeTimeoutIsTheSmaller(t *testing.T) {
	conf := (&Config{MaxIdleTimeout: 200, MinIdleTimeout: 5000}).QUIC()
	if conf.HandshakeIdleTimeout != 200*time.Millisecond {
		t.Fatalf("handshake idle timeout is %v", conf.HandshakeIdleTimeout)
	}
}

func TestSelfSignedWorksAsServerAndAsCA(t *testing.T) {
	key, cert, err := SelfSigned([]string{"localhost", "127.0.0.1"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	c := &Config{Key: []string{key}, Cert: []string{cert}, CA: []string{cert}, ApplicationProtos: []string{"x"}, VerifyPeer: true}
	server, err := (&Config{Key: c.Key, Cert: c.Cert, ApplicationProtos: c.ApplicationProtos}).ServerTLS(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, ok := range map[string]bool{"localhost": true, "127.0.0.1": true, "example.com": false} {
		client, err := c.ClientTLS(name, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := handshake(server, client); (err == nil) != ok {
			t.Errorf("handshake with %s: %v", name, err)
		}
	}
}

func TestSelfSignedSaysWhichHostsItCannotBeFor(t *testing.T) {
	_, _, err := SelfSigned([]string{"münchen.de"}, 1)
	if e, ok := errors.AsType[*Error](err); !ok || e.Option != "hosts" || e.Reason == "" {
		t.Errorf("got %v, want an error of hosts", err)
	}
}

func handshake(server, client *tls.Config) error {
	q := tls.QUICClient(&tls.QUICConfig{TLSConfig: client})
	s := tls.QUICServer(&tls.QUICConfig{TLSConfig: server})
	defer q.Close()
	defer s.Close()
	q.SetTransportParameters(nil)
	s.SetTransportParameters(nil)
	if err := q.Start(context.Background()); err != nil {
		return err
	}
	if err := s.Start(context.Background()); err != nil {
		return err
	}
	done := 0
	for done < 2 {
		for _, ends := range [][2]*tls.QUICConn{{q, s}, {s, q}} {
			for e := ends[0].NextEvent(); e.Kind != tls.QUICNoEvent; e = ends[0].NextEvent() {
				switch e.Kind {
				case tls.QUICWriteData:
					if err := ends[1].HandleData(e.Level, e.Data); err != nil {
						return err
					}
				case tls.QUICHandshakeDone:
					done++
				}
			}
		}
	}
	return nil
}

func TestAlerts(t *testing.T) {
	key, cert, _ := SelfSigned([]string{"localhost"}, 1)
	_, other, _ := SelfSigned([]string{"localhost"}, 1)
	expiredKey, expired, _ := SelfSigned([]string{"localhost"}, -1)
	for _, tt := range []struct {
		name          string
		key, cert, ca string
		serverName    string
		alert         uint8
	}{
		{"wrong CA", key, cert, other, "localhost", alertUnknownCA},
		{"wrong name", key, cert, cert, "example.com", alertBadCertificate},
		{"expired", expiredKey, expired, expired, "localhost", alertCertificateExpired},
	} {
		server, err := (&Config{Key: []string{tt.key}, Cert: []string{tt.cert}, ApplicationProtos: []string{"x"}}).ServerTLS(nil)
		if err != nil {
			t.Fatal(err)
		}
		client, err := (&Config{CA: []string{tt.ca}, VerifyPeer: true, ApplicationProtos: []string{"x"}}).ClientTLS(tt.serverName, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = handshake(server, client)
		if got, ok := errors.AsType[tls.AlertError](err); !ok || uint8(got) != tt.alert {
			t.Errorf("%s: got %v, want alert %d", tt.name, err, tt.alert)
		}
	}
}

func TestBadKeysAndCertificates(t *testing.T) {
	key, cert, _ := SelfSigned([]string{"localhost"}, 1)
	otherKey, _, _ := SelfSigned([]string{"localhost"}, 1)
	broken := "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	for _, tt := range []struct {
		name   string
		config Config
		option string
	}{
		{"no key", Config{}, "config.key"},
		{"key of another certificate", Config{Key: []string{otherKey}, Cert: []string{cert}}, "config.key"},
		{"certificate as key", Config{Key: []string{cert}, Cert: []string{cert}}, "config.key"},
		{"broken certificate", Config{Key: []string{key}, Cert: []string{broken}}, "config.cert"},
		{"key as certificate", Config{Key: []string{key}, Cert: []string{key}}, "config.cert"},
		{"two keys", Config{Key: []string{key, key}, Cert: []string{cert}}, "config.key"},
		{"broken CA", Config{Key: []string{key}, Cert: []string{cert}, CA: []string{broken}}, "config.ca"},
		{"empty CA", Config{Key: []string{key}, Cert: []string{cert}, CA: []string{"x"}}, "config.ca"},
		{"unknown algorithm", Config{Key: []string{key}, Cert: []string{cert}, SigAlgs: "md5"}, "config.sigalgs"},
	} {
		_, err := tt.config.ServerTLS(nil)
		e, ok := errors.AsType[*Error](err)
		if !ok || e.Option != tt.option {
			t.Errorf("%s: got %v, want an error of %s", tt.name, err, tt.option)
		}
		if err != nil && strings.Contains(err.Error(), "PRIVATE KEY-----\nM") {
			t.Errorf("%s: the error holds the key", tt.name)
		}
	}
}
