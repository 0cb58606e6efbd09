package main

// #include "abi.h"
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/fault"
)

// quic_config_check tries a configuration without using it. It fills the buffer, if it fits, with a
// line for each certificate of the CAs that is skipped, its index and why, and returns the length
// of that.
//
//export quic_config_check
func quic_config_check(
	env uint32, conf unsafe.Pointer, confSize C.size_t, isServer bool,
	buffer unsafe.Pointer, size C.size_t, out *C.quic_error,
) (n C.size_t) {
	return try(out, func() (C.size_t, error) {
		e, err := open(env)
		if err != nil {
			return 0, err
		}
		c, err := e.ParseConfig(bytes(conf, confSize))
		if err != nil {
			return 0, err
		}
		skipped, err := c.Check(isServer)
		if err != nil {
			return 0, err
		}
		var lines []byte
		for _, s := range skipped {
			lines = fmt.Appendf(lines, "%d %s\n", s.Index, s.Reason)
		}
		return fill(buffer, size, lines), nil
	})
}

// quic_authorities_set says, in PEM, what peers are verified with where a configuration has no CAs,
// see [config.Authorities]. The first call in the process counts.
//
//export quic_authorities_set
func quic_authorities_set(
	extra unsafe.Pointer, extraSize C.size_t, bundled unsafe.Pointer, bundledSize C.size_t, system, fallback bool,
) {
	defer fault.Recover(nil)
	config.SetAuthorities(&config.Authorities{
		Extra: text(extra, extraSize), Bundled: text(bundled, bundledSize), System: system, Fallback: fallback,
	})
}
