#include "environment.h"

namespace quic {

// streamRead(stream, buffer): see engine.Stream.Read
napi_value Environment::StreamRead(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const Bytes buffer = arguments.Bytes();
  if (arguments.failed()) return nullptr;
  return ToNumber(arguments.env(),
                  static_cast<double>(quic_stream_read(env_, handle, buffer.data, buffer.size)));
}

// streamWrite(stream, data, fin): see engine.Stream.Write
napi_value Environment::StreamWrite(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const Bytes data = arguments.Bytes();
  const bool fin = arguments.Bool();
  if (arguments.failed()) return nullptr;
  return ToNumber(arguments.env(),
                  static_cast<double>(quic_stream_write(env_, handle, data.data, data.size, fin)));
}

// streamStopSending(stream, code)
napi_value Environment::StreamStopSending(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const double code = arguments.Double();
  if (!arguments.failed()) quic_stream_stop_sending(env_, handle, code);
  return nullptr;
}

// streamReset(stream, code)
napi_value Environment::StreamReset(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const double code = arguments.Double();
  if (!arguments.failed()) quic_stream_reset(env_, handle, code);
  return nullptr;
}

// streamCommit(stream)
napi_value Environment::StreamCommit(Arguments &arguments) {
  return Tell(arguments, quic_stream_commit);
}

// streamSetPriority(stream, urgency, incremental)
napi_value Environment::StreamSetPriority(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const uint8_t urgency = arguments.Byte();
  const bool incremental = arguments.Bool();
  if (!arguments.failed()) quic_stream_set_priority(env_, handle, urgency, incremental);
  return nullptr;
}

// streamRelease(stream)
napi_value Environment::StreamRelease(Arguments &arguments) {
  return Tell(arguments, quic_stream_release);
}

}  // namespace quic
