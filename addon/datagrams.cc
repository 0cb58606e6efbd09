#include "environment.h"

namespace quic {

// datagramsRead(connection, batch): see engine.Datagrams.Read
napi_value Environment::DatagramsRead(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const Bytes batch = arguments.Bytes();
  if (arguments.failed()) return nullptr;
  return ToNumber(arguments.env(),
                  static_cast<double>(quic_datagrams_read(env_, handle, batch.data, batch.size)));
}

// datagramsUnread(connection, n)
napi_value Environment::DatagramsUnread(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const int32_t n = arguments.Int();
  if (!arguments.failed()) quic_datagrams_unread(env_, handle, n);
  return nullptr;
}

// datagramsSetIncomingHighWaterMark(connection, n)
napi_value Environment::DatagramsSetIncomingHighWaterMark(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const int32_t n = arguments.Int();
  if (!arguments.failed()) quic_datagrams_set_incoming_high_water_mark(env_, handle, n);
  return nullptr;
}

// datagramsStopReading(connection)
napi_value Environment::DatagramsStopReading(Arguments &arguments) {
  return Tell(arguments, quic_datagrams_stop_reading);
}

// datagramsWrite(connection, batch, length, highWater, numbers): number of datagrams in the queue
// The maximum size is written into numbers[0].
napi_value Environment::DatagramsWrite(Arguments &arguments) {
  const uint32_t handle = arguments.Handle();
  const Bytes batch = arguments.Part();
  const int32_t highWater = arguments.Int();
  double *numbers = arguments.Numbers(1);
  if (arguments.failed()) return nullptr;
  const int32_t queued =
      quic_datagrams_write(env_, handle, batch.data, batch.size, highWater, numbers);
  return ToNumber(arguments.env(), static_cast<double>(queued));
}

// datagramsStats(connection, numbers)
napi_value Environment::DatagramsStats(Arguments &arguments) {
  return Measure(arguments, quic_datagrams_stats, QUIC_DATAGRAMS_STATS);
}

}  // namespace quic
