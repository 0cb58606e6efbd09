package config

import (
	"errors"
	"testing"
)

func TestCAsThatCannotBeParsedAreSkipped(t *testing.T) {
	key, cert, err := SelfSigned([]string{"localhost"}, 1)
	if err != nil {
		t.Fatal(err)
	}
	broken := "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
	c := &Config{Key: []string{key}, Cert: []string{cert}, CA: []string{broken, cert, "no PEM"}}
	for range 2 {
		skipped, err := c.Check(true)
		if err != nil {
			t.Fatal(err)
		}
		if len(skipped) != 2 || skipped[0].Index != 0 || skipped[1].Index != 2 || skipped[0].Reason == "" {
			t.Fatalf("skipped %v", skipped)
		}
	}
	c = &Config{CA: []string{broken, broken}}
	_, err = c.Check(false)
	if e, ok := errors.AsType[*Error](err); !ok || e.Option != "config.ca" {
		t.Fatalf("got %v, want an error of config.ca", err)
	}
}
