package config

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"strconv"
	"strings"
	"time"
)

// An Issue says which certificate is to be made, for development.
type Issue struct {
	Kind      string // "self-signed", "authority", "peer" or "client"; the last two need an issuer
	Algorithm string // of the key: "Ed25519", else ECDSA with P-256
	Name      string // of an authority
	Hosts     []string
	Days      float64 // for which it is valid, but no longer than its issuer

	IssuerKey, IssuerCert string // PEM
}

// ParseIssue reads what is to be issued from options.
func ParseIssue(data []byte) (*Issue, error) {
	i := &Issue{}
	err := parse(data, func(name, value string) (err error) {
		switch name {
		case "kind":
			i.Kind = value
		case "algorithm":
			i.Algorithm = value
		case "name":
			i.Name = value
		case "hosts":
			i.Hosts = append(i.Hosts, value)
		case "days":
			i.Days, err = strconv.ParseFloat(value, 64)
		case "issuerKey":
			i.IssuerKey = value
		case "issuerCert":
			i.IssuerCert = value
		}
		return err
	})
	return i, err
}

// SelfSigned makes an ECDSA P-256 key and a certificate that it signed itself,
// both as PEM. hosts are DNS names and IP addresses; the certificate is valid for
// that many days, from an hour ago since clocks differ.
func SelfSigned(hosts []string, days float64) (key, cert string, err error) {
	return (&Issue{Kind: "self-signed", Hosts: hosts, Days: days}).Make()
}

// Make makes a key and its certificate, both as PEM.
func (i *Issue) Make() (key, cert string, err error) {
	private, err := i.newKey()
	if err != nil {
		return "", "", err
	}
	template, err := i.template()
	if err != nil {
		return "", "", err
	}
	parent, signer := template, private
	if i.Kind == "peer" || i.Kind == "client" {
		if parent, signer, err = i.issuer(); err != nil {
			return "", "", err
		}
		if parent.NotAfter.Before(template.NotAfter) {
			template.NotAfter = parent.NotAfter
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, private.Public(), signer)
	if err != nil {
		return "", "", &Error{"hosts", strings.TrimPrefix(err.Error(), "x509: ")}
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
	cert = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return key, cert, nil
}

func (i *Issue) newKey() (crypto.Signer, error) {
	if i.Algorithm == "Ed25519" {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		return private, err
	}
	return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
}

func (i *Issue) template() (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: i.Name},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Duration(i.Days * float64(24*time.Hour))),
		BasicConstraintsValid: true,
	}
	switch i.Kind {
	case "authority":
		template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
		template.IsCA, template.MaxPathLenZero = true, true
	case "client":
		template.KeyUsage = x509.KeyUsageDigitalSignature
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	default:
		template.KeyUsage = x509.KeyUsageDigitalSignature
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	}
	if i.Kind == "self-signed" {
		// OpenSSL and its kin take a certificate for its own issuer only if it is one for others
		// too.
		template.KeyUsage |= x509.KeyUsageCertSign
		template.IsCA = true
	}
	if len(i.Hosts) > 0 {
		template.Subject = pkix.Name{CommonName: i.Hosts[0]}
	}
	for _, host := range i.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	return template, nil
}

// issuer returns the certificate and the key that the new certificate is signed with.
func (i *Issue) issuer() (*x509.Certificate, crypto.Signer, error) {
	pair, err := tls.X509KeyPair([]byte(i.IssuerCert), []byte(i.IssuerKey))
	if err != nil {
		return nil, nil, &Error{"key and cert", "are no pair of a private key and its certificate in PEM"}
	}
	signer, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || pair.Leaf == nil {
		return nil, nil, errors.New("the key of the authority cannot sign")
	}
	if !pair.Leaf.IsCA {
		return nil, nil, &Error{"cert", "is not the certificate of an authority"}
	}
	return pair.Leaf, signer, nil
}
