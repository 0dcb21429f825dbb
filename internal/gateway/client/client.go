// Package client is how connectors speak to providers: JSON over HTTPS with a
// time limit, without following redirects, and without ever repeating a call
// that moves money. What cannot be read is a Lost answer and never a verdict.
package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"

	"github.com/purserhq/purser/internal/gateway"
)

// How a client behaves when its provider does not.
const (
	maxBody      = 1 << 20 // bytes of an answer; more of them are no answer
	openAfter    = 5       // so many failures ...
	openOf       = 10      // ... among so many calls make the client pause
	pause        = 15 * time.Second
	shortestWait = 50 * time.Millisecond // before a question is repeated
	longestWait  = 250 * time.Millisecond
)

// Call is one request to a provider.
type Call struct {
	Method string // empty = POST
	URL    string
	Token  gateway.Secret    // sent as a bearer token; empty = none
	Header map[string]string // more headers; their values may be secrets and are never shown
	Body   any               // becomes JSON, its members in their order; nil with GET or Form = no JSON
	Form   string            // the body as a form, encoded by the caller; empty = none

	once bool // it must not be repeated
}

// Answer is a whole JSON document with the status it came under, which is one
// of 200 to 299 or 400 to 499.
type Answer struct {
	Status int
	Body   []byte
}

// Client is the wire of one contract. It is safe for concurrent use.
type Client struct {
	http    *http.Client
	limit   time.Duration
	hide    func(string) string
	breaker circuitbreaker.CircuitBreaker[Answer]
	once    failsafe.Executor[Answer]
	again   failsafe.Executor[Answer]
}

// New makes a client over a transport that many clients may share. The limit
// is for all calls of one use of the connector together. The secrets are kept
// out of everything that Words gives. Without a transport it makes its own.
func New(transport http.RoundTripper, limit time.Duration, secrets ...gateway.Secret) *Client {
	if transport == nil {
		transport = Transport() // the default one of net/http would use a proxy of the environment
	}
	breaker := circuitbreaker.NewBuilder[Answer]().
		HandleIf(func(_ Answer, err error) bool {
			lost, ok := errors.AsType[*Lost](err)
			return ok && lost.ill
		}).
		WithFailureThresholdRatio(openAfter, openOf).WithSuccessThreshold(1).WithDelay(pause).Build()
	// The library's own policy for HTTP repeats a POST; ours asks whether the call is a question.
	retry := retrypolicy.NewBuilder[Answer]().
		HandleIf(func(_ Answer, err error) bool {
			lost, ok := errors.AsType[*Lost](err)
			return ok && lost.again
		}).
		WithMaxRetries(1).WithRandomDelay(shortestWait, longestWait).ReturnLastFailure().Build()
	return &Client{
		http: &http.Client{
			Transport:     transport,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		limit: limit, hide: hider(secrets), breaker: breaker,
		once: failsafe.With(breaker), again: failsafe.With(retry, breaker),
	}
}

// Transport makes what clients share: it checks certificates, keeps
// connections, and uses no proxy, whatever the environment says.
func Transport() *http.Transport {
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           64,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
}

// Healthy says that the provider has not been failing lately.
func (c *Client) Healthy() bool { return !c.breaker.IsOpen() }

// Begin starts the time limit of one use of the connector.
func (c *Client) Begin(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.limit)
}

// Ask makes a call that changes nothing or is documented to be safe to
// repeat; it is made a second time when the first answer is lost.
// Error: *Lost.
func (c *Client) Ask(ctx context.Context, call Call) (Answer, error) {
	return c.run(ctx, call, c.again, c.limit/2)
}

// Send makes a call that must not be repeated. Error: *Lost.
func (c *Client) Send(ctx context.Context, call Call) (Answer, error) {
	call.once = true
	return c.run(ctx, call, c.once, c.limit)
}
