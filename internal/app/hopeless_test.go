package app_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// TestDisputeLostBesideLateMoney: the payer of a lost dispute has paid at the bank
// meanwhile, too late for the bank's page, and the bank is being asked about it: the
// invoice waits for its answer.
func TestDisputeLostBesideLateMoney(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bazaar) {
		b.takesRials()
		i := b.invoice(5_000)
		d := b.dispute(b.withdrawn(i), "")
		p := b.request(i, 5_000)
		b.wait(time.Hour)
		if _, err := b.app.ResolveDue(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		b.first.set(func(f *bank) { f.loseTake = 1 })
		b.first.pay(p.Attempt.Session, "paid")
		b.returns(p, "ok")
		if p = b.state(p.ID, payment.Expired); !p.Reserved {
			t.Fatalf("got %+v, want one that is being verified", p)
		}
		if _, err := b.app.ResolveDispute(t.Context(), word(d), false); err != nil {
			t.Fatal(fault.Detail(err))
		}
		v, err := b.app.Invoice(t.Context(), b.merchant, i.ID)
		if err != nil || v.Invoice.State != invoice.Open {
			t.Errorf("the invoice is %s, %v, want open", v.Invoice.State, err)
		}
		b.wait(6 * time.Hour)
		if _, err := b.app.ResolveDue(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		b.state(p.ID, payment.Captured)
		b.invoiceIs(i.ID, invoice.Completed, 5_000)
	})
}

// TestOneOfTwoDisputesLost: the payer says to have paid both deals of an invoice that were
// taken back. While one is not decided, the invoice is not lost.
func TestOneOfTwoDisputesLost(t *testing.T) {
	t.Parallel()
	for _, won := range []bool{true, false} {
		b := openBazaar(t, 2, "1000")
		i := b.bill("1000")
		first, second := b.withdrawn(i), b.withdrawn(i)
		first, second = b.dispute(first, ""), b.dispute(second, "")
		if _, err := b.app.ResolveDispute(t.Context(), word(first), false); err != nil {
			t.Fatal(fault.Detail(err))
		}
		b.invoiceIsIn(i.ID, invoice.Open, money.Zero(money.RUB))
		if _, err := b.app.ResolveDispute(t.Context(), word(second), won); err != nil {
			t.Fatal(fault.Detail(err))
		}
		if won {
			b.invoiceIsIn(i.ID, invoice.Completed, rub("1000"))
		} else {
			b.invoiceIsIn(i.ID, invoice.Canceled, money.Zero(money.RUB))
		}
	}
}
