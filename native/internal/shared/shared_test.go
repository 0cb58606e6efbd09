package shared_test

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/MatrixAI/js-quic/native/internal/engine"
	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

const (
	typeScript = "../../../src/ts/internal/engine/shared.ts"
	abi        = "../../abi.h"
)

var update = flag.Bool("update", false, "write what is shared down for TypeScript")

// A table is an object in TypeScript.
type table struct {
	name, doc string
	members   []member
}

type member struct {
	name  string
	value int
}

func numbered(names ...string) (members []member) {
	for i, name := range names {
		members = append(members, member{name, i})
	}
	return members
}

func tables(t *testing.T) []table {
	return []table{
		{"EventKind", "Kinds of events, see `native/internal/event/kind.go`.", kinds(t)},
		{"CloseKind", "How a connection ended, see `native/internal/event/kind.go`.", []member{
			{"Application", int(event.CloseApplication)},
			{"Transport", int(event.CloseTransport)},
			{"IdleTimeout", int(event.CloseIdleTimeout)},
			{"HandshakeTimeout", int(event.CloseHandshakeTimeout)},
			{"StatelessReset", int(event.CloseStatelessReset)},
			{"VersionNegotiation", int(event.CloseVersionNegotiation)},
			{"Aborted", int(event.CloseAborted)},
			{"SendFailed", int(event.CloseSendFailed)},
			{"Internal", int(event.CloseInternal)},
			{"remote", int(event.CloseRemote)},
		}},
		{"MigrationFailure", "Why a connection did not migrate, see `native/internal/event/kind.go`.", []member{
			{"refused", int(event.MigrationRefused)},
			{"unreachable", int(event.MigrationUnreachable)},
			{"closed", int(event.MigrationClosed)},
		}},
		{"BindingErrorKind", "What an error of the addon is, see `native/abi.h`.", errorKinds(t)},
		{"StreamStatus", "What `streamRead` and `streamWrite` return besides a number of bytes.",
			[]member{
				{"readFin", engine.ReadFin},
				{"readApart", engine.ReadApart},
				{"readWouldBlock", engine.ReadWouldBlock},
				{"readClosed", engine.ReadClosed},
				{"writeQueued", engine.WriteQueued},
				{"writeFull", engine.WriteFull},
				{"writeFinished", engine.WriteFinished},
				{"writeClosed", engine.WriteClosed},
			}},
		{"DatagramsStatus", "What `datagramsRead` returns besides a number of bytes.", []member{{"readMore", engine.ReadMore}}},
		{"EnvironmentNumber", "Indexes of what `environmentStats` writes.",
			numbered("transports", "listeners", "connections", "streams", "goroutines", "goHeap", "faults", "count")},
		{"TransportNumber", "Indexes of what `transportStats` writes.",
			numbered("handshakes", "unvalidatedHandshakes", "retries", "refused", "failedHandshakes", "datagramsDropped", "count")},
		{"ConnectionNumber", "Indexes of what `connectionStats` writes.",
			numbered("smoothedRtt", "latestRtt", "minRtt", "rttVariation", "congestionWindow", "bytesSent", "packetsSent",
				"bytesReceived", "packetsReceived", "bytesLost", "packetsLost", "pathMtu", "congestionController",
				"congestionState", "pacingRate", "count")},
		{"CongestionController", "Values of `config.congestionControl`, by what `connectionStats` writes.",
			numbered(shared.CongestionControllers...)},
		{"CongestionState", "What congestion controllers are at, by what `connectionStats` writes.",
			numbered(shared.CongestionStates...)},
		{"DatagramsNumber", "Indexes of what `datagramsStats` writes.",
			numbered("maxSize", "droppedIncoming", "droppedOutgoing", "count")},
		{"TLSAlert", "TLS alerts for handshakes that the application did not let pass (RFC 8446 section 6).", []member{
			{"certificateUnknown", shared.AlertCertificateUnknown},
			{"userCanceled", shared.AlertUserCanceled},
		}},
		{"Layout", "Offsets and sizes in bytes of what both sides lay out in memory, see\n * `native/internal/shared/layout.go`.", []member{
			{"eventSize", shared.EventSize},
			{"eventKind", shared.EventKind},
			{"eventHandle", shared.EventHandle},
			{"eventDataLength", shared.EventDataLength},
			{"eventA", shared.EventA},
			{"eventB", shared.EventB},
			{"eventHeader", shared.EventHeader},
			{"slotLength", shared.SlotLength},
			{"slotPort", shared.SlotPort},
			{"slotDestination", shared.SlotDestination},
			{"slotHostLength", shared.SlotHostLength},
			{"slotHost", shared.SlotHost},
			{"slotHeader", shared.SlotHeader},
			{"slot", shared.Slot},
			{"sourcedLength", shared.SourcedLength},
			{"sourcedPort", shared.SourcedPort},
			{"sourcedHostLength", shared.SourcedHostLength},
			{"sourcedHeader", shared.SourcedHeader},
			{"datagramLength", shared.DatagramLength},
			{"certificateLength", shared.CertificateLength},
			{"questionNumber", shared.QuestionNumber},
			{"questionChain", shared.QuestionChain},
			{"closeKind", shared.CloseKind},
			{"closeCode", shared.CloseCode},
			{"closeReason", shared.CloseReason},
			{"failedHandle", shared.FailedHandle},
			{"failedDescriptionLength", shared.FailedDescriptionLength},
			{"failedDescription", shared.FailedDescription},
		}},
	}
}

// kinds returns those of the source, which names them all.
func kinds(t *testing.T) []member {
	source := read(t, "../event/kind.go")
	block, _, _ := strings.Cut(source[strings.Index(source, "TransportClosed Kind = iota + 1"):], "\n)")
	var members []member
	for i, match := range regexp.MustCompile(`(?m)^\t?([A-Z]\w+)(?: Kind = iota \+ 1)?$`).FindAllStringSubmatch(block, -1) {
		members = append(members, member{match[1], i + 1})
	}
	if last := members[len(members)-1]; last.value != int(event.Fault) {
		t.Fatalf("the last kind is %v", last)
	}
	return members
}

// errorKinds returns those of the header.
func errorKinds(t *testing.T) (members []member) {
	for _, match := range regexp.MustCompile(`QUIC_ERROR_([A-Z]+) = (\d+)`).FindAllStringSubmatch(read(t, abi), -1) {
		value, _ := strconv.Atoi(match[2])
		if match[1] != "NONE" {
			members = append(members, member{match[1][:1] + strings.ToLower(match[1][1:]), value})
		}
	}
	return members
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestTypeScriptKnowsWhatIsShared(t *testing.T) {
	var b strings.Builder
	b.WriteString("// Written by `go test ./native/internal/shared -update`. Change it in Go.\n")
	for _, table := range tables(t) {
		fmt.Fprintf(&b, "\n/** %s */\nexport const %s = {\n", table.doc, table.name)
		for _, m := range table.members {
			fmt.Fprintf(&b, "  %s: %d,\n", m.name, m.value)
		}
		b.WriteString("} as const;\n")
	}
	if *update {
		if err := os.WriteFile(typeScript, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if b.String() != read(t, typeScript) {
		t.Errorf("%s is not what Go says: run go test ./native/internal/shared -update", typeScript)
	}
}

func TestTheHeaderKnowsHowManyNumbersThereAre(t *testing.T) {
	header := read(t, abi)
	for name, count := range map[string]int{
		"ENVIRONMENT": shared.EnvironmentNumbers,
		"TRANSPORT":   shared.TransportNumbers,
		"CONNECTION":  shared.ConnectionNumbers,
		"DATAGRAMS":   shared.DatagramsNumbers,
	} {
		if line := fmt.Sprintf("QUIC_%s_STATS = %d", name, count); !strings.Contains(header, line) {
			t.Errorf("%s does not say %s", abi, line)
		}
	}
	for _, table := range tables(t) {
		last := table.members[len(table.members)-1]
		counts := map[string]int{
			"EnvironmentNumber": shared.EnvironmentNumbers, "TransportNumber": shared.TransportNumbers,
			"ConnectionNumber": shared.ConnectionNumbers, "DatagramsNumber": shared.DatagramsNumbers,
		}
		if count, ok := counts[table.name]; ok && last.value != count {
			t.Errorf("%s has %d members", table.name, last.value)
		}
	}
}
