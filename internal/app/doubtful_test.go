package app_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
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

// reading is a store where something may happen before each look at a payment.
type reading struct {
	store.Store

	happens func()
}

func (r reading) Payment(ctx context.Context, merchantID, id string) (payment.Payment, error) {
	r.happens()
	return r.Store.Payment(ctx, merchantID, id)
}

// Another node has as much held, or more, after this one saw that it is not: there is nothing left
// to ask the gateway for, whenever that was.
func TestAdjustedByTwoAtOnce(t *testing.T) {
	t.Parallel()
	const looks, asks = 8, 3 // of which so many come before it is certain what the gateway is asked for
	for at := range looks {
		for _, amount := range []int64{60, 55} {
			s, b := withCards(t)
			p := s.charge(goodCard, 50)
			n := 0
			late := app.New(app.Config{
				Store: reading{s.store, func() {
					if n++; n != at+1 {
						return
					}
					err := last(s.app.AdjustPayment(t.Context(), s.merchant, p.ID, rial(60)))
					if at >= asks && amount != 60 && fault.Is(err, fault.CodeWrongState) {
						err = nil // the other one was begun
					}
					if err != nil {
						t.Errorf("before look %d: %v", at+1, fault.Detail(err))
					}
				}},
				Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{},
				Credentials: envelope{}.credentials,
			})
			if err := last(late.AdjustPayment(t.Context(), s.merchant, p.ID, rial(amount))); err != nil {
				t.Errorf("to %d, before look %d: got %v", amount, at+1, fault.Detail(err))
			}
			if p = s.fresh(p); p.Step.Kind != "" || at < asks && p.Amount != rial(amount) {
				t.Errorf("to %d, before look %d: %v of it, with %+v", amount, at+1, p.Amount, p.Step)
			}
			if at < asks && b.calls["adjust"] != 1 {
				t.Errorf("to %d, before look %d: the gateway was asked %d times", amount, at+1, b.calls["adjust"])
			}
			s.audit()
			if err := last(s.app.CapturePayment(t.Context(), s.merchant, p.ID, app.Capture{})); err != nil {
				t.Errorf("to %d, before look %d: taken: %v", amount, at+1, err)
			}
			s.audit()
		}
	}
}

// An adjustment to what is held already ends when its gateway has answered.
func TestAdjustedToWhatIsHeld(t *testing.T) {
	t.Parallel()
	s, _ := withCards(t)
	p := s.charge(goodCard, 50)
	p.Step, p.CheckAt = payment.Step{Kind: payment.ToAdjust, Amount: rial(50), ID: "twice"}, s.now()
	if err := s.store.Commit(t.Context(), store.Change{Payments: []payment.Payment{p}}); err != nil {
		t.Fatal(err)
	}
	s.looked(0, 1)
	s.want(s.fresh(p), payment.Authorized, payment.Good, held(50))
	if p = s.fresh(p); p.Step.Kind != "" {
		t.Errorf("it waits for %+v", p.Step)
	}
	s.audit()
}
