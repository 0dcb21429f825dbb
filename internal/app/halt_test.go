package app_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
)

// While the books are known to be wrong no money moves, and no gateway is told to
// move any: not for a new wish, not for a payer who has paid, not by the worker.
// Afterwards everything goes on where it was.
func TestNothingMovesWhileHalted(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	unit := money.IRR
	from, to := s.customer("a@example.com"), s.customer("b@example.com")
	s.deposit(from.Number, money.New(50_000, unit))
	_, taken := s.paid(40_000)
	waiting := s.invoice(50_000)
	p := s.request(waiting, 50_000)
	s.first.pay(p.Attempt.Session, "paid")
	asked, opened := s.first.asked, s.first.opened
	s.halted.Store(true)
	ctx := t.Context()
	fresh := s.invoice(60_000) // asking for money moves none
	for what, do := range map[string]func() error{
		"request": func() error {
			_, err := s.app.RequestPayment(ctx, s.merchant, s.wish(fresh, 60_000))
			return err
		},
		"return": func() error {
			_, err := s.app.ReturnPayer(ctx, back(p, "ok"))
			return err
		},
		"resolve": func() error {
			_, err := s.app.ResolvePayment(ctx, s.merchant, p.ID)
			return err
		},
		"refund": func() error {
			_, err := s.refund(taken, rial(10_000))
			return err
		},
		"transfer": func() error {
			_, err := s.app.Transfer(ctx, s.send(from.Number, to.Number, money.New(100, unit)))
			return err
		},
	} {
		if err := do(); !fault.Is(err, fault.CodeBooksBroken) {
			t.Errorf("%s: got %v, want books_broken", what, err)
		}
	}
	s.wait(time.Hour)
	if _, err := s.app.ResolveDue(ctx, 10); err != nil {
		t.Errorf("the worker's round: %v", err)
	}
	if s.first.asked != asked || s.first.opened != opened {
		t.Errorf("the bank was asked %d times more and opened %d pages more, want none",
			s.first.asked-asked, s.first.opened-opened)
	}
	s.state(p.ID, payment.Processing)
	s.has(from.Number, money.New(50_000, unit))
	if _, err := s.app.Invoice(ctx, s.merchant, waiting.ID); err != nil {
		t.Errorf("a read: %v", err)
	}
	s.halted.Store(false)
	s.returns(p, "ok")
	s.state(p.ID, payment.Captured)
	s.invoiceIs(waiting.ID, invoice.Completed, 50_000)
	if _, err := s.app.Transfer(ctx, s.send(from.Number, to.Number, money.New(100, unit))); err != nil {
		t.Errorf("a transfer afterwards: %v", err)
	}
}

// What was begun with held money before is not asked for again either.
func TestNoStepIsRepeatedWhileHalted(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(*shop, string) error{
		"capture": func(s *shop, id string) error {
			_, err := s.app.CapturePayment(s.Context(), s.merchant, id, app.Capture{})
			return err
		},
		"void": func(s *shop, id string) error {
			_, err := s.app.VoidPayment(s.Context(), s.merchant, id)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, b := withCards(t)
			b.loseSteps = true
			p := s.charge(goodCard, 50)
			if err := do(s, p.ID); !fault.Is(err, fault.CodeGatewayUnavailable) {
				t.Fatalf("whose answer is lost: got %v", err)
			}
			b.loseSteps = false
			s.halted.Store(true)
			if err := do(s, p.ID); !fault.Is(err, fault.CodeBooksBroken) {
				t.Errorf("while halted: got %v, want books_broken", err)
			}
			if b.calls[name] != 1 {
				t.Errorf("the bank was asked %d times, want once", b.calls[name])
			}
			s.halted.Store(false)
			if err := do(s, p.ID); err != nil || b.calls[name] != 2 {
				t.Errorf("afterwards: got %v, and the bank was asked %d times, want twice", err, b.calls[name])
			}
		})
	}
}

// Nor is a gateway told of a payout, or asked about one.
func TestNoPayoutIsAskedAboutWhileHalted(t *testing.T) {
	t.Parallel()
	s, c, b := withClerk(t)
	b.slow = true
	w := s.wished(c)
	if _, err := s.app.ApprovePayout(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	b.slow = false
	s.halted.Store(true)
	if _, err := s.app.ResolvePayout(t.Context(), s.merchant, w.Payout); !fault.Is(err, fault.CodeBooksBroken) {
		t.Errorf("got %v, want books_broken", err)
	}
	s.worked(time.Hour)
	b.wants(t, 1, 0)
	s.standsAt(w, c, payout.Processing)
	s.halted.Store(false)
	if _, err := s.app.ResolvePayout(t.Context(), s.merchant, w.Payout); err != nil {
		t.Error(err)
	}
	s.standsAt(w, c, payout.Paid)
}
