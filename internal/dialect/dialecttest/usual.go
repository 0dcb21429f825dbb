package dialecttest

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// usually makes the shop hold unusual amounts, and an amount the usual one: of
// "50000 IRR" and "50000 IRR at 1001", the first is what is asked for at no
// terminal. The payments before were long ago and stand in no list.
func (w *World) usually(ctx context.Context, what string) error {
	price, place, _ := strings.Cut(what, " at ")
	text, unit, _ := strings.Cut(price, " ")
	amount, err := money.Parse(text, money.Unit(unit))
	if err != nil {
		return err
	}
	terminal, err := w.holdUnusual(ctx, place)
	if err != nil {
		return err
	}
	var change store.Change
	for n := range 20 {
		change.Invoices = append(change.Invoices, invoice.Invoice{
			ID: fmt.Sprintf("usual-%s-%d", unit, n), Merchant: w.Shop, State: invoice.Completed, Terminal: terminal,
			Amount: amount, Captured: amount, Reserved: money.Zero(amount.Unit()), CreatedAt: Start, UpdatedAt: Start,
		})
	}
	return w.Store.Commit(ctx, change)
}

// holdUnusual sets the guard of the shop or of one of its terminals.
func (w *World) holdUnusual(ctx context.Context, place string) (terminal int64, err error) {
	if place == "" {
		holds := true
		_, err = w.App.ChangeMerchant(ctx, w.Shop, app.MerchantTerms{HoldUnusual: &holds})
		return 0, err
	}
	if terminal, err = strconv.ParseInt(place, 10, 64); err != nil {
		return 0, err
	}
	_, err = w.App.AmendTerminal(ctx, w.Shop, terminal, func(t app.TerminalTerms) app.TerminalTerms {
		t.HoldUnusual = true
		return t
	})
	return terminal, err
}

// confirmed takes the shop's word for an invoice that is held.
func (w *World) confirmed(ctx context.Context, id string) error {
	_, err := w.App.ConfirmInvoice(ctx, app.ConfirmInvoice{Merchant: w.Shop, Invoice: id})
	return err
}
