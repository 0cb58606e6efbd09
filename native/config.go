package main

// #include "abi.h"
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/handle"
)

// quic_config_check tries a configuration without using it. It fills the buffer, if it fits, with a line for each
// certificate of the CAs that is skipped, its index and why, and returns the length of that.
//
//export quic_config_check
func quic_config_check(
	env uint32, conf unsafe.Pointer, confLength int32, isServer bool, buffer unsafe.Pointer, length int32, out *C.quic_error,
) (n int32) {
	defer recoveredTo(out)
	e, ok := environments.Get(handle.Handle(env))
	if !ok {
		report(out, errStale)
		return 0
	}
	c, err := e.ParseConfig(bytes(conf, confLength))
	if err != nil {
		report(out, err)
		return 0
	}
	skipped, err := c.Check(isServer)
	if err != nil {
		report(out, err)
		return 0
	}
	var lines []byte
	for _, s := range skipped {
		lines = fmt.Appendf(lines, "%d %s\n", s.Index, s.Reason)
	}
	return fill(buffer, length, lines)
}

// quic_authorities_set says, in PEM, what peers are verified with where a configuration has no CAs, see
// [config.Authorities]. The first call in the process counts.
//
//export quic_authorities_set
func quic_authorities_set(
	extra unsafe.Pointer, extraLength int32, bundled unsafe.Pointer, bundledLength int32, system, fallback bool,
) {
	defer recovered()
	config.SetAuthorities(&config.Authorities{
		Extra: text(extra, extraLength), Bundled: text(bundled, bundledLength), System: system, Fallback: fallback,
	})
}
