package checkout

import (
	"net/http"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
)

// end is why an invoice takes no payment any more.
type end struct {
	verdict verdict
	words   string // what its title and advice are called in the language files
}

// endOf finds out whether an invoice is still to be paid: nil says that it is.
func (p *Pages) endOf(view app.HostedInvoice) *end {
	i := view.Invoice
	switch i.State {
	case invoice.Open:
		if allTaken(view) { // a part of it was given back, and a payer owes nothing for that
			return paidEnd(view)
		}
		if i.Due.IsZero() || p.now().Before(i.Due) {
			return nil
		}
		if beingChecked(view.Payments) {
			return &end{isChecking, "result.checking"}
		}
		return &end{isUnpaid, "invoice.expired"} // the worker has not come to it yet
	case invoice.Paid, invoice.Completed:
		return paidEnd(view)
	case invoice.Rejected, invoice.Refunded:
		if i.State == invoice.Refunded && partTaken(view) {
			return &end{isReturned, "invoice.refunded_part"}
		}
		return &end{isReturned, "invoice." + string(i.State)}
	case invoice.Expired, invoice.Canceled:
		return &end{isUnpaid, "invoice." + string(i.State)}
	}
	return &end{isUnpaid, "invoice.expired"}
}

// allTaken says that the payments of an invoice have brought its whole amount, whatever was
// given back of it.
func allTaken(view app.HostedInvoice) bool {
	if len(view.Payments) == 0 || view.Invoice.Open {
		return false
	}
	sum, err := takenOf(view)
	if err != nil {
		return false
	}
	less, err := sum.Cmp(view.Invoice.Amount)
	return err == nil && less >= 0
}

// partTaken says that they have brought a part of it only.
func partTaken(view app.HostedInvoice) bool {
	sum, err := takenOf(view)
	return err == nil && sum.Sign() > 0 && !view.Invoice.Open && !allTaken(view)
}

// paidEnd is the end of an invoice that asks for nothing more.
func paidEnd(view app.HostedInvoice) *end {
	if view.Invoice.Closed() && !allTaken(view) {
		return &end{isPaid, "invoice.closed"}
	}
	if back, err := givenBackOf(view); err == nil && back.Sign() > 0 {
		return &end{isPaid, "invoice.paid_part"}
	}
	return &end{isPaid, "invoice.paid"}
}

// takenOf is what the payments of an invoice have brought. Error: amount_overflow.
func takenOf(view app.HostedInvoice) (money.Amount, error) {
	var taken []money.Amount
	for _, one := range view.Payments {
		if tookMoney(one) {
			taken = append(taken, one.Amount)
		}
	}
	return money.Sum(view.Invoice.Amount.Unit(), taken...)
}

// givenBackOf is what has gone back of that. Error: amount_overflow.
func givenBackOf(view app.HostedInvoice) (money.Amount, error) {
	var back []money.Amount
	for _, one := range view.Payments {
		if tookMoney(one) {
			back = append(back, one.Refunded)
		}
	}
	return money.Sum(view.Invoice.Amount.Unit(), back...)
}

// partSums explain what is asked for of an invoice of which a part was paid, or what became
// of the money where nothing more is asked for.
func (v *voice) partSums(view app.HostedInvoice, asked bool) (lines []labelled) {
	taken, err := takenOf(view)
	if err != nil || taken.IsZero() {
		return nil
	}
	back, err := givenBackOf(view)
	if err != nil {
		return nil
	}
	add := func(id string, sum money.Amount) {
		lines = append(lines, labelled{Label: v.T(id), Value: v.plain(sum).String()})
	}
	if asked {
		add("link.total", view.Invoice.Amount)
		add("link.paid", taken)
	}
	if back.Sign() > 0 {
		add("invoice.given_back", back)
	}
	if asked {
		add("link.remaining", view.Invoice.Unpaid())
	}
	return lines
}

// showEnd says what became of an invoice and leads back to the merchant.
func (p *Pages) showEnd(w http.ResponseWriter, r *http.Request, view app.HostedInvoice, over end) {
	v, _ := p.voices.choose(r)
	i := view.Invoice
	sum, lines := i.Amount, []labelled{{Label: v.T("result.merchant"), Value: view.Merchant}}
	if taken, err := takenOf(view); err == nil && taken.Sign() > 0 && (i.Closed() || i.State == invoice.Refunded) {
		sum = taken // the rest was never paid
	}
	if over.verdict != isReturned { // there it is all of the amount
		lines = append(lines, v.partSums(view, false)...)
	}
	amount := v.Amount(sum)
	add := func(id, value string, code bool) {
		if value != "" {
			lines = append(lines, labelled{Label: v.T(id), Value: value, Code: code})
		}
	}
	add("result.for", i.Title, false)
	add("invoice.reference", i.Reference, true)
	for _, one := range view.Payments {
		if tookMoney(one) {
			add("result.tracking", one.Attempt.Receipt, true)
		}
	}
	add("result.time", v.shownTime(i.PaidAt, i.Amount.Unit()), false)
	body := resultBody{
		Verdict: over.verdict, Advice: v.T(over.words + ".advice"), Amount: &amount, Facts: lines, Next: v.back(i),
	}
	if over.verdict == isChecking {
		body.More = v.T("result.checking.later")
	}
	body.Close = body.Next == nil && over.verdict != isChecking
	p.show(w, r, screen{
		voice: v, Name: resultScreen, Status: http.StatusOK, Title: v.T(over.words + ".title"), Merchant: view.Merchant,
		Here: p.prefix + invoicePath(i.ID), Body: body,
	})
}
