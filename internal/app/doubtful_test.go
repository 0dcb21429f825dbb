package app_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// between is a store where something happens before an invoice is read.
type between struct {
	store.Store

	happens func()
}

func (b between) Invoice(ctx context.Context, merchantID, id string) (invoice.Invoice, error) {
	b.happens()
	return b.Store.Invoice(ctx, merchantID, id)
}

// Another node books that more is held, after the payment was read and before its invoice
// is: what this one wants to hold looks like more than what remains, or less than what is
// used, and is neither.
func TestAdjustedBetweenTwoReads(t *testing.T) {
	t.Parallel()
	for _, amount := range []int64{30, 5} {
		s, b := withCards(t)
		p := s.charge(goodCard, 50)
		s.want(p, payment.Authorized, payment.Good, held(50))
		var happens func()
		late := app.New(app.Config{
			Store: between{s.store, func() {
				if do := happens; do != nil {
					happens = nil
					do()
				}
			}},
			Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{},
			Credentials: envelope{}.credentials,
		})
		happens = func() {
			if _, err := s.app.AdjustPayment(t.Context(), s.merchant, p.ID, rial(60)); err != nil {
				t.Error(err)
			}
		}
		if _, err := late.AdjustPayment(t.Context(), s.merchant, p.ID, rial(amount)); err != nil {
			t.Errorf("to %d: got %v, want it adjusted", amount, err)
		}
		if happens != nil || b.of(p).held != 60 {
			t.Errorf("the bank holds %d, want what was asked for in between", b.of(p).held)
		}
		s.want(s.fresh(p), payment.Authorized, payment.Good, held(amount))
	}
}
