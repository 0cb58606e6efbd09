// What the C ABI shares between Go and C++. The functions are declared in
// _cgo_export.h, which cgo generates.
#ifndef MATRIXAI_QUIC_ABI_H
#define MATRIXAI_QUIC_ABI_H

#include <stddef.h>
#include <stdint.h>

// Called from any thread when events wait. It must not block.
typedef void (*quic_wake)(void *context);

enum {
  QUIC_ERROR_NONE = 0,
  QUIC_ERROR_STALE = 1,    // the handle names nothing (any more)
  QUIC_ERROR_CONFIG = 2,   // an option is wrong: see option and message
  QUIC_ERROR_SYSTEM = 3,   // the operating system refused: see code, an errno
  QUIC_ERROR_CLOSED = 4,   // the object is closed
  QUIC_ERROR_INTERNAL = 5  // a fault inside the library
};

typedef struct {
  uint32_t kind;
  int32_t code;
  char option[64];
  char message[440];
} quic_error;

// How many numbers the calls write that tell statistics.
enum {
  QUIC_ENVIRONMENT_STATS = 7,
  QUIC_TRANSPORT_STATS = 6,
  QUIC_CONNECTION_STATS = 15,
  QUIC_DATAGRAMS_STATS = 3
};

#endif
