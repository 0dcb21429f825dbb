package zipay

import (
	"context"
	"net/http"
	"net/url"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/dialect"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/wallet"
)

// result answers with one thing.
func result(body any) dialect.Reply {
	return dialect.Reply{Body: single{Result: body, Success: true, Status: http.StatusOK}}
}

// listed answers with the whole of a short list.
func listed(items any) dialect.Reply {
	return dialect.Reply{Body: listBody{Items: items, Success: true, Status: http.StatusOK}}
}

// paged answers with a part of a list.
func paged[T any](items []T, total int, p page) dialect.Reply {
	if items == nil {
		items = []T{}
	}
	return dialect.Reply{Body: pageBody{
		Items: items, Total: total, Limit: p.limit, Page: p.page, Sort: p.sort,
		Success: true, Status: http.StatusOK,
	}}
}

// owns says whether the key acts for the merchant's own account: terminals and
// invoices are its, and for every other account there are none.
func owns(r *dialect.Request) bool { return r.Key.Account == wallet.House }

// callerIP tells the caller's own address.
func (desk) callerIP(r *dialect.Request) (dialect.Reply, error) {
	return dialect.Reply{Body: struct {
		IP string `json:"ip"`
	}{dialect.CallerAddress(r.Request).String()}}, nil
}

func (d desk) createInvoice(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeInvoice(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	if !owns(r) {
		return dialect.Reply{}, fault.New(fault.CodeTerminalNotFound, "terminal", "")
	}
	t, err := d.App.Terminal(r.Context(), r.Merchant, n.terminal)
	if err != nil {
		return dialect.Reply{}, err
	}
	if t.Disabled {
		return dialect.Reply{}, fault.New(fault.CodeMerchantInactive, "terminal", "The terminal is switched off.")
	}
	if back, err := url.Parse(n.callback); err != nil || !t.Allows(back) {
		return dialect.Reply{}, fault.New(fault.CodeParameterInvalid, "callback",
			"callback leads to none of the terminal's addresses.").With(err)
	}
	id := d.NewID()
	wish := app.NewInvoice{
		ID: id, Amount: n.amount, Terminal: t.Number, Reference: n.number, VerifyIn: t.VerifyIn,
		NationalID: n.national, ReturnTo: returnAddress(n.callback, id, n.number),
	}
	if n.webhook != "" {
		wish.Notice = invoice.Notice{URL: n.webhook, Form: noticeOf(t.Form), Endpoint: t.Endpoint}
	}
	if t.PayIn > 0 {
		wish.Due = d.Now().Add(t.PayIn)
	}
	i, err := d.App.CreateInvoice(r.Context(), r.Merchant, wish)
	if err != nil {
		return dialect.Reply{}, err
	}
	return result(createdBody{TrackID: i.ID, Redirect: d.PublicURL + pagePath + url.PathEscape(i.ID)}), nil
}

// ours is nil for an invoice that was made through terminals; others have no
// place in this API.
func ours(v app.InvoiceView) error {
	if v.Invoice.Terminal == 0 {
		return unknownInvoice()
	}
	return nil
}

func unknownInvoice() error { return fault.New(fault.CodeInvoiceNotFound, "invoice", "") }

func (d desk) invoiceStatus(r *dialect.Request) (dialect.Reply, error) { return d.about(r, nil) }

func (d desk) invoiceVerify(r *dialect.Request) (dialect.Reply, error) {
	return d.about(r, d.App.VerifyInvoice)
}

func (d desk) invoiceRefund(r *dialect.Request) (dialect.Reply, error) {
	return d.about(r, d.App.RefundInvoice)
}

// about answers a call that is about one invoice of the key's account; act does
// what the call is for, and is nil when that is only to see it.
func (d desk) about(
	r *dialect.Request, act func(ctx context.Context, merchantID, id string) (app.InvoiceView, error),
) (dialect.Reply, error) {
	id, err := decodeTrackID(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	if !owns(r) {
		return dialect.Reply{}, unknownInvoice()
	}
	view, err := d.App.Invoice(r.Context(), r.Merchant, id)
	if err == nil {
		err = ours(view)
	}
	if err == nil && act != nil {
		view, err = act(r.Context(), r.Merchant, id)
	}
	if err != nil {
		return dialect.Reply{}, err
	}
	return result(encodeInvoice(view)), nil
}

func (d desk) invoiceList(r *dialect.Request) (dialect.Reply, error) {
	n, err := decodeInvoiceSearch(r.Fields)
	if err != nil {
		return dialect.Reply{}, err
	}
	if !owns(r) {
		return paged([]invoiceBody{}, 0, n.page), nil
	}
	filter := selecting(n.status)
	filter.Terminal, filter.Reference = n.terminal, n.number
	views, total, err := d.App.FindInvoices(r.Context(), r.Merchant, filter, n.page.core())
	if err != nil {
		return dialect.Reply{}, err
	}
	items := make([]invoiceBody, len(views))
	for i, view := range views {
		items[i] = encodeInvoice(view)
	}
	return paged(items, total, n.page), nil
}

// invoicePage is where the payer pays.
func (d desk) invoicePage(r *dialect.Request) (dialect.Reply, error) {
	id := r.PathValue("trackid")
	return dialect.Reply{Page: func(w http.ResponseWriter, r *http.Request) { d.Pages.Invoice(w, r, id) }}, nil
}
