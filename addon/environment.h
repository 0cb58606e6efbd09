// The N-API shim: it converts arguments, keeps nothing but the handles of its environments and what
// they borrow, and wakes JavaScript when events wait. No protocol logic.
#ifndef MATRIXAI_QUIC_ENVIRONMENT_H
#define MATRIXAI_QUIC_ENVIRONMENT_H

#include <utility>
#include <vector>

#include "arguments.h"
#include "signals.h"

// The methods of an environment: their names in JavaScript, as in
// src/ts/internal/engine/binding.ts, and in C++. Each calls the function of the ABI that has its
// name.
#define QUIC_METHODS(METHOD)                                                   \
  METHOD(environmentClose, EnvironmentClose)                                   \
  METHOD(environmentAbandon, EnvironmentAbandon)                               \
  METHOD(environmentCloseConnections, EnvironmentCloseConnections)             \
  METHOD(environmentRef, EnvironmentRef)                                       \
  METHOD(environmentUnref, EnvironmentUnref)                                   \
  METHOD(environmentDrain, EnvironmentDrain)                                   \
  METHOD(environmentStats, EnvironmentStats)                                   \
  METHOD(issue, Issue)                                                         \
  METHOD(configCheck, ConfigCheck)                                             \
  METHOD(authoritiesSet, AuthoritiesSet)                                       \
  METHOD(transportOpenNative, TransportOpenNative)                             \
  METHOD(transportBind, TransportBind)                                         \
  METHOD(transportOpenVirtual, TransportOpenVirtual)                           \
  METHOD(transportForget, TransportForget)                                     \
  METHOD(transportHost, TransportHost)                                         \
  METHOD(transportPort, TransportPort)                                         \
  METHOD(transportDeliver, TransportDeliver)                                   \
  METHOD(transportPending, TransportPending)                                   \
  METHOD(transportRelease, TransportRelease)                                   \
  METHOD(transportFailWrites, TransportFailWrites)                             \
  METHOD(transportSend, TransportSend)                                         \
  METHOD(transportReadRawDatagrams, TransportReadRawDatagrams)                 \
  METHOD(transportStats, TransportStats)                                       \
  METHOD(transportClose, TransportClose)                                       \
  METHOD(listenerOpen, ListenerOpen)                                           \
  METHOD(listenerConfigure, ListenerConfigure)                                 \
  METHOD(listenerClose, ListenerClose)                                         \
  METHOD(connectionDial, ConnectionDial)                                       \
  METHOD(connectionDescribe, ConnectionDescribe)                               \
  METHOD(connectionCertificates, ConnectionCertificates)                       \
  METHOD(connectionSession, ConnectionSession)                                 \
  METHOD(connectionCloseReason, ConnectionCloseReason)                         \
  METHOD(connectionQuestion, ConnectionQuestion)                               \
  METHOD(connectionVerdict, ConnectionVerdict)                                 \
  METHOD(connectionAccept, ConnectionAccept)                                   \
  METHOD(connectionTellArrived, ConnectionTellArrived)                         \
  METHOD(connectionStats, ConnectionStats)                                     \
  METHOD(connectionMigrate, ConnectionMigrate)                                 \
  METHOD(connectionCancelMigration, ConnectionCancelMigration)                 \
  METHOD(connectionDrain, ConnectionDrain)                                     \
  METHOD(connectionClose, ConnectionClose)                                     \
  METHOD(connectionRelease, ConnectionRelease)                                 \
  METHOD(connectionOpenStream, ConnectionOpenStream)                           \
  METHOD(datagramsRead, DatagramsRead)                                         \
  METHOD(datagramsUnread, DatagramsUnread)                                     \
  METHOD(datagramsSetIncomingHighWaterMark, DatagramsSetIncomingHighWaterMark) \
  METHOD(datagramsStopReading, DatagramsStopReading)                           \
  METHOD(datagramsWrite, DatagramsWrite)                                       \
  METHOD(datagramsStats, DatagramsStats)                                       \
  METHOD(streamRead, StreamRead)                                               \
  METHOD(streamWrite, StreamWrite)                                             \
  METHOD(streamStopSending, StreamStopSending)                                 \
  METHOD(streamReset, StreamReset)                                             \
  METHOD(streamCommit, StreamCommit)                                           \
  METHOD(streamSetPriority, StreamSetPriority)                                 \
  METHOD(streamRelease, StreamRelease)

namespace quic {

// What one copy of the JavaScript calls. Node.js gives the addon's exports to every copy in a
// thread: what belongs to a copy hangs on an object of its own, which has the methods.
class Environment {
 public:
  // An object with the methods, or none when the environment cannot be opened.
  napi_value Open(napi_env env, napi_value onWake);

 private:
  // A method as Node-API calls it.
  template <auto method>
  static napi_value Call(napi_env env, napi_callback_info info) {
    return CallMethod(env, info, method);
  }
  // Not part of Call, so that it is compiled once.
  static napi_value CallMethod(napi_env env, napi_callback_info info,
                               napi_value (Environment::*method)(Arguments &arguments));

  static void CleanUp(void *self);
  void Release(napi_env env);
  // Calls a function of the ABI that takes an object and nothing else.
  napi_value Tell(Arguments &arguments, void (*tell)(uint32_t, uint32_t));
  // Calls a function of the ABI that writes statistics of an object.
  napi_value Measure(Arguments &arguments, void (*measure)(uint32_t, uint32_t, double *),
                     size_t count);
  // Calls a function of the ABI that fills a buffer, again with a larger one if need be.
  napi_value Fill(Arguments &arguments, size_t (*fill)(uint32_t, uint32_t, void *, size_t));

#define QUIC_DECLARE(name, Method) napi_value Method(Arguments &arguments);
  QUIC_METHODS(QUIC_DECLARE)
#undef QUIC_DECLARE

  uint32_t env_ = 0;
  Signals signals_;
  napi_threadsafe_function wake_ = nullptr;
  // The rings of transports, which Go writes into until these are closed.
  std::vector<std::pair<uint32_t, napi_ref>> rings_;
};

}  // namespace quic

#endif
