#include "environment.h"

namespace quic {

namespace {

// More than a private key and a certificate with many names take, in bytes.
constexpr size_t kLargestPair = 65536;

// Called by Go from any thread, when events wait and none did before.
void Wake(void *context) {
  // A failure means that the environment is going away, and nobody is there to be woken.
  (void)napi_call_threadsafe_function(static_cast<napi_threadsafe_function>(context), nullptr,
                                      napi_tsfn_nonblocking);
}

// Called on the JavaScript thread after Wake.
void CallJavaScript(napi_env env, napi_value onWake, void * /*context*/, void * /*data*/) {
  if (env == nullptr) return;
  napi_value receiver = nullptr;
  if (napi_get_undefined(env, &receiver) != napi_ok) return;
  // It fails when the environment is being torn down. What JavaScript throws stays pending, and
  // Node reports it as an uncaught exception.
  (void)napi_call_function(env, receiver, onWake, 0, nullptr, nullptr);
}

}  // namespace

napi_value Environment::CallMethod(napi_env env, napi_callback_info info,
                                   napi_value (Environment::*method)(Arguments &arguments)) {
  Arguments arguments(env, info);
  auto *environment = static_cast<Environment *>(arguments.self());
  environment->signals_.Prepare();
  return (environment->*method)(arguments);
}

napi_value Environment::Open(napi_env env, napi_value onWake) {
#define QUIC_PROPERTY(name, Method) \
  {#name, nullptr, Call<&Environment::Method>, nullptr, nullptr, nullptr, napi_enumerable, this},
  const napi_property_descriptor properties[] = {QUIC_METHODS(QUIC_PROPERTY)};
#undef QUIC_PROPERTY
  napi_value binding = nullptr;
  napi_value name = nullptr;
  if (napi_create_object(env, &binding) != napi_ok ||
      napi_define_properties(env, binding, sizeof properties / sizeof *properties, properties) !=
          napi_ok ||
      napi_create_string_utf8(env, "matrixai_quic", NAPI_AUTO_LENGTH, &name) != napi_ok ||
      napi_create_threadsafe_function(env, onWake, nullptr, name, 0, 1, nullptr, nullptr, nullptr,
                                      CallJavaScript, &wake_) != napi_ok) {
    return nullptr;
  }
  // An idle import must not keep the process alive.
  napi_unref_threadsafe_function(env, wake_);
  signals_.Prepare();
  env_ = quic_environment_open(Wake, wake_);
  // Hooks run in reverse order: this one before the one that frees the thread-safe function. When
  // it returns, no goroutine can call Wake again. Other Go addons crash when a worker that loaded
  // them ends, as they lack this.
  napi_add_env_cleanup_hook(env, CleanUp, this);
  if (env_ != 0) return binding;
  Release(env);
  return nullptr;
}

// The references go with the environment of Node-API.
void Environment::CleanUp(void *self) {
  auto *environment = static_cast<Environment *>(self);
  environment->signals_.Prepare();
  quic_environment_close(environment->env_);
  environment->env_ = 0;
  environment->wake_ = nullptr;
  environment->rings_.clear();
}

// Gives back what the thread holds for an environment that is closed, after which Go calls no Wake
// and writes into no ring.
void Environment::Release(napi_env env) {
  env_ = 0;
  for (auto &[transport, ring] : rings_) napi_delete_reference(env, ring);
  rings_.clear();
  if (wake_ == nullptr) return;
  napi_remove_env_cleanup_hook(env, CleanUp, this);
  napi_release_threadsafe_function(wake_, napi_tsfn_abort);
  wake_ = nullptr;
}

napi_value Environment::Tell(Arguments &arguments, void (*tell)(uint32_t, uint32_t)) {
  const uint32_t handle = arguments.Handle();
  if (!arguments.failed()) tell(env_, handle);
  return nullptr;
}

napi_value Environment::Measure(Arguments &arguments, void (*measure)(uint32_t, uint32_t, double *),
                                size_t count) {
  const uint32_t handle = arguments.Handle();
  double *numbers = arguments.Numbers(count);
  if (!arguments.failed()) measure(env_, handle, numbers);
  return nullptr;
}

napi_value Environment::Fill(Arguments &arguments,
                             size_t (*fill)(uint32_t, uint32_t, void *, size_t)) {
  const uint32_t handle = arguments.Handle();
  if (arguments.failed()) return nullptr;
  std::string data(4096, '\0');
  for (;;) {
    const size_t size = fill(env_, handle, data.data(), data.size());
    if (size > data.size()) {
      data.resize(size);
      continue;
    }
    napi_value buffer = nullptr;
    napi_create_buffer_copy(arguments.env(), size, data.data(), nullptr, &buffer);
    return buffer;
  }
}

// environmentClose()
napi_value Environment::EnvironmentClose(Arguments &arguments) {
  quic_environment_close(env_);
  Release(arguments.env());
  return nullptr;
}

// environmentAbandon()
napi_value Environment::EnvironmentAbandon(Arguments &arguments) {
  quic_environment_abandon(env_);
  Release(arguments.env());
  return nullptr;
}

// environmentCloseConnections(milliseconds)
napi_value Environment::EnvironmentCloseConnections(Arguments &arguments) {
  const int32_t milliseconds = arguments.Int();
  if (!arguments.failed()) quic_environment_close_connections(env_, milliseconds);
  return nullptr;
}

// environmentRef()
napi_value Environment::EnvironmentRef(Arguments &arguments) {
  if (wake_ != nullptr) napi_ref_threadsafe_function(arguments.env(), wake_);
  return nullptr;
}

// environmentUnref()
napi_value Environment::EnvironmentUnref(Arguments &arguments) {
  if (wake_ != nullptr) napi_unref_threadsafe_function(arguments.env(), wake_);
  return nullptr;
}

// environmentDrain(buffer): bytes written, or the negative size of a record that is larger
napi_value Environment::EnvironmentDrain(Arguments &arguments) {
  const Bytes buffer = arguments.Bytes();
  if (arguments.failed()) return nullptr;
  return ToNumber(arguments.env(),
                  static_cast<double>(quic_environment_drain(env_, buffer.data, buffer.size)));
}

// environmentStats(collect, numbers)
napi_value Environment::EnvironmentStats(Arguments &arguments) {
  const bool collect = arguments.Bool();
  double *numbers = arguments.Numbers(QUIC_ENVIRONMENT_STATS);
  if (!arguments.failed()) quic_environment_stats(env_, collect, numbers);
  return nullptr;
}

// issue(request): [key, cert], see quic_issue
napi_value Environment::Issue(Arguments &arguments) {
  Text request = arguments.Text();
  if (arguments.failed()) return nullptr;
  std::string pem(kLargestPair, '\0');
  size_t total = 0;
  quic_error error = {};
  const size_t key =
      quic_issue(request.data(), request.size(), pem.data(), pem.size(), &total, &error);
  napi_env env = arguments.env();
  napi_value pair = nullptr;
  if (Throw(env, error) || napi_create_array_with_length(env, 2, &pair) != napi_ok) return nullptr;
  napi_set_element(env, pair, 0, ToString(env, pem.data(), key));
  napi_set_element(env, pair, 1, ToString(env, pem.data() + key, total - key));
  return pair;
}

// configCheck(config, isServer): what is skipped, see quic_config_check
napi_value Environment::ConfigCheck(Arguments &arguments) {
  Text config = arguments.Text();
  const bool isServer = arguments.Bool();
  if (arguments.failed()) return nullptr;
  std::string skipped(4096, '\0');
  for (;;) {
    quic_error error = {};
    const size_t size = quic_config_check(env_, config.data(), config.size(), isServer,
                                          skipped.data(), skipped.size(), &error);
    if (Throw(arguments.env(), error)) return nullptr;
    if (size <= skipped.size()) return ToString(arguments.env(), skipped.data(), size);
    skipped.resize(size);
  }
}

// authoritiesSet(extra, bundled, system, fallback)
napi_value Environment::AuthoritiesSet(Arguments &arguments) {
  Text extra = arguments.Text();
  Text bundled = arguments.Text();
  const bool system = arguments.Bool();
  const bool fallback = arguments.Bool();
  if (!arguments.failed()) {
    quic_authorities_set(extra.data(), extra.size(), bundled.data(), bundled.size(), system,
                         fallback);
  }
  return nullptr;
}

}  // namespace quic
