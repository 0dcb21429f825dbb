package server

import (
	"strings"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
)

// sending asks for so many roubles to be sent to somebody.
func (b bazaar) sending(t *testing.T, id, amount string) {
	t.Helper()
	b.with(t, func(a *app.App) error {
		_, err := a.RequestSending(t.Context(), app.NewSending{
			ID: id, Merchant: b.merchant, Terminal: 1001, Sum: must(money.Parse(amount, money.RUB)),
			Due:   now().Add(time.Hour),
			Payee: payout.Payee{Option: "TO_CARD", Method: "sberbank", Number: "2200 0000 0000 0004", Holder: "ANN A."},
		})
		return err
	})
}

func TestPayoutsByTraders(t *testing.T) {
	t.Parallel()
	b := openBazaar(t)
	b.deal(t, "earned", "5000")
	b.operate(t, new(any), func(c Commands) error {
		return c.ConfirmDeal(t.Context(), DealWord{Deal: "earned", Operator: "Sam"})
	})
	for _, id := range []string{"one", "two"} {
		b.sending(t, id, "1000")
	}
	word := func(id, receipt string) PayoutWord {
		return PayoutWord{Payout: id, Receipt: receipt, Operator: "Sam", Note: "as asked"}
	}
	take := func(id string) func(Commands) error {
		return func(c Commands) error {
			return c.TakePayout(t.Context(), PayoutTaking{Payout: id, Trader: b.trader, Operator: "Sam"})
		}
	}
	b.refused(t, "payout one is requested: purser payout approve one takes it on", take("one"))
	b.refused(t, "there is no payout nothing", take("nothing"))
	d := newDesk(b.config)
	if err := d.ApprovePayout(t.Context(), word("one", "")); err != nil ||
		!strings.Contains(d.out.String(), "purser payout take one --trader TRADER") ||
		!strings.Contains(d.out.String(), "1000 RUB") || strings.Contains(d.out.String(), "2200") {
		t.Errorf("got %v and %s, want a trader asked for", err, d.out.String())
	}
	b.refused(t, "payout one is approved: purser payout take one --trader TRADER", func(c Commands) error {
		return c.ConfirmPayout(t.Context(), word("one", "r"))
	})
	b.refused(t, "the merchant has no trader nobody", func(c Commands) error {
		return c.TakePayout(t.Context(), PayoutTaking{Payout: "one", Trader: "nobody", Operator: "Sam"})
	})
	d = newDesk(b.config)
	if err := take("one")(d.Commands); err != nil || !strings.Contains(d.out.String(), "to 2200 0000 0000 0004, ANN A.") {
		t.Errorf("got %v and %s, want where to send", err, d.out.String())
	}
	b.refused(t, "payout one is processing: purser payout confirm one --receipt TXID says that it was sent, "+
		"purser deal cancel", func(c Commands) error { return c.CancelPayout(t.Context(), word("one", "")) })
	var shown payoutView
	b.operate(t, &shown, func(c Commands) error { return c.ShowPayout(t.Context(), "one", false) })
	if shown.Address != "...0004" || shown.Send != "1000 RUB" || shown.Rate != "98.5" || len(shown.Deals) != 1 ||
		shown.Deals[0].Payout != "one" || len(shown.History) != 3 {
		t.Fatalf("got %+v", shown)
	}
	id := shown.Deals[0].ID
	b.refused(t, "receipt", func(c Commands) error {
		return c.ConfirmDeal(t.Context(), DealWord{Deal: id, Operator: "Sam"})
	})
	var done dealView
	b.operate(t, &done, func(c Commands) error {
		return c.ConfirmDeal(t.Context(), DealWord{Deal: id, Receipt: "bank 1", Operator: "Sam"})
	})
	d = newDesk(b.config)
	if err := d.ShowPayout(t.Context(), "one", true); err != nil || done.State != string(deal.Completed) ||
		!strings.Contains(d.out.String(), "2200 0000 0000 0004") || !strings.Contains(d.out.String(), "Receipt:   bank 1") {
		t.Errorf("got %v and %s, want it sent", err, d.out.String())
	}
	b.operate(t, new(any), func(c Commands) error { return c.ApprovePayout(t.Context(), word("two", "")) })
	b.operate(t, &done, take("two"))
	b.refused(t, "receipt bank 1 was booked for another deal already", func(c Commands) error {
		return c.ConfirmDeal(t.Context(), DealWord{Deal: done.ID, Receipt: "bank 1", Operator: "Sam"})
	})
	b.operate(t, new(any), func(c Commands) error {
		return c.CancelDeal(t.Context(), DealWord{Deal: done.ID, Operator: "Sam"})
	})
	b.operate(t, &shown, func(c Commands) error { return c.CancelPayout(t.Context(), word("two", "")) })
	if shown.State != string(payout.Canceled) {
		t.Errorf("got %s", shown.State)
	}
	b.refused(t, "payout one is paid: nothing is left to do, unless the merchant disputes it", func(c Commands) error {
		return c.FailPayout(t.Context(), word("one", ""))
	})
}
