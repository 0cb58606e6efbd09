#include "addon.h"

namespace {

// Called by Go from any thread, when events wait and none did before.
void Wake(void *context) {
  // A failure means that the environment is going away, and nobody is there to be woken.
  (void)napi_call_threadsafe_function(static_cast<napi_threadsafe_function>(context), nullptr, napi_tsfn_nonblocking);
}

// Called on the JavaScript thread after Wake.
void CallJavaScript(napi_env env, napi_value onWake, void *, void *) {
  if (env == nullptr) return;
  napi_value receiver;
  if (napi_get_undefined(env, &receiver) != napi_ok) return;
  // It fails when the environment is being torn down. What JavaScript throws stays
  // pending, and Node reports it as an uncaught exception.
  (void)napi_call_function(env, receiver, onWake, 0, nullptr, nullptr);
}

}  // namespace

// environmentOpen(onWake)
Napi::Value Addon::EnvironmentOpen(Info info) {
  Napi::Env env = info.Env();
  if (env_ != 0) return Napi::Boolean::New(env, false);
  // node-addon-api's own class ends the process when a call fails during a tear-down
  napi_status status =
      napi_create_threadsafe_function(env, info[0], nullptr, Napi::String::New(env, "matrixai_quic"), 0, 1, nullptr,
                                      nullptr, nullptr, CallJavaScript, &wake_);
  if (status != napi_ok) return Napi::Boolean::New(env, false);
  // An idle import must not keep the process alive.
  napi_unref_threadsafe_function(env, wake_);
  env_ = quic_environment_open(Wake, wake_);
  // Hooks run in reverse order: this one before the one that frees the
  // thread-safe function. When it returns, no goroutine can call Wake again. Other Go
  // addons crash when a worker that loaded them ends, as they lack this.
  env.AddCleanupHook([this] { Close(); });
  return Napi::Boolean::New(env, env_ != 0);
}

void Addon::Close() {
  quic_environment_close(env_);
  env_ = 0;
}

void Addon::EnvironmentClose(Info) { Close(); }

// environmentCloseConnections(milliseconds)
void Addon::EnvironmentCloseConnections(Info info) { quic_environment_close_connections(env_, Int(info[0])); }

void Addon::EnvironmentRef(Info info) { napi_ref_threadsafe_function(info.Env(), wake_); }

void Addon::EnvironmentUnref(Info info) { napi_unref_threadsafe_function(info.Env(), wake_); }

// environmentDrain(buffer): bytes written, or the negative size of a record that is larger
Napi::Value Addon::EnvironmentDrain(Info info) {
  Bytes buffer(info[0]);
  return Napi::Number::New(info.Env(), quic_environment_drain(env_, buffer.data, buffer.length));
}

// environmentStats(collect): [transports, listeners, connections, streams, goroutines, heap]
Napi::Value Addon::EnvironmentStats(Info info) {
  double counts[6] = {};
  quic_environment_stats(env_, Bool(info[0]), counts);
  auto stats = Napi::Array::New(info.Env(), 6);
  for (uint32_t i = 0; i < 6; i++) stats.Set(i, counts[i]);
  return stats;
}

// selfSigned(hosts, days): [key, cert]
Napi::Value Addon::SelfSigned(Info info) {
  Text hosts(info[0]);
  std::string pem(64 << 10, '\0');
  int32_t total = 0;
  quic_error error = {};
  int32_t key = quic_self_signed(hosts.data(), hosts.length(), Double(info[1]), pem.data(),
                                 static_cast<int32_t>(pem.size()), &total, &error);
  if (Throw(info.Env(), error)) return {};
  auto pair = Napi::Array::New(info.Env(), 2);
  pair.Set(0u, Napi::String::New(info.Env(), pem.data(), static_cast<size_t>(key)));
  pair.Set(1u, Napi::String::New(info.Env(), pem.data() + key, static_cast<size_t>(total - key)));
  return pair;
}

// configCheck(config, isServer): what is skipped, see quic_config_check
Napi::Value Addon::ConfigCheck(Info info) {
  Text config(info[0]);
  std::string skipped(4096, '\0');
  for (;;) {
    auto size = static_cast<int32_t>(skipped.size());
    quic_error error = {};
    int32_t length =
        quic_config_check(env_, config.data(), config.length(), Bool(info[1]), skipped.data(), size, &error);
    if (Throw(info.Env(), error)) return {};
    if (length <= size) return Napi::String::New(info.Env(), skipped.data(), static_cast<size_t>(length));
    skipped.resize(static_cast<size_t>(length));
  }
}

// authoritiesSet(extra, bundled, system, fallback)
void Addon::AuthoritiesSet(Info info) {
  Text extra(info[0]);
  Text bundled(info[1]);
  quic_authorities_set(extra.data(), extra.length(), bundled.data(), bundled.length(), Bool(info[2]), Bool(info[3]));
}
