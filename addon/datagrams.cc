#include "addon.h"

// datagramsRead(connection, batch): see engine.Datagrams.Read
Napi::Value Environment::DatagramsRead(Info info) {
  Bytes batch(info[1]);
  return Napi::Number::New(info.Env(), quic_datagrams_read(env_, Handle(info[0]), batch.data, batch.length));
}

// datagramsUnread(connection, n)
void Environment::DatagramsUnread(Info info) { quic_datagrams_unread(env_, Handle(info[0]), Int(info[1])); }

// datagramsSetIncoming(connection, n)
void Environment::DatagramsSetIncoming(Info info) { quic_datagrams_set_incoming(env_, Handle(info[0]), Int(info[1])); }

// datagramsStopReading(connection)
void Environment::DatagramsStopReading(Info info) { quic_datagrams_stop_reading(env_, Handle(info[0])); }

// datagramsWrite(connection, batch, length, highWater, numbers): number of datagrams in the queue
// The maximum size is written into numbers[0], a Float64Array.
Napi::Value Environment::DatagramsWrite(Info info) {
  Bytes numbers(info[4]);
  return Napi::Number::New(info.Env(),
                           quic_datagrams_write(env_, Handle(info[0]), Bytes(info[1]).data, Int(info[2]),
                                                Int(info[3]), static_cast<double *>(numbers.data)));
}

// datagramsStats(connection, numbers)
// Maximum size, dropped incoming and dropped outgoing are written into numbers, a Float64Array.
void Environment::DatagramsStats(Info info) {
  Bytes numbers(info[1]);
  quic_datagrams_stats(env_, Handle(info[0]), static_cast<double *>(numbers.data));
}
