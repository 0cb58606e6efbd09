#include "signals.h"

#ifndef _WIN32
#include <csignal>
#endif

namespace quic {

#ifdef _WIN32

// Windows has no handlers that interrupt a thread.
void Signals::Prepare() {}

#else

namespace {

// Children take longer to start and to end, from when the handler of SIGCHLD is set.
constexpr std::chrono::microseconds kIntervalOfChildren(100);
// No other signal follows sooner on the listener that was added for it.
constexpr std::chrono::milliseconds kIntervalOfAll(1);

// Another thread may set a handler meanwhile, which is lost then: Node.js adds listeners in the
// main thread alone.
void UseSignalStack(int signal) {
  constexpr unsigned kOnStack = SA_ONSTACK;
  struct sigaction action = {};
  if (sigaction(signal, nullptr, &action) != 0) return;
  const auto flags = static_cast<unsigned>(action.sa_flags);
  if ((flags & kOnStack) != 0 || action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN) {
    return;
  }
  action.sa_flags = static_cast<int>(flags | kOnStack);
  sigaction(signal, &action, nullptr);
}

}  // namespace

void Signals::Prepare() {
  const auto now = Clock::now();
  if (now < nextOfChildren_) return;
  nextOfChildren_ = now + kIntervalOfChildren;
  UseSignalStack(SIGCHLD);
  if (now < nextOfAll_) return;
  nextOfAll_ = now + kIntervalOfAll;
  // Those of real time, which follow, have no names in Node.js
  for (int signal = 1; signal < 32; signal++) UseSignalStack(signal);
}

#endif

}  // namespace quic
