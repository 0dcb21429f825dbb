package app

import (
	"net/netip"
	"testing"
)

// TestIsPublic knows where numbers lead that a call may bring.
func TestIsPublic(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"1.1.1.1": true, "100.63.255.255": true, "100.128.0.1": true, "198.17.0.1": true, "2606:4700::1": true,
		"::ffff:1.1.1.1": true, "100.100.100.200": false, "100.64.0.1": false, "169.254.169.254": false, "10.0.0.1": false,
		"172.31.0.1": false, "192.168.1.1": false, "127.0.0.1": false, "0.0.0.0": false, "198.18.0.1": false,
		"240.0.0.1": false, "255.255.255.255": false, "224.0.0.1": false, "::1": false, "::": false, "::7f00:1": false,
		"64:ff9b::7f00:1": false, "::ffff:10.0.0.1": false, "fe80::1%eth0": false, "fd00::1": false, "2002:7f00:1::": false,
		"2001::1": false,
	} {
		if got := isPublic(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

// TestNumeric tells numbers that some resolvers read as addresses from names.
func TestNumeric(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"2130706433": true, "127.1": true, "0x7f.1": true, "0x7f000001": true, "0177.0.0.01": true, "a.0x": true,
		"shop.example": false, "1.example": false, "a1": false, "0xshop": false, "": false,
	} {
		if got := numeric(host); got != want {
			t.Errorf("%q: got %v, want %v", host, got, want)
		}
	}
}
