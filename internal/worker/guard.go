package worker

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/idna"
)

// GuardNames has a transport look at the address that a name leads to each time it dials, and
// refuse what leads into a private network: a provider's address may have come over a call,
// and what its text does not show is only known then. An address that is written in numbers,
// and localhost, are dialed as they are: a call cannot bring one that is private, so an
// operator's command has. That is so only of a text that shows it: one in other letters and
// digits that becomes such an address is not dialed at all. Loopback opens this machine's own
// addresses to names too.
func GuardNames(t *http.Transport, loopback bool) { guardNames(t, loopback, nil) }

// guardNames asks a resolver for names; nil is the machine's own.
func guardNames(t *http.Transport, loopback bool, resolver *net.Resolver) {
	plain := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second, Resolver: resolver}
	guarded := *plain
	guarded.Control = newGuard(loopback).Safe
	// It uses no proxy, but here alone the host is still as it was written.
	t.Proxy = func(r *http.Request) (*url.URL, error) { return nil, checkLetters(r.URL.Hostname()) }
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, _, err := net.SplitHostPort(address); err == nil && isPlain(host) {
			return plain.DialContext(ctx, network, address)
		}
		return guarded.DialContext(ctx, network, address)
	}
}

// checkLetters refuses a host in other letters and digits that is dialed as what isPlain
// knows. Error: errForbidden.
func checkLetters(host string) error {
	if !strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
		return nil
	}
	if dialed, err := idna.Lookup.ToASCII(host); err != nil || dialed == "" || isPlain(dialed) {
		return fmt.Errorf("%w: the host is no name", errForbidden)
	}
	return nil
}

// isPlain says that the text of a host shows where it leads.
func isPlain(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	_, err := netip.ParseAddr(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
