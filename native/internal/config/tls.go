package config

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/MatrixAI/js-quic/native/internal/sentence"
)

// Alerts of TLS 1.3 (RFC 8446 section 6.2) that a failed verification is told to the peer with.
const (
	alertBadCertificate         = 42
	alertUnsupportedCertificate = 43
	alertCertificateExpired     = 45
	alertUnknownCA              = 48
	alertCertificateRequired    = 116
)

// A Verifier decides about the peer's certificate chain in place of crypto/x509.
// It returns an error that wraps a [tls.AlertError] to refuse it.
type Verifier func(ctx context.Context, chain []*x509.Certificate) error

// ServerTLS returns the TLS configuration of a server. verifier finds the
// Verifier of the connection that a handshake belongs to; it is only called when the
// options ask for a callback.
func (c *Config) ServerTLS(verifier func(ctx context.Context) Verifier) (*tls.Config, error) {
	conf, err := c.commonTLS()
	if err != nil {
		return nil, err
	}
	if len(conf.Certificates) == 0 {
		return nil, &Error{"config.key", "a server needs a private key and a certificate"}
	}
	if !c.VerifyPeer {
		return conf, nil
	}
	// Verification is done in VerifyConnection, which can choose the alert.
	// ClientCAs stays empty: clients would withhold a certificate of another CA, and neither would
	// it be refused with its own alert nor could the callback accept it.
	conf.ClientAuth = tls.RequireAnyClientCert
	if !c.VerifyCallback {
		conf.VerifyConnection = func(state tls.ConnectionState) error {
			return c.verify(conf, state, x509.ExtKeyUsageClientAuth, "")
		}
		return conf, nil
	}
	conf.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		ctx := hello.Context()
		verify := verifier(ctx)
		clone := conf.Clone()
		clone.GetConfigForClient = nil
		clone.VerifyConnection = func(state tls.ConnectionState) error {
			return verify(ctx, state.PeerCertificates)
		}
		return clone, nil
	}
	return conf, nil
}

// ClientTLS returns the TLS configuration of a client of serverName, which is a
// DNS name or an IP address.
func (c *Config) ClientTLS(serverName string, verify Verifier) (*tls.Config, error) {
	conf, err := c.commonTLS()
	if err != nil {
		return nil, err
	}
	conf.ServerName = serverName
	// No post-quantum key share: with one the ClientHello takes two packets, and servers on
	// older versions of quiche, version 2 of this library among them, never answer it.
	conf.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
	if len(conf.Certificates) > 0 {
		// By default crypto/tls withholds a certificate whose CA the server does not name
		conf.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return &conf.Certificates[0], nil
		}
	}
	conf.InsecureSkipVerify = true // VerifyConnection does it, and can choose the alert
	if !c.VerifyPeer {
		return conf, nil
	}
	conf.VerifyConnection = func(state tls.ConnectionState) error {
		if c.VerifyCallback {
			return verify(context.Background(), state.PeerCertificates)
		}
		return c.verify(conf, state, x509.ExtKeyUsageServerAuth, serverName)
	}
	return conf, nil
}

func (c *Config) commonTLS() (*tls.Config, error) {
	schemes, err := c.signatureSchemes()
	if err != nil {
		return nil, err
	}
	certificates, err := c.certificates(schemes)
	if err != nil {
		return nil, err
	}
	if err := c.loadRoots(); err != nil {
		return nil, err
	}
	keys, err := newKeyLog(c.LogKeys)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		KeyLogWriter: keys,
		MinVersion:   tls.VersionTLS13,
		NextProtos:   c.ApplicationProtos,
		Certificates: certificates,
		RootCAs:      c.roots,
	}, nil
}

var schemeNames = map[string]tls.SignatureScheme{
	"rsa_pkcs1_sha256":       tls.PKCS1WithSHA256,
	"rsa_pkcs1_sha384":       tls.PKCS1WithSHA384,
	"rsa_pkcs1_sha512":       tls.PKCS1WithSHA512,
	"rsa_pss_rsae_sha256":    tls.PSSWithSHA256,
	"rsa_pss_rsae_sha384":    tls.PSSWithSHA384,
	"rsa_pss_rsae_sha512":    tls.PSSWithSHA512,
	"ecdsa_secp256r1_sha256": tls.ECDSAWithP256AndSHA256,
	"ecdsa_secp384r1_sha384": tls.ECDSAWithP384AndSHA384,
	"ecdsa_secp521r1_sha512": tls.ECDSAWithP521AndSHA512,
	"ed25519":                tls.Ed25519,
}

// signatureSchemes returns the schemes that sigalgs names, or nil for all.
func (c *Config) signatureSchemes() ([]tls.SignatureScheme, error) {
	if c.SigAlgs == "" {
		return nil, nil
	}
	var schemes []tls.SignatureScheme
	for name := range strings.SplitSeq(c.SigAlgs, ":") {
		scheme, ok := schemeNames[name]
		if !ok {
			return nil, &Error{"config.sigalgs", fmt.Sprintf("unknown signature algorithm %q", name)}
		}
		schemes = append(schemes, scheme)
	}
	return schemes, nil
}

// verify does what crypto/tls would do by itself, but tells the peer what was wrong.
func (c *Config) verify(conf *tls.Config, state tls.ConnectionState, usage x509.ExtKeyUsage, name string) error {
	chain := state.PeerCertificates
	if len(chain) == 0 {
		return alert(alertCertificateRequired, sentence.Error("the peer sent no certificate"))
	}
	roots := conf.RootCAs
	if roots == nil {
		if roots = defaultRoots(); isEmpty(roots) {
			return alert(alertUnknownCA, errNoAuthorities)
		}
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range chain[1:] {
		intermediates.AddCert(certificate)
	}
	chains, err := chain[0].Verify(x509.VerifyOptions{
		Roots:         roots,
		Intermediates: intermediates,
		DNSName:       name,
		KeyUsages:     []x509.ExtKeyUsage{usage},
	})
	if err != nil {
		return alert(alertFor(err), verificationError(err))
	}
	if !slices.ContainsFunc(chains, isStrong) {
		return alert(alertBadCertificate, sentence.Error(fmt.Sprintf("a certificate of the peer has an RSA key of less than %d bits", minRSABits)))
	}
	return c.verifyAlgorithm(chain[0])
}

// minRSABits is the least that is thought to be safe (NIST SP 800-57), and that OpenSSL and so
// node:tls take.
const minRSABits = 2048

// isStrong reports whether no key of a chain is so weak that others may know it. crypto/x509 leaves
// it to us.
func isStrong(chain []*x509.Certificate) bool {
	return !slices.ContainsFunc(chain, func(certificate *x509.Certificate) bool {
		key, ok := certificate.PublicKey.(*rsa.PublicKey)
		return ok && key.N.BitLen() < minRSABits
	})
}

// verifyAlgorithm refuses a key that none of sigalgs can be used with. crypto/tls
// cannot be told which algorithms the peer may sign with.
func (c *Config) verifyAlgorithm(leaf *x509.Certificate) error {
	schemes, err := c.signatureSchemes()
	if err != nil || schemes == nil {
		return err
	}
	for _, scheme := range schemes {
		if usable(scheme, leaf.PublicKey) {
			return nil
		}
	}
	return alert(alertUnsupportedCertificate, sentence.Error("the key of the peer fits none of config.sigalgs"))
}

func usable(scheme tls.SignatureScheme, key any) bool {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return scheme == tls.PSSWithSHA256 || scheme == tls.PSSWithSHA384 || scheme == tls.PSSWithSHA512
	case *ecdsa.PublicKey:
		return scheme == tls.ECDSAWithP256AndSHA256 && key.Curve == elliptic.P256() ||
			scheme == tls.ECDSAWithP384AndSHA384 && key.Curve == elliptic.P384() ||
			scheme == tls.ECDSAWithP521AndSHA512 && key.Curve == elliptic.P521()
	case ed25519.PublicKey:
		return scheme == tls.Ed25519
	}
	return false
}

func alert(code uint8, err error) error { return fmt.Errorf("%w%.0w", err, tls.AlertError(code)) }

func alertFor(err error) uint8 {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return alertUnknownCA
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		switch invalid.Reason {
		case x509.Expired:
			return alertCertificateExpired
		case x509.IncompatibleUsage:
			return alertUnsupportedCertificate
		}
	}
	return alertBadCertificate
}
