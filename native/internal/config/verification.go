package config

import (
	"crypto/x509"
	"errors"
	"time"

	"github.com/MatrixAI/js-quic/native/internal/sentence"
)

// verificationError says why crypto/x509 did not accept the certificate of a peer.
func verificationError(err error) sentence.Error {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "no trusted CA has signed the certificate of the peer"
	}
	if e, ok := errors.AsType[x509.HostnameError](err); ok {
		return sentence.Error("the certificate of the peer is not for " + e.Host)
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		return invalidity(e)
	}
	if _, ok := errors.AsType[x509.UnhandledCriticalExtension](err); ok {
		return "a certificate of the peer has a critical extension that is not known here"
	}
	if _, ok := errors.AsType[x509.InsecureAlgorithmError](err); ok {
		return "a certificate of the peer is signed with an algorithm that is not safe"
	}
	if _, ok := errors.AsType[x509.SystemRootsError](err); ok {
		return "the CAs of the operating system cannot be read"
	}
	return "the certificate of the peer cannot be verified"
}

func invalidity(e x509.CertificateInvalidError) sentence.Error {
	switch e.Reason {
	case x509.Expired:
		if time.Now().Before(e.Cert.NotBefore) {
			return sentence.Error("a certificate of the peer is only valid from " + date(e.Cert.NotBefore))
		}
		return sentence.Error("a certificate of the peer has expired on " + date(e.Cert.NotAfter))
	case x509.NotAuthorizedToSign:
		return "the certificate of the peer is signed by somebody who is no CA"
	case x509.IncompatibleUsage, x509.CANotAuthorizedForExtKeyUsage:
		return "the certificate of the peer is not meant for this end of a connection"
	case x509.TooManyIntermediates:
		return "the chain of the peer has more certificates than its CA allows"
	case x509.CANotAuthorizedForThisName, x509.UnconstrainedName, x509.NameConstraintsWithoutSANs:
		return "the certificate of the peer is for a name that its CA may not sign for"
	case x509.TooManyConstraints:
		return "the certificates of the peer have too many constraints on names"
	}
	return "the certificate of the peer is not valid"
}

func date(t time.Time) string { return t.UTC().Format(time.RFC3339) }
