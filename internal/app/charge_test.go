package app_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// want compares what matters of a payment.
func (s *shop) want(p payment.Payment, state payment.State, standing payment.Standing, accounts map[string]int64) {
	s.Helper()
	if p.State != state || p.Standing() != standing {
		s.Errorf("it is %s and stands as %s, want %s and %s (%s)", p.State, p.Standing(), state, standing, p.Attention)
	}
	if diff := cmp.Diff(accounts, s.accounts(), cmpopts.EquateEmpty()); diff != "" {
		s.Errorf("accounts (-want +got):\n%s", diff)
	}
}

func held(amount int64) map[string]int64 {
	return map[string]int64{"gateway_hold/acquirer": -amount, "merchant_held/": amount}
}

func taken(amount int64) map[string]int64 {
	return map[string]int64{"gateway_clearing/acquirer": -amount, "merchant_available/": amount}
}

func TestHeldAndTaken(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	b.fee = 2
	p := s.charge(goodCard, 50)
	s.want(p, payment.Authorized, payment.Good, held(50))
	if p.Card != "************4242" || p.Bag["expires"] != "05/2028" || !p.Direct || !p.Listed() {
		t.Errorf("got %+v", p)
	}
	at := time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC)
	if _, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{At: at}); err != nil {
		t.Fatal(err)
	}
	p = s.fresh(p)
	s.want(p, payment.Captured, payment.Recorded, map[string]int64{
		"gateway_clearing/acquirer": -50, "merchant_available/": 48, "fees/acquirer": 2,
	})
	if !p.Record.At.Equal(at) || p.Record.Amount != rial(50) || p.Refundable() != rial(50) {
		t.Errorf("got %+v", p.Record)
	}
	_, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{})
	if !fault.Is(err, fault.CodeWrongState) || b.calls["capture"] != 1 {
		t.Errorf("captured again: %v, %d calls", err, b.calls["capture"])
	}
}

func TestTakenInPart(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 50)
	for amount, want := range map[int64]fault.Code{0: fault.CodeAmountInvalid, 51: fault.CodeAmountAboveRemaining} {
		_, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(amount)})
		if !fault.Is(err, want) {
			t.Errorf("%d: got %v, want %s", amount, err, want)
		}
	}
	if _, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(40)}); err != nil {
		t.Fatal(err)
	}
	p = s.fresh(p)
	s.want(p, payment.Captured, payment.Recorded, taken(40))
	if p.Agreed() != rial(50) || p.Amount != rial(40) || p.Refundable() != rial(40) || b.of(p).taken != 40 {
		t.Errorf("got %+v", p)
	}
	view, err := s.app.Invoice(t.Context(), s.merchant, p.Invoice)
	if err != nil || view.Invoice.State != "completed" || view.Invoice.Amount != rial(40) {
		t.Errorf("invoice %+v, %v", view.Invoice, err)
	}
}

func TestDeclinedAndChargedAgain(t *testing.T) {
	t.Parallel()
	s, _ := withCards(t)
	p := s.charge(badCard, 50)
	s.want(p, payment.Failed, payment.Bad, nil)
	if _, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: p.ID}); !fault.Is(err,
		fault.CodePaymentNotFound) {
		t.Errorf("a refund: got %v", err)
	}
	if _, err := s.app.ChargeAgain(t.Context(), s.merchant, p.ID, rial(60), cardOf(goodCard)); err != nil {
		t.Fatal(err)
	}
	p = s.fresh(p)
	s.want(p, payment.Authorized, payment.Good, held(60))
	if p.Attempt.Number != 2 || p.Agreed() != rial(60) || p.Reason != "" {
		t.Errorf("got %+v", p)
	}
	_, err := s.app.ChargeAgain(t.Context(), s.merchant, p.ID, money.Amount{}, cardOf(goodCard))
	if !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("charged once more: got %v", err)
	}
}

func TestLostCharges(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil    func(*acquirer)
		state    payment.State
		standing payment.Standing
		accounts map[string]int64
	}{
		"the answer": {func(b *acquirer) { b.loseCharge = true }, payment.Authorized, payment.Good, held(50)},
		"the card":   {func(b *acquirer) { b.loseCard = true }, payment.Failed, payment.Bad, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			b.set(c.spoil)
			p := s.charge(goodCard, 50)
			s.want(p, payment.Processing, payment.Undecided, nil)
			p = s.asked(p, 10*time.Second)
			s.want(p, payment.Processing, payment.Undecided, nil)
			b.set(func(b *acquirer) { b.loseCharge, b.loseCard = false, false })
			p = s.asked(p, 3*time.Minute)
			s.want(p, c.state, c.standing, c.accounts)
		})
	}
}

func TestLostSteps(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 50)
	b.set(func(b *acquirer) { b.loseSteps = true })
	_, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(30)})
	if !fault.Is(err, fault.CodeGatewayUnavailable) {
		t.Errorf("a lost answer: got %v", err)
	}
	goesOn := func(err error, what string) {
		t.Helper()
		if words := fault.From(err).Words; !strings.Contains(words, what) || !strings.Contains(words, "goes on by itself") {
			t.Errorf("got %q, want it to say that this goes on: %s", words, what)
		}
	}
	goesOn(err, "capture of 30 IRR")
	s.want(s.fresh(p), payment.Authorized, payment.Good, held(50))
	_, err = s.app.VoidPayment(t.Context(), s.merchant, p.ID)
	if !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("void during a capture: got %v", err)
	}
	goesOn(err, "capture of 30 IRR")
	_, err = s.app.AdjustPayment(t.Context(), s.merchant, p.ID, rial(40))
	if !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("adjustment during a capture: got %v", err)
	}
	goesOn(err, "capture of 30 IRR")
	_, err = s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: p.ID, Amount: rial(1)})
	if !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("refund during a capture: got %v", err)
	}
	goesOn(err, "capture of 30 IRR")
	_, err = s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(31)})
	if !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("another capture: got %v", err)
	}
	goesOn(err, "capture of 30 IRR")
	b.set(func(b *acquirer) { b.loseSteps = false })
	p = s.asked(p, time.Hour)
	s.want(p, payment.Captured, payment.Recorded, taken(30))
	if b.of(p).taken != 30 {
		t.Errorf("the acquirer took %d", b.of(p).taken)
	}
}

// Whoever asks again for an adjustment whose answer was lost goes on with it.
func TestLostAdjustment(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 50)
	b.set(func(b *acquirer) { b.loseSteps = true })
	_, err := s.app.AdjustPayment(t.Context(), s.merchant, p.ID, rial(70))
	if !fault.Is(err, fault.CodeGatewayUnavailable) {
		t.Errorf("a lost answer: got %v", err)
	}
	b.set(func(b *acquirer) { b.loseSteps = false })
	for _, other := range []int64{50, 40, 71} {
		_, err := s.app.AdjustPayment(t.Context(), s.merchant, p.ID, rial(other))
		if !fault.Is(err, fault.CodeWrongState) || !strings.Contains(fault.From(err).Words, "adjustment to 70 IRR") {
			t.Errorf("to %d meanwhile: got %v", other, err)
		}
	}
	step := s.fresh(p).Step.ID
	for range 2 {
		got, err := s.app.AdjustPayment(t.Context(), s.merchant, p.ID, rial(70))
		if err != nil || got.Agreed() != rial(70) || got.Step.Kind != "" {
			t.Errorf("again: got %v with a step %q, %v", got.Agreed(), got.Step.Kind, err)
		}
	}
	s.want(s.fresh(p), payment.Authorized, payment.Good, held(70))
	if b.of(p).held != 70 || b.calls["adjust"] != 2 || step == "" {
		t.Errorf("the acquirer holds %d after %d calls for step %q", b.of(p).held, b.calls["adjust"], step)
	}
}

func TestRefusedSteps(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 50)
	b.set(func(b *acquirer) { b.refuseSteps = true })
	if _, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{}); !fault.Is(err,
		fault.CodeGatewayRefused) {
		t.Errorf("got %v", err)
	}
	s.want(s.fresh(p), payment.Authorized, payment.Good, held(50))
	if err := s.app.WithdrawPayment(t.Context(), s.merchant, p.ID); err == nil {
		t.Error("withdrawn although it is held")
	}
	if _, err := s.app.DirectPayment(t.Context(), s.merchant, p.ID); err != nil {
		t.Errorf("hidden although it is held: %v", err)
	}
	b.set(func(b *acquirer) { b.refuseSteps = false })
	if err := s.app.WithdrawPayment(t.Context(), s.merchant, p.ID); err != nil {
		t.Fatal(err)
	}
	s.want(s.fresh(p), payment.Canceled, payment.Bad, nil)
	if _, err := s.app.DirectPayment(t.Context(), s.merchant, p.ID); !fault.Is(err, fault.CodePaymentNotFound) {
		t.Errorf("still there: %v", err)
	}
}

func TestRefundsBeforeTheCapture(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 50)
	back := func(amount int64) (refund.Refund, error) {
		return s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{
			ID: s.newID(), Payment: p.ID, Amount: rial(amount),
		})
	}
	for amount, want := range map[int64]fault.Code{
		0: fault.CodeAmountInvalid, -5: fault.CodeAmountInvalid, 51: fault.CodeRefundTooLarge,
	} {
		if _, err := back(amount); !fault.Is(err, want) {
			t.Errorf("%d: got %v, want %s", amount, err, want)
		}
	}
	r, err := back(20)
	if err != nil || r.State != refund.Succeeded || r.Way != refund.ByRelease || !r.Listed {
		t.Fatalf("got %+v, %v", r, err)
	}
	s.want(s.fresh(p), payment.Authorized, payment.Good, held(30))
	if _, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(40)}); err == nil {
		t.Error("took what was given up")
	}
	if _, err := back(20); err != nil {
		t.Fatal(err)
	}
	if _, err := back(10); err != nil {
		t.Fatal(err)
	}
	p = s.fresh(p)
	s.want(p, payment.Canceled, payment.Good, nil)
	if b.of(p).state != "void" || p.Agreed() != rial(50) || p.LetGo() != rial(50) {
		t.Errorf("the acquirer has it as %s; %+v", b.of(p).state, p)
	}
	if _, err := back(1); !fault.Is(err, fault.CodePaymentNotFound) {
		t.Errorf("more than all: got %v", err)
	}
}

// TestSettledInPart is the table of amounts, refunds before, what is settled
// and what may go back after it.
func TestSettledInPart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ amount, before, settled, after int64 }{
		{50, 0, 50, 50}, {50, 20, 30, 30}, {50, 0, 40, 40}, {50, 20, 40, -1},
	} {
		s, _ := withCards(t)
		p := s.charge(goodCard, c.amount)
		if c.before > 0 {
			if _, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{
				Payment: p.ID, Amount: rial(c.before),
			}); err != nil {
				t.Fatal(err)
			}
		}
		_, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{Amount: rial(c.settled)})
		if (err != nil) != (c.after < 0) {
			t.Fatalf("%+v: got %v", c, err)
		}
		if err != nil {
			continue
		}
		if got := s.fresh(p).Refundable(); got != rial(c.after) {
			t.Errorf("%+v: %v may go back", c, got)
		}
		over := app.NewRefund{Payment: p.ID, Amount: rial(c.after + 1)}
		if _, err := s.app.RefundPayment(t.Context(), s.merchant, over); !fault.Is(err, fault.CodeRefundTooLarge) {
			t.Errorf("%+v: one more: got %v", c, err)
		}
		if r, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{
			ID: s.newID(), Payment: p.ID, Amount: rial(c.after),
		}); err != nil || r.State != refund.Succeeded {
			t.Errorf("%+v: got %+v, %v", c, r, err)
		}
		s.want(s.fresh(p), payment.Refunded, payment.Recorded, nil)
	}
}

func TestAdjust(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 50)
	adjust := func(amount int64) error {
		_, err := s.app.AdjustPayment(t.Context(), s.merchant, p.ID, rial(amount))
		return err
	}
	if err := adjust(60); err != nil {
		t.Fatal(err)
	}
	s.want(s.fresh(p), payment.Authorized, payment.Good, held(60))
	if err := adjust(40); err != nil {
		t.Fatal(err)
	}
	s.want(s.fresh(p), payment.Authorized, payment.Good, held(40))
	if b.of(p).held != 60 {
		t.Errorf("the acquirer holds %d: what it holds too much goes with the capture", b.of(p).held)
	}
	if err := adjust(55); err != nil {
		t.Fatal(err)
	}
	b.set(func(b *acquirer) { b.cannotGrow = true })
	if err := adjust(70); !fault.Is(err, fault.CodeGatewayRefused) {
		t.Errorf("more than it can: got %v", err)
	}
	if _, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: p.ID, Amount: rial(20)}); err != nil {
		t.Fatal(err)
	}
	for _, amount := range []int64{20, 0, -1} {
		if err := adjust(amount); !fault.Is(err, fault.CodeAmountInvalid) {
			t.Errorf("%d after 20 went back: got %v", amount, err)
		}
	}
	s.want(s.fresh(p), payment.Authorized, payment.Good, held(35))
	if _, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{}); err != nil {
		t.Fatal(err)
	}
	s.want(s.fresh(p), payment.Captured, payment.Recorded, taken(35))
	if err := adjust(50); !fault.Is(err, fault.CodeWrongState) {
		t.Errorf("after the capture: got %v", err)
	}
}

func TestWithdrawnWhileThePayerIsAsked(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(questionCard, 50)
	if p.State != payment.Processing || p.Attempt.Link == "" {
		t.Fatalf("got %+v", p)
	}
	if err := s.app.WithdrawPayment(t.Context(), s.merchant, p.ID); err != nil {
		t.Fatal(err)
	}
	b.set(func(b *acquirer) { i := b.intents[p.Reference()]; i.state, i.held = "held", 50 })
	p = s.asked(p, 2*time.Minute)
	s.want(p, payment.Canceled, payment.Bad, nil)
	if b.of(p).state != "void" {
		t.Errorf("the acquirer has it as %s", b.of(p).state)
	}
}

func TestHeldTooLate(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(questionCard, 50)
	p = s.asked(p, 2*time.Hour)
	if p.State != payment.Expired || b.of(p).state != "void" {
		t.Fatalf("it is %s, and %s at the acquirer", p.State, b.of(p).state)
	}
	b.set(func(b *acquirer) { i := b.intents[p.Reference()]; i.state, i.held = "held", 50 })
	if _, err := s.app.ResolvePayment(t.Context(), s.merchant, p.ID); err != nil {
		t.Fatal(err)
	}
	s.want(s.fresh(p), payment.Expired, payment.Bad, nil)
	if b.of(p).state != "void" {
		t.Errorf("the acquirer has it as %s", b.of(p).state)
	}
}

func TestHoldThatEnds(t *testing.T) {
	t.Parallel()
	s, b := withCards(t)
	p := s.charge(goodCard, 50)
	p = s.asked(p, 7*time.Hour)
	s.want(p, payment.Authorized, payment.Good, held(50))
	b.set(func(b *acquirer) { i := b.intents[p.Reference()]; i.state, i.held = "void", 0 })
	p = s.asked(p, 7*time.Hour)
	s.want(p, payment.Canceled, payment.Bad, nil)
	view, err := s.app.Invoice(t.Context(), s.merchant, p.Invoice)
	if err != nil || view.Invoice.State != "canceled" {
		t.Errorf("invoice %+v, %v", view.Invoice, err)
	}
}

// TestManyRefundsOfOnePayment: each asks for more than half, so one gets it.
func TestManyRefundsOfOnePayment(t *testing.T) {
	t.Parallel()
	for _, capture := range []bool{false, true} {
		s, _ := withCards(t)
		p := s.charge(goodCard, 50)
		if capture {
			if _, err := s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{}); err != nil {
				t.Fatal(err)
			}
		}
		many := 10_000
		if racing {
			many = 500
		}
		var done atomic.Int64
		together(many, func(int) {
			_, err := s.app.RefundPayment(t.Context(), s.merchant, app.NewRefund{Payment: p.ID, Amount: rial(30)})
			switch {
			case err == nil:
				done.Add(1)
			case !fault.Is(err, fault.CodeRefundTooLarge) && !fault.Is(err, fault.CodeRefundInProgress):
				t.Error(fault.Detail(err))
			}
		})
		if done.Load() != 1 {
			t.Errorf("captured %v: %d refunds of 60 %% were made", capture, done.Load())
		}
	}
}

func TestPushedByTheMerchant(t *testing.T) {
	t.Parallel()
	s, bell := withPhone(t)
	push := func() payment.Payment {
		p, err := s.app.Charge(t.Context(), s.merchant, app.NewCharge{
			ID: s.newID(), Invoice: s.newID(), Amount: rial(50_000), Instrument: app.Instrument{
				Method: payment.MBWay, Payer: payment.Payer{Mobile: "912000000"},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return s.fresh(p)
	}
	p := push()
	s.want(p, payment.Processing, payment.Undecided, nil)
	if _, err := s.app.RecordPayment(t.Context(), s.merchant, p.ID, time.Time{}, money.Amount{}); !fault.Is(err,
		fault.CodeWrongState) {
		t.Errorf("recorded before it was paid: %v", err)
	}
	bell.confirm(p.Attempt.Session)
	p = s.asked(p, time.Minute)
	money := map[string]int64{"gateway_clearing/phone": -50_000, "merchant_available/": 50_000}
	s.want(p, payment.Captured, payment.Good, money)
	for amount, want := range map[int64]fault.Code{
		0: fault.CodeAmountInvalid, 50_001: fault.CodeAmountAboveRemaining,
	} {
		if _, err := s.app.RecordPayment(t.Context(), s.merchant, p.ID, time.Time{}, rial(amount)); !fault.Is(err, want) {
			t.Errorf("%d: got %v", amount, err)
		}
	}
	if _, err := s.app.RecordPayment(t.Context(), s.merchant, p.ID, time.Time{}, rial(40_000)); err != nil {
		t.Fatal(err)
	}
	p = s.fresh(p)
	s.want(p, payment.Captured, payment.Recorded, money)
	if p.Refundable() != rial(40_000) {
		t.Errorf("%v may go back", p.Refundable())
	}

	gone := push()
	if err := s.app.WithdrawPayment(t.Context(), s.merchant, gone.ID); err != nil {
		t.Fatal(err)
	}
	bell.confirm(gone.Attempt.Session)
	gone = s.asked(gone, time.Minute)
	if gone.State != payment.Failed || !strings.Contains(gone.Note, "on its way back") {
		t.Errorf("withdrawn and then paid: it is %s, %s", gone.State, gone.Note)
	}
	refunds, err := s.store.RefundsOf(t.Context(), s.merchant, gone.ID)
	if err != nil || len(refunds) != 1 || refunds[0].Source != refund.FromSuspense {
		t.Errorf("got %+v, %v", refunds, err)
	}
}

func TestNoGatewayForAnInstrument(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	for _, method := range []payment.Method{payment.Card, payment.MBWay, payment.Cash, "nonsense"} {
		n := cardOf(goodCard)
		n.Method = method
		_, err := s.app.Charge(t.Context(), s.merchant, app.NewCharge{
			ID: s.newID(), Invoice: s.newID(), Amount: rial(50_000), Instrument: n,
		})
		if !fault.Is(err, fault.CodeNoGateway) {
			t.Errorf("%s: got %v", method, err)
		}
	}
	if _, err := s.app.Charge(t.Context(), s.merchant, app.NewCharge{Amount: rial(0)}); !fault.Is(err,
		fault.CodeAmountInvalid) {
		t.Errorf("nothing: got %v", errors.Unwrap(err))
	}
}

// Nobody's word takes money that a bank holds, not even where a person was called for:
// it would be booked as taken and stay booked as held. That somebody has looked ends the call.
func TestConfirmHeldMoney(t *testing.T) {
	t.Parallel()
	s, _ := withCards(t)
	p := s.charge(goodCard, 50)
	say := func(paid bool) error {
		return last(s.app.ConfirmPayment(t.Context(), s.merchant, app.Confirmation{
			Payment: p.ID, Receipt: "r1", Paid: paid, Operator: "Sam",
		}))
	}
	p.Attention = "the gateway does not say what became of it"
	if err := s.store.Commit(t.Context(), store.Change{Payments: []payment.Payment{p}}); err != nil {
		t.Fatal(err)
	}
	if err := say(true); !fault.Is(err, fault.CodeWrongState) || fault.From(err).Param != "payment" {
		t.Errorf("confirmed: got %v, want wrong_state", err)
	}
	s.want(s.fresh(p), payment.Authorized, payment.Good, held(50))
	if err := say(false); err != nil {
		t.Errorf("looked at: %v", err)
	}
	if got := s.fresh(p); got.Attention != "" || got.CheckAt.IsZero() {
		t.Errorf("it calls for %q and is asked about at %v", got.Attention, got.CheckAt)
	}
	s.want(s.fresh(p), payment.Authorized, payment.Good, held(50))
	for _, paid := range []bool{true, false} {
		if err := say(paid); !fault.Is(err, fault.CodeUnsupported) {
			t.Errorf("paid %t, and nobody was called: got %v, want unsupported", paid, err)
		}
	}
}
