// Handlers of signals, which must not run on the stacks of Go.
#ifndef MATRIXAI_QUIC_SIGNALS_H
#define MATRIXAI_QUIC_SIGNALS_H

#include <chrono>

namespace quic {

// Has the handlers of the process run on the signal stack of their thread. Go asks that of programs
// (os/signal, "Non-Go programs that call Go code"): its stacks have no room for a handler, which
// would write over what lies beside them. libuv does not do so, and sets a handler whenever a
// listener is added to `process` or a child is spawned. It is to be called before Go is.
class Signals {
 public:
  // Looks at the handlers, unless that was done just now.
  void Prepare();

 private:
  using Clock = std::chrono::steady_clock;

  Clock::time_point nextOfChildren_;
  Clock::time_point nextOfAll_;
};

}  // namespace quic

#endif
