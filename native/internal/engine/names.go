package engine

import (
	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

// connectionIDs makes connection IDs, and tells connections the first of their own.
type connectionIDs Transport

func (g *connectionIDs) ConnectionIDLen() int { return g.ids.Length() }

func (g *connectionIDs) GenerateConnectionID() (quic.ConnectionID, error) {
	id := quic.ConnectionIDFromBytes(g.ids.Next())
	g.nameMu.Lock()
	defer g.nameMu.Unlock()
	if len(g.unnamed) == 0 {
		return id, nil
	}
	name := quicgo.Goroutine()
	if c, ok := g.unnamed[name]; ok {
		delete(g.unnamed, name)
		if c == nil {
			// quic-go then takes no notice of the packet. All other ways to get rid of it send an
			// answer.
			return quic.ConnectionID{}, errIgnored
		}
		c.ownID = id
	}
	return id, nil
}

// nameNext gives c the connection ID that this goroutine makes next. quic-go makes the first one of
// a connection right after the calls that precede this one, but does not tell it. For nil it makes
// none, and there will be no connection.
func (t *Transport) nameNext(c *Connection) {
	t.nameMu.Lock()
	defer t.nameMu.Unlock()
	if t.unnamed == nil {
		t.unnamed = make(map[string]*Connection)
	}
	t.unnamed[quicgo.Goroutine()] = c
}

func (t *Transport) ownIDOf(c *Connection) quic.ConnectionID {
	t.nameMu.Lock()
	defer t.nameMu.Unlock()
	return c.ownID
}

var _ quic.ConnectionIDGenerator = &connectionIDs{}
