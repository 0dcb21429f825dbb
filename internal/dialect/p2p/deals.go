package p2p

import (
	"context"
	"slices"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
)

// begin starts a deal for an invoice, if an account is free. Errors: as of
// app.StartDeal.
func (d desk) begin(ctx context.Context, v view, wish route, byPayer bool) (view, error) {
	n := app.NewDeal{
		ID: d.NewID(), Payment: d.NewID(), Invoice: v.ID, Option: wish.option, Method: wish.method, ByPayer: byPayer,
	}
	if most := v.Bag[bagMost]; most != "" {
		var err error
		if n.Most, err = money.Parse(most, unitOf(v.Invoice)); err != nil {
			return v, fault.New(fault.CodeInternal, "", "").With(err)
		}
	}
	if _, _, err := d.App.StartDeal(ctx, v.Merchant, n); err != nil {
		return v, err
	}
	return d.read(ctx, v.Merchant, v.ID)
}

// counter is the handlers that merchants and payers' pages both have.
type counter struct {
	desk

	find    func(*dialect.Request) (view, error) // the invoice that a call is about
	byPayer bool                                 // for whoever knows its id, and not for its store
}

// startDeal starts a deal on the way that the payer wishes.
func (c counter) startDeal(r *dialect.Request) (dialect.Reply, error) {
	wish, err := decodeRoute(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	v, err := c.find(r)
	if err != nil {
		return dialect.Reply{}, err
	}
	if statusOf(v.Invoice, v.deals) != statusNew || slices.ContainsFunc(v.deals, deal.Deal.Live) {
		return dialect.Reply{}, fault.New(fault.CodeWrongState, "", "")
	}
	all, err := c.offered(r.Context(), v.Merchant, unitOf(v.Invoice))
	if err == nil {
		err = all.has(wish)
	}
	if err == nil {
		v, err = c.begin(r.Context(), v, wish, c.byPayer)
	}
	return dialect.Reply{Body: c.encode(v, c.byPayer)}, err
}

// showVariants lists the ways on which an invoice can be paid now.
func (c counter) showVariants(r *dialect.Request) (dialect.Reply, error) {
	v, err := c.find(r)
	if err != nil {
		return dialect.Reply{}, err
	}
	if statusOf(v.Invoice, v.deals) != statusNew {
		return listed[variantBody](nil), nil
	}
	all, err := c.requisites(r.Context(), v.Merchant, unitOf(v.Invoice))
	return listed(variants(all, v.Unpaid(), c.Now())), err
}

// confirm takes the payer's word that the money is sent, with files that show it.
func (c counter) confirm(r *dialect.Request) (dialect.Reply, error) {
	v, err := c.find(r)
	if err != nil {
		return dialect.Reply{}, err
	}
	at := slices.IndexFunc(v.deals, func(one deal.Deal) bool {
		return one.State == deal.TransferWaiting || one.State == deal.TransferConfirmed
	})
	if at < 0 {
		return dialect.Reply{}, fault.New(fault.CodeWrongState, "", "No deal of this invoice is open.")
	}
	files := decodeFiles(r.Fields)
	if err := c.fit(r.Context(), v.deals[at], files); err != nil {
		return dialect.Reply{}, err
	}
	if _, err := c.App.ReportTransfer(r.Context(), v.Merchant, v.deals[at].ID, c.byPayer); err != nil {
		return dialect.Reply{}, err
	}
	return c.attach(r.Context(), v, v.deals[at].ID, files, c.byPayer)
}

// fit is nil when a deal may have these files too: nothing is said about a deal
// whose files would be refused. Errors: as of deal.Attach.
func (d desk) fit(ctx context.Context, about deal.Deal, files [][]byte) error {
	if len(files) == 0 {
		return nil
	}
	others, err := d.App.Attachments(ctx, about.Merchant, about.ID)
	if err != nil {
		return err
	}
	for _, data := range files {
		one, err := about.Attach("", "", data, others, d.Now())
		if err != nil {
			return err
		}
		others = append(others, one)
	}
	return nil
}

// attach keeps files about a deal and answers with its invoice.
func (d desk) attach(ctx context.Context, v view, dealID string, files [][]byte, byPayer bool) (dialect.Reply, error) {
	for _, data := range files {
		if _, err := d.App.Attach(ctx, app.NewAttachment{
			ID: d.NewID(), Merchant: v.Merchant, Deal: dealID, Data: data, ByPayer: byPayer,
		}); err != nil {
			return dialect.Reply{}, err
		}
	}
	return d.again(ctx, v, byPayer)
}

// again answers with an invoice as it is now.
func (d desk) again(ctx context.Context, v view, reduced bool) (dialect.Reply, error) {
	v, err := d.read(ctx, v.Merchant, v.ID)
	return dialect.Reply{Body: d.encode(v, reduced)}, err
}

// cancel withdraws an invoice and the deal that only waits.
func (c counter) cancel(r *dialect.Request) (dialect.Reply, error) {
	v, err := c.find(r)
	if err != nil {
		return dialect.Reply{}, err
	}
	if _, err := c.App.CancelInvoice(r.Context(), app.CancelInvoice{
		Merchant: v.Merchant, Invoice: v.ID, ByPayer: c.byPayer,
	}); err != nil {
		return dialect.Reply{}, err
	}
	return c.again(r.Context(), v, c.byPayer)
}

// dispute says something against the course of a deal, which the call names or
// whose invoice it names.
func (d desk) dispute(r *dialect.Request) (dialect.Reply, error) {
	v, named, err := d.disputed(r)
	if err != nil {
		return dialect.Reply{}, err
	}
	n, err := decodeDispute(r.Fields, unitOf(v.Invoice))
	if err != nil {
		return dialect.Reply{}, err
	}
	about, err := v.dealNamed(n.deal, named)
	if err != nil {
		return dialect.Reply{}, err
	}
	if statusOf(v.Invoice, v.deals) == statusPaid {
		return dialect.Reply{}, fault.New(fault.CodeWrongState, "", "The invoice is paid.")
	}
	files := decodeFiles(r.Fields)
	if err := d.fit(r.Context(), about, files); err != nil {
		return dialect.Reply{}, err
	}
	if _, err := d.App.DisputeDeal(r.Context(), app.NewDispute{
		Merchant: v.Merchant, Deal: about.ID, Reason: n.reason, Amount: n.amount,
	}); err != nil {
		return dialect.Reply{}, err
	}
	return d.attach(r.Context(), v, about.ID, files, false)
}

// disputed finds the invoice of a dispute, whose path names it or one of its
// deals; deal is empty where it does not. Error: invoice_not_found.
func (d desk) disputed(r *dialect.Request) (v view, dealID string, err error) {
	if v, err = d.named(r); !fault.Is(err, fault.CodeInvoiceNotFound) {
		return v, "", err
	}
	id := r.PathValue("id")
	if !isID(id) {
		return v, "", unknownInvoice()
	}
	one, err := d.App.Deal(r.Context(), r.Merchant, id)
	if fault.Is(err, fault.CodeDealNotFound) {
		return v, "", unknownInvoice()
	}
	if err != nil {
		return v, "", err
	}
	number, _ := storeOf(r.Key)
	if v, err = d.read(r.Context(), r.Merchant, one.Invoice); err == nil && v.Terminal != number {
		err = unknownInvoice()
	}
	return v, one.ID, err
}

// dealNamed is the deal that a call is about: the one that a field or the path
// names, or else the newest. Errors: deal_not_found for one of another invoice,
// wrong_state where there is none.
func (v view) dealNamed(field, path string) (deal.Deal, error) {
	id := field
	if id == "" {
		id = path
	}
	if id == "" {
		if len(v.deals) == 0 {
			return deal.Deal{}, fault.New(fault.CodeWrongState, "", "The invoice has no deal.")
		}
		return v.deals[len(v.deals)-1], nil
	}
	at := slices.IndexFunc(v.deals, func(d deal.Deal) bool { return d.ID == id })
	if at < 0 {
		return deal.Deal{}, fault.New(fault.CodeDealNotFound, "deal", "")
	}
	return v.deals[at], nil
}
