package app

import (
	"context"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// LinkView is what the holder of a link may know.
type LinkView struct {
	Merchant string // the merchant's name, for people
	InvoiceView
}

// Extension is the wish to ask for more on an invoice through a new link.
type Extension struct {
	Invoice string
	Amount  money.Amount
	Token   string // of the new link
	Gateway string // empty = by routing
}

// ExtendInvoice raises an invoice by an amount and replaces its link by one
// that pays just that; a paid invoice opens again. An unusual amount is held.
// Errors: invoice_not_found, invoice_closed, link_unusable (open amount), wrong_state while a
// deal of it is not decided.
func (a *App) ExtendInvoice(ctx context.Context, merchantID string, e Extension) (invoice.Invoice, error) {
	if e.Amount.Sign() <= 0 {
		return invoice.Invoice{}, fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	asked, err := a.store.Invoice(ctx, merchantID, e.Invoice)
	if err != nil {
		return invoice.Invoice{}, err
	}
	held, err := a.unusual(ctx, tillOf(asked), e.Amount)
	if err != nil {
		return invoice.Invoice{}, err
	}
	var i invoice.Invoice
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		before, err := r.Invoice(ctx, merchantID, e.Invoice)
		if err != nil {
			return store.Change{}, err
		}
		if i, err = before.Extend(e.Amount); err != nil {
			return store.Change{}, err
		}
		if err := undealt(ctx, r, merchantID, i.ID); err != nil { // its end decides what the invoice asks for
			return store.Change{}, err
		}
		now := a.now()
		i.UpdatedAt = now
		i.Link = invoice.Link{Token: e.Token, Kind: invoice.Extension, Amount: e.Amount, Gateway: e.Gateway}
		change := store.Change{Claims: []store.Claim{linkClaim(i)}}
		if i.State == invoice.Completed {
			i, err = advance(i, now, &change, byMerchant, invoice.Reopen)
		} else {
			change.Events = append(change.Events,
				happened(event.Invoice, merchantID, i.ID, i.State, "extend", i.State, byMerchant, "", now))
		}
		if held && err == nil {
			i = holdBack(i, e.Amount, now, &change)
		}
		change.Invoices = []invoice.Invoice{i}
		return change, err
	})
	i.Version++
	return i, err
}

// Link finds the invoice behind a link's token and changes nothing.
// Error: link_not_found, also for a link that a newer one has replaced.
func (a *App) Link(ctx context.Context, token string) (LinkView, error) {
	unknown := fault.New(fault.CodeLinkNotFound, "token", "")
	if token == "" {
		return LinkView{}, unknown
	}
	claim, err := a.store.Claimed(ctx, "", store.LinkClaim, token)
	if err != nil {
		if fault.Is(err, fault.CodeNotFound) {
			return LinkView{}, unknown
		}
		return LinkView{}, err
	}
	view, err := a.Invoice(ctx, claim.Merchant, claim.Subject)
	if err != nil {
		return LinkView{}, err
	}
	if view.Invoice.Link.Token != token {
		return LinkView{}, unknown
	}
	m, err := a.Merchant(ctx, claim.Merchant)
	return LinkView{Merchant: m.Name, InvoiceView: view}, err
}

// OpenLink is a payer's wish to pay through a link.
type OpenLink struct {
	Token   string
	Gateway string         // the payer's choice; empty = the link's own, or by routing
	Method  payment.Method // the payer's choice; empty = whatever the gateway offers
	Amount  money.Amount   // of an open-amount link; not valid otherwise
	Payer   payment.Payer  // what the payer told us: of other links only the Mobile counts, where the payer confirms
	Note    string         // the payer's own words, for an open-amount link
	Split   bool
	NewID   func() string
}

// OpenLink opens a page for the holder of a link. A page that is still open is
// given again instead of a second one, and while parts of a split are unpaid
// the next one is opened.
// Errors: link_not_found, link_used (paid through it, or it no longer fits),
// invoice_closed, link_unusable when an amount is given or missing against the
// link's kind, and those of RequestPayment.
func (a *App) OpenLink(ctx context.Context, o OpenLink) (Requested, error) {
	view, err := a.Link(ctx, o.Token)
	if err != nil {
		return Requested{}, err
	}
	i := view.Invoice
	if open := i.Link.Kind == invoice.OpenAmount; open != o.Amount.Valid() {
		return Requested{}, fault.New(fault.CodeLinkUnusable, "token", "")
	} else if open {
		return a.RequestPayment(ctx, i.Merchant, NewPayment{
			Invoice: i.ID, Amount: o.Amount, Gateway: wish(o, i), Method: o.Method, Description: o.Note,
			Payer: o.Payer, NewID: o.NewID, Link: o.Token, ByPayer: true,
		})
	}
	if err := usable(i); err != nil {
		return Requested{}, err
	}
	if p, ok := a.livePage(view, o); ok {
		return Requested{Payment: p}, nil
	}
	paid, err := paidThrough(ctx, a.store, i)
	if err != nil {
		return Requested{}, err
	}
	if paid.Sign() > 0 {
		for _, p := range view.Payments {
			if p.Link == o.Token && p.State == payment.Waiting && !p.Superseded {
				return a.startWaiting(ctx, i.Merchant, p.ID, o.way(), byPayer)
			}
		}
	}
	left, err := i.Link.Amount.Sub(paid)
	if err != nil {
		return Requested{}, err
	}
	done, err := a.RequestPayment(ctx, i.Merchant, NewPayment{
		Invoice: i.ID, Amount: left, Gateway: wish(o, i), Method: o.Method, Description: i.Description,
		Payer: o.way().payer(payment.Payer(i.Payer)), NewID: o.NewID,
		Split: o.Split, Supersede: true, Link: o.Token, ByPayer: true,
	})
	if fault.Is(err, fault.CodeAmountAboveRemaining) {
		err = fault.New(fault.CodeLinkUsed, "token", "")
	}
	return done, err
}

func (o OpenLink) way() Way { return Way{Gateway: o.Gateway, Method: o.Method, Mobile: o.Payer.Mobile} }

func wish(o OpenLink, i invoice.Invoice) string {
	if o.Gateway != "" {
		return o.Gateway
	}
	return i.Link.Gateway
}

// usable is nil when the link's own amount may still be paid.
func usable(i invoice.Invoice) error {
	if i.Link.Used {
		return fault.New(fault.CodeLinkUsed, "token", "")
	}
	err := i.Payable(money.Zero(i.Amount.Unit()))
	if fault.Is(err, fault.CodeAmountAboveRemaining) {
		return fault.New(fault.CodeLinkUsed, "token", "")
	}
	return err
}

// livePage finds the page that the payer can still be sent to.
func (a *App) livePage(view LinkView, o OpenLink) (payment.Payment, bool) {
	now := a.now()
	for n := len(view.Payments) - 1; n >= 0; n-- {
		p := view.Payments[n]
		if p.Link == o.Token && o.way().Opened(p, now) {
			return p, true
		}
	}
	return payment.Payment{}, false
}
