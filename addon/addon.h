// The N-API shim: it converts arguments, keeps nothing but the handles of its
// environments, and wakes JavaScript when events wait. No protocol logic.
#ifndef MATRIXAI_QUIC_ADDON_H
#define MATRIXAI_QUIC_ADDON_H

#ifdef _WIN32
// The header of Node-API exports its functions, as Node.js itself would.
#define NAPI_EXTERN __declspec(dllimport)
#endif
#include <napi.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

// Written by cgo: the functions of the ABI.
#include "_cgo_export.h"

// A view of the bytes of an ArrayBuffer or a view on one, for the time of a call. Of more than
// 2^31 - 1 bytes it has the first: reads fill as much as fits, and JavaScript writes in pieces.
struct Bytes {
  explicit Bytes(const Napi::Value &value);
  void *data = nullptr;
  int32_t length = 0;
};

// A copy of a string as UTF-8.
struct Text {
  explicit Text(const Napi::Value &value) : value(value.As<Napi::String>().Utf8Value()) {}
  void *data() { return value.data(); }
  int32_t length() const { return static_cast<int32_t>(value.size()); }
  std::string value;
};

inline uint32_t Handle(const Napi::Value &value) { return value.As<Napi::Number>().Uint32Value(); }
inline int32_t Int(const Napi::Value &value) { return value.As<Napi::Number>().Int32Value(); }
inline uint16_t Port(const Napi::Value &value) { return static_cast<uint16_t>(Handle(value)); }
inline double Double(const Napi::Value &value) { return value.As<Napi::Number>().DoubleValue(); }
inline bool Bool(const Napi::Value &value) { return value.As<Napi::Boolean>().Value(); }

// Throws what a call reported, if it failed. Returns whether it did.
bool Throw(Napi::Env env, const quic_error &error);

// What one copy of the JavaScript calls. Node.js gives the addon's exports to every copy in a
// thread: what belongs to a copy hangs on an object of its own, which has the methods. They are those of
// src/ts/native/binding.ts; each calls the function of the ABI that has its name.
class Environment {
 public:
  // An object with the methods, or none when the environment cannot be opened.
  napi_value Open(napi_env env, napi_value onWake);

 private:
  using Info = const Napi::CallbackInfo &;

  // A method as Node-API calls it. Without an instance to look up, as each copy has functions of its own.
  template <auto method>
  static napi_value Call(napi_env env, napi_callback_info info) {
    Napi::CallbackInfo arguments(env, info);
    auto *self = static_cast<Environment *>(arguments.Data());
    if constexpr (std::is_void_v<decltype((self->*method)(arguments))>) {
      (self->*method)(arguments);
      return nullptr;
    } else {
      return (self->*method)(arguments);
    }
  }

  static void CleanUp(void *self);
  void Release(napi_env env);

  void EnvironmentClose(Info info);
  void EnvironmentAbandon(Info info);
  void EnvironmentCloseConnections(Info info);
  void EnvironmentRef(Info info);
  void EnvironmentUnref(Info info);
  Napi::Value EnvironmentDrain(Info info);
  Napi::Value EnvironmentStats(Info info);
  Napi::Value Issue(Info info);
  Napi::Value ConfigCheck(Info info);
  void AuthoritiesSet(Info info);

  Napi::Value TransportOpenNative(Info info);
  Napi::Value TransportOpenVirtual(Info info);
  Napi::Value TransportHost(Info info);
  Napi::Value TransportPort(Info info);
  void TransportDeliver(Info info);
  Napi::Value TransportPending(Info info);
  Napi::Value TransportRelease(Info info);
  void TransportFailWrites(Info info);
  Napi::Value TransportSend(Info info);
  Napi::Value TransportReadDatagrams(Info info);
  void TransportStats(Info info);
  void TransportClose(Info info);

  Napi::Value ListenerOpen(Info info);
  void ListenerConfigure(Info info);
  void ListenerClose(Info info);

  Napi::Value ConnectionDial(Info info);
  Napi::Value ConnectionDescribe(Info info);
  Napi::Value ConnectionCertificates(Info info);
  Napi::Value ConnectionSession(Info info);
  Napi::Value ConnectionCloseReason(Info info);
  Napi::Value ConnectionQuestion(Info info);
  Napi::Value ConnectionVerdict(Info info);
  void ConnectionAccept(Info info);
  void ConnectionTellArrived(Info info);
  void ConnectionStats(Info info);
  void ConnectionMigrate(Info info);
  void ConnectionCancelMigration(Info info);
  Napi::Value ConnectionDrain(Info info);
  void ConnectionClose(Info info);
  void ConnectionRelease(Info info);
  Napi::Value ConnectionOpenStream(Info info);

  Napi::Value DatagramsRead(Info info);
  void DatagramsUnread(Info info);
  void DatagramsSetIncoming(Info info);
  void DatagramsStopReading(Info info);
  Napi::Value DatagramsWrite(Info info);
  void DatagramsStats(Info info);

  Napi::Value StreamRead(Info info);
  Napi::Value StreamWrite(Info info);
  void StreamStopSending(Info info);
  void StreamReset(Info info);
  void StreamCommit(Info info);
  void StreamSetPriority(Info info);
  void StreamRelease(Info info);

  Napi::Value Fill(Info info, int32_t (*fill)(uint32_t, uint32_t, void *, int32_t));

  uint32_t env_ = 0;
  napi_threadsafe_function wake_ = nullptr;
};

// One instance lives in the instance data of each napi_env: nothing is global.
class Addon : public Napi::Addon<Addon> {
 public:
  Addon(Napi::Env env, Napi::Object exports);

 private:
  Napi::Value EnvironmentOpen(const Napi::CallbackInfo &info);

  // They stay when they are closed, a few bytes each: functions of theirs may still be called.
  std::vector<std::unique_ptr<Environment>> environments_;
};

#endif
