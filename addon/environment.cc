#include "addon.h"

#include <utility>

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

napi_value Environment::Open(napi_env env, napi_value onWake) {
  const std::pair<const char *, napi_callback> methods[] = {
      {"environmentClose", Call<&Environment::EnvironmentClose>},
      {"environmentAbandon", Call<&Environment::EnvironmentAbandon>},
      {"environmentCloseConnections", Call<&Environment::EnvironmentCloseConnections>},
      {"environmentRef", Call<&Environment::EnvironmentRef>},
      {"environmentUnref", Call<&Environment::EnvironmentUnref>},
      {"environmentDrain", Call<&Environment::EnvironmentDrain>},
      {"environmentStats", Call<&Environment::EnvironmentStats>},
      {"issue", Call<&Environment::Issue>},
      {"configCheck", Call<&Environment::ConfigCheck>},
      {"authoritiesSet", Call<&Environment::AuthoritiesSet>},
      {"transportOpenNative", Call<&Environment::TransportOpenNative>},
      {"transportOpenVirtual", Call<&Environment::TransportOpenVirtual>},
      {"transportHost", Call<&Environment::TransportHost>},
      {"transportPort", Call<&Environment::TransportPort>},
      {"transportDeliver", Call<&Environment::TransportDeliver>},
      {"transportPending", Call<&Environment::TransportPending>},
      {"transportRelease", Call<&Environment::TransportRelease>},
      {"transportFailWrites", Call<&Environment::TransportFailWrites>},
      {"transportSend", Call<&Environment::TransportSend>},
      {"transportReadDatagrams", Call<&Environment::TransportReadDatagrams>},
      {"transportStats", Call<&Environment::TransportStats>},
      {"transportClose", Call<&Environment::TransportClose>},
      {"listenerOpen", Call<&Environment::ListenerOpen>},
      {"listenerConfigure", Call<&Environment::ListenerConfigure>},
      {"listenerClose", Call<&Environment::ListenerClose>},
      {"connectionDial", Call<&Environment::ConnectionDial>},
      {"connectionDescribe", Call<&Environment::ConnectionDescribe>},
      {"connectionCertificates", Call<&Environment::ConnectionCertificates>},
      {"connectionSession", Call<&Environment::ConnectionSession>},
      {"connectionCloseReason", Call<&Environment::ConnectionCloseReason>},
      {"connectionQuestion", Call<&Environment::ConnectionQuestion>},
      {"connectionVerdict", Call<&Environment::ConnectionVerdict>},
      {"connectionAccept", Call<&Environment::ConnectionAccept>},
      {"connectionTellArrived", Call<&Environment::ConnectionTellArrived>},
      {"connectionStats", Call<&Environment::ConnectionStats>},
      {"connectionMigrate", Call<&Environment::ConnectionMigrate>},
      {"connectionCancelMigration", Call<&Environment::ConnectionCancelMigration>},
      {"connectionDrain", Call<&Environment::ConnectionDrain>},
      {"connectionClose", Call<&Environment::ConnectionClose>},
      {"connectionRelease", Call<&Environment::ConnectionRelease>},
      {"connectionOpenStream", Call<&Environment::ConnectionOpenStream>},
      {"datagramsRead", Call<&Environment::DatagramsRead>},
      {"datagramsUnread", Call<&Environment::DatagramsUnread>},
      {"datagramsSetIncoming", Call<&Environment::DatagramsSetIncoming>},
      {"datagramsStopReading", Call<&Environment::DatagramsStopReading>},
      {"datagramsWrite", Call<&Environment::DatagramsWrite>},
      {"datagramsStats", Call<&Environment::DatagramsStats>},
      {"streamRead", Call<&Environment::StreamRead>},
      {"streamWrite", Call<&Environment::StreamWrite>},
      {"streamStopSending", Call<&Environment::StreamStopSending>},
      {"streamReset", Call<&Environment::StreamReset>},
      {"streamCommit", Call<&Environment::StreamCommit>},
      {"streamSetPriority", Call<&Environment::StreamSetPriority>},
      {"streamRelease", Call<&Environment::StreamRelease>},
  };
  std::vector<napi_property_descriptor> properties;
  for (const auto &[name, call] : methods) {
    properties.push_back({name, nullptr, call, nullptr, nullptr, nullptr, napi_enumerable, this});
  }
  // node-addon-api's own classes end the process when a call fails during a tear-down
  napi_value binding = nullptr;
  napi_value name = nullptr;
  if (napi_create_object(env, &binding) != napi_ok ||
      napi_define_properties(env, binding, properties.size(), properties.data()) != napi_ok ||
      napi_create_string_utf8(env, "matrixai_quic", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, onWake, nullptr, name, 0, 1, nullptr, nullptr, nullptr, CallJavaScript,
                                      &wake_) != napi_ok) {
    return nullptr;
  }
  // An idle import must not keep the process alive.
  napi_unref_threadsafe_function(env, wake_);
  env_ = quic_environment_open(Wake, wake_);
  // Hooks run in reverse order: this one before the one that frees the
  // thread-safe function. When it returns, no goroutine can call Wake again. Other Go
  // addons crash when a worker that loaded them ends, as they lack this.
  napi_add_env_cleanup_hook(env, CleanUp, this);
  if (env_ != 0) return binding;
  Release(env);
  return nullptr;
}

void Environment::CleanUp(void *self) {
  auto *environment = static_cast<Environment *>(self);
  quic_environment_close(environment->env_);
  environment->env_ = 0;
  environment->wake_ = nullptr;
}

// Gives back what the thread holds for an environment that is closed, after which Go does not call Wake.
void Environment::Release(napi_env env) {
  env_ = 0;
  if (wake_ == nullptr) return;
  napi_remove_env_cleanup_hook(env, CleanUp, this);
  napi_release_threadsafe_function(wake_, napi_tsfn_abort);
  wake_ = nullptr;
}

// environmentClose()
void Environment::EnvironmentClose(Info info) {
  quic_environment_close(env_);
  Release(info.Env());
}

// environmentAbandon()
void Environment::EnvironmentAbandon(Info info) {
  quic_environment_abandon(env_);
  Release(info.Env());
}

// environmentCloseConnections(milliseconds)
void Environment::EnvironmentCloseConnections(Info info) { quic_environment_close_connections(env_, Int(info[0])); }

void Environment::EnvironmentRef(Info info) {
  if (wake_ != nullptr) napi_ref_threadsafe_function(info.Env(), wake_);
}

void Environment::EnvironmentUnref(Info info) {
  if (wake_ != nullptr) napi_unref_threadsafe_function(info.Env(), wake_);
}

// environmentDrain(buffer): bytes written, or the negative size of a record that is larger
Napi::Value Environment::EnvironmentDrain(Info info) {
  Bytes buffer(info[0]);
  return Napi::Number::New(info.Env(), quic_environment_drain(env_, buffer.data, buffer.length));
}

// environmentStats(collect): [transports, listeners, connections, streams, goroutines, heap]
Napi::Value Environment::EnvironmentStats(Info info) {
  double counts[6] = {};
  quic_environment_stats(env_, Bool(info[0]), counts);
  auto stats = Napi::Array::New(info.Env(), 6);
  for (uint32_t i = 0; i < 6; i++) stats.Set(i, counts[i]);
  return stats;
}

// issue(request, days): [key, cert], see quic_issue
Napi::Value Environment::Issue(Info info) {
  Text request(info[0]);
  std::string pem(64 << 10, '\0');
  int32_t total = 0;
  quic_error error = {};
  int32_t key = quic_issue(request.data(), request.length(), Double(info[1]), pem.data(),
                           static_cast<int32_t>(pem.size()), &total, &error);
  if (Throw(info.Env(), error)) return {};
  auto pair = Napi::Array::New(info.Env(), 2);
  pair.Set(0u, Napi::String::New(info.Env(), pem.data(), static_cast<size_t>(key)));
  pair.Set(1u, Napi::String::New(info.Env(), pem.data() + key, static_cast<size_t>(total - key)));
  return pair;
}

// configCheck(config, isServer): what is skipped, see quic_config_check
Napi::Value Environment::ConfigCheck(Info info) {
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
void Environment::AuthoritiesSet(Info info) {
  Text extra(info[0]);
  Text bundled(info[1]);
  quic_authorities_set(extra.data(), extra.length(), bundled.data(), bundled.length(), Bool(info[2]), Bool(info[3]));
}
