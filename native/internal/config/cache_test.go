package config

import (
	"fmt"
	"testing"
)

func TestCacheSharesAllButKeys(t *testing.T) {
	var cache Cache
	parse := func(data string) *Config {
		t.Helper()
		c, err := cache.Parse([]byte(data))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	plain, keyed := "maxIdleTimeout 4:1000", "key 6:secretcert 11:certificate"
	if first, second := parse(plain), parse(plain); first != second {
		t.Error("the same options were parsed twice")
	}
	if parse(plain) == parse("maxIdleTimeout 4:2000") {
		t.Error("other options were taken for the same")
	}
	if first, second := parse(keyed), parse(keyed); first == second {
		t.Error("a private key was kept")
	}
	for i := range 10 * maxCached {
		parse(fmt.Sprintf("maxIdleTimeout 3:%03d", i))
	}
	if n := len(cache.configs); n > maxCached {
		t.Errorf("%d configurations are kept, want %d at most", n, maxCached)
	}
	if _, err := cache.Parse([]byte("maxIdleTimeout 5:1")); err == nil {
		t.Error("malformed options were accepted")
	}
}
