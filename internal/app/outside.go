package app

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/net/idna"

	"github.com/purserhq/purser/internal/fault"
)

// checkAddress refuses what can never be sent to. Where a name leads is
// checked when it is dialed, each time.
func checkAddress(address string) error {
	invalid := fault.New(fault.CodeParameterInvalid, "url", "It must be an absolute http or https address.")
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" ||
		(u.Scheme != "https" && u.Scheme != "http") {
		return invalid
	}
	if len(address) > maxAddress {
		return invalid.Because("The address is too long.")
	}
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil && ip.IsUnspecified() {
		return invalid
	}
	if n, err := strconv.ParseUint(u.Port(), 10, 16); u.Port() != "" && (err != nil || n == 0) {
		return invalid.Because("Its port is none that can be dialed.")
	}
	return nil
}

const maxAddress = 2000

// checkOutside is checkAddress for an address that a call brings: one that
// leads into a private network by its very text is refused too.
func (a *App) checkOutside(param, address string) error {
	if err := checkAddress(address); err != nil {
		f := *fault.From(err)
		f.Param = param
		return &f
	}
	u, err := url.Parse(address)
	if err != nil || a.private {
		return err
	}
	host, err := dialed(u.Hostname())
	if err != nil || host == "" {
		return fault.New(fault.CodeParameterInvalid, param, "Its host is no name: one in other letters is written as xn--.")
	}
	ip, err := netip.ParseAddr(host)
	if err != nil && numeric(host) { // such as 127.1 and 0x7f000001, which some resolvers read as addresses
		return fault.New(fault.CodeParameterInvalid, param, "Its host is a number that is no address.")
	}
	if err == nil && !isPublic(ip) || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return fault.New(fault.CodeParameterInvalid, param, "It leads into a private network.")
	}
	return nil
}

// dialed is a host as it is looked up. A name in other letters and digits is turned into plain
// ones before that, as net/http does it: what shows no number may so become one.
// Error: no name can be made of it.
func dialed(host string) (string, error) {
	if strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }) {
		var err error
		if host, err = idna.Lookup.ToASCII(host); err != nil {
			return "", err
		}
	}
	return strings.ToLower(strings.TrimSuffix(host, ".")), nil
}

// numeric says that a host's last label is a number, as no name's on the internet is.
func numeric(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(last, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// Networks whose addresses are nobody's on the internet, or lead to others that may be
// (the registries of special-purpose addresses of RFC 6890).
var (
	specialV4 = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4", "240.0.0.0/4")
	publicV6  = netip.MustParsePrefix("2000::/3")
	specialV6 = prefixes("2001::/23", "2002::/16")
)

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for n, text := range texts {
		all[n] = netip.MustParsePrefix(text)
	}
	return all
}

// isPublic says that an address can be somebody's on the internet.
func isPublic(ip netip.Addr) bool {
	ip = ip.WithZone("").Unmap()
	special := specialV6
	if ip.Is4() {
		special = specialV4
	} else if !publicV6.Contains(ip) {
		return false
	}
	return !slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(ip) })
}
