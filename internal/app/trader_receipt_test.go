package app_test

import (
	"testing"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payout"
)

// TestTwoTradersOneNumber: two banks give the same number to what two traders send, and
// both are paid for it.
func TestTwoTradersOneNumber(t *testing.T) {
	t.Parallel()
	b, tom := rich(t)
	ann := b.trader("Ann", "")
	for _, trader := range []deal.Trader{tom, ann} {
		p := b.approved("500")
		w := word(b.taken(p, trader))
		w.Receipt = "000001"
		if d, err := b.app.CompleteDeal(t.Context(), w); err != nil || d.State != deal.Completed {
			t.Errorf("%s: got %s, %s", trader.Name, d.State, fault.Detail(err))
		}
		b.payoutIs(p.ID, payout.Paid)
	}
	if v, err := b.app.Trader(t.Context(), b.merchant, ann.ID); err != nil || v.Coins != coins("5.07614214") {
		t.Errorf("Ann has %v, %v, want what she was paid", v.Coins, err)
	}
}

// TestTwoAccountsOneNumber: the same of what arrives: it is two payers' money.
func TestTwoAccountsOneNumber(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 2, "1000")
	one, two := b.begun("1000"), b.begun("1000")
	if one.Requisite == two.Requisite {
		t.Fatal("two deals of one sum are on one requisite")
	}
	for _, d := range []deal.Deal{one, two} {
		w := word(d)
		w.Receipt = "000001"
		if _, err := b.app.CompleteDeal(t.Context(), w); err != nil {
			t.Errorf("got %s, want it paid", fault.Detail(err))
		}
		b.invoiceIsIn(d.Invoice, invoice.Completed, rub("1000"))
	}
}
