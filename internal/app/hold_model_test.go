package app_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
)

// TestAnyOrderOfHolds throws cards, captures, refunds, adjustments, withdrawals,
// lost answers and time at one shop in any order. In the end, when the acquirer
// answers again, its books are ours: nothing is taken or held that we do not
// know of, and nothing twice.
func TestAnyOrderOfHolds(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	rapid.Check(t, func(t *rapid.T) {
		w := &till{shop: s, bank: b}
		t.Repeat(map[string]func(*rapid.T){
			"charge": w.chargeCard, "again": w.chargeAgain, "payer answers": w.payerAnswers, "capture": w.capture,
			"adjust": w.adjust, "refund": w.giveBack, "withdraw": w.withdraw, "void": w.void, "there": w.takenThere,
			"time":     w.letTimePass,
			"bad luck": w.spoil, "extend": w.extend, "pay more": w.payMore, "give more back": w.giveMoreBack,
		})
		w.settle(t)
	})
}

type till struct {
	*shop
	bank     *acquirer
	payments []payment.Payment
	more     []invoice.Invoice // extended ones, with the link of the extension
	others   []payment.Payment // that paid extensions
}

// usual are the answers that a wish may get in any state of things.
var usual = []fault.Code{
	fault.CodeWrongState, fault.CodeAmountInvalid, fault.CodeAmountAboveRemaining, fault.CodeGatewayRefused,
	fault.CodeGatewayUnavailable, fault.CodePaymentNotFound, fault.CodeRefundTooLarge, fault.CodeRefundInProgress,
	fault.CodeInvoiceClosed, fault.CodeLinkUnusable, fault.CodeLinkNotFound, fault.CodeLinkUsed,
}

func (w *till) expect(t *rapid.T, what string, err error) {
	if err == nil {
		return
	}
	for _, code := range usual {
		if fault.Is(err, code) {
			return
		}
	}
	t.Fatalf("%s: %s", what, fault.Detail(err))
}

func (w *till) one(t *rapid.T) payment.Payment {
	if len(w.payments) == 0 {
		t.Skip("no payment yet")
	}
	return w.fresh(w.payments[rapid.IntRange(0, len(w.payments)-1).Draw(t, "payment")])
}

func anyCard(t *rapid.T) app.Instrument {
	return cardOf(rapid.SampledFrom([]string{goodCard, goodCard, questionCard, badCard}).Draw(t, "card"))
}

func anyAmount(t *rapid.T) money.Amount { return rial(rapid.Int64Range(0, 60).Draw(t, "amount")) }

func (w *till) chargeCard(t *rapid.T) {
	p, err := w.app.Charge(w.Context(), w.merchant, app.NewCharge{
		ID: w.newID(), Invoice: w.newID(), Amount: anyAmount(t), Instrument: anyCard(t),
	})
	w.expect(t, "charge", err)
	if err == nil {
		w.payments = append(w.payments, p)
	}
}

func (w *till) chargeAgain(t *rapid.T) {
	_, err := w.app.ChargeAgain(w.Context(), w.merchant, w.one(t).ID, anyAmount(t), anyCard(t))
	w.expect(t, "again", err)
}

// payerAnswers what the payer's bank wanted to know.
func (w *till) payerAnswers(t *rapid.T) {
	p := w.one(t)
	yes := rapid.Bool().Draw(t, "yes")
	w.bank.set(func(b *acquirer) {
		i := b.intents[p.Reference()]
		switch {
		case i == nil || i.state != "asking":
		case yes:
			i.state, i.held = "held", i.attempt.Amount.Steps()
		default:
			i.state = "dead"
		}
	})
}

func (w *till) capture(t *rapid.T) {
	_, err := w.app.CapturePayment(w.Context(), w.merchant, w.one(t).ID, app.Capture{Amount: anyAmount(t)})
	w.expect(t, "capture", err)
}

func (w *till) adjust(t *rapid.T) {
	_, err := w.app.AdjustPayment(w.Context(), w.merchant, w.one(t).ID, anyAmount(t))
	w.expect(t, "adjust", err)
}

func (w *till) giveBack(t *rapid.T) {
	_, err := w.app.RefundPayment(w.Context(), w.merchant, app.NewRefund{
		ID: w.newID(), Payment: w.one(t).ID, Amount: anyAmount(t),
	})
	w.expect(t, "refund", err)
}

// extend asks for more on the invoice of a card, which goes on asking for what the card is for.
func (w *till) extend(t *rapid.T) {
	i, err := w.app.ExtendInvoice(w.Context(), w.merchant, app.Extension{
		Invoice: w.one(t).Invoice, Amount: rial(1_000), Token: "token-" + w.newID(), Gateway: "first",
	})
	w.expect(t, "extend", err)
	if err == nil {
		w.more = append(w.more, i)
	}
}

func (w *till) payMore(t *rapid.T) {
	if len(w.more) == 0 {
		t.Skip("nothing was extended yet")
	}
	r, err := w.openLink(rapid.SampledFrom(w.more).Draw(t, "extended").Link.Token, money.Amount{})
	w.expect(t, "open link", err)
	if err == nil {
		w.first.pay(r.Payment.Attempt.Session, "paid")
		w.others = append(w.others, w.returns(r.Payment, "ok"))
	}
}

func (w *till) giveMoreBack(t *rapid.T) {
	if len(w.others) == 0 {
		t.Skip("nobody has paid an extension yet")
	}
	_, err := w.app.RefundPayment(w.Context(), w.merchant, app.NewRefund{
		ID: w.newID(), Payment: rapid.SampledFrom(w.others).Draw(t, "other").ID,
	})
	w.expect(t, "refund of an extension", err)
}

func (w *till) withdraw(t *rapid.T) {
	w.expect(t, "withdraw", w.app.WithdrawPayment(w.Context(), w.merchant, w.one(t).ID))
}

func (w *till) void(t *rapid.T) {
	_, err := w.app.VoidPayment(w.Context(), w.merchant, w.one(t).ID)
	w.expect(t, "void", err)
}

// takenThere takes what the acquirer holds at its own pages.
func (w *till) takenThere(t *rapid.T) {
	p := w.one(t)
	w.bank.set(func(b *acquirer) {
		if i := b.intents[p.Reference()]; i != nil && i.state == "held" {
			i.state, i.taken, i.held = "taken", i.held, 0
		}
	})
}

func (w *till) letTimePass(t *rapid.T) {
	w.wait(time.Duration(rapid.IntRange(1, 100).Draw(t, "minutes")) * time.Minute)
	if _, err := w.app.ResolveDue(w.Context(), 100); err != nil {
		t.Fatal(fault.Detail(err))
	}
}

func (w *till) spoil(t *rapid.T) {
	what := rapid.SampledFrom([]string{"charge", "card", "steps", "refuse", "growth", "good"}).Draw(t, "what")
	w.bank.set(func(b *acquirer) {
		b.loseCharge, b.loseCard, b.loseSteps = what == "charge", what == "card", what == "steps"
		b.refuseSteps, b.cannotGrow = what == "refuse", what == "growth"
	})
}

// settle lets the acquirer answer until nothing is open, and compares.
func (w *till) settle(t *rapid.T) {
	w.bank.set(func(b *acquirer) {
		b.loseCharge, b.loseCard, b.loseSteps, b.refuseSteps, b.cannotGrow = false, false, false, false, false
	})
	for range 30 {
		w.wait(7 * time.Hour)
		if _, err := w.app.ResolveDue(w.Context(), 1_000); err != nil {
			t.Fatal(fault.Detail(err))
		}
	}
	var back, held, takenHere int64
	holding := map[string]int64{}
	for _, p := range w.payments {
		p = w.fresh(p)
		if p.Step.Kind != "" || p.State == payment.Processing {
			t.Fatalf("%s is %s with a step %q", p.ID, p.State, p.Step.Kind)
		}
		if p.State == payment.Authorized {
			held += p.Amount.Steps()
			holding[p.Reference()] = p.Holding.Steps()
		}
		if p.Collected() || p.State == payment.Refunded {
			takenHere += p.Amount.Steps()
		}
		refunds, err := w.store.RefundsOf(w.Context(), w.merchant, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range refunds {
			if r.Source == refund.FromSuspense {
				takenHere += r.Amount.Steps()
			}
			if r.State == refund.Succeeded && r.Source != refund.FromHold {
				back += r.Amount.Steps()
			}
		}
	}
	w.asksForTheRest(t)
	w.compare(t, takenHere, holding)
	if ours := -w.balance(ledger.GatewayHold, "acquirer"); held > ours {
		t.Fatalf("payments hold %d, the books say %d", held, ours)
	}
	if back > takenHere {
		t.Fatalf("%d went back of %d", back, takenHere)
	}
}

// asksForTheRest wants the invoice of a deleted payment to ask for what it was extended by, or
// for nothing. Of what others have paid a part of, more may be asked for.
func (w *till) asksForTheRest(t *rapid.T) {
	extended, paid := map[string]int64{}, map[string]bool{}
	for _, i := range w.more {
		extended[i.ID] += 1_000
	}
	for _, p := range w.others {
		paid[p.Invoice] = true
	}
	for _, p := range w.payments {
		if p = w.fresh(p); !p.Withdrawn || p.Collected() || paid[p.Invoice] {
			continue
		}
		i, err := w.store.Invoice(w.Context(), w.merchant, p.Invoice)
		if err != nil {
			t.Fatal(err)
		}
		if i.State == invoice.Open && (extended[i.ID] == 0 || i.Amount != rial(extended[i.ID])) {
			t.Fatalf("%s is withdrawn and its invoice asks for %v, extended by %d", p.ID, i.Amount, extended[i.ID])
		}
	}
}

// compare is about this run's payments alone: the shop is that of all runs.
func (w *till) compare(t *rapid.T, taken int64, holding map[string]int64) {
	mine := map[string]bool{}
	for _, p := range w.payments {
		p = w.fresh(p)
		for ; p.Attempt.Number > 0; p.Attempt.Number-- {
			mine[p.Reference()] = true
		}
	}
	theirs := int64(0)
	w.bank.set(func(b *acquirer) {
		for reference, i := range b.intents {
			if !mine[reference] {
				continue
			}
			theirs += i.taken
			if i.held != holding[reference] {
				t.Fatalf("the acquirer holds %d of %s, we think %d", i.held, reference, holding[reference])
			}
		}
	})
	if theirs != taken {
		t.Fatalf("the acquirer took %d, we think %d", theirs, taken)
	}
}
