package app_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// listing is a store where something happens before the payments of an invoice are read for
// the nth time.
type listing struct {
	store.Store

	left    int
	happens func()
}

func (l *listing) PaymentsOf(ctx context.Context, merchantID string, ids ...string) ([]payment.Payment, error) {
	if l.left--; l.left == 0 {
		l.happens()
	}
	return l.Store.PaymentsOf(ctx, merchantID, ids...)
}

// beside is another node, to which something happens before it reads payments for the nth time.
func (s *shop) beside(n int, happens func()) (*app.App, *listing) {
	l := &listing{Store: s.store, left: n, happens: happens}
	return app.New(app.Config{
		Store: l, Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{},
		Credentials: envelope{}.credentials,
	}), l
}

// goesBack wants one refund of a payment, of all of it.
func (s *shop) goesBack(p payment.Payment, amount money.Amount) {
	s.Helper()
	refunds, err := s.store.RefundsOf(s.Context(), s.merchant, p.ID)
	if err != nil || len(refunds) != 1 || refunds[0].Amount != amount {
		s.Errorf("got %+v, %v, want one refund of %v", refunds, err, amount)
	}
	if got := s.balance(ledger.RefundsInTransit, ""); got != amount.Steps() {
		s.Errorf("%d goes back, want %d", got, amount.Steps())
	}
	s.audit()
}

// TestInvoiceIsRefundedByTwoAtOnce: one of them refunds it, whichever looks at what the other
// has done, and to the other it is an invoice that was refunded.
func TestInvoiceIsRefundedByTwoAtOnce(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 2; n++ {
		s := open(t, 0)
		i, p := s.paid(5_000)
		var first error
		late, l := s.beside(n, func() { first = last(s.app.RefundInvoice(t.Context(), s.merchant, i.ID)) })
		second := last(late.RefundInvoice(t.Context(), s.merchant, i.ID))
		if l.left > 0 {
			t.Fatalf("before look %d: it did not look so often", n)
		}
		if (first == nil) == (second == nil) {
			t.Errorf("before look %d: got %v and %v, want that one of them refunded it", n, first, second)
		}
		for _, err := range []error{first, second} {
			if err != nil && !fault.Is(err, fault.CodeWrongState) {
				t.Errorf("before look %d: got %s, want wrong_state", n, fault.Detail(err))
			}
		}
		s.goesBack(p, rial(5_000))
	}
}

// TestOverdueIsRejectedByTwoAtOnce: what one node has sent back no other does, or fails at.
func TestOverdueIsRejectedByTwoAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	i, p := s.paidAtBank(toman(500))
	s.wait(window)
	late, l := s.beside(1, func() {
		if n, err := s.app.RejectOverdue(t.Context(), 10); n != 1 || err != nil {
			t.Errorf("got %d, %v", n, err)
		}
	})
	if n, err := late.RejectOverdue(t.Context(), 10); n != 0 || err != nil || l.left > 0 {
		t.Errorf("got %d, %v, want that there is nothing left to do", n, err)
	}
	s.stands(i.ID, invoice.Rejected)
	s.goesBack(p, toman(500))
}
