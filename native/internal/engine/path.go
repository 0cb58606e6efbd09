package engine

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/fault"
	"github.com/MatrixAI/js-quic/native/internal/quicgo"
)

const (
	// probeTimeout ends the validation of a path without an answer. It is three times the PTO
	// of an unknown path (RFC 9000 section 8.2.4, RFC 9002 section 6.2.2).
	probeTimeout = 3 * time.Second
	// pathInterval is how often the engine looks at the addresses of clients: quic-go follows
	// them, but tells nobody.
	pathInterval = 100 * time.Millisecond
	// resetInterval is how often a connection that has migrated tells its transport the tokens of
	// stateless resets, which change with the connection IDs.
	resetInterval = time.Second
)

// A path is what a connection knows of where it goes. It is guarded by the mutex of the connection.
type path struct {
	transport *Transport          // nil before the first migration
	left      []*Transport        // that can be closed without an end of the connection
	resets    []quicgo.ResetToken // that transport was told
	cancel    context.CancelFunc  // ends a migration, nil if there is none
	isTold    bool                // JavaScript will ask where the peer is now
}

// onTransport returns the transport that the connection uses. The mutex must be held.
func (c *Connection) onTransport() *Transport {
	if c.path.transport != nil {
		return c.path.transport
	}
	return c.transport
}

// currentTransport is onTransport for those who do not hold the mutex.
func (c *Connection) currentTransport() *Transport {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.onTransport()
}

// Migrate moves the connection of a client to another transport, as soon as the peer has
// answered there (RFC 9000 section 9.2). It completes with a ConnectionMigrated event.
func (c *Connection) Migrate(to *Transport) {
	ctx, cancel := context.WithTimeout(context.Background(), probeTimeout)
	c.setCancel(cancel)
	go func() {
		defer cancel()
		defer fault.Recover(func(err error) { c.migrationFailed(event.MigrationClosed, err) })
		if kind, err := c.migrate(ctx, cancel, to); err != nil {
			c.migrationFailed(kind, err)
		}
	}()
}

func (c *Connection) setCancel(cancel func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.path.cancel = cancel
}

// CancelMigration gives up a migration as long as the peer has not answered over the new path.
func (c *Connection) CancelMigration() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.path.cancel != nil {
		c.path.cancel()
	}
}

var migrationReasons = map[event.MigrationFailure]string{
	event.MigrationRefused:     "the server does not allow its clients to migrate, or the connection is not ready for it",
	event.MigrationUnreachable: "the server did not answer over the new path in time",
	event.MigrationClosed:      "the migration was given up, or the connection or the socket was closed",
}

func (c *Connection) migrationFailed(kind event.MigrationFailure, err error) {
	reason := migrationReasons[kind]
	if errors.Is(err, fault.Err) {
		reason = err.Error()
	}
	c.env.Events.Push(event.ConnectionMigrated, c.Handle, float64(kind), 0, []byte(reason))
}

func (c *Connection) migrate(ctx context.Context, cancel func(), to *Transport) (event.MigrationFailure, error) {
	conn, _ := c.established()
	from := c.currentTransport()
	if conn == nil {
		return event.MigrationClosed, ErrClosed
	}
	if from != to {
		path, err := conn.AddPath(to.quic)
		if err != nil {
			return event.MigrationRefused, err
		}
		// Until the connection has moved there, that transport can be closed without harm to it
		c.leave(to)
		defer context.AfterFunc(conn.Context(), cancel)()
		if err := path.Probe(ctx); err != nil {
			path.Close()
			if errors.Is(err, context.DeadlineExceeded) {
				return event.MigrationUnreachable, err
			}
			return event.MigrationClosed, err
		}
		if !to.join(c) {
			path.Close()
			return event.MigrationClosed, net.ErrClosed
		}
		if err := path.Switch(); err != nil {
			return event.MigrationClosed, err
		}
		c.leave(from)
		c.congestion.followPath(conn, 10)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgetResets()
	c.path.transport = to
	if from != to {
		go c.recogniseResets(conn, to)
	}
	c.env.Events.Push(event.ConnectionMigrated, c.Handle, 0, 0, c.description())
	return 0, nil
}

// recogniseResets lets stateless resets end the connection over the transport that it has migrated
// to: quic-go only tells the first one what they look like.
func (c *Connection) recogniseResets(conn *quic.Conn, to *Transport) {
	defer fault.Recover(c.fault)
	interval := time.NewTicker(resetInterval)
	defer interval.Stop()
	for c.tellResets(conn, to) {
		select {
		case <-interval.C:
		case <-conn.Context().Done():
			return
		}
	}
}

// tellResets reports whether the connection still uses the transport.
func (c *Connection) tellResets(conn *quic.Conn, to *Transport) bool {
	resets := quicgo.ActiveResetTokens(c.transport.quic, conn)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed || c.path.transport != to {
		return false
	}
	c.forgetResets()
	quicgo.AddResetTokens(to.quic, resets)
	c.path.resets = resets
	return true
}

// forgetResets makes the transport in use ignore the stateless resets that it was told of. The
// mutex must be held.
func (c *Connection) forgetResets() {
	if c.path.transport != nil && c.path.transport != c.transport {
		quicgo.RemoveResetTokens(c.path.transport.quic, c.path.resets)
	}
	c.path.resets = nil
}

// leave notes that a transport can be closed without an end of the connection.
func (c *Connection) leave(t *Transport) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed {
		return
	}
	t.left(c)
	if !slices.Contains(c.path.left, t) {
		c.path.left = append(c.path.left, t)
	}
}

// leaveTransports lets the transports that the connection has used go. The mutex must be held.
func (c *Connection) leaveTransports() {
	c.forgetResets()
	for _, t := range append(c.path.left, c.onTransport()) {
		t.forget(c)
	}
	c.path.left = nil
}

// pathChanged tells of a new address of the peer.
func (c *Connection) pathChanged(remote net.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed || c.remote.String() == remote.String() {
		return
	}
	t := c.onTransport()
	t.peers.remove(c, c.remote)
	t.peers.add(c, remote)
	c.remote = remote
	// A client may change its address as often as it likes: there is one event at a time
	if !c.path.isTold {
		c.path.isTold = true
		c.env.Events.Push(event.ConnectionPath, c.Handle, 0, 0, nil)
	}
}

// paths is what a transport knows of connections that change their paths.
type paths struct {
	mu sync.Mutex
	// moved holds the connections that quic-go would end when the transport closes, although
	// they use another one.
	moved map[*Connection]struct{}
	empty chan struct{} // signalled when none of these is left
	// clients holds the connections whose addresses may change.
	clients    map[*Connection]*clientPath
	isWatching bool
}

type clientPath struct {
	conn   *quic.Conn
	remote net.Addr
}

// left notes that a connection does not use the transport, or not any more.
func (t *Transport) left(c *Connection) {
	t.paths.mu.Lock()
	defer t.paths.mu.Unlock()
	if t.paths.moved == nil {
		t.paths.moved = make(map[*Connection]struct{})
		t.paths.empty = make(chan struct{}, 1)
	}
	t.paths.moved[c] = struct{}{}
}

// join notes that a connection is about to use the transport. It returns false if either is closed.
func (t *Transport) join(c *Connection) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isClosed {
		return false // it has forgotten its transports
	}
	t.paths.mu.Lock()
	defer t.paths.mu.Unlock()
	select {
	case <-t.closing:
		return false
	default:
		delete(t.paths.moved, c)
		t.peers.add(c, c.remote)
		return true
	}
}

// forget drops a connection that is closed.
func (t *Transport) forget(c *Connection) {
	t.paths.mu.Lock()
	defer t.paths.mu.Unlock()
	t.peers.remove(c, c.remote)
	delete(t.paths.clients, c)
	if _, ok := t.paths.moved[c]; !ok {
		return
	}
	delete(t.paths.moved, c)
	if len(t.paths.moved) == 0 {
		select {
		case t.paths.empty <- struct{}{}:
		default:
		}
	}
}

// detach closes the socket of a transport, and ends its connections but those that have moved
// away: those quic-go would end as well. It reports whether there are any.
func (t *Transport) detach() bool {
	t.paths.mu.Lock()
	defer t.paths.mu.Unlock()
	if len(t.paths.moved) == 0 {
		return false
	}
	t.conn.(interface{ Detach() }).Detach()
	for _, object := range t.env.objects.Values() {
		if c, ok := object.(*Connection); ok {
			go c.transportDetached(t)
		}
	}
	go func() {
		defer fault.Recover(nil)
		for t.hasMoved() {
			<-t.paths.empty
		}
		t.conn.Close()
		t.quic.Close()
	}()
	return true
}

func (t *Transport) hasMoved() bool {
	t.paths.mu.Lock()
	defer t.paths.mu.Unlock()
	return len(t.paths.moved) > 0
}

func (c *Connection) transportDetached(t *Transport) {
	defer fault.Recover(c.closed)
	if c.currentTransport() == t {
		c.Close(false, uint64(quic.InternalError), nil)
	}
}

// watchPath tells when the address of a client changes (RFC 9000 section 9.3).
func (t *Transport) watchPath(c *Connection, conn *quic.Conn) {
	t.paths.mu.Lock()
	defer t.paths.mu.Unlock()
	if t.paths.clients == nil {
		t.paths.clients = make(map[*Connection]*clientPath)
	}
	t.paths.clients[c] = &clientPath{conn, conn.RemoteAddr()}
	if !t.paths.isWatching {
		t.paths.isWatching = true
		go t.watchPaths()
	}
}

// watchPaths runs as long as there are connections of clients.
func (t *Transport) watchPaths() {
	defer fault.Recover(nil)
	interval := time.NewTicker(pathInterval)
	defer interval.Stop()
	for range interval.C {
		changed, isLast := t.changedPaths()
		for c, remote := range changed {
			c.pathChanged(remote)
		}
		if isLast {
			return
		}
	}
}

func (t *Transport) changedPaths() (changed map[*Connection]net.Addr, isLast bool) {
	t.paths.mu.Lock()
	defer t.paths.mu.Unlock()
	for c, p := range t.paths.clients {
		remote := p.conn.RemoteAddr()
		if remote == p.remote {
			continue
		}
		p.remote = remote
		c.congestion.followPath(p.conn, 1)
		if changed == nil {
			changed = make(map[*Connection]net.Addr)
		}
		changed[c] = remote
	}
	if len(t.paths.clients) == 0 {
		t.paths.isWatching = false
	}
	return changed, !t.paths.isWatching
}
