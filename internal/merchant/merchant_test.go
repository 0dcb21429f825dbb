package merchant_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

var (
	noon = time.Date(2026, 5, 2, 12, 0, 0, 0, time.UTC)
	seal = []byte("a sealed secret")
)

func TestMay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		key             merchant.Key
		payments, admin bool
	}{
		{"no scopes", merchant.Key{}, false, false},
		{"payments", merchant.Key{Scopes: []merchant.Scope{merchant.Payments}}, true, false},
		{"admin has all", merchant.Key{Scopes: []merchant.Scope{merchant.Admin}}, true, true},
		{"an unknown scope", merchant.Key{Scopes: []merchant.Scope{"nonsense"}}, false, false},
		{"revoked", merchant.Key{Scopes: []merchant.Scope{merchant.Admin}, RevokedAt: noon}, false, false},
		{"a signing key", merchant.Key{Sealed: seal}, false, false},
		{"a signing key with scopes", merchant.Key{Sealed: seal, Scopes: []merchant.Scope{merchant.Admin}}, false, false},
		{
			"the calls of a signing key are no scopes",
			merchant.Key{Sealed: seal, Methods: []string{string(merchant.Payments)}},
			false, false,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.key.May(merchant.Payments); got != c.payments {
				t.Errorf("payments: got %v, want %v", got, c.payments)
			}
			if got := c.key.May(merchant.Admin); got != c.admin {
				t.Errorf("admin: got %v, want %v", got, c.admin)
			}
		})
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		has, wants merchant.Scope
		want       bool
	}{
		{merchant.InvoicesWrite, merchant.InvoicesWrite, true},
		{merchant.InvoicesWrite, merchant.InvoicesRead, true},
		{merchant.InvoicesRead, merchant.InvoicesWrite, false},
		{merchant.InvoicesWrite, merchant.PaymentsRead, false},
		{merchant.InvoicesWrite, merchant.Payments, false},
		{merchant.Payments, merchant.RefundsWrite, true},
		{merchant.Payments, merchant.TransfersRead, false},
		{merchant.Payments, merchant.Admin, false},
		{merchant.Admin, merchant.TransfersWrite, true},
		{merchant.PaymentsWrite, merchant.Payments, false},
		{merchant.Operator, merchant.Operator, true},
		{merchant.Admin, merchant.Operator, false},
		{merchant.Operator, merchant.PayoutsRead, false},
		{merchant.Operator, merchant.Admin, false},
		{"", merchant.EventsRead, false},
	} {
		key := merchant.Key{Scopes: []merchant.Scope{c.has}}
		if got := key.May(c.wants); got != c.want {
			t.Errorf("%q for %q: got %v, want %v", c.has, c.wants, got, c.want)
		}
	}
}

func TestCalls(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		key  merchant.Key
		want bool
	}{
		{"a signing key of all calls", merchant.Key{Sealed: seal}, true},
		{"a list with the call", merchant.Key{Sealed: seal, Methods: []string{"balance", "transfer"}}, true},
		{"a list without it", merchant.Key{Sealed: seal, Methods: []string{"balance", "transfer-list"}}, false},
		{"a list in other letters", merchant.Key{Sealed: seal, Methods: []string{"Transfer"}}, false},
		{"revoked", merchant.Key{Sealed: seal, RevokedAt: noon}, false},
		{"revoked, with a list", merchant.Key{Sealed: seal, Methods: []string{"transfer"}, RevokedAt: noon}, false},
		{"a plain key", merchant.Key{Scopes: []merchant.Scope{merchant.Admin}}, false},
		{"a plain key with a list", merchant.Key{Methods: []string{"transfer"}}, false},
		{"nothing", merchant.Key{}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := c.key.Calls("transfer"); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
			if got := c.key.Signs(); got != (len(c.key.Sealed) > 0) {
				t.Errorf("signs: got %v", got)
			}
		})
	}
}

func TestFrom(t *testing.T) {
	t.Parallel()
	listed := merchant.Key{Networks: []netip.Prefix{
		netip.MustParsePrefix("203.0.113.7/32"), netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("2001:db8::/32"),
	}}
	for text, want := range map[string]bool{
		"203.0.113.7":          true,
		"203.0.113.8":          false,
		"198.51.100.0":         true,
		"198.51.100.255":       true,
		"198.51.101.0":         false,
		"::ffff:203.0.113.7":   true,
		"::ffff:cb00:7107":     true,
		"::ffff:203.0.113.8":   false,
		"::203.0.113.7":        false,
		"64:ff9b::203.0.113.7": false,
		"2001:db8::1":          true,
		"2001:db8:ffff::":      true,
		"2001:db9::1":          false,
		"2001:db8::1%eth0":     false,
		"::ffff:198.51.100.1":  true,
		"0.0.0.0":              false,
		"::":                   false,
	} {
		from := netip.MustParseAddr(text)
		if got := listed.From(from); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
		if !(merchant.Key{}).From(from) {
			t.Errorf("%s: refused by a key without a list", text)
		}
	}
	if listed.From(netip.Addr{}) {
		t.Error("no address is in the list")
	}
	every := merchant.Key{Networks: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}}
	if !every.From(netip.MustParseAddr("::ffff:192.0.2.1")) || every.From(netip.MustParseAddr("2001:db8::1")) {
		t.Error("every address of one kind is not what is allowed")
	}
}

func TestRail(t *testing.T) {
	t.Parallel()
	tron := merchant.Rail{
		Unit: money.USDT, Network: "TRX", Min: money.New(2e8, money.USDT), Fee: money.New(15e7, money.USDT), Decimals: 6,
		Active: true,
	}
	other := merchant.Rail{Unit: money.USDT, Network: "BNB"}
	m := merchant.Merchant{Rails: []merchant.Rail{{Unit: "BTC", Network: "TRX"}, other, tron}}
	for _, c := range []struct {
		name    string
		unit    money.Unit
		network string
		want    merchant.Rail
	}{
		{"by unit and network", money.USDT, "TRX", tron},
		{"one that rests is found too", money.USDT, "BNB", other},
		{"another network", money.USDT, "ETH", merchant.Rail{}},
		{"another unit", money.USD, "TRX", merchant.Rail{}},
		{"other letters", money.USDT, "trx", merchant.Rail{}},
		{"nothing", "", "", merchant.Rail{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, ok := m.Rail(c.unit, c.network)
			if got != c.want || ok != (c.want != merchant.Rail{}) {
				t.Errorf("got %+v, %v, want %+v", got, ok, c.want)
			}
		})
	}
	if _, ok := (merchant.Merchant{}).Rail(money.USDT, "TRX"); ok {
		t.Error("a merchant without rails has one")
	}
}
