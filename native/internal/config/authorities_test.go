package config

import (
	"crypto/x509"
	"errors"
	"testing"
)

func TestWhichAuthoritiesAreTrusted(t *testing.T) {
	var certs [3]string // of the system, bundled and extra
	for i := range certs {
		_, cert, err := SelfSigned([]string{"localhost"}, 1)
		if err != nil {
			t.Fatal(err)
		}
		certs[i] = cert
	}
	full := func() (*x509.CertPool, error) {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(certs[0]))
		return pool, nil
	}
	empty := func() (*x509.CertPool, error) { return x509.NewCertPool(), nil }
	fails := func() (*x509.CertPool, error) { return nil, errors.New("cannot be read") }
	for _, tt := range []struct {
		name        string
		authorities Authorities
		system      func() (*x509.CertPool, error)
		want        [3]bool
	}{
		{"the system's", Authorities{System: true}, full, [3]bool{true, false, false}},
		{"the system's and extra", Authorities{System: true, Extra: certs[2]}, full, [3]bool{true, false, true}},
		{"both", Authorities{System: true, Bundled: certs[1]}, full, [3]bool{true, true, false}},
		{"bundled", Authorities{Bundled: certs[1], Extra: certs[2]}, full, [3]bool{false, true, true}},
		{"no need of a fallback", Authorities{System: true, Bundled: certs[1], Fallback: true}, full, [3]bool{true, false, false}},
		{"fallback", Authorities{System: true, Bundled: certs[1], Fallback: true}, empty, [3]bool{false, true, false}},
		{"fallback for what cannot be read", Authorities{System: true, Bundled: certs[1], Fallback: true}, fails, [3]bool{false, true, false}},
		{"none", Authorities{System: true}, fails, [3]bool{}},
	} {
		pool := tt.authorities.pool(tt.system)
		for i, cert := range certs {
			leaf, err := parseCA(cert)
			if err != nil {
				t.Fatal(err)
			}
			_, err = leaf.Verify(x509.VerifyOptions{Roots: pool})
			if (err == nil) != tt.want[i] {
				t.Errorf("%s: certificate %d: %v", tt.name, i, err)
			}
		}
		if isEmpty(pool) != (tt.want == [3]bool{}) {
			t.Errorf("%s: whether it is empty is wrong", tt.name)
		}
	}
}
