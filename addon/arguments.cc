#include "arguments.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace quic {

namespace {

constexpr double kMaxSafeInteger = 9007199254740991;

// What a value is, for an error.
const char *KindOf(napi_env env, napi_value value) {
  napi_valuetype type = napi_undefined;
  if (value != nullptr) napi_typeof(env, value, &type);
  switch (type) {
    case napi_null:
      return "null";
    case napi_boolean:
      return "a boolean";
    case napi_number:
      return "another number";
    case napi_string:
      return "a string";
    case napi_object:
      return "another object";
    case napi_undefined:
      return "nothing";
    default:
      return "another value";
  }
}

}  // namespace

Arguments::Arguments(napi_env env, napi_callback_info info) : env_(env) {
  if (napi_get_cb_info(env, info, &given_, values_, nullptr, &self_) != napi_ok) given_ = 0;
}

void Arguments::Fail(const char *expected) {
  if (failed_) return;
  failed_ = true;
  const char *got = KindOf(env_, next_ <= given_ ? values_[next_ - 1] : nullptr);
  std::string message = "argument " + std::to_string(next_) + " of a native call: expected ";
  message.append(expected).append(", got ").append(got);
  napi_throw_type_error(env_, "ERR_INVALID_ARG_TYPE", message.c_str());
}

template <typename T>
T Arguments::Integer(const char *expected) {
  // Beyond the safe integers a number may stand for its neighbours
  constexpr double least = std::numeric_limits<T>::min();
  const double most = std::min(static_cast<double>(std::numeric_limits<T>::max()), kMaxSafeInteger);
  double value = 0;
  napi_value given = Value();
  const bool isNumber = given != nullptr && napi_get_value_double(env_, given, &value) == napi_ok;
  if (isNumber && value >= least && value <= most && std::floor(value) == value) {
    return static_cast<T>(value);
  }
  Fail(expected);
  return 0;
}

uint32_t Arguments::Handle() { return Integer<uint32_t>("a handle"); }

uint16_t Arguments::Port() { return Integer<uint16_t>("a port"); }

uint8_t Arguments::Byte() { return Integer<uint8_t>("an integer from 0 to 255"); }

int32_t Arguments::Int() { return Integer<int32_t>("an integer of 32 bits"); }

size_t Arguments::Size() { return Integer<size_t>("a size"); }

double Arguments::Double() {
  double value = 0;
  napi_value given = Value();
  if (given == nullptr || napi_get_value_double(env_, given, &value) != napi_ok) Fail("a number");
  return value;
}

bool Arguments::Bool() {
  bool value = false;
  napi_value given = Value();
  if (given == nullptr || napi_get_value_bool(env_, given, &value) != napi_ok) Fail("a boolean");
  return value;
}

Text Arguments::Text() {
  quic::Text text;
  napi_value given = Value();
  size_t size = 0;
  if (given == nullptr || napi_get_value_string_utf8(env_, given, nullptr, 0, &size) != napi_ok) {
    Fail("a string");
    return text;
  }
  // There is room for the zero byte that Node-API writes behind it
  text.value.resize(size + 1);
  napi_get_value_string_utf8(env_, given, text.value.data(), size + 1, &size);
  text.value.resize(size);
  return text;
}

Bytes Arguments::Bytes() {
  quic::Bytes bytes;
  napi_value given = Value();
  napi_typedarray_type type = napi_int8_array;
  const bool isArray =
      given != nullptr && napi_get_typedarray_info(env_, given, &type, &bytes.size, &bytes.data,
                                                   &bytes.buffer, nullptr) == napi_ok;
  if (isArray && type == napi_uint8_array) return bytes;
  Fail("a Uint8Array");
  return {};
}

Bytes Arguments::Part() {
  quic::Bytes bytes = Bytes();
  const size_t size = Size();
  if (size > bytes.size) Fail("no more than the size of the array before it");
  if (failed_) return {};
  bytes.size = size;
  return bytes;
}

double *Arguments::Numbers(size_t count) {
  napi_value given = Value();
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0;
  void *data = nullptr;
  const bool isArray =
      given != nullptr &&
      napi_get_typedarray_info(env_, given, &type, &length, &data, nullptr, nullptr) == napi_ok;
  if (isArray && type == napi_float64_array && length >= count) return static_cast<double *>(data);
  Fail(("a Float64Array of at least " + std::to_string(count) + " elements").c_str());
  return nullptr;
}

bool Throw(napi_env env, const quic_error &error) {
  if (error.kind == QUIC_ERROR_NONE) return false;
  napi_value message = ToString(env, error.message, NAPI_AUTO_LENGTH);
  napi_value thrown = nullptr;
  if (napi_create_error(env, nullptr, message, &thrown) != napi_ok) return true;
  napi_set_named_property(env, thrown, "kind", ToNumber(env, error.kind));
  napi_set_named_property(env, thrown, "code", ToNumber(env, error.code));
  napi_set_named_property(env, thrown, "option", ToString(env, error.option, NAPI_AUTO_LENGTH));
  napi_throw(env, thrown);
  return true;
}

// They return nothing, which is undefined in JavaScript, when the environment is being torn down.

napi_value ToHandle(napi_env env, const quic_error &error, uint32_t handle) {
  return Throw(env, error) ? nullptr : ToNumber(env, handle);
}

napi_value ToNumber(napi_env env, double number) {
  napi_value value = nullptr;
  napi_create_double(env, number, &value);
  return value;
}

napi_value ToBoolean(napi_env env, bool flag) {
  napi_value value = nullptr;
  napi_get_boolean(env, flag, &value);
  return value;
}

napi_value ToString(napi_env env, const char *text, size_t size) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text, size, &value);
  return value;
}

}  // namespace quic
