package server

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/money"
)

func TestMarketOf(t *testing.T) {
	t.Parallel()
	known := append(money.Units(), money.Info{Unit: "USDI"}, money.Info{Unit: "RT"})
	for _, c := range []struct{ name, base, quote, words string }{
		{"USDIRR", "USD", "IRR", ""},
		{"usdtirr", "USDT", "IRR", ""},
		{"USDTUSD", "USDT", "USD", ""},
		{"USD/IRT", "USD", "IRT", ""},
		{"USDI/RT", "USDI", "RT", ""},
		{"USDIRT", "", "", "can be read in several ways: put a slash"},
		{"USDXXX", "", "", "must be two currency units such as USDIRT"},
		{"USD", "", "", "must be two currency units"},
		{"", "", "", "must be two currency units"},
	} {
		base, quote, err := marketOf(c.name, known)
		if string(base) != c.base || string(quote) != c.quote || (err != nil) != (c.words != "") ||
			err != nil && !strings.Contains(err.Error(), c.words) {
			t.Errorf("%q: got %q, %q, %v, want %q, %q, %q", c.name, base, quote, err, c.base, c.quote, c.words)
		}
	}
	if base, quote, err := marketOf("USDIRT", money.Units()); base != money.USD || quote != money.IRT || err != nil {
		t.Errorf("got %s, %s, %v, want dollars in Toman", base, quote, err)
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	usual := NewRate{Market: "USDIRT", Buy: "53064", Sell: "51889.25", Source: "bank"}
	set := func(change func(*NewRate)) func(Commands) error {
		n := usual
		n.Merchant = x.merchant
		change(&n)
		return func(c Commands) error { return c.SetRate(t.Context(), n) }
	}
	for words, change := range map[string]func(*NewRate){
		"buy must be a decimal number above zero":  func(n *NewRate) { n.Buy = "0" },
		"sell must be a decimal number above zero": func(n *NewRate) { n.Sell = "1e5" },
		"sell: The sell rate is above":             func(n *NewRate) { n.Sell = "53064.01" },
		"market must be two currency units":        func(n *NewRate) { n.Market = "USDXXX" },
		"currency: ":                               func(n *NewRate) { n.Market = "USD/XXX" },
		"there is no such merchant":                func(n *NewRate) { n.Merchant = "nobody" },
	} {
		x.refused(t, words, set(change))
	}
	var got rateView
	x.operate(t, &got, set(func(*NewRate) {}))
	x.operate(t, &got, set(func(n *NewRate) { n.Buy = "54000.50" }))
	x.refused(t, "market: The merchant has this market the other way round", set(func(n *NewRate) { n.Market = "IRTUSD" }))
	var list []rateView
	x.operate(t, &list, func(c Commands) error { return c.Rates(t.Context(), x.merchant) })
	want := []rateView{{
		Market: "USDIRT", Base: "USD", Quote: "IRT", Buy: "54000.5", Sell: "51889.25", Source: "bank", SetAt: got.SetAt,
	}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
}

// payoutOf asks for 5.01 USDT to be sent out of an account.
func (x told) payoutOf(t *testing.T, account int64, id string) {
	t.Helper()
	k, err := openCore(t.Context(), mustFill(t, x.config), forWriting, commandLog(os.Stderr))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := k.close(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := k.app.RequestPayout(t.Context(), app.NewPayout{
		ID: id, Merchant: x.merchant, Account: account, Amount: money.New(501_000_000, money.USDT), Rail: "TRX",
		Destination: "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", Reference: id,
	}); err != nil {
		t.Fatal(err)
	}
}

func TestPayouts(t *testing.T) {
	t.Parallel()
	x := teaHouse(t)
	x.operate(t, new(any), func(c Commands) error {
		return c.SetRail(t.Context(), RailTerms{Merchant: x.merchant, Unit: "USDT", Network: "TRX", Min: "2", Fee: "1.5"})
	})
	account := x.customer(t, "20 USDT")
	for _, id := range []string{"one", "two", "three"} {
		x.payoutOf(t, account, id)
	}
	x.has(t, account, balanceView{"USDT", "4.97"})
	say := func(id, receipt string, do func(Commands, PayoutWord) error) func(Commands) error {
		return func(c Commands) error {
			return do(c, PayoutWord{Payout: id, Receipt: receipt, Operator: "Sam", Note: "as asked"})
		}
	}
	approve := func(c Commands, w PayoutWord) error { return c.ApprovePayout(t.Context(), w) }
	confirm := func(c Commands, w PayoutWord) error { return c.ConfirmPayout(t.Context(), w) }
	reject := func(c Commands, w PayoutWord) error { return c.RejectPayout(t.Context(), w) }
	fail := func(c Commands, w PayoutWord) error { return c.FailPayout(t.Context(), w) }

	x.refused(t, "there is no payout nothing: purser payout list shows them", say("nothing", "", approve))
	x.refused(t, "payout one is requested: purser payout approve one takes it on", say("one", "tx1", confirm))
	d := newDesk(x.config)
	if err := say("one", "", approve)(d.Commands); err != nil ||
		!strings.Contains(d.out.String(), "Now send 3.51 USDT on TRX to TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t and say") ||
		!strings.Contains(d.out.String(), "\n  purser payout confirm one --receipt TXID\n") {
		t.Errorf("got %v and %s, want what to send where", err, d.out.String())
	}
	x.refused(t, "payout one is processing: purser payout confirm one --receipt TXID", say("one", "", reject))
	x.refused(t, "receipt: ", say("one", " ", confirm))
	var got payoutView
	x.operate(t, &got, say("one", "tx1", confirm))
	if got.State != "paid" || got.Receipt != "tx1" || got.Send != "3.51 USDT" || got.Fee != "1.5 USDT" {
		t.Errorf("got %+v, want it paid", got)
	}
	x.refused(t, "payout one is paid: nothing is left to do", say("one", "", fail))
	x.operate(t, &got, say("two", "", approve))
	x.refused(t, "receipt tx1 was booked for another payout or payment", say("two", "tx1", confirm))
	x.operate(t, &got, say("two", "", fail))
	x.operate(t, &got, say("three", "", reject))
	x.has(t, account, balanceView{"USDT", "14.99"})

	x.operate(t, new(any), func(c Commands) error { return c.SetPayoutLimit(t.Context(), x.merchant, "USDT", "5") })
	x.payoutOf(t, account, "four")
	d = newDesk(x.config)
	if err := say("four", "", approve)(d.Commands); err != nil ||
		!strings.Contains(d.out.String(), "1 of 2 Sam") ||
		!strings.Contains(d.out.String(), "somebody else has to approve it before it is sent") {
		t.Errorf("got %v and %s, want a second person asked for", err, d.out.String())
	}
	x.refused(t, "operator: The same person has approved it already", say("four", "", approve))
	d = newDesk(x.config)
	if err := d.ShowPayout(t.Context(), "four", false); err != nil ||
		!strings.Contains(d.out.String(), "Approved:  1 of 2 Sam") {
		t.Errorf("got %v and %s, want who approved it", err, d.out.String())
	}
	x.operate(t, &got, func(c Commands) error {
		return c.ApprovePayout(t.Context(), PayoutWord{Payout: "four", Operator: "Ann"})
	})
	if got.State != "processing" || strings.Join(got.Approved, " ") != "Sam Ann" {
		t.Errorf("got %+v, want it approved by two", got)
	}
	x.operate(t, &got, say("four", "", fail))

	var list []payoutView
	for _, c := range []struct {
		which WhichPayouts
		want  int
	}{
		{WhichPayouts{Limit: 10}, 4},
		{WhichPayouts{Limit: 2, Merchant: x.merchant}, 2},
		{WhichPayouts{Limit: 10, State: "rejected"}, 1},
		{WhichPayouts{Limit: 10, State: "requested"}, 0},
	} {
		x.operate(t, &list, func(cs Commands) error { return cs.Payouts(t.Context(), c.which) })
		if len(list) != c.want {
			t.Errorf("%+v: got %d payouts, want %d", c.which, len(list), c.want)
		}
	}
	x.refused(t, "there is no such merchant", func(c Commands) error {
		return c.Payouts(t.Context(), WhichPayouts{Merchant: "nobody", Limit: 1})
	})
	d = newDesk(x.config)
	if err := d.ShowPayout(t.Context(), "one", false); err != nil || !strings.Contains(d.out.String(), "Receipt:   tx1") ||
		!strings.Contains(d.out.String(), "operator  Sam: as asked") {
		t.Errorf("got %v and %s, want its receipt and who decided", err, d.out.String())
	}
	if err := d.Audit(t.Context(), AuditWish{}); err != nil {
		t.Errorf("audit: %v: %s", err, d.out.String())
	}
}
