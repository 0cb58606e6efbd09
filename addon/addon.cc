#include "addon.h"

#include <algorithm>

Bytes::Bytes(const Napi::Value &value) {
  size_t size = 0;
  if (value.IsTypedArray()) {
    auto array = value.As<Napi::TypedArray>();
    size = array.ByteLength();
    data = static_cast<uint8_t *>(array.ArrayBuffer().Data()) + array.ByteOffset();
  } else if (value.IsArrayBuffer()) {
    auto buffer = value.As<Napi::ArrayBuffer>();
    size = buffer.ByteLength();
    data = buffer.Data();
  }
  length = static_cast<int32_t>(std::min<size_t>(size, INT32_MAX));
}

bool Throw(Napi::Env env, const quic_error &error) {
  if (error.kind == QUIC_ERROR_NONE) return false;
  auto thrown = Napi::Error::New(env, error.message);
  auto object = thrown.Value();
  object.Set("kind", error.kind);
  object.Set("code", error.code);
  object.Set("option", error.option);
  thrown.ThrowAsJavaScriptException();
  return true;
}

Addon::Addon(Napi::Env env, Napi::Object exports) {
  char version[64];
  int32_t length = quic_version(version, sizeof version);
  DefineAddon(exports, {
                           InstanceMethod("environmentOpen", &Addon::EnvironmentOpen),
                           InstanceValue("version", Napi::String::New(env, version, length)),
                       });
}

// environmentOpen(onWake): an object with the functions of a new environment, or undefined
Napi::Value Addon::EnvironmentOpen(const Napi::CallbackInfo &info) {
  environments_.push_back(std::make_unique<Environment>());
  return {info.Env(), environments_.back()->Open(info.Env(), info[0])};
}

NODE_API_ADDON(Addon)
