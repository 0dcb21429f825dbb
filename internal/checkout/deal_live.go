package checkout

import (
	"context"
	"net/http"
	"slices"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/invoice"
)

// dealing answers for an invoice whose money is sent to a person, or is said to be: the page
// of the transfer tells how, and every other page would ask for the money once more.
// Otherwise it has answered nothing and says false.
func (p *Pages) dealing(w http.ResponseWriter, r *http.Request, view app.HostedInvoice) bool {
	return p.dealingWhere(w, r, view, deal.Deal.Live)
}

// dealingLink is dealing for the link of an invoice. One that pays only what the invoice was
// extended by since its deal asks for other money, and its holder need not know of the deal.
func (p *Pages) dealingLink(w http.ResponseWriter, r *http.Request, view app.LinkView) bool {
	i := view.Invoice
	return p.dealingWhere(w, r, app.HostedInvoice(view), func(d deal.Deal) bool {
		apart := i.Link.Kind == invoice.Extension && (i.Link.Used || i.Beyond(d.Amount).Sign() > 0)
		return d.Live() && !apart
	})
}

// dealingWhere is dealing with the deals for which a condition holds.
func (p *Pages) dealingWhere(w http.ResponseWriter, r *http.Request, view app.HostedInvoice,
	awaited func(deal.Deal) bool,
) bool {
	i := view.Invoice
	live, err := p.awaitsTransfer(r.Context(), i, awaited)
	switch {
	case err != nil:
		p.failed(w, r, view.Merchant, err)
	case !live:
		return false
	case invoice.HasDealPage(i.ID):
		p.toDeal(w, r, i.ID)
	default: // the merchant tells the payer where to send it
		p.troubleWith(w, r, view.Merchant, http.StatusConflict, "being_paid")
	}
	return true
}

// awaitsTransfer says that an invoice asks for money, and has a deal for which a condition holds.
func (p *Pages) awaitsTransfer(ctx context.Context, i invoice.Invoice, awaited func(deal.Deal) bool) (bool, error) {
	if i.Open || i.Collected() {
		return false, nil
	}
	deals, err := p.app.DealsOf(ctx, i.Merchant, i.ID)
	return slices.ContainsFunc(deals, awaited), err
}
