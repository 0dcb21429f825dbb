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
	i := view.Invoice
	live, err := p.awaitsTransfer(r.Context(), i)
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

// awaitsTransfer says that a deal of the invoice has not ended.
func (p *Pages) awaitsTransfer(ctx context.Context, i invoice.Invoice) (bool, error) {
	if i.Open || i.Collected() {
		return false, nil
	}
	deals, err := p.app.DealsOf(ctx, i.Merchant, i.ID)
	return slices.ContainsFunc(deals, deal.Deal.Live), err
}
