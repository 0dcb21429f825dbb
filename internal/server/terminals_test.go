package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/store/sqlitetest"
)

func TestMerchantTerms(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	set := func(terms RailTerms) func(Commands) error {
		terms.Merchant = x.merchant
		return func(c Commands) error { return c.SetRail(t.Context(), terms) }
	}
	six, nine, off := 6, 9, false
	for words, terms := range map[string]RailTerms{
		"unit must be a currency unit":                       {Unit: "XXX", Network: "TRX"},
		"network: Addresses of this network are not known":   {Unit: "USDT", Network: "DOGE", Min: "2", Fee: "1"},
		"min and fee are needed":                             {Unit: "USDT", Network: "TRX", Min: "2"},
		"fee must be a decimal number with at most 8 places": {Unit: "USDT", Network: "TRX", Min: "2", Fee: "-1"},
		"decimals must be 0 to 8, as USDT has them": {
			Unit: "USDT", Network: "TRX", Min: "2", Fee: "1", Decimals: &nine,
		},
	} {
		x.refused(t, words, set(terms))
	}
	var got railView
	x.operate(t, &got, set(RailTerms{Unit: "usdt", Network: "TRX", Min: "2", Fee: "1.50"}))
	want := railView{Unit: "USDT", Network: "TRX", Min: "2", Fee: "1.5", Decimals: 8, Active: true}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	// What is not said stays.
	x.operate(t, &got, set(RailTerms{Unit: "USDT", Network: "TRX", Decimals: &six, Active: &off}))
	want.Decimals, want.Active = 6, false
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	x.refused(t, "email: It is not an e-mail address", func(c Commands) error {
		return c.SetMerchant(t.Context(), x.merchant, MerchantTerms{Email: new("shop")})
	})
	var m merchantView
	x.operate(t, &m, func(c Commands) error {
		return c.SetMerchant(t.Context(), x.merchant, MerchantTerms{Email: new("Shop@Tea.Example")})
	})
	if m.Email != "shop@tea.example" || m.Guard != "off" {
		t.Errorf("got %+v, want its address", m)
	}
	x.operate(t, &m, func(c Commands) error {
		return c.SetMerchant(t.Context(), x.merchant, MerchantTerms{Guard: new("hold")})
	})
	if m.Email != "shop@tea.example" || m.Guard != "hold" {
		t.Errorf("got %+v, want its guard", m)
	}
	x.operate(t, &m, func(c Commands) error { return c.ShowMerchant(t.Context(), x.merchant) })
	if m.Account != 10000 || len(m.Rails) != 1 || m.Rails[0] != want || m.Email == "" {
		t.Errorf("got %+v, want the merchant with its network", m)
	}
	x.refused(t, "there is no such merchant", func(c Commands) error { return c.ShowMerchant(t.Context(), "nobody") })
}

func TestTerminals(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	text := func(s string) *string { return &s }
	var first terminalView
	x.operate(t, &first, func(c Commands) error {
		return c.AddTerminal(t.Context(), x.merchant, TerminalTerms{Name: text("Shop")})
	})
	if !strings.HasPrefix(first.Secret, "whsec_") || first.Number != 1001 || first.VerifyIn != "30m" ||
		first.Form != "form" || len(first.Origins) != 0 || first.PayIn != "" {
		t.Errorf("got %+v, want a usual terminal with its secret", first)
	}
	hour, ever, on := time.Hour, time.Duration(0), true
	change := func(terms TerminalTerms) (view terminalView) {
		x.operate(t, &view, func(c Commands) error { return c.SetTerminal(t.Context(), x.merchant, 1001, terms) })
		return view
	}
	got := change(TerminalTerms{
		Origins: []string{"https://shop.example"}, Form: text("json"), VerifyIn: &hour, PayIn: &hour, RefundIn: &hour,
		Guard: text("hold"), Disabled: &on,
	})
	want := terminalView{
		Number: 1001, Merchant: x.merchant, Name: "Shop", Origins: []string{"https://shop.example"}, Form: "json",
		VerifyIn: "1h", PayIn: "1h", RefundIn: "1h", Guard: "hold", Disabled: true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	want.Name, want.PayIn, want.Origins = "Till", "", []string{}
	if diff := cmp.Diff(want, change(TerminalTerms{Name: text("Till"), PayIn: &ever, Anywhere: true})); diff != "" {
		t.Errorf("changed again (-want +got):\n%s", diff)
	}
	for words, terms := range map[string]TerminalTerms{
		"form must be form or json":         {Form: text("xml")},
		"amount-guard must be off or hold":  {Guard: text("perhaps")},
		"origins: An origin is scheme":      {Origins: []string{"https://shop.example/back"}},
		"verify_in: A time is a minute to":  {VerifyIn: new(time.Second)},
		"name: ":                            {Name: text(" ")},
		"refund_in: A time is a minute to ": {RefundIn: new(time.Millisecond)},
	} {
		x.refused(t, words, func(c Commands) error { return c.SetTerminal(t.Context(), x.merchant, 1001, terms) })
	}
	var rotated struct{ Secret string }
	x.operate(t, &rotated, func(c Commands) error { return c.RotateTerminal(t.Context(), x.merchant, 1001) })
	if !strings.HasPrefix(rotated.Secret, "whsec_") || rotated.Secret == first.Secret {
		t.Errorf("got secret %q after %q, want another", rotated.Secret, first.Secret)
	}
	for _, do := range []func(Commands) error{
		func(c Commands) error { return c.SetTerminal(t.Context(), x.merchant, 1009, TerminalTerms{}) },
		func(c Commands) error { return c.RotateTerminal(t.Context(), x.merchant, 1009) },
	} {
		x.refused(t, "no such terminal: purser terminal list --merchant "+x.merchant, do)
	}
	var list []terminalView
	x.operate(t, &list, func(c Commands) error { return c.Terminals(t.Context(), x.merchant) })
	if diff := cmp.Diff([]terminalView{want}, list); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	// What signs for it is no address that anybody could be told at.
	d := newDesk(x.config)
	if err := d.Endpoints(t.Context(), x.merchant); err != nil ||
		!strings.Contains(d.out.String(), "notices of a terminal") || strings.Contains(d.out.String(), "everything") {
		t.Errorf("got %v and %s, want what signs for the terminal", err, d.out.String())
	}
}

func TestSigningKeys(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	account := x.customer(t)
	add := func(n NewSigningKey) func(Commands) error {
		n.Merchant = x.merchant
		return func(c Commands) error { return c.AddSigningKey(t.Context(), n) }
	}
	x.refused(t, "network must be an address or a network such as 192.0.2.0/24", add(NewSigningKey{
		Networks: []string{"192.0.2.7/24"},
	}))
	x.refused(t, "network must be", add(NewSigningKey{Networks: []string{"shop.example"}}))
	x.refused(t, `method must be one of create-invoice, `, add(NewSigningKey{Methods: []string{"balances"}}))
	x.refused(t, "no such account", add(NewSigningKey{Account: 10009}))
	var made keyView
	x.operate(t, &made, add(NewSigningKey{
		Label: "till", Account: account, Methods: []string{"balance", "transfer"},
		Networks: []string{"192.0.2.0/24", "2001:db8::1"},
	}))
	if len(made.Public) != 32 || len(made.Secret) != 72 || made.Kind != "signing" || made.Account != account {
		t.Errorf("got %+v, want both parts of the key", made)
	}
	x.operate(t, new(any), func(c Commands) error {
		return c.AddKey(t.Context(), NewKey{Merchant: x.merchant, Label: "shop"})
	})
	d := newDesk(x.config)
	if err := d.Keys(t.Context(), x.merchant); err != nil || strings.Contains(d.out.String(), made.Secret) ||
		strings.Contains(d.out.String(), made.Public) {
		t.Errorf("got %v and %s, want keys without their parts", err, d.out.String())
	}
	for _, want := range []string{
		"till   signing  balance,transfer  10001    192.0.2.0/24,2001:db8::1/128",
		"shop   secret   payments          -        anywhere",
	} {
		if !strings.Contains(d.out.String(), want) {
			t.Errorf("got %s, want %q in it", d.out.String(), want)
		}
	}
}

// A new keyset must not be made for a database that holds anything sealed,
// whatever it is.
func TestEverySealedThingNeedsItsKeyset(t *testing.T) {
	t.Parallel()
	name := "Shop"
	for what, seal := range map[string]func(c Commands, merchant string) error{
		"a signing key": func(c Commands, merchant string) error {
			return c.AddSigningKey(t.Context(), NewSigningKey{Merchant: merchant})
		},
		"a terminal": func(c Commands, merchant string) error {
			return c.AddTerminal(t.Context(), merchant, TerminalTerms{Name: &name})
		},
		"a PIN": func(c Commands, merchant string) error {
			c.Terminal.In = strings.NewReader("4711\n")
			return c.AddCustomer(t.Context(), NewCustomer{Merchant: merchant, PIN: "-"})
		},
	} {
		x := told{config: Config{Data: sqlitetest.Folder(t)}}
		var made merchantView
		x.operate(t, &made, func(c Commands) error { return c.AddMerchant(t.Context(), "Tea House", "") })
		x.operate(t, new(any), func(c Commands) error { return c.AddKey(t.Context(), NewKey{Merchant: made.ID}) })
		ring := filepath.Join(x.config.Data, keysetName)
		if err := os.Remove(ring); err != nil {
			t.Fatal(err)
		}
		// So far there is nothing to open, and a new keyset is as good.
		x.operate(t, new(any), func(c Commands) error { return seal(c, made.ID) })
		if err := os.Remove(ring); err != nil {
			t.Fatal(err)
		}
		x.refused(t, "bring it back", func(c Commands) error { return c.AddMerchant(t.Context(), what, "") })
	}
}
