package config

import (
	"crypto/x509"
	"sync"
	"sync/atomic"

	"github.com/MatrixAI/js-quic/native/internal/sentence"
)

// Authorities are the certificates, in PEM, that peers are verified with where the options name
// none.
type Authorities struct {
	// Extra are trusted in any case.
	Extra string
	// Bundled come with Node.js.
	Bundled string
	// System says whether those of the system are trusted.
	System bool
	// Fallback says whether Bundled are trusted only if the system has none.
	Fallback bool
}

var given atomic.Pointer[Authorities]

// SetAuthorities says which authorities the process has. Only the first call counts, and none that
// comes after the first peer was verified.
func SetAuthorities(a *Authorities) { given.CompareAndSwap(nil, a) }

// defaultRoots are read by the first handshake that needs them, as a call from JavaScript must not
// wait for files.
var defaultRoots = sync.OnceValue(func() *x509.CertPool {
	a := given.Swap(&Authorities{})
	if a == nil {
		a = &Authorities{System: true}
	}
	return a.pool(x509.SystemCertPool)
})

func (a *Authorities) pool(system func() (*x509.CertPool, error)) *x509.CertPool {
	pool := x509.NewCertPool()
	if a.System {
		if found, err := system(); err == nil {
			pool = found
		}
	}
	if !a.Fallback || isEmpty(pool) {
		pool.AppendCertsFromPEM([]byte(a.Bundled))
	}
	pool.AppendCertsFromPEM([]byte(a.Extra))
	return pool
}

// isEmpty is false where the system verifies by itself, as on macOS and Windows.
func isEmpty(pool *x509.CertPool) bool { return pool.Equal(x509.NewCertPool()) }

const errNoAuthorities sentence.Error = "no certificate authority was found to verify the peer with: " +
	"set config.ca or NODE_EXTRA_CA_CERTS, or install those of the system"
