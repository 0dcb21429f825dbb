package checkout

import (
	"net/http"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
)

// confirm is the form that asks once more before something is done.
type confirm struct{ Action, Label string }

// cancelable says that the payer may withdraw an invoice. Once money may be on
// its way nobody but an operator can. One of our own API is its merchant's to withdraw,
// who may have asked for its money in other ways too.
func cancelable(view dealView, now stage) bool {
	i := view.Invoice
	if i.Ours() {
		return false
	}
	return (now == toChoose || now == toSend || now == tooLate) && i.Captured.Sign() <= 0 && i.Reserved.Sign() <= 0
}

// cancelPage is where the payer is asked about that; empty where it cannot be.
func (p *Pages) cancelPage(r *http.Request, view dealView) string {
	if now, _ := p.stage(view); !cancelable(view, now) {
		return ""
	}
	return p.dealForm(r, view.Invoice.ID, "cancel")
}

// askCancel asks the payer whether the invoice is to be withdrawn.
func (p *Pages) askCancel(w http.ResponseWriter, r *http.Request) {
	view, ok := p.dealt(w, r, r.PathValue("id"))
	if !ok {
		return
	}
	id := view.Invoice.ID
	now, d := p.stage(view)
	if !cancelable(view, now) {
		p.toDeal(w, r, id)
		return
	}
	if now == toChoose {
		d = deal.Deal{} // what became of the one before has nothing to do with it
	}
	v, _ := p.voices.choose(r)
	amount := v.Amount(view.Invoice.Unpaid())
	p.showDealResult(w, r, view, "deal.ask_cancel", resultBody{
		Verdict: isAsked, Amount: &amount, Facts: v.transferFacts(view.Invoice, d),
		Next:    &button{v.T("deal.keep"), p.action(dealPath(id), r)},
		Confirm: &confirm{p.dealForm(r, id, "cancel"), v.T("deal.cancel")},
	})
}

// cancelInvoice is the button with which the payer withdraws the invoice. Where
// something came first the page says what.
func (p *Pages) cancelInvoice(w http.ResponseWriter, r *http.Request) {
	view, ok := p.pressed(w, r)
	if !ok || !p.readForm(w, r) {
		return
	}
	i := view.Invoice
	if now, _ := p.stage(view); cancelable(view, now) {
		_, err := p.app.CancelInvoice(r.Context(), app.CancelInvoice{Merchant: i.Merchant, Invoice: i.ID, ByPayer: true})
		if err != nil && !fault.Is(err, fault.CodeWrongState) {
			p.failed(w, r, view.merchant, err)
			return
		}
	}
	p.toDeal(w, r, i.ID)
}
