package app_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// TestAnyOrder throws requests, payers, returns, lost answers, refunds and
// time at one shop in any order. After every step no invoice is over-collected;
// in the end, when the gateways answer again, their books are ours.
func TestAnyOrder(t *testing.T) {
	t.Parallel()
	s := open(t, 4_000)
	rapid.Check(t, func(t *rapid.T) {
		w := &world{shop: s}
		t.Repeat(map[string]func(*rapid.T){
			"invoice": w.newInvoice, "request": w.newRequest, "start waiting": w.startWaiting, "pay": w.payPage,
			"return": w.bringBack, "refund": w.giveBack, "time": w.letTimePass, "bad luck": w.spoil,
			"": w.check,
		})
		w.settle(t)
	})
}

type world struct {
	*shop
	invoices []string
	pages    []payment.Payment
	waiting  []payment.Payment
}

func (w *world) newInvoice(t *rapid.T) {
	i := w.invoice(rapid.Int64Range(1_000, 12_000).Draw(t, "amount"))
	w.invoices = append(w.invoices, i.ID)
}

func (w *world) newRequest(t *rapid.T) {
	if len(w.invoices) == 0 {
		t.Skip("no invoice yet")
	}
	id := rapid.SampledFrom(w.invoices).Draw(t, "invoice")
	wish := w.wish(invoice.Invoice{ID: id}, rapid.Int64Range(1_000, 12_000).Draw(t, "sum"))
	wish.Supersede = rapid.Bool().Draw(t, "supersede")
	r, err := w.app.RequestPayment(w.Context(), w.merchant, wish)
	switch {
	case err == nil:
		w.pages, w.waiting = append(w.pages, r.Payment), append(w.waiting, r.Waiting...)
	case fault.Is(err, fault.CodeAmountAboveRemaining), fault.Is(err, fault.CodeInvoiceClosed),
		fault.Is(err, fault.CodeGatewayUnavailable):
	default:
		t.Fatalf("request: %s", fault.Detail(err))
	}
}

func (w *world) startWaiting(t *rapid.T) {
	if len(w.waiting) == 0 {
		t.Skip("nothing waits")
	}
	p := rapid.SampledFrom(w.waiting).Draw(t, "payment")
	r, err := w.app.StartWaiting(w.Context(), w.merchant, p.ID, "")
	switch {
	case err == nil:
		w.pages = append(w.pages, r.Payment)
	case fault.Is(err, fault.CodePaymentNotFound), fault.Is(err, fault.CodeAmountAboveRemaining),
		fault.Is(err, fault.CodeInvoiceClosed), fault.Is(err, fault.CodeGatewayUnavailable):
	default:
		t.Fatalf("start waiting: %s", fault.Detail(err))
	}
}

func (w *world) page(t *rapid.T) payment.Payment {
	if len(w.pages) == 0 {
		t.Skip("no page yet")
	}
	return rapid.SampledFrom(w.pages).Draw(t, "page")
}

func (w *world) payPage(t *rapid.T) {
	p := w.page(t)
	state := rapid.SampledFrom([]string{"paid", "paid", "paid", "dead"}).Draw(t, "decision")
	w.first.set(func(b *bank) {
		if b.pages[p.Attempt.Session].state == "open" {
			b.pages[p.Attempt.Session].state = state
		}
	})
}

func (w *world) bringBack(t *rapid.T) {
	p := w.page(t)
	word := rapid.SampledFrom([]string{"ok", "no"}).Draw(t, "word")
	for range rapid.IntRange(1, 3).Draw(t, "times") {
		if _, err := w.app.ReturnPayer(w.Context(), back(p, word)); err != nil &&
			!fault.Is(err, fault.CodePaymentNotFound) {
			t.Fatalf("return: %s", fault.Detail(err))
		}
	}
}

func (w *world) giveBack(t *rapid.T) {
	_, err := w.refund(w.page(t), money.Amount{})
	if err != nil && !fault.Is(err, fault.CodePaymentNotFound) && !fault.Is(err, fault.CodeRefundInProgress) {
		t.Fatalf("refund: %s", fault.Detail(err))
	}
}

func (w *world) letTimePass(t *rapid.T) {
	w.wait(time.Duration(rapid.IntRange(1, 40).Draw(t, "minutes")) * time.Minute)
	if _, err := w.app.ResolveDue(w.Context(), 100); err != nil {
		t.Fatalf("resolve due: %s", fault.Detail(err))
	}
}

func (w *world) spoil(t *rapid.T) {
	what := rapid.SampledFrom([]string{"take", "undo", "silent", "deny", "good"}).Draw(t, "what")
	w.first.set(func(b *bank) {
		b.silent, b.denyUndo, b.loseUndo = what == "silent", what == "deny", what == "undo"
		if what == "take" {
			b.loseTake++
		}
	})
}

// check holds after every step.
func (w *world) check(t *rapid.T) {
	for _, id := range w.invoices {
		v, err := w.app.Invoice(w.Context(), w.merchant, id)
		if err != nil {
			t.Fatal(fault.Detail(err))
		}
		i := v.Invoice
		if i.Captured.Steps()+i.Reserved.Steps() > i.Amount.Steps() || i.Captured.Sign() < 0 || i.Reserved.Sign() < 0 {
			t.Fatalf("captured %v and reserved %v of %v", i.Captured, i.Reserved, i.Amount)
		}
		if i.Full() != i.Collected() {
			t.Fatalf("full %v in state %s", i.Full(), i.State)
		}
	}
}

// settle lets every gateway answer, waits until nothing is open, and compares.
func (w *world) settle(t *rapid.T) {
	w.first.set(func(b *bank) { b.silent, b.denyUndo, b.loseUndo, b.loseTake = false, false, false, 0 })
	for range 30 {
		w.wait(7 * time.Hour)
		if n, err := w.app.ResolveDue(w.Context(), 1_000); err != nil {
			t.Fatal(fault.Detail(err))
		} else if n == 0 {
			break
		}
	}
	theirs := int64(0)
	w.first.set(func(b *bank) {
		for _, p := range b.pages {
			if p.state == "taken" {
				theirs += p.attempt.Amount.Steps()
			}
		}
	})
	if ours := -w.balance(ledger.GatewayClearing, "first"); ours != theirs {
		t.Fatalf("the gateway holds %d, our books say %d", theirs, ours)
	}
	for _, role := range []ledger.Role{ledger.Suspense, ledger.RefundsInTransit} {
		if left := w.balance(role, ""); left != 0 {
			t.Fatalf("%s still holds %d", role, left)
		}
	}
}
