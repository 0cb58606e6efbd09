package engine

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/MatrixAI/js-quic/native/internal/event"
	"github.com/MatrixAI/js-quic/native/internal/sentence"
	"github.com/MatrixAI/js-quic/native/internal/shared"
)

// verifyTimeout bounds how long the application may think about a certificate.
const verifyTimeout = 10 * time.Second

// errUnanswered is wrapped by the errors of questions that got no verdict.
var errUnanswered = errors.New("no verdict")

// A question asks the application about a chain of certificates.
type question struct {
	// number names the question in its environment for good. A verdict for another one, which came
	// too late, or is for another connection that had the same handle, must never let anybody in.
	number  uint64
	chain   []*x509.Certificate
	verdict chan uint8 // a TLS alert, or 0
}

// A verification is what the application has been asked about the peer of a connection.
type verification struct {
	mu      sync.Mutex
	asked   *question           // waits for its verdict
	vouched []*x509.Certificate // the chain that the application has let pass
	gaveUp  bool                // a question got no verdict in time, so no other one is asked
	refused bool                // the application has refused a chain, and will hear of the end of the handshake
}

// isRefused reports whether the application has refused a chain.
func (v *verification) isRefused() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.refused
}

// verify asks the application about the peer's certificates. It blocks the handshake
// of this connection, and no other, until the answer comes.
func (c *Connection) verify(_ context.Context, chain []*x509.Certificate) error {
	q, err := c.ask(chain)
	if q == nil {
		return err
	}
	defer c.forgetQuestion()
	owner := c.Handle
	var listenerClosing chan struct{}
	if c.listener != nil {
		owner = c.listener.Handle
		listenerClosing = c.listener.closing
	}
	c.env.Events.Push(event.ConnectionVerify, owner, float64(c.Handle), float64(q.number), nil)

	timeout := time.NewTimer(min(verifyTimeout, c.handshakeTimeout))
	defer timeout.Stop()
	select {
	case alert := <-q.verdict:
		return c.judge(q, alert)
	case <-timeout.C:
		return c.runOutOfTime()
	case <-c.gone:
	case <-c.givenUp:
	case <-c.transport.closing:
	case <-listenerClosing:
	}
	return unanswered(shared.AlertUserCanceled, "the handshake was given up")
}

// ask returns the question to put, or nil if the answer is known: then the error is that answer.
func (c *Connection) ask(chain []*x509.Certificate) (*question, error) {
	v := &c.verification
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gaveUp {
		return nil, noVerdict()
	}
	if v.vouched != nil && slices.EqualFunc(v.vouched, chain, (*x509.Certificate).Equal) {
		return nil, nil
	}
	v.asked = &question{number: c.env.questions.Add(1), chain: chain, verdict: make(chan uint8, 1)}
	return v.asked, nil
}

func (c *Connection) forgetQuestion() {
	c.verification.mu.Lock()
	defer c.verification.mu.Unlock()
	c.verification.asked = nil
}

func (c *Connection) judge(q *question, alert uint8) error {
	if alert != 0 {
		return fmt.Errorf("%w%.0w", sentence.Error("refused by the application"), tls.AlertError(alert))
	}
	c.verification.mu.Lock()
	defer c.verification.mu.Unlock()
	c.verification.vouched = q.chain
	return nil
}

func (c *Connection) runOutOfTime() error {
	c.verification.mu.Lock()
	defer c.verification.mu.Unlock()
	c.verification.gaveUp, c.verification.asked = true, nil
	return noVerdict()
}

func noVerdict() error {
	return unanswered(shared.AlertInternalError, "the application did not verify the certificate in time")
}

func unanswered(alert uint8, reason string) error {
	return fmt.Errorf("%w%.0w%.0w", sentence.Error(reason), errUnanswered, tls.AlertError(alert))
}

// transportError returns the error of a connection whose handshake failed with err before it began.
func transportError(err error) error {
	alert, _ := errors.AsType[tls.AlertError](err)
	return fmt.Errorf("%w%.0w", err, &quic.TransportError{ErrorCode: 0x100 + quic.TransportErrorCode(alert)})
}

// Question returns the number of the question that waits for its verdict, and the chain
// that it is about as [Connection.PeerCertificates] returns it; nothing if there is none. A
// ConnectionVerify event tells of it, without the chain: the events of many peers must not fill the
// queue.
func (c *Connection) Question() []byte {
	v := &c.verification
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.asked == nil {
		return nil
	}
	return append(shared.AppendQuestion(nil, v.asked.number), encodeChain(v.asked.chain)...)
}

// Verdict answers a question: with 0, or with the TLS alert to refuse with. It reports whether that
// was still asked.
func (c *Connection) Verdict(number uint64, alert uint8) bool {
	v := &c.verification
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.asked == nil || v.asked.number != number {
		return false
	}
	v.asked.verdict <- alert
	v.asked = nil
	v.refused = alert != 0
	return true
}
