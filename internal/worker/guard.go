package worker

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// GuardNames has a transport look at the address that a name leads to each time it dials, and
// refuse what leads into a private network: a provider's address may have come over a call,
// and what its text does not show is only known then. An address that is written in numbers,
// and localhost, are dialed as they are: a call cannot bring one that is private, so an
// operator's command has. Loopback opens this machine's own addresses to names too.
func GuardNames(t *http.Transport, loopback bool) { guardNames(t, loopback, nil) }

// guardNames asks a resolver for names; nil is the machine's own.
func guardNames(t *http.Transport, loopback bool, resolver *net.Resolver) {
	plain := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second, Resolver: resolver}
	guarded := *plain
	guarded.Control = newGuard(loopback).Safe
	t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if isPlain(address) {
			return plain.DialContext(ctx, network, address)
		}
		return guarded.DialContext(ctx, network, address)
	}
}

// isPlain says that the text of an address shows where it leads.
func isPlain(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	_, err = netip.ParseAddr(host)
	return err == nil || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
