package config

import (
	"crypto/sha256"
	"sync"
)

// maxCached bounds how many configurations are kept. A client with CAs has two: they are checked
// alone first.
const maxCached = 32

// A Cache keeps what was parsed, for the many clients that have the same options. It keeps no
// private keys.
type Cache struct {
	mu      sync.Mutex
	configs map[[sha256.Size]byte]*Config
}

// Parse does what [Parse] does. The Config may be shared.
func (c *Cache) Parse(data []byte) (*Config, error) {
	sum := sha256.Sum256(data)
	c.mu.Lock()
	defer c.mu.Unlock()
	if found := c.configs[sum]; found != nil {
		return found, nil
	}
	parsed, err := Parse(data)
	if err != nil || len(parsed.Key) > 0 {
		return parsed, err
	}
	if err := parsed.loadRoots(); err != nil {
		return nil, err
	}
	if c.configs == nil || len(c.configs) >= maxCached {
		c.configs = make(map[[sha256.Size]byte]*Config)
	}
	c.configs[sum] = parsed
	return parsed, nil
}
