package client

import (
	"net/url"
	"strings"
)

// Pages are the hosts whose pages payers may be sent to.
type Pages struct {
	hosts []string
	live  bool
}

// PagesOf reads host names with commas between, and adds the host of the
// provider's own address.
func PagesOf(names, base string, live bool) Pages {
	p := Pages{live: live}
	for name := range strings.SplitSeq(names, ",") {
		p.hosts = append(p.hosts, strings.TrimSpace(name))
	}
	if u, err := url.Parse(base); err == nil {
		p.hosts = append(p.hosts, u.Hostname())
	}
	return p
}

// Has says that payers may be sent to an address: it is on one of the hosts,
// names no user, and is https where real money moves.
func (p Pages) Has(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || (u.Scheme != "https" && (p.live || u.Scheme != "http")) {
		return false
	}
	for _, host := range p.hosts {
		if host != "" && strings.EqualFold(host, u.Hostname()) {
			return true
		}
	}
	return false
}
