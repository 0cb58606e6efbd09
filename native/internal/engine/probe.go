package engine

import (
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/config"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

// probeInterval is how often quiet connections are looked at.
const probeInterval = 5 * time.Second

// probes asks the peers of connections that are quiet whether they are still there, for connections
// that nobody has asked an idle timeout for. It has one timer for all of an environment, as long as
// there are such connections.
type probes struct {
	mu          sync.Mutex
	connections map[*Connection]*silence
	timer       *time.Timer
}

// A silence tells since when a peer has said nothing.
type silence struct {
	conn     *quic.Conn
	received uint64 // packets when it was last looked at
	since    time.Time
	isAsked  bool
}

// add starts to ask the peer of a connection whose handshake has completed, unless one of both ends
// wants quiet connections to end.
func (p *probes) add(c *Connection, conn *quic.Conn) {
	if !c.asksWhenQuiet || quicgo.IdleTimeout(conn) < config.ProbeTimeout {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.connections) == 0 {
		p.connections = make(map[*Connection]*silence)
		p.timer = time.AfterFunc(probeInterval, p.look)
	}
	p.connections[c] = &silence{conn: conn, since: time.Now()}
}

func (p *probes) remove(c *Connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.connections[c]; !ok {
		return
	}
	delete(p.connections, c)
	if len(p.connections) == 0 {
		p.timer.Stop()
	}
}

// look asks the peers that have become quiet.
func (p *probes) look() {
	defer fault.Recover(nil)
	p.mu.Lock()
	defer p.mu.Unlock()
	// The last connection may have gone while this waited for the lock
	if len(p.connections) == 0 {
		return
	}
	now := time.Now()
	for _, s := range p.connections {
		if received := s.conn.ConnectionStats().PacketsReceived; received != s.received {
			*s = silence{conn: s.conn, received: received, since: now}
		} else if !s.isAsked && now.Sub(s.since) >= config.ProbeAfter {
			s.isAsked = true
			quicgo.SendPing(s.conn)
		}
	}
	p.timer.Reset(probeInterval)
}
