package app

import (
	"context"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/store"
)

// Timeline is everything that is on record of one payment, of the deal that brought it, and
// of its refunds.
type Timeline struct {
	Events     []event.Event    // in order of each thing, the payment's first
	Entries    []ledger.Entry   // in order, likewise
	Deliveries []event.Delivery // newest first, without their bodies
	Contacts   []event.Contact  // in order, likewise
}

// mostTold bounds the deliveries of one thing in a timeline.
const mostTold = 200

// PaymentTimeline collects what is on record of a payment that can be seen.
// Error: payment_not_found.
func (a *App) PaymentTimeline(ctx context.Context, merchantID, id string) (t Timeline, err error) {
	p, err := a.Payment(ctx, merchantID, id)
	if err != nil {
		return t, err
	}
	deals, err := a.store.DealsOf(ctx, merchantID, p.Invoice)
	if err != nil {
		return t, err
	}
	refunds, err := a.store.RefundsOf(ctx, merchantID, id)
	if err != nil {
		return t, err
	}
	if err := a.trace(ctx, merchantID, event.Payment, id, &t); err != nil {
		return t, err
	}
	for _, d := range deals {
		if d.Payment != id {
			continue
		}
		if err := a.trace(ctx, merchantID, event.Deal, d.ID, &t); err != nil {
			return t, err
		}
	}
	for _, b := range refunds {
		if err := a.trace(ctx, merchantID, event.Refund, b.ID, &t); err != nil {
			return t, err
		}
	}
	return t, nil
}

// trace adds what is on record of one thing.
func (a *App) trace(ctx context.Context, merchantID string, noun event.Noun, id string, t *Timeline) error {
	events, err := a.store.History(ctx, merchantID, noun, id)
	if err != nil {
		return err
	}
	entries, err := a.store.Entries(ctx, merchantID, id)
	if err != nil {
		return err
	}
	had, err := a.store.Contacts(ctx, merchantID, id, 2*mostContacts)
	if err != nil {
		return err
	}
	told, err := a.store.ListDeliveries(ctx, merchantID, store.DeliveryFilter{Subject: id}, Older{Limit: mostTold})
	t.Events, t.Entries = append(t.Events, events...), append(t.Entries, entries...)
	t.Deliveries, t.Contacts = append(t.Deliveries, told...), append(t.Contacts, had...)
	return err
}
