package server

import (
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

// callerOf is the address of whoever spoke to our outermost proxy. What
// stands before it in X-Forwarded-For was written by the caller and is not
// believed; without a proxy of ours nothing of it is.
func callerOf(r *http.Request, proxies []netip.Prefix) string {
	if len(proxies) == 0 || !ours(r.RemoteAddr, proxies) {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		address, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			return r.RemoteAddr
		}
		if caller := net.JoinHostPort(address.Unmap().String(), "0"); !ours(caller, proxies) {
			return caller
		}
	}
	return r.RemoteAddr
}

// ours says that an address belongs to one of our proxies.
func ours(address string, proxies []netip.Prefix) bool {
	at, err := netip.ParseAddrPort(address)
	return err == nil && slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(at.Addr().Unmap()) })
}
