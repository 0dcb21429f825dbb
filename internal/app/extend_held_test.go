package app_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// extended asks for 7,000 more on the invoice of a charge.
func (s *shop) extended(p payment.Payment) invoice.Invoice {
	s.Helper()
	i, err := s.app.ExtendInvoice(s.Context(), s.merchant, app.Extension{
		Invoice: p.Invoice, Amount: rial(7_000), Token: "token-" + s.newID(), Gateway: "first",
	})
	if err != nil {
		s.Fatal(err)
	}
	return i
}

// follows pays through the link of an extension.
func (s *shop) follows(i invoice.Invoice) payment.Payment {
	s.Helper()
	r, err := s.openLink(i.Link.Token, money.Amount{})
	if err != nil {
		s.Fatal(err)
	}
	s.first.pay(r.Payment.Attempt.Session, "paid")
	return s.returns(r.Payment, "ok")
}

// asks compares what an invoice asks for and has.
func (s *shop) asks(id string, state invoice.State, amount, captured, reserved int64) {
	s.Helper()
	i, err := s.store.Invoice(s.Context(), s.merchant, id)
	if err != nil {
		s.Fatal(err)
	}
	if i.State != state || i.Amount != rial(amount) || i.Captured != rial(captured) || i.Reserved != rial(reserved) {
		s.Errorf("it is %s of %v with %v captured and %v reserved, want %s of %d with %d and %d",
			i.State, i.Amount, i.Captured, i.Reserved, state, amount, captured, reserved)
	}
}

// What an invoice of a held card is extended by stays asked for, whatever becomes of the
// card, and what has paid it takes no room from the card's money.
func TestExtendedWhileHeld(t *testing.T) {
	t.Parallel()
	take := func(amount int64) func(*shop, payment.Payment) error {
		return func(s *shop, p payment.Payment) error {
			_, err := s.app.CapturePayment(s.Context(), s.merchant, p.ID, app.Capture{Amount: rial(amount)})
			return err
		}
	}
	adjust := func(amount int64) func(*shop, payment.Payment) error {
		return func(s *shop, p payment.Payment) error {
			_, err := s.app.AdjustPayment(s.Context(), s.merchant, p.ID, rial(amount))
			return err
		}
	}
	void := func(s *shop, p payment.Payment) error {
		_, err := s.app.VoidPayment(s.Context(), s.merchant, p.ID)
		return err
	}
	letGo := func(amount int64) func(*shop, payment.Payment) error {
		return func(s *shop, p payment.Payment) error {
			_, err := s.app.RefundPayment(s.Context(), s.merchant, app.NewRefund{Payment: p.ID, Amount: rial(amount)})
			return err
		}
	}
	for name, c := range map[string]struct {
		does                       func(*shop, payment.Payment) error
		card                       payment.State
		paid, unpaid               invoice.State // where the extension of 7_000 was paid before, and where it was not
		amount, captured, reserved int64         // where it was paid
	}{
		"all is taken":     {take(50_000), payment.Captured, invoice.Completed, invoice.Open, 57_000, 57_000, 0},
		"a part is taken":  {take(30_000), payment.Captured, invoice.Completed, invoice.Open, 37_000, 37_000, 0},
		"more is held":     {adjust(60_000), payment.Authorized, invoice.Open, invoice.Open, 67_000, 7_000, 60_000},
		"less is held":     {adjust(40_000), payment.Authorized, invoice.Open, invoice.Open, 47_000, 7_000, 40_000},
		"nothing is taken": {void, payment.Canceled, invoice.Completed, invoice.Open, 7_000, 7_000, 0},
		"a part is let go": {letGo(20_000), payment.Authorized, invoice.Open, invoice.Open, 37_000, 7_000, 30_000},
		"all is let go":    {letGo(50_000), payment.Canceled, invoice.Completed, invoice.Open, 7_000, 7_000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, paid := range []bool{true, false} {
				s, _ := withCards(t)
				p := s.charge(goodCard, 50_000)
				i := s.extended(p)
				state, captured := c.unpaid, c.captured-7_000
				if paid {
					s.follows(i)
					state, captured = c.paid, c.captured
				}
				if err := c.does(s, p); err != nil {
					t.Fatal(err)
				}
				s.asks(p.Invoice, state, c.amount, captured, c.reserved)
				if p = s.fresh(p); p.State != c.card || p.Attention != "" {
					t.Errorf("paid before: %t: it is %s (%s), want %s", paid, p.State, p.Attention, c.card)
				}
				if !paid && state == invoice.Open {
					s.follows(i)
					s.asks(p.Invoice, c.paid, c.amount, c.captured, c.reserved)
				}
				s.audit()
			}
		})
	}
}

// An invoice whose only money goes back stays open for a card that is held.
func TestOtherPaymentGoesBackWhileHeld(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 50_000)
	other := s.follows(s.extended(p))
	if back, err := s.refund(other, rial(7_000)); err != nil || back.State != refund.Succeeded {
		t.Fatalf("got %+v, %v", back, err)
	}
	s.asks(p.Invoice, invoice.Open, 57_000, 0, 50_000)
	if _, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{}); err != nil {
		t.Fatal(err)
	}
	s.asks(p.Invoice, invoice.Open, 57_000, 50_000, 0)
	if p = s.fresh(p); p.State != payment.Captured || b.of(p).taken != 50_000 {
		t.Errorf("it is %s, and the acquirer took %d", p.State, b.of(p).taken)
	}
	s.audit()
}

// What an acquirer has taken although its invoice takes nothing any more is the payer's.
func TestTakenWithoutRoom(t *testing.T) {
	t.Parallel()
	for name, there := range map[string]bool{"what was asked for": false, "all of it, at its own pages": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			p := s.charge(goodCard, 50_000)
			i, err := s.store.Invoice(t.Context(), s.merchant, p.Invoice)
			if err != nil {
				t.Fatal(err)
			}
			i.State = invoice.Refunded
			s.put(store.Change{
				Invoices: []invoice.Invoice{i},
				Events: []event.Event{{
					Merchant: s.merchant, Noun: event.Invoice, Subject: i.ID, Trigger: "refund", From: "open", To: "refunded",
					At: s.now(),
				}},
			})
			took := int64(30_000)
			if there {
				b.takenThere(p)
				took = 50_000
			}
			if err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(30_000)})); err != nil {
				t.Fatal(err)
			}
			p = s.fresh(p)
			if p.State != payment.Failed || p.Reason != payment.NoRoom || p.Reserved || b.of(p).taken != took {
				t.Errorf("got %+v, and the acquirer took %d", p, b.of(p).taken)
			}
			if lies := s.balance(ledger.Suspense, ""); lies != took {
				t.Errorf("%d lie in suspense, want %d", lies, took)
			}
			s.asks(p.Invoice, invoice.Refunded, 50_000, 0, 0)
			if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
			s.want(s.fresh(p), payment.Failed, payment.Bad, nil)
			if got := s.gaveBack(p); got != took {
				t.Errorf("%d went back, want %d", got, took)
			}
		})
	}
}

// A card that is tried again asks for its own share, and for no more than is left of it.
func TestChargedAgainWhenExtended(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(badCard, 50_000)
	i := s.extended(p)
	s.follows(i)
	again := func(amount int64) error {
		_, err := s.app.ChargeAgain(t.Context(), s.merchant, p.ID, rial(amount), cardOf(goodCard))
		return err
	}
	if err := again(60_000); err != nil {
		t.Fatal(err)
	}
	s.asks(p.Invoice, invoice.Open, 67_000, 7_000, 60_000)

	p = s.charge(badCard, 50_000)
	s.follows(s.extended(p))
	part, err := s.app.RequestPayment(t.Context(), s.merchant, s.wish(invoice.Invoice{ID: p.Invoice}, 20_000))
	if err != nil {
		t.Fatal(err)
	}
	s.first.pay(part.Payment.Attempt.Session, "paid")
	s.returns(part.Payment, "ok")
	before := b.calls["charge"]
	if err := again(50_000); !fault.Is(err, fault.CodeAmountAboveRemaining) {
		t.Errorf("50 of which 20_000 are paid: got %v", err)
	}
	if b.calls["charge"] != before {
		t.Error("the acquirer was asked for what has no room")
	}
	if err := again(30_000); err != nil {
		t.Fatal(err)
	}
	s.asks(p.Invoice, invoice.Open, 57_000, 27_000, 30_000)
	s.audit()
}

// What a deal ends with is what its invoice asks for, so nothing is added meanwhile.
func TestNotExtendedWhileDealt(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 1, "1000")
	d := b.begun("500")
	extend := func() error {
		_, err := b.app.ExtendInvoice(t.Context(), b.merchant, app.Extension{
			Invoice: d.Invoice, Amount: rub("7"), Token: "token-" + b.newID(),
		})
		return err
	}
	if err := extend(); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("got %v, want wrong_state", err)
	}
	if _, err := b.app.CompleteDeal(t.Context(), word(d)); err != nil {
		t.Fatal(err)
	}
	if err := extend(); err != nil {
		t.Errorf("after its end: %v", err)
	}
	b.invoiceIsIn(d.Invoice, invoice.Open, rub("500"))
}

// TestWithdrawBesideAnExtension: a payment that the merchant deletes takes its own share of the
// invoice along, once, and not what the invoice was extended by.
func TestWithdrawBesideAnExtension(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		card string
		void bool // before it is withdrawn
		paid bool // the extension, before that
	}{
		"failed":              {badCard, false, false},
		"failed, paid beside": {badCard, false, true},
		"held":                {goodCard, false, false},
		"held, paid beside":   {goodCard, false, true},
		"void":                {goodCard, true, false},
		"void, paid beside":   {goodCard, true, true},
		"the payer is asked":  {questionCard, false, false},
	} {
		s, b := withCards(t)
		p := s.charge(test.card, 60)
		i := s.extended(p)
		if test.paid {
			s.follows(i)
		}
		r, err := s.openLink(i.Link.Token, money.Amount{}) // a payer is on the page all the while
		if err != nil && !test.paid {
			t.Fatal(err)
		}
		if test.void {
			if _, err := s.app.VoidPayment(t.Context(), s.merchant, p.ID); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			err := s.app.WithdrawPayment(t.Context(), s.merchant, p.ID)
			if err != nil && !fault.Is(err, fault.CodePaymentNotFound) {
				t.Fatalf("%s: %s", name, fault.Detail(err))
			}
		}
		if !test.paid {
			s.asks(i.ID, invoice.Open, 7_000, 0, 0)
			s.first.pay(r.Payment.Attempt.Session, "paid")
			s.returns(r.Payment, "ok")
		}
		s.asks(i.ID, invoice.Completed, 7_000, 7_000, 0)
		if test.card == questionCard {
			b.set(func(b *acquirer) { i := b.intents[p.Reference()]; i.state, i.held = "held", 60 })
			s.asked(p, 2*time.Minute)
			s.state(p.ID, payment.Canceled)
			s.asks(i.ID, invoice.Completed, 7_000, 7_000, 0)
		}
	}
}

// TestWithdrawnMoneyHasNoPlace: what comes for a deleted payment does not take the room that
// its invoice has for something else.
func TestWithdrawnMoneyHasNoPlace(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(questionCard, 60)
	i := s.extended(p)
	if err := s.app.WithdrawPayment(t.Context(), s.merchant, p.ID); err != nil {
		t.Fatal(err)
	}
	b.set(func(b *acquirer) { i := b.intents[p.Reference()]; i.state, i.held = "held", 60 })
	p = s.asked(p, 2*time.Minute)
	s.want(p, payment.Canceled, payment.Bad, nil)
	if b.of(p).state != "void" {
		t.Errorf("the acquirer has it as %s", b.of(p).state)
	}
	s.asks(i.ID, invoice.Open, 7_000, 0, 0)
	s.follows(i)
	s.asks(i.ID, invoice.Completed, 7_000, 7_000, 0)
}

// TestAgainAfterAnExtendedHold: a card that is tried again after its share was dropped is
// asked for besides the extension.
func TestAgainAfterAnExtendedHold(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 60)
	i := s.extended(p)
	b.set(func(b *acquirer) { b.intents[p.Reference()].state, b.intents[p.Reference()].held = "dead", 0 })
	p = s.asked(p, 7*time.Hour)
	s.asks(i.ID, invoice.Open, 7_000, 0, 0)
	if p.State != payment.Failed {
		t.Fatalf("it is %s", p.State)
	}
	p, err := s.app.ChargeAgain(t.Context(), s.merchant, p.ID, rial(80), cardOf(goodCard))
	if err != nil {
		t.Fatal(fault.Detail(err))
	}
	s.asks(i.ID, invoice.Open, 7_080, 0, 80)
	if err := s.app.WithdrawPayment(t.Context(), s.merchant, p.ID); err != nil {
		t.Fatal(err)
	}
	s.asks(i.ID, invoice.Open, 7_000, 0, 0)
}
