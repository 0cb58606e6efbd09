package shared

// CongestionControllers are the values of config.congestionControl, without those that stand for
// another one.
var CongestionControllers = []string{"cubic", "reno", "bbr"}

// CongestionStates are what congestion controllers are at: those of RFC 9002 section 7.3, of Cubic
// and NewReno, and those of BBR.
var CongestionStates = []string{
	"slow_start", "recovery", "congestion_avoidance",
	"startup", "drain", "probe_bw_down", "probe_bw_cruise", "probe_bw_refill", "probe_bw_up", "probe_rtt",
}

// Indexes of CongestionStates.
const (
	SlowStart = iota
	Recovery
	CongestionAvoidance
	Startup // the first one of BBR; the others follow in its order
)
