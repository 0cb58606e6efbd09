#include "addon.h"

// connectionDial(transport, host, port, serverName, config, session): handle
Napi::Value Environment::ConnectionDial(Info info) {
  Text host(info[1]);
  Text serverName(info[3]);
  Text config(info[4]);
  Bytes session(info[5]);
  quic_error error = {};
  uint32_t handle =
      quic_connection_dial(env_, Handle(info[0]), host.data(), host.length(), Port(info[2]), serverName.data(),
                           serverName.length(), config.data(), config.length(), session.data, session.length, &error);
  if (Throw(info.Env(), error)) return {};
  return Napi::Number::New(info.Env(), handle);
}

// Calls a function of the ABI that fills a buffer, again with a larger one if need be.
Napi::Value Environment::Fill(Info info, int32_t (*fill)(uint32_t, uint32_t, void *, int32_t)) {
  std::string data(4096, '\0');
  for (;;) {
    auto size = static_cast<int32_t>(data.size());
    int32_t length = fill(env_, Handle(info[0]), data.data(), size);
    if (length <= size) {
      return Napi::Buffer<char>::Copy(info.Env(), data.data(), static_cast<size_t>(length));
    }
    data.resize(static_cast<size_t>(length));
  }
}

// connectionDescribe(connection): JSON as a Buffer
Napi::Value Environment::ConnectionDescribe(Info info) { return Fill(info, quic_connection_describe); }

// connectionCertificates(connection): Buffer
Napi::Value Environment::ConnectionCertificates(Info info) { return Fill(info, quic_connection_certificates); }

// connectionSession(connection): Buffer
Napi::Value Environment::ConnectionSession(Info info) { return Fill(info, quic_connection_session); }

// connectionCloseReason(connection): Buffer
Napi::Value Environment::ConnectionCloseReason(Info info) { return Fill(info, quic_connection_close_reason); }

// connectionQuestion(connection): Buffer
Napi::Value Environment::ConnectionQuestion(Info info) { return Fill(info, quic_connection_question); }

// connectionVerdict(connection, number, alert): whether the question was still asked
Napi::Value Environment::ConnectionVerdict(Info info) {
  return Napi::Boolean::New(info.Env(), quic_connection_verdict(env_, Handle(info[0]), Double(info[1]),
                                                                static_cast<uint8_t>(Handle(info[2]))));
}

// connectionAccept(connection)
void Environment::ConnectionAccept(Info info) { quic_connection_accept(env_, Handle(info[0])); }

// connectionTellArrived(connection)
void Environment::ConnectionTellArrived(Info info) { quic_connection_tell_arrived(env_, Handle(info[0])); }

// connectionStats(connection, numbers): fills a Float64Array
void Environment::ConnectionStats(Info info) {
  quic_connection_stats(env_, Handle(info[0]), static_cast<double *>(Bytes(info[1]).data));
}

// connectionMigrate(connection, transport)
void Environment::ConnectionMigrate(Info info) {
  quic_error error = {};
  quic_connection_migrate(env_, Handle(info[0]), Handle(info[1]), &error);
  Throw(info.Env(), error);
}

// connectionCancelMigration(connection)
void Environment::ConnectionCancelMigration(Info info) { quic_connection_cancel_migration(env_, Handle(info[0])); }

// connectionDrain(connection, withDatagrams, hadTurn): whether a ConnectionDrained event will come
Napi::Value Environment::ConnectionDrain(Info info) {
  return Napi::Boolean::New(info.Env(), quic_connection_drain(env_, Handle(info[0]), Bool(info[1]), Bool(info[2])));
}

// connectionClose(connection, isApp, code, reason)
void Environment::ConnectionClose(Info info) {
  Bytes reason(info[3]);
  quic_connection_close(env_, Handle(info[0]), Bool(info[1]), Double(info[2]), reason.data, reason.length);
}

// connectionRelease(connection)
void Environment::ConnectionRelease(Info info) { quic_connection_release(env_, Handle(info[0])); }

// connectionOpenStream(connection, uni, ids): handle
// The stream's ID is written into ids[0], a Float64Array.
Napi::Value Environment::ConnectionOpenStream(Info info) {
  Bytes ids(info[2]);
  quic_error error = {};
  uint32_t handle = quic_connection_open_stream(env_, Handle(info[0]), Bool(info[1]), static_cast<double *>(ids.data), &error);
  if (Throw(info.Env(), error)) return {};
  return Napi::Number::New(info.Env(), handle);
}
