package app_test

import (
	"testing"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
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
