#include "addon.h"

// listenerOpen(transport, config): handle
Napi::Value Environment::ListenerOpen(Info info) {
  Text config(info[1]);
  quic_error error = {};
  uint32_t handle = quic_listener_open(env_, Handle(info[0]), config.data(), config.length(), &error);
  if (Throw(info.Env(), error)) return {};
  return Napi::Number::New(info.Env(), handle);
}

// listenerConfigure(listener, config)
void Environment::ListenerConfigure(Info info) {
  Text config(info[1]);
  quic_error error = {};
  quic_listener_configure(env_, Handle(info[0]), config.data(), config.length(), &error);
  Throw(info.Env(), error);
}

// listenerClose(listener, code)
void Environment::ListenerClose(Info info) { quic_listener_close(env_, Handle(info[0]), Double(info[1])); }
