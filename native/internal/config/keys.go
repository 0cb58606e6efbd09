package config

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"strings"
)

func (c *Config) certificates(schemes []tls.SignatureScheme) ([]tls.Certificate, error) {
	if len(c.Key) != len(c.Cert) {
		return nil, &Error{"config.key", fmt.Sprintf("%d private keys for %d certificate chains", len(c.Key), len(c.Cert))}
	}
	certificates := make([]tls.Certificate, len(c.Key))
	for i := range c.Key {
		certificate, err := tls.X509KeyPair([]byte(c.Cert[i]), []byte(c.Key[i]))
		if err != nil {
			pairErr := pairError(c.Cert[i], c.Key[i])
			if len(c.Key) > 1 {
				pairErr.Option += fmt.Sprintf("[%d]", i)
			}
			return nil, pairErr
		}
		certificate.SupportedSignatureAlgorithms = schemes
		certificates[i] = certificate
	}
	return certificates, nil
}

// usableKeys is what to do about keys of other types.
const usableKeys = "take an RSA, ECDSA (P-256, P-384, P-521) or Ed25519 key, and a certificate for it"

// pairError says which of the two is to blame when they do not make a pair, and why, and nothing of
// their content.
func pairError(cert, key string) *Error {
	block := findBlock(cert, func(kind string) bool { return kind == "CERTIFICATE" })
	if block == nil {
		return &Error{"config.cert", "found no certificate in the PEM"}
	}
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return &Error{"config.cert", "the first certificate in the PEM cannot be read: " + unreadable(err)}
	}
	if problem := keyProblem(key); problem != "" {
		return &Error{"config.key", problem}
	}
	if leaf.PublicKeyAlgorithm == x509.UnknownPublicKeyAlgorithm {
		return &Error{"config.cert", "the leaf certificate is for a key of a type that cannot be used: " + usableKeys}
	}
	if !isKey(key) {
		return &Error{"config.key", "the private key cannot be read: it must be in PKCS#8, PKCS#1 or SEC 1"}
	}
	return &Error{"config.key", "the private key is not that of the first certificate in config.cert"}
}

// unreadable says why a certificate cannot be read.
func unreadable(err error) string { return strings.TrimPrefix(err.Error(), "x509: ") }

// isKey reports whether a PEM has a private key that can be read.
func isKey(key string) bool {
	block := findBlock(key, isKeyBlock)
	if block == nil {
		return false
	}
	_, pkcs1 := x509.ParsePKCS1PrivateKey(block.Bytes)
	_, pkcs8 := x509.ParsePKCS8PrivateKey(block.Bytes)
	_, sec1 := x509.ParseECPrivateKey(block.Bytes)
	return pkcs1 == nil || pkcs8 == nil || sec1 == nil
}

func isKeyBlock(kind string) bool {
	return kind == "PRIVATE KEY" || strings.HasSuffix(kind, " PRIVATE KEY")
}

// keyProblem says what is wrong with a private key that crypto/tls cannot use, or nothing if that
// is not known.
func keyProblem(key string) string {
	block := findBlock(key, isKeyBlock)
	if block == nil {
		return ""
	}
	if block.Type == "ENCRYPTED PRIVATE KEY" || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
		return "the private key is encrypted: decrypt it with crypto.createPrivateKey({ key, passphrase }) of Node.js, " +
			"and take what its export({ type: 'pkcs8', format: 'pem' }) returns"
	}
	var pkcs8 struct {
		Version   int
		Algorithm pkix.AlgorithmIdentifier
		Key       []byte
	}
	if _, err := asn1.Unmarshal(block.Bytes, &pkcs8); err != nil {
		return ""
	}
	switch oid := pkcs8.Algorithm.Algorithm.String(); oid {
	case "1.2.840.113549.1.1.1", "1.3.101.112": // RSA and Ed25519
		return ""
	case "1.2.840.113549.1.1.10":
		return "the private key is an RSA-PSS key (id-RSASSA-PSS), which cannot be used: " + usableKeys +
			". Keys of the type RSA sign with RSA-PSS in TLS 1.3"
	case "1.3.101.113":
		return "the private key is an Ed448 key, which cannot be used: " + usableKeys
	case "1.2.840.10045.2.1":
		if _, err := x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
			return ""
		}
		return "the private key is an EC key on a curve that cannot be used: " + usableKeys
	default:
		return "the private key is of a type that cannot be used (" + oid + "): " + usableKeys
	}
}

// findBlock returns the first PEM block of a kind.
func findBlock(text string, isWanted func(kind string) bool) *pem.Block {
	for block, rest := pem.Decode([]byte(text)); block != nil; block, rest = pem.Decode(rest) {
		if isWanted(block.Type) {
			return block
		}
	}
	return nil
}
