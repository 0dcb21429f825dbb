package checkout

import (
	"context"
	"net/http"
	"slices"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

// pressed reads a form of the page of an invoice that is paid to a person, or
// answers.
func (p *Pages) pressed(w http.ResponseWriter, r *http.Request) (dealView, bool) {
	if !p.admit(w, r) {
		return dealView{}, false
	}
	return p.dealt(w, r, r.PathValue("id"))
}

// startDeal is the button of the payer's choice: it finds an account to send
// the money to. Whoever presses twice sees the one that was found first.
func (p *Pages) startDeal(w http.ResponseWriter, r *http.Request) {
	view, ok := p.pressed(w, r)
	if !ok {
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

// dealField is the name of the field that says which transfer a form is about.
const dealField = "deal"

// reportTransfer is the button with which the payer says that the money is sent.
func (p *Pages) reportTransfer(w http.ResponseWriter, r *http.Request) {
	view, ok := p.pressed(w, r)
	if !ok {
		return
	}
	id := r.PostForm.Get(dealField)
	if n := slices.IndexFunc(view.deals, func(d deal.Deal) bool { return d.ID == id }); n >= 0 {
		if err := p.takeWord(r.Context(), view.deals[n]); err != nil {
			p.failed(w, r, view.merchant, err)
			return
		}
	}
	p.toDeal(w, r, view.Invoice.ID)
}

// sentAnyway is the reason of a dispute that a payer opens here.
const sentAnyway = "has_payment"

// takeWord takes the payer's word that the money is sent. Of a deal that was
// canceled before the word came it opens a dispute: money may be at its trader,
// and somebody has to look. What is decided stays as it is.
func (p *Pages) takeWord(ctx context.Context, d deal.Deal) error {
	_, err := p.app.ReportTransfer(ctx, d.Merchant, d.ID)
	if !fault.Is(err, fault.CodeWrongState) {
		return err
	}
	if d, err = p.app.Deal(ctx, d.Merchant, d.ID); err != nil || !claimable(d) {
		return err
	}
	_, err = p.app.DisputeDeal(ctx, app.NewDispute{
		Merchant: d.Merchant, Deal: d.ID, Reason: sentAnyway, ByPayer: true,
	})
	if fault.Is(err, fault.CodeWrongState) { // somebody was faster
		return nil
	}
	return err
}
