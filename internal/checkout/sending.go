package checkout

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/payout"
)

// sendingView is what the page of a payout knows that traders send.
type sendingView struct {
	payout.Payout
	deals []deal.Deal // that carried it out, in order of creation
}

// sending says that an id names no invoice, but perhaps a payout.
func sending(err error) bool { return fault.Is(err, fault.CodeInvoiceNotFound) }

// readSending finds a payout that traders send. Error: payout_not_found, also
// for one that goes another way.
func (p *Pages) readSending(ctx context.Context, owner, id string) (v sendingView, err error) {
	if v.Payout, err = p.app.Payout(ctx, owner, id); err != nil {
		return v, err
	}
	if !v.ByTraders() {
		return v, fault.New(fault.CodePayoutNotFound, "payout", "")
	}
	v.deals, err = p.app.DealsOfPayouts(ctx, owner, id)
	return v, err
}

// standing is how a payout stands: what its title and advice are called in the
// language files, and what its mark is.
func (v sendingView) standing() (words string, mark verdict) {
	if slices.ContainsFunc(v.deals, func(d deal.Deal) bool { return d.State == deal.Disputed }) {
		return "sending.disputed", isChecking
	}
	switch v.State {
	case payout.Requested, payout.Approved:
		return "sending.waiting", isChecking
	case payout.Processing:
		return "sending.underway", isChecking
	case payout.Paid:
		return "sending.paid", isPaid
	case payout.Rejected, payout.Canceled:
		return "sending.canceled", isUnpaid
	case payout.Expired:
		return "sending.expired", isUnpaid
	case payout.Failed:
		return "sending.failed", isUnpaid
	}
	return "sending.underway", isChecking
}

// glimpse is what the page of a payout goes by.
func (v sendingView) glimpse() glimpse {
	_, mark := v.standing()
	all := fmt.Append(nil, v.ID, v.Version, v.State)
	for _, one := range v.deals {
		all = fmt.Append(all, " ", one.ID, one.Version)
	}
	sum := sha256.Sum256(all)
	return glimpse{mark: hex.EncodeToString(sum[:markLength]), over: !mark.open()}
}

// showSending is the page of a payout, for whoever has its id: what is sent, by
// which way, how its account ends, and how it stands. Neither whose account it
// is nor the rest of its number is said, and there is nothing to do.
func (p *Pages) showSending(w http.ResponseWriter, r *http.Request, id string) {
	owner, err := p.app.PayoutOwner(r.Context(), id)
	var view sendingView
	if err == nil {
		view, err = p.readSending(r.Context(), owner, id)
	}
	if fault.Is(err, fault.CodePayoutNotFound) { // its address is called an invoice's
		err = fault.New(fault.CodeInvoiceNotFound, "invoice", "")
	}
	var names merchant.Merchant
	if err == nil {
		names, err = p.app.Merchant(r.Context(), owner)
	}
	if err != nil {
		p.failed(w, r, "", err)
		return
	}
	v, _ := p.voices.choose(r)
	words, mark := view.standing()
	amount := v.Amount(view.Sum)
	body := resultBody{
		Verdict: mark, Advice: v.T(words + ".advice"), Amount: &amount, Facts: v.sendingFacts(view, mark),
		Close: !mark.open(),
	}
	s := screen{
		voice: v, Name: resultScreen, Status: http.StatusOK, Title: v.T(words + ".title"), Merchant: names.Name,
		Here: p.prefix + dealPath(id),
	}
	if mark.open() {
		body.Check = p.action(dealPath(id), r)
		s.Watch = &watch{Events: p.dealForm(r, id, "events"), Page: body.Check, Mark: view.glimpse().mark}
	}
	s.Body = body
	p.show(w, r, s)
}

// sendingFacts are what somebody may need who asks where the money is.
func (v *voice) sendingFacts(view sendingView, mark verdict) []labelled {
	lines := []labelled{{Label: v.T("sending.way"), Value: v.routeTitle(route{view.Payee.Option, view.Payee.Method})}}
	if end := v.accountEnd(view.Payee.Number); end != "" {
		lines = append(lines, labelled{Label: v.T("deal.account"), Value: end})
	}
	lines = append(lines, labelled{Label: v.T("sending.asked"), Value: v.Time(view.CreatedAt, view.Amount.Unit())})
	if mark == isPaid {
		lines = append(lines, labelled{Label: v.T("sending.sent"), Value: v.Time(view.UpdatedAt, view.Amount.Unit())})
	}
	return append(lines, labelled{Label: v.T("sending.reference"), Value: view.ID, Code: true})
}
