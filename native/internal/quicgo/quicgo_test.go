package quicgo

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// depends says for each item that is known of quic-go and crypto/tls what breaks if an upgrade
// changes it. Fields are checked when the process starts, functions when it is linked, numbers by
// tests of the engine.
var depends = map[string]string{
	"Conn.config":                       "a peer that is gone is noticed after 5 s at the earliest, and the path MTU is looked for against the options",
	"Conn.connFlowController":           "streams that nobody reads stop all others of their connection",
	"Conn.connIDManager":                "stateless resets are not recognised after a migration, and a client without a spare connection ID is lost",
	"Conn.cryptoStreamHandler":          "idle timeouts of peers below 5 s are not followed, and disable_active_migration is not sent",
	"Conn.datagramQueue":                "a graceful stop does not wait for datagrams, and drops of quic-go are not counted",
	"Conn.droppedInitialKeys":           "failed handshakes of proven addresses count as those of anybody",
	"Conn.handshakeDestConnID":          "connectionIdPeer is wrong, and datagrams that do not fit are dropped in silence",
	"Conn.idleTimeout":                  "keep-alives do not follow the timeout in force",
	"Conn.logger":                       "a client without a spare connection ID is lost when it migrates",
	"Conn.maxPayloadSizeEstimate":       "stats().pathMtu is wrong, and a smaller path MTU ends connections",
	"Conn.mtuDiscoverer":                "a smaller path MTU ends connections",
	"Conn.pathManager":                  "a client without a spare connection ID is lost when it migrates",
	"sentPacketHandler.congestion":      "neither BBR nor Cubic, and a smaller path MTU ends connections",
	"sentPacketHandler.connStats":       "stats() of connections with BBR counts no losses",
	"sentPacketHandler.qlogger":         "qlogs do not have what BBR is at",
	"cubicSender.reno":                  "Cubic is NewReno",
	"Conn.sentPacketHandler":            "a smaller path MTU ends connections, and unvalidated addresses get more than three times of what they sent",
	"ClientToken.data":                  "sessions hold no token: servers that ask for a Retry cost a round trip more",
	"ClientToken.rtt":                   "the same",
	"QUICEvent of crypto/tls":           "idle timeouts of peers below 5 s are not followed",
	"ReceiveStream.closeForShutdownErr": "what arrived before the peer closed the connection cannot be read",
	"ReceiveStream.currentFrame":        "chunks do not end where the peer's writes end",
	"ReceiveStream.finalOffset":         "what arrived before the peer closed the connection cannot be read",
	"ReceiveStream.flowController":      "streams that nobody reads stop all others of their connection",
	"ReceiveStream.frameQueue":          "a STOP_SENDING is told before the data that came ahead of it",
	"ReceiveStream.mutex":               "all of these race with quic-go",
	"ReceiveStream.queuedStopSending":   "a connection closes before its STOP_SENDING is sent",
	"ReceiveStream.readPos":             "a STOP_SENDING is told before the data that came ahead of it",
	"ReceiveStream.readPosInFrame":      "chunks do not end where the peer's writes end",
	"ReceiveStream.reliableSize":        "what was committed before a reset is lost",
	"SendStream.completed":              "a graceful stop does not know what has arrived",
	"SendStream.dataForWriting":         "chunks of different writes run together",
	"SendStream.mutex":                  "all of these race with quic-go",
	"SendStream.nextFrame":              "chunks of different writes run together",
	"SendStream.numOutstandingFrames":   "a graceful stop gives up peers that do answer",
	"SendStream.writeOffset":            "the same",
	"SessionState of crypto/tls":        "damaged sessions end the process, and early data is rejected by servers that check its age",
	"Stream.receiveStr":                 "bidirectional streams cannot be used",
	"Stream.sendStr":                    "the same",
	"Transport.conn":                    "no path MTU discovery over dgram",
	"Transport.handlers":                "a handshake that is given up is not told to the peer, and small packets of unknown connections get no stateless reset",
	"Transport.mutex":                   "all of these race with quic-go",
	"Transport.resetTokens":             "stateless resets are not recognised after a migration",

	"(*Conn).closeLocal":                                "the application cannot close with a transport error code",
	"(*Conn).maxMTU":                                    "a smaller path MTU ends connections",
	"(*Conn).queueControlFrame":                         "no keep-alives, and quiet peers are not asked",
	"(*Conn).scheduleSending":                           "flow control stalls with streams that nobody reads",
	"(*connIDManager).GetConnIDForPath":                 "a client without a spare connection ID is lost when it migrates",
	"(*connIDManager).IsActiveStatelessResetToken":      "stateless resets are not recognised after a migration",
	"(*connIDManager).RetireConnIDForPath":              "a client without a spare connection ID is lost when it migrates",
	"(*datagramQueue).Peek":                             "a graceful stop does not wait for datagrams",
	"(*frameSorter).HasMoreData":                        "a STOP_SENDING is told before the data that came ahead of it",
	"(*mtuFinder).CurrentSize":                          "a smaller path MTU ends connections",
	"(*mtuFinder).Reset":                                "the same",
	"(*mtuFinder).Start":                                "the same",
	"estimateMaxPayloadSize":                            "stats().pathMtu is wrong",
	"internal/handshake.FirstKeyUpdateInterval":         "peers that reorder around an early key update lose the connection",
	"internal/wire.(*FrameParser).ParseLessCommonFrame": "quiet peers are not asked whether they are there",
	"internal/wire.ComposeVersionNegotiation":           "unknown versions with long connection IDs get no answer",
	"newPathManager":                                    "a client without a spare connection ID is lost when it migrates",

	"the first line of a stack": "connections do not know their own connection ID, see [Goroutine]",
	"DatagramQueue":             "datagrams are dropped in bursts",
	"MaxDatagram":               "datagrams that are larger cannot be written",
	"MaxPacket":                 "raw datagrams that were cut off are delivered as if they were whole",
}

// Every function that is linked by its name, and every field, must be in the table.
func TestTheTableIsComplete(t *testing.T) {
	linked := regexp.MustCompile(`(?m)^//go:linkname \w+ github\.com/quic-go/quic-go[./](\S+)$`)
	field := regexp.MustCompile(`(?:offset\w*|pointedTo)\[(?:quic\.)?(\w+)[^\]]*\]\((?:reflect\.\w+, )?"(\w+)"\)`)
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range linked.FindAllStringSubmatch(string(source), -1) {
			found[match[1]] = true
		}
		for _, match := range field.FindAllStringSubmatch(string(source), -1) {
			found[match[1]+"."+match[2]] = true
		}
	}
	for _, item := range slices.Sorted(maps.Keys(found)) {
		if strings.HasPrefix(item, "tls.") {
			item = "SessionState of crypto/tls"
		}
		if _, ok := depends[item]; !ok {
			t.Errorf("%s: say in the table what breaks without it", item)
		}
	}
	if len(found) < 50 {
		t.Errorf("found %d items only", len(found))
	}
}

// Nothing else reaches into what others do not export.
func TestOnlyHere(t *testing.T) {
	insides := regexp.MustCompile(`"unsafe"|go:linkname|runtime\.Stack|FieldByName|UnsafeAddr`)
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		inMain := filepath.Dir(path) == filepath.Join("..", "..") // the C ABI needs cgo
		inHere := strings.HasPrefix(path, filepath.Join("..", "..", "internal", "quicgo"))
		switch {
		case err != nil:
			return err
		case !strings.HasSuffix(path, ".go"), strings.HasSuffix(path, "_test.go"), inHere, inMain:
			return nil
		}
		source, err := os.ReadFile(path)
		if found := insides.Find(source); found != nil {
			return fmt.Errorf("%s has %s", path, found)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestAGoroutineHasOneName(t *testing.T) {
	name := Goroutine()
	other := make(chan string)
	go func() { other <- Goroutine() }()
	if name == "" || name != Goroutine() || name == <-other {
		t.Errorf("a goroutine is called %q", name)
	}
}
