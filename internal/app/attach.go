package app

import (
	"context"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// NewAttachment is a file that somebody sends about a deal.
type NewAttachment struct {
	ID             string
	Merchant, Deal string
	Data           []byte
	ByPayer        bool
	Operator       string // who keeps it for somebody; empty = the payer or the merchant sends it
}

// Attach keeps a file about a deal that is not decided.
// Errors: deal_not_found, wrong_state, and those of deal.Attach.
func (a *App) Attach(ctx context.Context, n NewAttachment) (t deal.Attachment, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		d, err := r.Deal(ctx, n.Merchant, n.Deal)
		if err != nil {
			return store.Change{}, err
		}
		if !d.Live() {
			return store.Change{}, fault.New(fault.CodeWrongState, "", "")
		}
		others, err := r.Attachments(ctx, n.Merchant, n.Deal)
		if err != nil {
			return store.Change{}, err
		}
		now, by, note := a.now(), actorOf(n.ByPayer), ""
		if n.Operator != "" {
			by, note = byOperator, n.Operator+": "
		}
		if t, err = d.Attach(n.ID, by, n.Data, others, now); err != nil {
			return store.Change{}, err
		}
		d.UpdatedAt = now // a new version: two files that arrive together are counted both
		return store.Change{
			Deals: []deal.Deal{d}, Attachments: []deal.Attachment{t},
			Events: []event.Event{happened(event.Deal, d.Merchant, d.ID, d.State, event.Attach, d.State, by, note+t.Type, now)},
		}, nil
	})
	return t, err
}

// Attachments are the files about deals without their data, in order of
// creation.
func (a *App) Attachments(ctx context.Context, merchantID string, dealIDs ...string) ([]deal.Attachment, error) {
	return a.store.Attachments(ctx, merchantID, dealIDs...)
}

// Attachment is one file with its data. Error: not_found.
func (a *App) Attachment(ctx context.Context, merchantID, id string) (deal.Attachment, error) {
	return a.store.Attachment(ctx, merchantID, id)
}
