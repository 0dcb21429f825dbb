package app_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// takesRials lets deals be made in what the banks of a shop take.
func (b *bazaar) takesRials() {
	b.Helper()
	b.rate(deal.Coin, money.IRR, "98.50", "98.50")
	t := b.trader("Reza", "1000")
	if _, err := b.app.PutRequisite(b.Context(), app.RequisiteTerms{
		Merchant: b.merchant, Trader: t.ID, Option: "TO_CARD", Method: "mellat", Number: "6037990000000001", Holder: "REZA",
		Least: rial(1_000), Most: rial(100_000), Operator: "Sam",
	}); err != nil {
		b.Fatal(err)
	}
}

// withdrawn is a deal of an invoice that its merchant took back.
func (b *bazaar) withdrawn(i invoice.Invoice) deal.Deal {
	b.Helper()
	d, found, err := b.begin(i, "")
	if err != nil || !found {
		b.Fatalf("no deal: %v, %s", found, fault.Detail(err))
	}
	if d, err = b.app.WithdrawDeal(b.Context(), b.merchant, d.ID); err != nil {
		b.Fatal(err)
	}
	return d
}

// atBank pays a part of an invoice at the first bank.
func (b *bazaar) atBank(i invoice.Invoice, amount int64) payment.Payment {
	b.Helper()
	p := b.request(i, amount)
	b.first.pay(p.Attempt.Session, "paid")
	return b.returns(p, "ok")
}

// TestDisputeWonAfterSomethingElsePaid: the trader has the payer's money, so the
// merchant gets the coins, whatever the invoice took meanwhile.
func TestDisputeWonAfterSomethingElsePaid(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile       func(b *bazaar, i invoice.Invoice)
		amount, unpaid  int64
		captured, atTop int64
		trigger         string
	}{
		"paid": {
			func(b *bazaar, i invoice.Invoice) { b.atBank(i, 5_000) }, 10_000, 0, 10_000, 5_000, "correct",
		},
		"a part": {
			func(b *bazaar, i invoice.Invoice) { b.atBank(i, 2_000) }, 7_000, 0, 7_000, 2_000, "complete",
		},
		"closed": {func(b *bazaar, i invoice.Invoice) {
			b.atBank(i, 2_000)
			if _, err := b.app.CloseInvoice(b.Context(), b.merchant, i.ID); err != nil {
				b.Fatal(err)
			}
		}, 10_000, 3_000, 7_000, 2_000, "correct"},
		"given back": {func(b *bazaar, i invoice.Invoice) {
			if _, err := b.refund(b.atBank(i, 5_000), money.Amount{}); err != nil {
				b.Fatal(err)
			}
			b.invoiceIs(i.ID, invoice.Refunded, 0)
		}, 5_000, 0, 5_000, 0, "complete"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, b *bazaar) {
				b.takesRials()
				i := b.invoice(5_000)
				d := b.dispute(b.withdrawn(i), "")
				c.meanwhile(b, i)
				d, err := b.app.ResolveDispute(t.Context(), word(d), true)
				if err != nil || d.State != deal.Completed {
					t.Fatalf("got %s, %s", d.State, fault.Detail(err))
				}
				b.invoiceIs(i.ID, invoice.Completed, c.captured)
				v, err := b.app.Invoice(t.Context(), b.merchant, i.ID)
				if err != nil || v.Invoice.Amount != rial(c.amount) || v.Invoice.Unpaid() != rial(c.unpaid) {
					t.Errorf("%v is asked for and %v unpaid, %v", v.Invoice.Amount, v.Invoice.Unpaid(), err)
				}
				if p := b.state(d.Payment, payment.Captured); p.Amount != rial(5_000) || p.Attention != "" {
					t.Errorf("got %+v", p)
				}
				if got := b.balance(ledger.GatewayClearing, "first"); got != -c.atTop {
					t.Errorf("the bank owes %d, want %d", -got, c.atTop)
				}
				b.lastOf(i.ID, c.trigger)
			})
		})
	}
}

// lastOf wants what happened to an invoice last.
func (b *bazaar) lastOf(id, trigger string) {
	b.Helper()
	happened, err := b.shop.store.Events(b.Context(), b.merchant, 0, 1000)
	if err != nil {
		b.Fatal(err)
	}
	last := ""
	for _, e := range happened {
		if e.Subject == id {
			last = e.Trigger
		}
	}
	if last != trigger {
		b.Errorf("the last of the invoice is %q, want %q", last, trigger)
	}
}

// TestTwoDealsPayOneInvoice: its payer sent the money twice, and both traders say so,
// whichever is first.
func TestTwoDealsPayOneInvoice(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bazaar) {
		for _, disputeFirst := range []bool{true, false} {
			i := b.bill("1000")
			old := b.withdrawn(i)
			live, found, err := b.begin(i, "")
			if err != nil || !found {
				t.Fatalf("no deal: %v, %s", found, fault.Detail(err))
			}
			b.dispute(old, "")
			for _, dispute := range []bool{disputeFirst, !disputeFirst} {
				if dispute {
					_, err = b.app.ResolveDispute(t.Context(), word(old), true)
				} else {
					_, err = b.app.CompleteDeal(t.Context(), word(live))
				}
				if err != nil {
					t.Fatalf("dispute first: %v, dispute now: %v: %s", disputeFirst, dispute, fault.Detail(err))
				}
			}
			b.invoiceIsIn(i.ID, invoice.Completed, rub("2000"))
		}
	})
}

// TestDisputeWaitsForTheBank: what the invoice asks for depends on what the bank
// says of a payment that is being verified.
func TestDisputeWaitsForTheBank(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bazaar) {
		b.takesRials()
		i := b.invoice(5_000)
		d := b.dispute(b.withdrawn(i), "")
		b.first.set(func(f *bank) { f.loseTake = 1 })
		p := b.atBank(i, 5_000)
		if !p.Reserved {
			t.Fatalf("got %+v, want one that is being verified", p)
		}
		if _, err := b.app.ResolveDispute(t.Context(), word(d), true); !fault.Is(err, fault.CodeWrongState) {
			t.Fatalf("got %v, want wrong_state", err)
		}
		b.wait(time.Hour)
		if _, err := b.app.ResolveDue(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		b.state(p.ID, payment.Captured)
		if _, err := b.app.ResolveDispute(t.Context(), word(d), true); err != nil {
			t.Fatal(fault.Detail(err))
		}
		b.invoiceIs(i.ID, invoice.Completed, 10_000)
	})
}

// TestDisputeWonBesideAnExtension: what an invoice was extended by after its deal was taken
// back stays asked for when the deal's money turns out to have come, and no more than that.
func TestDisputeWonBesideAnExtension(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		came  string // in the dispute; empty = what was agreed
		paid  bool   // the extension, before the dispute is won
		ended bool   // the merchant canceled the invoice before that
		asks  int64
		state invoice.State
		has   int64
	}{
		"unpaid":                  {"", false, false, 8_000, invoice.Open, 5_000},
		"unpaid, and more came":   {"5500", false, false, 8_500, invoice.Open, 5_500},
		"unpaid, and less came":   {"4000", false, false, 7_000, invoice.Open, 4_000},
		"paid":                    {"", true, false, 8_000, invoice.Completed, 8_000},
		"the invoice is canceled": {"", false, true, 5_000, invoice.Completed, 5_000},
	} {
		b := openBazaar(t, 0, "")
		b.takesRials()
		i, err := b.app.CreateInvoice(t.Context(), b.merchant, app.NewInvoice{
			ID: b.newID(), Amount: rial(5_000), Terminal: b.store,
		})
		if err != nil {
			t.Fatal(err)
		}
		d := b.withdrawn(i)
		x, err := b.app.ExtendInvoice(t.Context(), b.merchant, app.Extension{
			Invoice: i.ID, Amount: rial(3_000), Token: "token-" + b.newID(), Gateway: "first",
		})
		if err != nil {
			t.Fatal(err)
		}
		if test.paid {
			b.follows(x)
		}
		if test.ended {
			if _, err := b.app.CancelInvoice(t.Context(), app.CancelInvoice{Merchant: b.merchant, Invoice: i.ID}); err != nil {
				t.Fatal(err)
			}
		}
		d = b.dispute(d, "")
		w := word(d)
		if test.came != "" {
			w.Paid = parsed(test.came, money.IRR)
		}
		if _, err := b.app.ResolveDispute(t.Context(), w, true); err != nil {
			t.Fatalf("%s: %s", name, fault.Detail(err))
		}
		b.asks(i.ID, test.state, test.asks, test.has, 0)
		if test.state == invoice.Open {
			b.follows(x)
			b.asks(i.ID, invoice.Completed, test.asks, test.asks, 0)
		}
	}
}

// TestDisputeLostAfterAnExtensionIsPaid: what has paid only what an invoice was extended by since
// pays nothing of the deal, so that it ends as it does where that is paid later.
func TestDisputeLostAfterAnExtensionIsPaid(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		paid, since bool  // a part of the rest, at a bank; extended since the deal
		back        int64 // of what the extension brought
		state       invoice.State
		asks, has   int64
	}{
		"nothing else is paid":      {false, true, 0, invoice.Completed, 3_000, 3_000},
		"a part of it went back":    {false, true, 1_000, invoice.Open, 3_000, 2_000},
		"a part of the rest is too": {true, true, 0, invoice.Open, 8_000, 5_000},
		"it was extended before":    {false, false, 0, invoice.Open, 8_000, 3_000},
	} {
		b := openBazaar(t, 0, "")
		b.takesRials()
		b.first.set(func(f *bank) { f.canRefund = true })
		i := b.invoice(5_000)
		var d deal.Deal
		if test.since {
			d = b.withdrawn(i)
			b.wait(time.Minute)
		}
		x, err := b.app.ExtendInvoice(t.Context(), b.merchant, app.Extension{
			Invoice: i.ID, Amount: rial(3_000), Token: "token-" + b.newID(), Gateway: "first",
		})
		if err != nil {
			t.Fatal(err)
		}
		p := b.follows(x)
		if !test.since {
			b.wait(time.Minute)
			d = b.withdrawn(i)
		}
		if test.paid {
			b.atBank(i, 2_000)
		}
		if test.back > 0 {
			if _, err := b.refund(p, rial(test.back)); err != nil {
				t.Fatal(err)
			}
		}
		d = b.dispute(d, "")
		if _, err := b.app.ResolveDispute(t.Context(), word(d), false); err != nil {
			t.Fatalf("%s: %s", name, fault.Detail(err))
		}
		t.Log(name)
		b.asks(i.ID, test.state, test.asks, test.has, 0)
		b.lastOf(i.ID, "cancel")
		b.audit()
	}
}

// TestDisputeLostBesideAnExtension: an invoice that was extended since its deal was taken back
// goes on asking for that alone, unless somebody may be paying the rest of it.
func TestDisputeLostBesideAnExtension(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		paying bool // somebody is on the page of a bank
		asks   int64
	}{
		"nobody pays the rest":       {false, 3_000},
		"somebody may be paying all": {true, 8_000},
	} {
		b := openBazaar(t, 0, "")
		b.takesRials()
		i := b.invoice(5_000)
		d := b.withdrawn(i)
		x, err := b.app.ExtendInvoice(t.Context(), b.merchant, app.Extension{
			Invoice: i.ID, Amount: rial(3_000), Token: "token-" + b.newID(), Gateway: "first",
		})
		if err != nil {
			t.Fatal(err)
		}
		d = b.dispute(d, "")
		if test.paying {
			b.request(i, 8_000)
		}
		if d, err = b.app.ResolveDispute(t.Context(), word(d), false); err != nil || d.State != deal.Canceled {
			t.Fatalf("%s: got %s, %s", name, d.State, fault.Detail(err))
		}
		b.asks(i.ID, invoice.Open, test.asks, 0, 0)
		b.lastOf(i.ID, "cancel")
		if !test.paying {
			b.follows(x)
			b.asks(i.ID, invoice.Completed, 3_000, 3_000, 0)
		}
	}
}
