// The shim. cgo compiles what lies beside the Go files, and so makes one library of both.
#include "../addon/addon.cc"
#include "../addon/connection.cc"
#include "../addon/datagrams.cc"
#include "../addon/environment.cc"
#include "../addon/listener.cc"
#include "../addon/stream.cc"
#include "../addon/terminate.cc"
#include "../addon/transport.cc"
