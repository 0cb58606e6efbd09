#include "addon.h"

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
  length = static_cast<int32_t>(size);
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

Addon::Addon(Napi::Env, Napi::Object exports) {
  DefineAddon(
      exports,
      {
          InstanceMethod("environmentOpen", &Addon::EnvironmentOpen),
          InstanceMethod("environmentClose", &Addon::EnvironmentClose),
          InstanceMethod("environmentCloseConnections", &Addon::EnvironmentCloseConnections),
          InstanceMethod("environmentRef", &Addon::EnvironmentRef),
          InstanceMethod("environmentUnref", &Addon::EnvironmentUnref),
          InstanceMethod("environmentDrain", &Addon::EnvironmentDrain),
          InstanceMethod("environmentStats", &Addon::EnvironmentStats),
          InstanceMethod("selfSigned", &Addon::SelfSigned),
          InstanceMethod("configCheck", &Addon::ConfigCheck),
          InstanceMethod("authoritiesSet", &Addon::AuthoritiesSet),
          InstanceMethod("transportOpenNative", &Addon::TransportOpenNative),
          InstanceMethod("transportOpenVirtual", &Addon::TransportOpenVirtual),
          InstanceMethod("transportHost", &Addon::TransportHost),
          InstanceMethod("transportPort", &Addon::TransportPort),
          InstanceMethod("transportDeliver", &Addon::TransportDeliver),
          InstanceMethod("transportPending", &Addon::TransportPending),
          InstanceMethod("transportRelease", &Addon::TransportRelease),
          InstanceMethod("transportFailWrites", &Addon::TransportFailWrites),
          InstanceMethod("transportSend", &Addon::TransportSend),
          InstanceMethod("transportReadDatagrams", &Addon::TransportReadDatagrams),
          InstanceMethod("transportStats", &Addon::TransportStats),
          InstanceMethod("transportClose", &Addon::TransportClose),
          InstanceMethod("listenerOpen", &Addon::ListenerOpen),
          InstanceMethod("listenerConfigure", &Addon::ListenerConfigure),
          InstanceMethod("listenerClose", &Addon::ListenerClose),
          InstanceMethod("connectionDial", &Addon::ConnectionDial),
          InstanceMethod("connectionDescribe", &Addon::ConnectionDescribe),
          InstanceMethod("connectionCertificates", &Addon::ConnectionCertificates),
          InstanceMethod("connectionSession", &Addon::ConnectionSession),
          InstanceMethod("connectionQuestion", &Addon::ConnectionQuestion),
          InstanceMethod("connectionVerdict", &Addon::ConnectionVerdict),
          InstanceMethod("connectionAccept", &Addon::ConnectionAccept),
          InstanceMethod("connectionRefuseStreams", &Addon::ConnectionRefuseStreams),
          InstanceMethod("connectionStats", &Addon::ConnectionStats),
          InstanceMethod("connectionMigrate", &Addon::ConnectionMigrate),
          InstanceMethod("connectionCancelMigration", &Addon::ConnectionCancelMigration),
          InstanceMethod("connectionDrain", &Addon::ConnectionDrain),
          InstanceMethod("connectionClose", &Addon::ConnectionClose),
          InstanceMethod("connectionRelease", &Addon::ConnectionRelease),
          InstanceMethod("connectionOpenStream", &Addon::ConnectionOpenStream),
          InstanceMethod("datagramsRead", &Addon::DatagramsRead),
          InstanceMethod("datagramsUnread", &Addon::DatagramsUnread),
          InstanceMethod("datagramsSetIncoming", &Addon::DatagramsSetIncoming),
          InstanceMethod("datagramsStopReading", &Addon::DatagramsStopReading),
          InstanceMethod("datagramsWrite", &Addon::DatagramsWrite),
          InstanceMethod("datagramsStats", &Addon::DatagramsStats),
          InstanceMethod("streamRead", &Addon::StreamRead),
          InstanceMethod("streamWrite", &Addon::StreamWrite),
          InstanceMethod("streamStopSending", &Addon::StreamStopSending),
          InstanceMethod("streamReset", &Addon::StreamReset),
          InstanceMethod("streamCommit", &Addon::StreamCommit),
          InstanceMethod("streamSetPriority", &Addon::StreamSetPriority),
          InstanceMethod("streamRelease", &Addon::StreamRelease),
      });
}

NODE_API_ADDON(Addon)
