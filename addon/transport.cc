#include <algorithm>

#include "environment.h"

namespace quic {

// transportOpenNative(host, port, reuseAddr, ipv6Only, key, connectionIds, takeOver): handle
napi_value Environment::TransportOpenNative(Arguments &arguments) {
  Text host = arguments.Text();
  const uint16_t port = arguments.Port();
  const bool reuseAddr = arguments.Bool();
  const bool ipv6Only = arguments.Bool();
  const Bytes key = arguments.Bytes();
  const Bytes ids = arguments.Bytes();
  const bool takeOver = arguments.Bool();
  if (arguments.failed()) return nullptr;
  quic_error error = {};
  const uint32_t handle =
      quic_transport_open_native(env_, host.data(), host.size(), port, reuseAddr, ipv6Only,
                                 key.data, key.size, ids.data, ids.size, takeOver, &error);
  return ToHandle(arguments.env(), error, handle);
}

// transportBind(host, port, reuseAddr, ipv6Only): descriptor
napi_value Environment::TransportBind(Arguments &arguments) {
  Text host = arguments.Text();
  const uint16_t port = arguments.Port();
  const bool reuseAddr = arguments.Bool();
  const bool ipv6Only = arguments.Bool();
  if (arguments.failed()) return nullptr;
  quic_error error = {};
  const int32_t descriptor =
      quic_transport_bind(host.data(), host.size(), port, reuseAddr, ipv6Only, &error);
  if (Throw(arguments.env(), error)) return nullptr;
  return ToNumber(arguments.env(), static_cast<double>(descriptor));
}

// transportOpenVirtual(host, port, key, connectionIds, takeOver, ring, fd, reuseAddr): handle
//
// The memory of the ring is kept until transportForget. The view on it is not: that would keep the
// realm of the copy, whose end only garbage collection tells.
napi_value Environment::TransportOpenVirtual(Arguments &arguments) {
  Text host = arguments.Text();
  const uint16_t port = arguments.Port();
  const Bytes key = arguments.Bytes();
  const Bytes ids = arguments.Bytes();
  const bool takeOver = arguments.Bool();
  const Bytes ring = arguments.Bytes();
  const int32_t descriptor = arguments.Int();
  const bool reuseAddr = arguments.Bool();
  napi_env env = arguments.env();
  napi_ref kept = nullptr;
  if (arguments.failed() || napi_create_reference(env, ring.buffer, 1, &kept) != napi_ok) {
    return nullptr;
  }
  quic_error error = {};
  const uint32_t handle = quic_transport_open_virtual(
      env_, host.data(), host.size(), port, key.data, key.size, ids.data, ids.size, takeOver,
      ring.data, ring.size, descriptor, reuseAddr, &error);
  if (handle == 0) {
    napi_delete_reference(env, kept);
  } else {
    rings_.emplace_back(handle, kept);
  }
  return ToHandle(env, error, handle);
}

// transportForget(transport): gives up the ring of a transport that is closed
napi_value Environment::TransportForget(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  if (arguments.failed() || quic_transport_is_open(env_, handle)) return nullptr;
  const auto found = std::find_if(rings_.begin(), rings_.end(),
                                  [=](const auto &ring) { return ring.first == handle; });
  if (found != rings_.end()) {
    napi_delete_reference(arguments.env(), found->second);
    rings_.erase(found);
  }
  return nullptr;
}

// transportHost(transport): IP address as a Buffer
napi_value Environment::TransportHost(Arguments &arguments) {
  return Fill(arguments, quic_transport_host);
}

// transportPort(transport): port
napi_value Environment::TransportPort(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  if (arguments.failed()) return nullptr;
  return ToNumber(arguments.env(), static_cast<double>(quic_transport_port(env_, handle)));
}

// transportDeliver(transport, batch, length)
napi_value Environment::TransportDeliver(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const Bytes batch = arguments.Part();
  if (!arguments.failed()) quic_transport_deliver(env_, handle, batch.data, batch.size);
  return nullptr;
}

// transportPending(transport): number of datagrams in the ring
napi_value Environment::TransportPending(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  if (arguments.failed()) return nullptr;
  return ToNumber(arguments.env(), static_cast<double>(quic_transport_pending(env_, handle)));
}

// transportRelease(transport, n): number of datagrams left in the ring
napi_value Environment::TransportRelease(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const int32_t n = arguments.Int();
  if (arguments.failed()) return nullptr;
  return ToNumber(arguments.env(), static_cast<double>(quic_transport_release(env_, handle, n)));
}

// transportFailWrites(transport, host, port, errno)
napi_value Environment::TransportFailWrites(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  Text host = arguments.Text();
  const uint16_t port = arguments.Port();
  const int32_t code = arguments.Int();
  if (!arguments.failed()) {
    quic_transport_fail_writes(env_, handle, host.data(), host.size(), port, code);
  }
  return nullptr;
}

// transportSend(transport, id, data, host, port): whether a TransportSent event will come
napi_value Environment::TransportSend(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const double id = arguments.Double();
  const Bytes data = arguments.Bytes();
  Text host = arguments.Text();
  const uint16_t port = arguments.Port();
  if (arguments.failed()) return nullptr;
  const bool started =
      quic_transport_send(env_, handle, id, data.data, data.size, host.data(), host.size(), port);
  return ToBoolean(arguments.env(), started);
}

// transportReadRawDatagrams(transport, buffer): number of bytes
napi_value Environment::TransportReadRawDatagrams(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const Bytes buffer = arguments.Bytes();
  if (arguments.failed()) return nullptr;
  const size_t size = quic_transport_read_raw_datagrams(env_, handle, buffer.data, buffer.size);
  return ToNumber(arguments.env(), static_cast<double>(size));
}

// transportStats(transport, numbers)
napi_value Environment::TransportStats(Arguments &arguments) {
  return Measure(arguments, quic_transport_stats, QUIC_TRANSPORT_STATS);
}

// transportClose(transport)
napi_value Environment::TransportClose(Arguments &arguments) {
  return Tell(arguments, quic_transport_close);
}

}  // namespace quic
