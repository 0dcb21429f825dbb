package app_test

import (
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/wallet"
)

// TestAnyOrderOfReturns throws records, refunds of parts and of whole invoices, refusals, lost
// answers, an operator's words and time at paid invoices in any order. While something is owed
// a person is called, and nobody is about nothing; in the end everything is where it belongs.
func TestAnyOrderOfReturns(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	payer := s.payer(rial(1_000_000_000))
	rapid.Check(t, func(t *rapid.T) {
		w := &counter{shop: s, payer: payer}
		t.Repeat(map[string]func(*rapid.T){
			"pay": w.pay, "from wallet": w.payFromWallet, "record": w.record, "refund": w.giveBack,
			"refund invoice": w.giveAllBack, "word": w.speak, "time": w.letTimePass, "bad luck": w.spoil, "": w.check,
		})
		w.settle(t)
	})
}

type counter struct {
	*shop
	payer    wallet.Customer
	payments []payment.Payment
	words    int
}

func (w *counter) pay(*rapid.T) {
	_, p := w.paid(10_000)
	w.payments = append(w.payments, p)
}

func (w *counter) payFromWallet(t *rapid.T) {
	view, err := w.app.PayFromWallet(w.Context(), w.fromWallet(w.invoice(10_000).ID,
		strconv.FormatInt(w.payer.Number, 10), rightPIN))
	if err != nil {
		t.Fatal(fault.Detail(err))
	}
	w.payments = append(w.payments, view.Payments...)
}

func (w *counter) one(t *rapid.T) payment.Payment {
	if len(w.payments) == 0 {
		t.Skip("nothing was paid yet")
	}
	return rapid.SampledFrom(w.payments).Draw(t, "payment")
}

func (w *counter) expect(t *rapid.T, what string, err error) {
	(&till{shop: w.shop}).expect(t, what, unless(err, fault.CodeUnsupported))
}

// unless is an error but for one of a code.
func unless(err error, code fault.Code) error {
	if fault.Is(err, code) {
		return nil
	}
	return err
}

func (w *counter) record(t *rapid.T) {
	amount := rial(1_000 * rapid.Int64Range(1, 10).Draw(t, "thousands"))
	_, err := w.app.RecordPayment(w.Context(), w.merchant, w.one(t).ID, time.Time{}, amount)
	w.expect(t, "record", err)
}

func (w *counter) giveBack(t *rapid.T) {
	n := app.NewRefund{ID: w.newID(), Payment: w.one(t).ID}
	if part := rapid.Int64Range(0, 10).Draw(t, "thousands"); part > 0 {
		n.Amount = rial(1_000 * part)
	}
	_, err := w.app.RefundPayment(w.Context(), w.merchant, n)
	w.expect(t, "refund", err)
}

func (w *counter) giveAllBack(t *rapid.T) {
	_, err := w.app.RefundInvoice(w.Context(), w.merchant, w.one(t).Invoice)
	w.expect(t, "refund invoice", unless(err, fault.CodeInsufficientFunds))
}

// refunds are those of one payment, and what of it is in suspense.
func (w *counter) refunds(t *rapid.T, p payment.Payment) (all []refund.Refund, owed int64) {
	all, err := w.store.RefundsOf(w.Context(), w.merchant, p.ID)
	if err != nil {
		t.Fatal(fault.Detail(err))
	}
	taken, back, refused := int64(0), int64(0), false
	for _, b := range all {
		switch {
		case b.Source != refund.FromOwed:
		case b.State == refund.Failed:
			taken, refused = max(taken, b.Amount.Steps()), true
		default:
			taken, back = max(taken, b.Amount.Steps()), back+b.Amount.Steps()
		}
	}
	if !refused {
		return all, 0
	}
	return all, taken - back
}

// say says something of a refund that calls for a person, of a payment.
func (w *counter) say(t *rapid.T, p payment.Payment, back bool) (said bool) {
	all, _ := w.refunds(t, p)
	for _, b := range all {
		if b.Attention == "" || !refund.States.Final(b.State) && b.State != refund.Processing {
			continue
		}
		w.words++
		_, err := w.app.SayRefund(w.Context(), w.merchant, app.RefundWord{
			Refund: b.ID, Back: back, Receipt: "hand-" + p.ID + "-" + strconv.Itoa(w.words), Operator: "Ann",
		})
		w.expect(t, "say", err)
		return err == nil
	}
	return false
}

func (w *counter) speak(t *rapid.T) { w.say(t, w.one(t), rapid.Bool().Draw(t, "back")) }

func (w *counter) letTimePass(t *rapid.T) {
	w.wait(time.Duration(rapid.IntRange(1, 2_000).Draw(t, "minutes")) * time.Minute)
	if _, err := w.app.ResolveDue(w.Context(), 100); err != nil {
		t.Fatal(fault.Detail(err))
	}
}

func (w *counter) spoil(t *rapid.T) {
	what := rapid.SampledFrom([]string{"refuse", "refuse", "lose", "good"}).Draw(t, "what")
	w.first.set(func(b *bank) {
		b.denyUndo, b.canRefund, b.loseUndo, b.loseBack = what != "good", what != "refuse", what == "lose", what == "lose"
	})
}

// check holds after every step.
func (w *counter) check(t *rapid.T) {
	for _, p := range w.payments {
		all, owed := w.refunds(t, p)
		calls := int64(0)
		for _, b := range all {
			if b.State == refund.Failed && b.Attention != "" {
				calls += b.Amount.Steps()
			}
		}
		if owed < 0 || owed == 0 && calls > 0 || calls < owed {
			t.Fatalf("%d are owed of %s, and a person is called for %d", owed, p.ID, calls)
		}
	}
}

// settle lets the gateway say nothing more and an operator everything, and compares.
func (w *counter) settle(t *rapid.T) {
	w.first.set(func(b *bank) { b.denyUndo, b.canRefund, b.loseUndo, b.loseBack = true, false, false, false })
	for range 20 {
		w.wait(7 * time.Hour)
		if _, err := w.app.ResolveDue(w.Context(), 1_000); err != nil {
			t.Fatal(fault.Detail(err))
		}
	}
	for _, p := range w.payments {
		for w.say(t, p, true) {
			w.check(t)
		}
		i, err := w.store.Invoice(w.Context(), w.merchant, p.Invoice)
		if err != nil {
			t.Fatal(fault.Detail(err))
		}
		if i.Captured.IsZero() != (i.State == invoice.Refunded) {
			t.Fatalf("%v was not given back of invoice %s, which is %s", i.Captured, i.ID, i.State)
		}
	}
	for _, role := range []ledger.Role{ledger.Suspense, ledger.RefundsInTransit} {
		if left := w.balance(role, ""); left != 0 {
			t.Fatalf("%s still holds %d", role, left)
		}
	}
	w.audit()
}
