package checkout

import (
	"net/http"
	"slices"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

// pressed finds the invoice whose page somebody sends a form of, or answers. The
// form is still to be read.
func (p *Pages) pressed(w http.ResponseWriter, r *http.Request) (dealView, bool) {
	id := r.PathValue("id")
	if !p.welcome(w, r) {
		return dealView{}, false
	}
	if invoice.HasDealPage(id) && !p.forms.allowKey(id) {
		p.tooMany(w, r)
		return dealView{}, false
	}
	return p.dealt(w, r, id)
}

// startDeal is the button of the payer's choice: it finds an account to send
// the money to. Whoever presses twice sees the one that was found first.
func (p *Pages) startDeal(w http.ResponseWriter, r *http.Request) {
	view, ok := p.pressed(w, r)
	if !ok || !p.readForm(w, r) {
		return
	}
	i := view.Invoice
	if now, _ := p.stage(view); now != toChoose {
		p.toDeal(w, r, i.ID)
		return
	}
	wish := app.NewDeal{ID: p.newUUID(), Payment: p.newUUID(), Invoice: i.ID, Most: mostOf(i), ByPayer: true}
	if choice := r.PostForm.Get(choiceField); choice != "" {
		n := slices.IndexFunc(view.routes, func(one route) bool { return one.value() == choice })
		if n < 0 { // it was there when the page was shown
			p.showNobody(w, r, view)
			return
		}
		wish.Option, wish.Method = view.routes[n].Option, view.routes[n].Method
	}
	_, found, err := p.app.StartDeal(r.Context(), i.Merchant, wish)
	switch {
	case fault.Is(err, fault.CodeWrongState), fault.Is(err, fault.CodeInvoiceClosed):
		p.toDeal(w, r, i.ID) // the page says what came first
	case fault.Is(err, fault.CodeRateMissing), fault.Is(err, fault.CodeAmountTooSmall):
		p.troubleWith(w, r, view.merchant, http.StatusConflict, "choice_gone")
	case err != nil:
		p.failed(w, r, view.merchant, err)
	case !found:
		p.showNobody(w, r, view)
	default:
		p.toDeal(w, r, i.ID)
	}
}

// mostOf is the sum up to which an invoice's amount may be raised, so that no
// other transfer has the same; not valid = it may not.
func mostOf(i invoice.Invoice) money.Amount {
	most, err := money.Parse(i.Bag[raisedAmount], i.Amount.Unit())
	if err != nil {
		return money.Amount{}
	}
	return most
}
