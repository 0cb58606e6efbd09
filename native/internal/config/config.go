// Package config turns the options of the public API into what quic-go and
// crypto/tls understand.
package config

import (
	"crypto/x509"
	"math"
	"time"

	"github.com/quic-go/quic-go"
)

// Config holds the options of one connection. Their names and meanings are those of
// the TypeScript type QUICConfig, where they are documented.
type Config struct {
	CA      []string // one certificate each
	Key     []string
	Cert    []string
	SigAlgs string
	LogKeys string // path of a file, none if empty
	QLog    string // path of a directory, none if empty

	VerifyPeer        bool
	VerifyCallback    bool // whether there is one
	ApplicationProtos []string

	// In milliseconds. 0 means none, but for MinIdleTimeout and MaxIdleTimeout, where it means
	// infinite.
	KeepAliveIntervalTime float64
	MinIdleTimeout        float64
	MaxIdleTimeout        float64
	// Whether a peer that says nothing is asked whether it is there. MaxIdleTimeout has no effect
	// then.
	ProbeIdle bool

	// In bytes.
	MaxSendUDPPayloadSize uint64
	PathMTUDiscovery      bool

	// In bytes.
	InitialMaxData                 uint64
	InitialMaxStreamDataBidiLocal  uint64
	InitialMaxStreamDataBidiRemote uint64
	InitialMaxStreamDataUni        uint64
	MaxConnectionWindow            uint64
	MaxStreamWindow                uint64
	// How much the streams of all connections may hold that nobody reads, without it counting for
	// InitialMaxData.
	MaxExempt uint64

	CongestionControl      string // of shared.CongestionControllers
	DisableActiveMigration bool
	EnableEarlyData        bool

	InitialMaxStreamsBidi int64
	InitialMaxStreamsUni  int64

	EnableDatagrams bool
	// How many datagrams are kept until they are read.
	IncomingHighWaterMark int

	// Of a server. Without MaxHandshakes there are no limits.
	Retry                    string // "always", "never" or "auto"
	RetryThreshold           int64
	MaxHandshakes            int64
	MaxUnvalidatedHandshakes int64
	MaxConnections           int64
	MaxConnectionsPerAddress int64
	TokenLifetime            float64 // milliseconds

	// Of CA, see loadRoots.
	roots   *x509.CertPool
	skipped []Skipped
}

// An Error says which option is wrong and why. It never holds key material.
type Error struct {
	Option string
	Reason string
}

func (e *Error) Error() string { return e.Option + ": " + e.Reason }

// Check tries the options as a connection would use them, and returns which certificates of CA it
// would do without.
func (c *Config) Check(isServer bool) ([]Skipped, error) {
	var err error
	if isServer {
		_, err = c.ServerTLS(nil)
	} else {
		_, err = c.ClientTLS("", nil)
	}
	return c.skipped, err
}

// forever is the idle timeout that stands for none, as quic-go has no such value, and takes 0 of a
// peer, which means none (RFC 9000 section 18.2), for 5 s. The peer is told it too, and peers with
// timers of 32 bits for milliseconds take more for a very short time.
const forever = 24 * 24 * time.Hour

// A quiet connection for which no idle timeout was asked is kept, as long as the peer is there: it
// gets a PING after ProbeAfter, and goodbye when nothing has come for ProbeTimeout more.
const (
	ProbeAfter   = time.Minute
	ProbeTimeout = 2 * time.Minute
)

// TokenAge returns how long the tokens of NEW_TOKEN frames are good for (RFC 9000 section 8.1.3).
func (c *Config) TokenAge() time.Duration {
	return time.Duration(c.TokenLifetime * float64(time.Millisecond))
}

// WithoutDF returns the configuration for a path whose packets are not sent with the DF bit: those
// that look for its MTU could be sent in fragments there, and arrive nonetheless.
func WithoutDF(conf *quic.Config) *quic.Config {
	conf = conf.Clone()
	conf.DisablePathMTUDiscovery = true
	return conf
}

// KeepAlive returns how often a peer is to hear of this end at least, 0 if it need not.
func (c *Config) KeepAlive() time.Duration {
	if c.KeepAliveIntervalTime <= 0 {
		return 0
	}
	return milliseconds(c.KeepAliveIntervalTime)
}

// QUIC returns the configuration for quic-go. Keep-alives are sent by the engine.
func (c *Config) QUIC() *quic.Config {
	maxIdle := milliseconds(c.MaxIdleTimeout)
	handshakeIdle := min(milliseconds(c.MinIdleTimeout), maxIdle)
	if c.ProbeIdle {
		maxIdle = ProbeTimeout
	}
	// quic-go has one window for all kinds of streams.
	streamWindow := max(c.InitialMaxStreamDataBidiLocal, c.InitialMaxStreamDataBidiRemote, c.InitialMaxStreamDataUni)
	return &quic.Config{
		HandshakeIdleTimeout:           handshakeIdle,
		MaxIdleTimeout:                 maxIdle,
		InitialStreamReceiveWindow:     window(streamWindow),
		MaxStreamReceiveWindow:         window(max(streamWindow, c.MaxStreamWindow)),
		InitialConnectionReceiveWindow: window(c.InitialMaxData),
		MaxConnectionReceiveWindow:     window(max(c.InitialMaxData, c.MaxConnectionWindow)),
		MaxIncomingStreams:             streams(c.InitialMaxStreamsBidi),
		MaxIncomingUniStreams:          streams(c.InitialMaxStreamsUni),
		// Else a peer whose streams are not read could open ever more of them: a stream is complete
		// for quic-go when all of it was read ahead.
		RequireStreamCreditRelease:       true,
		EnableStreamResetPartialDelivery: true,
		Allow0RTT:                        c.EnableEarlyData,
		EnableDatagrams:                  c.EnableDatagrams,
		InitialPacketSize:                uint16(min(max(c.MaxSendUDPPayloadSize, 1200), math.MaxUint16)),
		DisablePathMTUDiscovery:          !c.PathMTUDiscovery,
	}
}

// milliseconds converts a time of the public API, in which 0 means infinite.
func milliseconds(ms float64) time.Duration {
	if ms == 0 || ms >= float64(forever/time.Millisecond) {
		return forever
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// window converts a window of the public API, in which 0 means none. For quic-go 0
// means the default; the smallest it can do is one byte.
func window(n uint64) uint64 { return max(n, 1) }

// streams converts a limit of the public API, in which 0 means none. For quic-go 0
// means the default, and a negative number means none.
func streams(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}
