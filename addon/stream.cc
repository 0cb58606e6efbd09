#include "addon.h"

// streamRead(stream, buffer): see engine.Stream.Read
Napi::Value Environment::StreamRead(Info info) {
  Bytes buffer(info[1]);
  return Napi::Number::New(info.Env(), quic_stream_read(env_, Handle(info[0]), buffer.data, buffer.length));
}

// streamWrite(stream, data, fin): see engine.Stream.Write
Napi::Value Environment::StreamWrite(Info info) {
  Bytes data(info[1]);
  return Napi::Number::New(info.Env(),
                           quic_stream_write(env_, Handle(info[0]), data.data, data.length, Bool(info[2])));
}

// streamStopSending(stream, code)
void Environment::StreamStopSending(Info info) { quic_stream_stop_sending(env_, Handle(info[0]), Double(info[1])); }

// streamReset(stream, code)
void Environment::StreamReset(Info info) { quic_stream_reset(env_, Handle(info[0]), Double(info[1])); }

// streamCommit(stream)
void Environment::StreamCommit(Info info) { quic_stream_commit(env_, Handle(info[0])); }

// streamSetPriority(stream, urgency, incremental)
void Environment::StreamSetPriority(Info info) {
  quic_stream_set_priority(env_, Handle(info[0]), static_cast<int8_t>(Int(info[1])), Bool(info[2]));
}

// streamRelease(stream)
void Environment::StreamRelease(Info info) { quic_stream_release(env_, Handle(info[0])); }
