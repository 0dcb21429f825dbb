package app_test

import (
	"context"
	"strings"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/payout"
)

// acts are what operators do about money, each on what a function prepares. The
// operator's name is Zoe.
func acts(b *bazaar) map[string]func(context.Context) error {
	const zoe = "Zoe"
	word := func(text string) app.DealWord {
		return app.DealWord{Merchant: b.merchant, Deal: b.begun(text).ID, Operator: zoe}
	}
	disputed := func(text string) app.DealWord {
		w := word(text)
		if _, err := b.app.DisputeDeal(b.Context(), app.NewDispute{
			Merchant: b.merchant, Deal: w.Deal, Reason: "no_payment",
		}); err != nil {
			b.Fatal(err)
		}
		return w
	}
	trader := b.trader("first", "100")
	byHand := func() string {
		wish := b.wishOfCash()
		r, err := b.app.RequestPayment(b.Context(), b.merchant, wish)
		if err != nil {
			b.Fatal(err)
		}
		return r.Payment.ID
	}
	won, lost, done, dropped := disputed("1200"), disputed("1300"), word("1400"), word("1500")
	paid, unpaid, canceled := byHand(), byHand(), byHand()
	confirmation := func(id string, paid bool) app.Confirmation {
		return app.Confirmation{Payment: id, Receipt: "receipt " + id, Paid: paid, Operator: zoe}
	}
	return map[string]func(context.Context) error{
		"add a trader": func(ctx context.Context) error {
			return errOf(b.app.AddTrader(ctx, app.NewTrader{Merchant: b.merchant, Name: "second", Operator: zoe}))
		},
		"switch a trader off": func(ctx context.Context) error {
			return errOf(b.app.SwitchTrader(ctx, b.merchant, trader.ID, true, zoe))
		},
		"book a trader's coins": func(ctx context.Context) error {
			return b.app.MoveTraderCoins(ctx, app.TraderCoins{
				Merchant: b.merchant, Trader: trader.ID, Amount: coins("1"), Gateway: "till", Receipt: "r", Operator: zoe,
			})
		},
		"add a requisite": func(ctx context.Context) error {
			return errOf(b.app.PutRequisite(ctx, app.RequisiteTerms{
				Merchant: b.merchant, Trader: trader.ID, Option: "SBP", Method: "sberbank", Number: "+7(900)000-00-02",
				Holder: "h", Least: rub("100"), Most: rub("1000"), Operator: zoe,
			}))
		},
		"complete a deal":  func(ctx context.Context) error { return errOf(b.app.CompleteDeal(ctx, done)) },
		"cancel a deal":    func(ctx context.Context) error { return errOf(b.app.CancelDeal(ctx, dropped)) },
		"grant a dispute":  func(ctx context.Context) error { return errOf(b.app.ResolveDispute(ctx, won, true)) },
		"refuse a dispute": func(ctx context.Context) error { return errOf(b.app.ResolveDispute(ctx, lost, false)) },
		"confirm a payment": func(ctx context.Context) error {
			return errOf(b.app.ConfirmPayment(ctx, b.merchant, confirmation(paid, true)))
		},
		"reject a payment": func(ctx context.Context) error {
			return errOf(b.app.ConfirmPayment(ctx, b.merchant, confirmation(unpaid, false)))
		},
		"cancel a payment": func(ctx context.Context) error {
			return errOf(b.app.CancelPayment(ctx, b.merchant, canceled, zoe, ""))
		},
	}
}

func errOf[T any](_ T, err error) error { return err }

// wishOfCash is the wish to pay a new invoice in cash.
func (b *bazaar) wishOfCash() app.NewPayment {
	i := b.invoice(5_000)
	wish := b.wish(i, 5_000)
	wish.Gateway, wish.Supersede = "cash", false
	return wish
}

// TestOperatorsActsAreOnRecord: each is an event in its own commit, with the name
// of who did it.
func TestOperatorsActsAreOnRecord(t *testing.T) {
	t.Parallel()
	b := openBazaar(t, 8, "1000")
	last := func() int64 {
		list, err := b.shop.store.Events(t.Context(), b.merchant, 0, 1000)
		if err != nil || len(list) == 0 {
			t.Fatalf("events: %d, %v", len(list), err)
		}
		return list[len(list)-1].Seq
	}
	for name, act := range acts(b) {
		before := last()
		if err := act(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b.onRecord(name, before)
	}
}

// onRecord wants an act of Zoe's among the events after a number.
func (b *bazaar) onRecord(name string, after int64) {
	b.Helper()
	list, err := b.shop.store.Events(b.Context(), b.merchant, after, 1000)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range list {
		if e.Actor == "operator" && strings.Contains(e.Note, "Zoe") {
			return
		}
	}
	b.Errorf("%s: no event names who did it: %+v", name, list)
}

// TestPayoutsAreOnRecord is the same of what operators do about payouts.
func TestPayoutsAreOnRecord(t *testing.T) {
	t.Parallel()
	s, c := withCoins(t, 200)
	b := &bazaar{shop: s}
	asked := func(name string, approved bool) app.PayoutWord {
		p, err := s.app.RequestPayout(t.Context(), s.payoutWish(c, "5", name))
		if err != nil {
			t.Fatal(err)
		}
		w := app.PayoutWord{Merchant: s.merchant, Payout: p.ID, Operator: "Zoe", Receipt: "0x" + name}
		if approved {
			if _, err := s.app.ApprovePayout(t.Context(), w); err != nil {
				t.Fatal(err)
			}
		}
		return w
	}
	for name, act := range map[string]struct {
		does     func(context.Context, app.PayoutWord) (payout.Payout, error)
		approved bool
	}{
		"approve": {s.app.ApprovePayout, false}, "reject": {s.app.RejectPayout, false},
		"confirm": {s.app.ConfirmPayout, true}, "fail": {s.app.FailPayout, true},
		"cancel": {s.app.CancelPayout, false},
	} {
		w := asked(name, act.approved)
		history, err := s.store.History(t.Context(), s.merchant, event.Payout, w.Payout)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := act.does(t.Context(), w); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		b.onRecord(name, history[len(history)-1].Seq)
	}
}
