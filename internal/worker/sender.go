package worker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"

	"code.dny.dev/ssrf"

	"github.com/purserhq/purser/internal/event"
)

// errForbidden is why a message to an inner address is not sent.
var errForbidden = errors.New("the address leads into a private network or to a port that is not for the web")

// sendTime bounds one try from dialing to the end of the answer.
const sendTime = 15 * time.Second

// NewSender is the client that messages are sent with. It looks at the address
// that a name leads to each time it dials, so that no name can point it at
// what is behind our own wall; it follows no redirect and asks no proxy.
// Loopback opens this machine's own addresses, for a demo and for tests.
func NewSender(loopback bool) *http.Client { return newSender(loopback, nil) }

// newGuard refuses to dial private networks, and ports beside some; without any, none is
// refused. Loopback is as NewSender has it.
func newGuard(loopback bool, ports ...uint16) *ssrf.Guardian {
	if loopback {
		return ssrf.New(
			ssrf.WithAnyPort(),
			ssrf.WithAllowedV4Prefixes(netip.MustParsePrefix("127.0.0.0/8")),
			ssrf.WithAllowedV6Prefixes(netip.MustParsePrefix("::1/128")),
		)
	}
	if len(ports) == 0 {
		return ssrf.New(ssrf.WithAnyPort())
	}
	return ssrf.New(ssrf.WithPorts(ports...))
}

// newSender asks a resolver for names; nil is the machine's own.
func newSender(loopback bool, resolver *net.Resolver) *http.Client {
	guard := newGuard(loopback, event.Ports...)
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: guard.Safe, Resolver: resolver}
	return &http.Client{
		Timeout: sendTime,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a redirect is an answer, and not a good one
		},
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				conn, err := dialer.DialContext(ctx, network, address)
				if err != nil && isForbidden(err) {
					return nil, fmt.Errorf("%w: %w", errForbidden, err)
				}
				return conn, err
			},
			TLSHandshakeTimeout:    5 * time.Second,
			ResponseHeaderTimeout:  sendTime,
			MaxResponseHeaderBytes: 64 << 10,
			DisableCompression:     true, // what little is kept of an answer needs none
			MaxIdleConns:           512,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        30 * time.Second,
			ForceAttemptHTTP2:      true,
		},
	}
}

// isForbidden recognises the guard's refusals.
func isForbidden(err error) bool {
	return errors.Is(err, ssrf.ErrProhibitedIP) || errors.Is(err, ssrf.ErrProhibitedPort) ||
		errors.Is(err, ssrf.ErrProhibitedNetwork)
}
