package server

import (
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// parseProxies reads addresses and networks such as 10.0.0.0/8.
func parseProxies(texts []string) ([]netip.Prefix, error) {
	proxies := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		if address, err := netip.ParseAddr(text); err == nil {
			proxies = append(proxies, netip.PrefixFrom(address.Unmap(), address.Unmap().BitLen()))
			continue
		}
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, settingError("proxies", "holds "+text+", which is neither an address nor a network")
		}
		proxies = append(proxies, network.Masked())
	}
	return proxies, nil
}

// missProxy warns, once, of a proxy that nobody has named: all payers behind it share
// the limits of its one address. Only what is near can be a proxy of ours; what
// strangers write proves nothing.
func (o observed) missProxy(r *http.Request) {
	if o.unnamed == nil || len(r.Header.Values("X-Forwarded-For")) == 0 || ours(r.RemoteAddr, o.proxies) {
		return
	}
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return
	}
	near := at.Addr().Unmap()
	if !near.IsLoopback() && !near.IsPrivate() || !o.unnamed.CompareAndSwap(false, true) {
		return
	}
	o.log.WarnContext(r.Context(), "a request was passed on by a proxy that is not named: limits go by its address, "+
		"and not by the payer's", slog.String("address", near.String()), slog.String("next", "name it in proxies"))
}

// callerOf is the address of whoever spoke to our outermost proxy. What
// stands before it in X-Forwarded-For was written by the caller and is not
// believed; without a proxy of ours nothing of it is.
func callerOf(r *http.Request, proxies []netip.Prefix) string {
	if len(proxies) == 0 || !ours(r.RemoteAddr, proxies) {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, ok := addressOf(strings.TrimSpace(hop))
		if !ok {
			return r.RemoteAddr
		}
		if caller := net.JoinHostPort(address.Unmap().String(), "0"); !ours(caller, proxies) {
			return caller
		}
	}
	return r.RemoteAddr
}

// addressOf reads an entry of X-Forwarded-For; some proxies write the port as well, and
// others put brackets around an address of IPv6 alone.
func addressOf(hop string) (netip.Addr, bool) {
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return at.Addr(), true
	}
	if inner, ok := strings.CutPrefix(hop, "["); ok {
		if inner, ok = strings.CutSuffix(inner, "]"); ok && strings.Contains(inner, ":") {
			hop = inner
		}
	}
	address, err := netip.ParseAddr(hop)
	return address, err == nil
}

// ours says that an address belongs to one of our proxies.
func ours(address string, proxies []netip.Prefix) bool {
	at, err := netip.ParseAddrPort(address)
	return err == nil && slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(at.Addr().Unmap()) })
}
