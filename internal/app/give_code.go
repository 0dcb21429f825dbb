package app

import (
	"context"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// maxCode bounds the address of a code, in bytes: more does not fit into one that
// a telephone can read.
const maxCode = 300

// GiveCode takes the address of the code that a deal is paid by from its trader,
// who made it for this very deal. Giving the same again changes nothing; another
// would be one that the payer has not seen.
// Errors: deal_not_found, parameter_missing, parameter_invalid that names
// "link", wrong_state where no code is waited for.
func (a *App) GiveCode(ctx context.Context, w DealWord, link string) (d deal.Deal, err error) {
	if err := named(w.Operator); err != nil {
		return d, err
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if d, err = r.Deal(ctx, w.Merchant, w.Deal); err != nil {
			return store.Change{}, err
		}
		switch has := d.CodeLink(); {
		case d.State != deal.TransferWaiting || d.Out() || !d.ByCode():
			return store.Change{}, fault.New(fault.CodeWrongState, "deal", "")
		case has != "" && has == link:
			return store.Change{}, nil
		case has != "":
			return store.Change{}, fault.New(fault.CodeWrongState, "deal", "It has a code already.")
		}
		d.Number, d.UpdatedAt = link, a.now()
		if len(link) > maxCode || d.CodeLink() == "" {
			return store.Change{}, fault.New(fault.CodeParameterInvalid, "link", "It has to be an address with https.")
		}
		return store.Change{
			Deals: []deal.Deal{d},
			Events: []event.Event{happened(event.Deal, d.Merchant, d.ID, d.State, event.GiveCode, d.State, byOperator,
				byOperatorNote(w.Operator, w.Note), d.UpdatedAt)},
		}, nil
	})
	return d, err
}
