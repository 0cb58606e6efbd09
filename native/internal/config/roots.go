package config

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// A Skipped is a certificate of the CAs that crypto/x509 cannot parse. It is stricter than other
// implementations, and what one of many has wrong must not cost the others.
type Skipped struct {
	Index  int
	Reason string
}

// loadRoots makes the pool of the CAs, unless it is there. Without CAs there is none, for the
// default ones.
func (c *Config) loadRoots() error {
	if c.roots != nil || len(c.CA) == 0 {
		return nil
	}
	pool := x509.NewCertPool()
	var skipped []Skipped
	for i, ca := range c.CA {
		certificate, err := parseCA(ca)
		if err != nil {
			skipped = append(skipped, Skipped{i, unreadable(err)})
		} else {
			pool.AddCert(certificate)
		}
	}
	switch {
	case len(skipped) < len(c.CA):
		c.roots, c.skipped = pool, skipped
		return nil
	case len(skipped) == 1:
		return &Error{"config.ca", "the certificate cannot be used: " + skipped[0].Reason}
	default:
		return &Error{"config.ca", fmt.Sprintf("none of its %d certificates can be used, the first of them because of: %s",
			len(skipped), skipped[0].Reason)}
	}
}

func parseCA(text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, errors.New("damaged PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}
