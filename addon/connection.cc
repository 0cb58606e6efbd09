#include "environment.h"

namespace quic {

// connectionDial(transport, host, port, serverName, config, session): handle
napi_value Environment::ConnectionDial(Arguments &arguments) {
  const uint32_t transport = arguments.Handle();
  Text host = arguments.Text();
  const uint16_t port = arguments.Port();
  Text serverName = arguments.Text();
  Text config = arguments.Text();
  const Bytes session = arguments.Bytes();
  if (arguments.failed()) return nullptr;
  quic_error error = {};
  const uint32_t handle = quic_connection_dial(env_, transport, host.data(), host.size(), port,
                                               serverName.data(), serverName.size(), config.data(),
                                               config.size(), session.data, session.size, &error);
  return ToHandle(arguments.env(), error, handle);
}

// connectionDescribe(connection): JSON as a Buffer
napi_value Environment::ConnectionDescribe(Arguments &arguments) {
  return Fill(arguments, quic_connection_describe);
}

// connectionCertificates(connection): Buffer
napi_value Environment::ConnectionCertificates(Arguments &arguments) {
  return Fill(arguments, quic_connection_certificates);
}

// connectionSession(connection): Buffer
napi_value Environment::ConnectionSession(Arguments &arguments) {
  return Fill(arguments, quic_connection_session);
}

// connectionCloseReason(connection): Buffer
napi_value Environment::ConnectionCloseReason(Arguments &arguments) {
  return Fill(arguments, quic_connection_close_reason);
}

// connectionQuestion(connection): Buffer
napi_value Environment::ConnectionQuestion(Arguments &arguments) {
  return Fill(arguments, quic_connection_question);
}

// connectionVerdict(connection, number, alert): whether the question was still asked
napi_value Environment::ConnectionVerdict(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const double number = arguments.Double();
  const uint8_t alert = arguments.Byte();
  if (arguments.failed()) return nullptr;
  const bool taken = quic_connection_verdict(env_, handle, number, alert);
  return ToBoolean(arguments.env(), taken);
}

// connectionAccept(connection)
napi_value Environment::ConnectionAccept(Arguments &arguments) {
  return Tell(arguments, quic_connection_accept);
}

// connectionTellArrived(connection)
napi_value Environment::ConnectionTellArrived(Arguments &arguments) {
  return Tell(arguments, quic_connection_tell_arrived);
}

// connectionStats(connection, numbers)
napi_value Environment::ConnectionStats(Arguments &arguments) {
  return Measure(arguments, quic_connection_stats, QUIC_CONNECTION_STATS);
}

// connectionMigrate(connection, transport)
napi_value Environment::ConnectionMigrate(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const uint32_t transport = arguments.Handle();
  if (arguments.failed()) return nullptr;
  quic_error error = {};
  quic_connection_migrate(env_, handle, transport, &error);
  Throw(arguments.env(), error);
  return nullptr;
}

// connectionCancelMigration(connection)
napi_value Environment::ConnectionCancelMigration(Arguments &arguments) {
  return Tell(arguments, quic_connection_cancel_migration);
}

// connectionDrain(connection, withDatagrams, hadTurn): whether a ConnectionDrained event will come
napi_value Environment::ConnectionDrain(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const bool withDatagrams = arguments.Bool();
  const bool hadTurn = arguments.Bool();
  if (arguments.failed()) return nullptr;
  const bool waits = quic_connection_drain(env_, handle, withDatagrams, hadTurn);
  return ToBoolean(arguments.env(), waits);
}

// connectionClose(connection, isApp, code, reason)
napi_value Environment::ConnectionClose(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const bool isApp = arguments.Bool();
  const double code = arguments.Double();
  const Bytes reason = arguments.Bytes();
  if (!arguments.failed()) {
    quic_connection_close(env_, handle, isApp, code, reason.data, reason.size);
  }
  return nullptr;
}

// connectionRelease(connection)
napi_value Environment::ConnectionRelease(Arguments &arguments) {
  return Tell(arguments, quic_connection_release);
}

// connectionOpenStream(connection, uni, ids): handle
// The stream's ID is written into ids[0].
napi_value Environment::ConnectionOpenStream(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const bool uni = arguments.Bool();
  double *ids = arguments.Numbers(1);
  if (arguments.failed()) return nullptr;
  quic_error error = {};
  const uint32_t stream = quic_connection_open_stream(env_, handle, uni, ids, &error);
  return ToHandle(arguments.env(), error, stream);
}

}  // namespace quic
