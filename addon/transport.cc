#include "addon.h"

// transportOpenNative(host, port, reuseAddr, ipv6Only, key, connectionIds, takeOver): handle
Napi::Value Environment::TransportOpenNative(Info info) {
  Text host(info[0]);
  Bytes key(info[4]);
  Bytes ids(info[5]);
  quic_error error = {};
  uint32_t handle = quic_transport_open_native(env_, host.data(), host.length(), Port(info[1]), Bool(info[2]),
                                               Bool(info[3]), key.data, key.length, ids.data, ids.length,
                                               Bool(info[6]), &error);
  if (Throw(info.Env(), error)) return {};
  return Napi::Number::New(info.Env(), handle);
}

// transportOpenVirtual(host, port, key, connectionIds, takeOver, ring): handle
// The caller keeps the ring alive until the transport is closed.
Napi::Value Environment::TransportOpenVirtual(Info info) {
  Text host(info[0]);
  Bytes key(info[2]);
  Bytes ids(info[3]);
  Bytes ring(info[5]);
  quic_error error = {};
  uint32_t handle = quic_transport_open_virtual(env_, host.data(), host.length(), Port(info[1]), key.data, key.length,
                                                ids.data, ids.length, Bool(info[4]), ring.data, ring.length,
                                                &error);
  if (Throw(info.Env(), error)) return {};
  return Napi::Number::New(info.Env(), handle);
}

// transportHost(transport): IP address as a Buffer
Napi::Value Environment::TransportHost(Info info) { return Fill(info, quic_transport_host); }

// transportPort(transport): port
Napi::Value Environment::TransportPort(Info info) {
  return Napi::Number::New(info.Env(), quic_transport_port(env_, Handle(info[0])));
}

// transportDeliver(transport, batch, length)
void Environment::TransportDeliver(Info info) {
  quic_transport_deliver(env_, Handle(info[0]), Bytes(info[1]).data, Int(info[2]));
}

// transportPending(transport): number of datagrams in the ring
Napi::Value Environment::TransportPending(Info info) {
  return Napi::Number::New(info.Env(), quic_transport_pending(env_, Handle(info[0])));
}

// transportRelease(transport, n): number of datagrams left in the ring
Napi::Value Environment::TransportRelease(Info info) {
  return Napi::Number::New(info.Env(), quic_transport_release(env_, Handle(info[0]), Int(info[1])));
}

// transportFailWrites(transport, host, port, errno)
void Environment::TransportFailWrites(Info info) {
  Text host(info[1]);
  quic_transport_fail_writes(env_, Handle(info[0]), host.data(), host.length(), Port(info[2]), Int(info[3]));
}

// transportSend(transport, id, data, host, port): whether a TransportSent event will come
Napi::Value Environment::TransportSend(Info info) {
  Bytes data(info[2]);
  Text host(info[3]);
  return Napi::Boolean::New(info.Env(), quic_transport_send(env_, Handle(info[0]), Double(info[1]), data.data,
                                                            data.length, host.data(), host.length(), Port(info[4])));
}

// transportReadDatagrams(transport, buffer): number of bytes
Napi::Value Environment::TransportReadDatagrams(Info info) {
  Bytes buffer(info[1]);
  return Napi::Number::New(info.Env(),
                           quic_transport_read_datagrams(env_, Handle(info[0]), buffer.data, buffer.length));
}

// transportStats(transport, numbers): fills a Float64Array
void Environment::TransportStats(Info info) {
  quic_transport_stats(env_, Handle(info[0]), static_cast<double *>(Bytes(info[1]).data));
}

// transportClose(transport)
void Environment::TransportClose(Info info) { quic_transport_close(env_, Handle(info[0])); }
