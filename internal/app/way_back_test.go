package app_test

import (
	"context"
	"testing"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
)

// tooLate is a bank that takes its time to say that it is too late to undo a payment.
type tooLate struct {
	*bank

	meanwhile func()
	refunds   int // how often it was asked to pay back
}

func (b *tooLate) Reverse(context.Context, gateway.Return) gateway.ReturnReport {
	b.meanwhile()
	return gateway.ReturnReport{Outcome: gateway.Denied, Word: "outside the window"}
}

func (b *tooLate) Refund(ctx context.Context, r gateway.Return) gateway.ReturnReport {
	b.refunds++
	return b.bank.Refund(ctx, r)
}

// TestLookedAtWhileUndone: whoever looks at a refund while its gateway refuses to undo the
// payment does not keep the money from being paid back, and one that has ended by then is
// not made again.
func TestLookedAtWhileUndone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before func(*shop, payment.Payment)
		way    refund.Way
		asked  int
		ends   payment.State
	}{
		"nothing new": {func(*shop, payment.Payment) {}, refund.ByRefund, 1, payment.Refunded},
		"it is undone": {
			func(s *shop, p payment.Payment) { s.first.pay(p.Attempt.Session, "undone") }, refund.ByReversal, 0,
			payment.Reversed,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := open(t, 0)
			s.first.set(func(b *bank) { b.canRefund = true })
			_, p := s.paid(5_000)
			late := &tooLate{bank: s.first, meanwhile: func() {
				c.before(s, p)
				refunds, err := s.store.RefundsOf(t.Context(), s.merchant, p.ID)
				if err != nil || len(refunds) != 1 {
					t.Errorf("got %+v, %v, want one refund", refunds, err)
					return
				}
				if _, err := s.app.ResolveRefund(t.Context(), s.merchant, refunds[0].ID); err != nil {
					t.Error(err)
				}
			}}
			s.banks["first"] = late
			back, err := s.refund(p, money.Amount{})
			if err != nil || back.State != refund.Succeeded || back.Way != c.way {
				t.Errorf("got %+v, %v, want it back by %s", back, err, c.way)
			}
			if late.refunds != c.asked {
				t.Errorf("the bank was asked %d times to pay back, want %d", late.refunds, c.asked)
			}
			if kept := s.freshRefund(back); kept.Version != back.Version {
				t.Errorf("it is kept as version %d, and was told as %d", kept.Version, back.Version)
			}
			s.state(p.ID, c.ends)
			s.audit()
		})
	}
}

// TestWayIsChosenOnce also by several who send the same refund.
func TestWayIsChosenOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	b, _ := s.late()
	together(6, func(int) {
		if _, err := s.app.ResolveRefund(s.Context(), s.merchant, b.ID); fault.Is(err, fault.CodeVersionConflict) {
			t.Error(err)
		}
	})
	if got := s.freshRefund(b); got.State != refund.Succeeded || got.Way != refund.ByReversal {
		t.Errorf("it is %s by %s, want it undone", got.State, got.Way)
	}
	for _, role := range []ledger.Role{ledger.Suspense, ledger.RefundsInTransit} {
		if left := s.balance(role, ""); left != 0 {
			t.Errorf("%d are in %s, want none", left, role)
		}
	}
	s.audit()
}
