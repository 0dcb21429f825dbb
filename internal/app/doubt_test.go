package app_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
)

// hesitant is a bank that takes money and says only that nobody has paid yet, and that it may
// be wrong.
type hesitant struct {
	*bank

	doubts *atomic.Bool
}

func (u hesitant) Resolve(ctx context.Context, a gateway.Attempt, q gateway.Question) gateway.Report {
	report := u.bank.Resolve(ctx, a, q)
	if q == gateway.Take && u.doubts.Load() {
		return gateway.Report{Outcome: gateway.Pending, Doubt: true}
	}
	return report
}

// TestDoubtKeepsTheRoom: while a payer's money may be taken, another payer's is not, and
// no time ends the payment.
func TestDoubtKeepsTheRoom(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	u := hesitant{s.first, new(atomic.Bool)}
	u.doubts.Store(true)
	s.banks["first"] = u
	i := s.invoice(5_000)
	p, other := s.request(i, 5_000), s.request(i, 5_000)
	took := func(want int) {
		t.Helper()
		s.first.set(func(b *bank) {
			if b.takes != want {
				t.Errorf("the bank took %d payments, want %d", b.takes, want)
			}
		})
	}
	s.first.pay(p.Attempt.Session, "paid")
	if p = s.returns(p, "ok"); p.State != payment.Processing || !p.Reserved || !p.Attempt.Doubtful {
		t.Errorf("got %s, reserved %v, doubtful %v, want one whose room is kept", p.State, p.Reserved, p.Attempt.Doubtful)
	}
	s.first.pay(other.Attempt.Session, "paid")
	s.returns(other, "ok")
	s.state(other.ID, payment.Processing)
	took(1)
	for range 3 { // its page is closed, and still nobody knows
		s.wait(time.Hour)
		if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
			t.Fatal(err)
		}
		if p = s.state(p.ID, payment.Processing); !p.Reserved {
			t.Error("its room is free")
		}
	}
	took(1)
	u.doubts.Store(false)
	s.wait(6 * time.Hour)
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	s.state(p.ID, payment.Captured)
	s.wait(6 * time.Hour)
	if _, err := s.app.ResolveDue(t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	s.state(other.ID, payment.Failed)
	s.invoiceIs(i.ID, invoice.Completed, 5_000)
	took(1)
}
