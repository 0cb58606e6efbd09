#include "environment.h"

namespace quic {

// listenerOpen(transport, config): handle
napi_value Environment::ListenerOpen(Arguments &arguments) {
  const uint32_t transport = arguments.Handle();
  Text config = arguments.Text();
  if (arguments.failed()) return nullptr;
  quic_error error = {};
  const uint32_t handle = quic_listener_open(env_, transport, config.data(), config.size(), &error);
  return ToHandle(arguments.env(), error, handle);
}

// listenerConfigure(listener, config)
napi_value Environment::ListenerConfigure(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  Text config = arguments.Text();
  if (arguments.failed()) return nullptr;
  quic_error error = {};
  quic_listener_configure(env_, handle, config.data(), config.size(), &error);
  Throw(arguments.env(), error);
  return nullptr;
}

// listenerClose(listener, code)
napi_value Environment::ListenerClose(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const double code = arguments.Double();
  if (!arguments.failed()) quic_listener_close(env_, handle, code);
  return nullptr;
}

}  // namespace quic
