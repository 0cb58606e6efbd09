#include <memory>

#include "environment.h"

namespace quic {

namespace {

// One lives in the instance data of each napi_env: nothing is global.
struct Addon {
  // They stay when they are closed, a few bytes each: functions of theirs may still be called.
  std::vector<std::unique_ptr<Environment>> environments;
};

// environmentOpen(onWake): an object with the functions of a new environment, or undefined
napi_value EnvironmentOpen(napi_env env, napi_callback_info info) {
  Arguments arguments(env, info);
  napi_value onWake = arguments.Value();
  napi_valuetype type = napi_undefined;
  if (onWake != nullptr) napi_typeof(env, onWake, &type);
  if (type != napi_function) {
    napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE",
                          "argument 1 of a native call: expected a function");
    return nullptr;
  }
  auto &environments = static_cast<Addon *>(arguments.self())->environments;
  environments.push_back(std::make_unique<Environment>());
  return environments.back()->Open(env, onWake);
}

void Delete(napi_env /*env*/, void *addon, void * /*hint*/) { delete static_cast<Addon *>(addon); }

}  // namespace

}  // namespace quic

NAPI_MODULE_INIT() {
  auto addon = std::make_unique<quic::Addon>();
  char version[64];
  const size_t length = quic_version(version, sizeof version);
  const napi_property_descriptor properties[] = {
      {"environmentOpen", nullptr, quic::EnvironmentOpen, nullptr, nullptr, nullptr,
       napi_enumerable, addon.get()},
      {"version", nullptr, nullptr, nullptr, nullptr, quic::ToString(env, version, length),
       napi_enumerable, nullptr},
  };
  if (napi_define_properties(env, exports, 2, properties) != napi_ok ||
      napi_set_instance_data(env, addon.get(), quic::Delete, nullptr) != napi_ok) {
    return nullptr;
  }
  // The environment deletes it
  [[maybe_unused]] const quic::Addon *kept = addon.release();
  return exports;
}
