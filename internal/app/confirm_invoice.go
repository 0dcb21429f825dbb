package app

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// till is where amounts of one unit are asked for; terminal 0 stands for asking at
// none.
type till struct {
	merchant string
	terminal int64
	unit     money.Unit
}

// tillOf is where an invoice asks for its amount.
func tillOf(i invoice.Invoice) till { return till{i.Merchant, i.Terminal, i.Amount.Unit()} }

// unusual says that an amount has to be confirmed by the merchant before anybody
// can begin to pay it. Where nobody wants that, it is a look at a setting that is
// in memory.
func (a *App) unusual(ctx context.Context, t till, amount money.Amount) (bool, error) {
	holds, err := a.holdsUnusual(ctx, t)
	if err != nil || !holds {
		return false, err
	}
	h, err := a.paid.find(a.now(), t, func() (invoice.History, error) {
		paid, err := a.store.PaidAmounts(ctx, t.merchant, t.terminal, t.unit, invoice.MostPaid)
		return invoice.HistoryOf(t.unit, paid), err
	})
	return h.Unusual(amount), err
}

// holdsUnusual is the setting of a terminal, or of the merchant where no terminal
// is named.
func (a *App) holdsUnusual(ctx context.Context, t till) (bool, error) {
	if t.terminal == 0 {
		m, err := a.Merchant(ctx, t.merchant)
		return m.HoldUnusual, err
	}
	at, err := a.Terminal(ctx, t.merchant, t.terminal)
	return at.HoldUnusual, err
}

// holdBack makes an invoice wait for the merchant's confirmation.
func holdBack(i invoice.Invoice, amount money.Amount, now time.Time, change *store.Change) invoice.Invoice {
	i.Held = true
	where := "at no terminal"
	if i.Terminal != 0 {
		where = "at terminal " + strconv.FormatInt(i.Terminal, 10)
	}
	change.Events = append(change.Events, happened(event.Invoice, i.Merchant, i.ID, i.State, event.Hold, i.State,
		byWorker, amount.String()+" is unusual "+where, now))
	return i
}

// holdResized changes a failed charge to an unusual amount and makes it wait; it is
// nil for an amount that is not unusual, and for the one that it has, which was
// judged before. Errors: invoice_held, and those of ChargeAgain.
func (a *App) holdResized(ctx context.Context, p payment.Payment, amount money.Amount) error {
	if amount == p.Amount {
		return nil
	}
	i, err := a.store.Invoice(ctx, p.Merchant, p.Invoice)
	if err != nil {
		return err
	}
	held, err := a.unusual(ctx, tillOf(i), amount)
	if err != nil || !held {
		return err
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if p, err = r.Payment(ctx, p.Merchant, p.ID); err != nil {
			return store.Change{}, err
		}
		if err := chargeable(p); err != nil {
			return store.Change{}, err
		}
		if i, err = r.Invoice(ctx, p.Merchant, p.Invoice); err != nil {
			return store.Change{}, err
		}
		now := a.now()
		if i, err = i.Follow(p.Amount, amount); err != nil {
			return store.Change{}, err
		}
		var change store.Change
		i = holdBack(i, amount, now, &change)
		p.Amount, p.UpdatedAt, i.UpdatedAt = amount, now, now
		change.Invoices, change.Payments = []invoice.Invoice{i}, []payment.Payment{p}
		return change, nil
	})
	if err == nil {
		err = fault.New(fault.CodeInvoiceHeld, "invoice", "")
	}
	return err
}

// adjustable refuses to hold an unusual amount in place of a usual one: nothing could wait
// for the merchant's confirmation any more, since the money is held already.
// Errors: payment_not_found, invoice_held.
func (a *App) adjustable(ctx context.Context, merchantID, id string, agreed money.Amount) error {
	p, err := a.store.Payment(ctx, merchantID, id)
	if err != nil {
		return err
	}
	more, err := agreed.Cmp(p.Agreed())
	if err != nil || more <= 0 {
		return err
	}
	i, err := a.store.Invoice(ctx, merchantID, p.Invoice)
	if err != nil {
		return err
	}
	held, err := a.unusual(ctx, tillOf(i), agreed)
	if err != nil || !held {
		return err
	}
	confirmed, err := a.unusual(ctx, tillOf(i), p.Agreed())
	if err != nil || confirmed { // it was held when it was asked for, and may grow
		return err
	}
	return fault.New(fault.CodeInvoiceHeld, "amount",
		"The amount is unusual. Ask for it with a new payment, which waits for your confirmation.")
}

// ConfirmInvoice is the wish to let an invoice be paid although its amount is
// unusual. An operator says so in the merchant's place.
type ConfirmInvoice struct {
	Merchant, Invoice string
	Operator          string // who says so; empty = the merchant
	Note              string
}

// ConfirmInvoice lets go of an invoice that is held. One that is not held stays
// as it is. Errors: invoice_not_found, wrong_state when it is closed.
func (a *App) ConfirmInvoice(ctx context.Context, n ConfirmInvoice) (i invoice.Invoice, err error) {
	actor, words := byMerchant, n.Note
	if n.Operator != "" {
		actor, words = byOperator, strings.TrimSuffix(n.Operator+": "+n.Note, ": ")
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if i, err = r.Invoice(ctx, n.Merchant, n.Invoice); err != nil {
			return store.Change{}, err
		}
		if i.State != invoice.Open && i.Held {
			return store.Change{}, fault.New(fault.CodeWrongState, "invoice", "")
		}
		if !i.Held {
			return store.Change{}, nil
		}
		now := a.now()
		i.Held, i.UpdatedAt = false, now
		return store.Change{
			Invoices: []invoice.Invoice{i},
			Events: []event.Event{happened(event.Invoice, i.Merchant, i.ID, i.State, event.Confirm, i.State, actor,
				words, now)},
		}, nil
	})
	return i, err
}
