// What JavaScript gives to a call, and what it gets back. Every argument is checked before it is
// used.
#ifndef MATRIXAI_QUIC_ARGUMENTS_H
#define MATRIXAI_QUIC_ARGUMENTS_H

#ifdef _WIN32
// The header of Node-API exports its functions, as Node.js itself would.
#define NAPI_EXTERN __declspec(dllimport)
#endif
#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <string>

// Written by cgo: the functions of the ABI.
#include "_cgo_export.h"

namespace quic {

// A view of the bytes of a Uint8Array, for the time of a call.
struct Bytes {
  void *data = nullptr;
  size_t size = 0;
  // What holds them.
  napi_value buffer = nullptr;
};

// A copy of a string as UTF-8.
struct Text {
  void *data() { return value.data(); }
  size_t size() const { return value.size(); }
  std::string value;
};

// The arguments of a call, taken in their order. One that is not what the call wants makes the call
// throw a TypeError, and all that follow are empty: then the call must return without doing
// anything.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info);

  napi_env env() const { return env_; }
  // What was given to napi_define_properties along with the method.
  void *self() const { return self_; }
  // The argument that is taken next, as it is, or null.
  napi_value Value() {
    const size_t taken = next_++;
    return taken < given_ ? values_[taken] : nullptr;
  }

  uint32_t Handle();
  uint16_t Port();
  uint8_t Byte();
  int32_t Int();
  double Double();
  bool Bool();
  size_t Size();
  quic::Text Text();
  quic::Bytes Bytes();
  // A Uint8Array. The argument after it says how many bytes of it count.
  quic::Bytes Part();
  // A Float64Array with room for that many numbers.
  double *Numbers(size_t count);

  // Whether an argument was wrong. An exception is pending then.
  bool failed() const { return failed_; }

 private:
  static constexpr size_t kMost = 8;

  // Makes the call throw, unless it does already: the argument that was taken last is wrong.
  void Fail(const char *expected);
  // Any integer that a T can hold.
  template <typename T>
  T Integer(const char *expected);

  napi_env env_;
  void *self_ = nullptr;
  size_t given_ = kMost;
  size_t next_ = 0;
  napi_value values_[kMost] = {};
  bool failed_ = false;
};

// Throws what a call reported, if it failed. Returns whether it did.
bool Throw(napi_env env, const quic_error &error);

// What a call made, or nothing if it failed: then it throws.
napi_value ToHandle(napi_env env, const quic_error &error, uint32_t handle);
napi_value ToNumber(napi_env env, double number);
napi_value ToBoolean(napi_env env, bool flag);
napi_value ToString(napi_env env, const char *text, size_t size);

}  // namespace quic

#endif
