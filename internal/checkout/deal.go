package checkout

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
)

// dealView is what the page of an invoice that is paid to a person knows.
type dealView struct {
	merchant string // the merchant's name, for people
	app.InvoiceView
	deals  []deal.Deal // of the invoice, in order of creation
	routes []route     // that take the amount; only while one has to be chosen

	refusal *refusal // why a form came back; nil = none did
}

// status and alert are of a form that came back, and else of a page.
func (v dealView) status() int {
	if v.refusal != nil {
		return v.refusal.status
	}
	return http.StatusOK
}

func (v dealView) alert() *alert {
	if v.refusal != nil {
		return &v.refusal.alert
	}
	return nil
}

// stage is where the payer of such an invoice stands.
type stage int

// The stages; each comment says what the payer does in it.
const (
	toChoose  stage = iota // chooses where to send the money
	toSend                 // sends it
	tooLate                // waits for a moment: the time is over, and nobody has ended the deal yet
	toConfirm              // waits for the trader, who looks for the money
	disputed               // waits for an operator
	ended                  // has nothing left to do
)

// stage finds out where the payer stands, with the deal that it is about: the
// newest one where none is live. A transfer that is disputed comes before one
// that could still be made, so that nobody sends money twice.
func (p *Pages) stage(v dealView) (stage, deal.Deal) {
	var last deal.Deal
	if len(v.deals) > 0 {
		last = v.deals[len(v.deals)-1]
	}
	if v.Invoice.Collected() {
		return ended, last
	}
	for _, state := range []deal.State{deal.TransferConfirmed, deal.Disputed, deal.TransferWaiting} {
		n := slices.IndexFunc(v.deals, func(d deal.Deal) bool { return d.State == state })
		if n < 0 {
			continue
		}
		d := v.deals[n]
		switch {
		case state == deal.TransferConfirmed:
			return toConfirm, d
		case state == deal.Disputed:
			return disputed, d
		case p.now().Before(d.Deadline):
			return toSend, d
		}
		return tooLate, d
	}
	if p.endOf(app.HostedInvoice{InvoiceView: v.InvoiceView}) != nil {
		return ended, last
	}
	return toChoose, last
}

// claimable says that the payer of a deal that was canceled may say that the
// money was sent all the same. What was looked into once is decided.
func claimable(d deal.Deal) bool { return d.State == deal.Canceled && d.Dispute.OpenedAt.IsZero() }

// Deal is the page of an invoice that is paid to a person, or of a payout that
// traders send, for whoever has its id. Like every page it starts nothing.
func (p *Pages) Deal(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("id")
	if !p.admitDeal(w, r, id) {
		return
	}
	view, err := p.readDeal(r.Context(), id)
	switch {
	case sending(err):
		p.showSending(w, r, id)
	case err != nil:
		p.failed(w, r, "", err)
	default:
		p.showDeal(w, r, view)
	}
}

// backToDeal answers for the addresses of its forms, which browsers open again
// from their history.
func (p *Pages) backToDeal(w http.ResponseWriter, r *http.Request) { p.toDeal(w, r, r.PathValue("id")) }

// dealt finds the invoice of the page, or answers.
func (p *Pages) dealt(w http.ResponseWriter, r *http.Request, id string) (dealView, bool) {
	if !p.admitDeal(w, r, id) {
		return dealView{}, false
	}
	view, err := p.readDeal(r.Context(), id)
	if err != nil {
		p.failed(w, r, "", err)
		return view, false
	}
	return view, true
}

// admitDeal lets whoever may ask about an id through, or answers.
func (p *Pages) admitDeal(w http.ResponseWriter, r *http.Request, id string) bool {
	if !p.visits.allow(r) {
		p.tooMany(w, r)
		return false
	}
	if !invoice.HasDealPage(id) {
		p.trouble(w, r, http.StatusNotFound, "invoice_not_found")
		return false
	}
	return true
}

// readDeal finds an invoice that is paid to a person. Error: invoice_not_found,
// also for one that is paid elsewhere.
func (p *Pages) readDeal(ctx context.Context, id string) (v dealView, err error) {
	owner, err := p.app.InvoiceOwner(ctx, id)
	if err != nil {
		return v, err
	}
	if v.InvoiceView, err = p.app.Invoice(ctx, owner, id); err != nil {
		return v, err
	}
	elsewhere := fault.New(fault.CodeInvoiceNotFound, "invoice", "")
	if v.deals, err = p.app.DealsOf(ctx, owner, id); err != nil {
		return v, err
	}
	if paidElsewhere(v.Invoice, v.deals) {
		return v, elsewhere
	}
	if now, _ := p.stage(v); now == toChoose || len(v.deals) == 0 {
		var known bool
		if v.routes, known, err = p.routesFor(ctx, v.Invoice); err != nil {
			return v, err
		}
		if !known && len(v.deals) == 0 {
			return v, elsewhere
		}
	}
	m, err := p.app.Merchant(ctx, owner)
	v.merchant = m.Name
	return v, err
}

// paidElsewhere says that an invoice cannot be paid to a person. Not all others
// can. For one of our own API the merchant begins the first deal.
func paidElsewhere(i invoice.Invoice, deals []deal.Deal) bool {
	return i.Open || i.VerifyIn > 0 || (i.Terminal == 0 || i.Ours()) && len(deals) == 0
}

// dealPath is the page of an invoice that is paid to a person, seen from the
// prefix.
func dealPath(id string) string { return invoice.DealPage(id) }

// dealForm is where a form of that page is sent.
func (p *Pages) dealForm(r *http.Request, id, form string) string {
	return p.action("/pay/deal/"+url.PathEscape(id)+"/"+form, r)
}

// toDeal leads to the page, in the language of this one.
func (p *Pages) toDeal(w http.ResponseWriter, r *http.Request, id string) {
	p.guard(w.Header(), false, false)
	page := p.action(dealPath(id), r)
	http.Redirect(w, r, page, http.StatusSeeOther) //nolint:gosec // the path is ours, and the id encoded in it
}

// showDeal shows the stage that the payer is in.
func (p *Pages) showDeal(w http.ResponseWriter, r *http.Request, view dealView) {
	switch now, d := p.stage(view); now {
	case toChoose:
		if len(view.routes) == 0 {
			p.showNobody(w, r, view)
			return
		}
		p.showRoutes(w, r, view, d)
	case toSend:
		p.showTransfer(w, r, view, d)
	case tooLate:
		v, _ := p.voices.choose(r)
		p.showDealResult(w, r, view, "deal.late", resultBody{
			Verdict: isChecking, Check: p.action(dealPath(d.Invoice), r), Claim: p.claim(r, view, d),
			Facts: v.transferFacts(view.Invoice, d), Cancel: p.cancelPage(r, view),
		})
	case toConfirm, disputed:
		p.showPending(w, r, view, now, d)
	case ended:
		p.showDealEnd(w, r, view, d)
	}
}

// routesBody is what the page shows on which the payer chooses where to send
// the money.
type routesBody struct {
	Action      string
	Title       string
	Description string
	Amount      shownAmount
	Left        string // how much time there is; empty = no end is set
	Choices     []wayChoice
	Before      *alert // what became of the transfer before; nil = there was none
	Claim       *claim // nil = nothing can be claimed
	Cancel      string
	Alert       *alert
}

func (p *Pages) showRoutes(w http.ResponseWriter, r *http.Request, view dealView, last deal.Deal) {
	v, _ := p.voices.choose(r)
	i := view.Invoice
	body := routesBody{
		Action: p.dealForm(r, i.ID, "start"), Title: i.Title, Description: i.Description, Amount: v.Amount(i.Unpaid()),
		Choices: v.routeChoices(view.routes, route{i.Bag[askedOption], i.Bag[askedMethod]}),
	}
	body.Cancel, body.Alert = p.cancelPage(r, view), view.alert()
	if i.Description == i.Title {
		body.Description = ""
	}
	if !i.Due.IsZero() {
		body.Left = v.left(p.now(), i.Due, i.Amount.Unit())
	}
	switch {
	case last.ID == "":
	case claimable(last):
		body.Before = v.before(last)
		body.Claim = p.claim(r, view, last)
	default:
		body.Before = v.before(last)
	}
	p.show(w, r, screen{
		voice: v, Name: dealScreen, Status: view.status(), Title: v.T("deal.title"), Merchant: view.merchant,
		Here: p.prefix + dealPath(i.ID), Watch: p.watch(r, view), Body: body,
	})
}

// before says what became of the transfer before: it was looked for and not found, or
// called off, or its time was over.
func (v voice) before(d deal.Deal) *alert {
	switch {
	case !claimable(d) || !d.Reported.IsZero():
		return &alert{v.T("deal.lost.title"), v.T("deal.lost.advice")}
	case d.EndedAt.Before(d.Deadline):
		return &alert{v.T("deal.called_off.title"), v.T("deal.over.advice")}
	}
	return &alert{v.T("deal.over.title"), v.T("deal.over.advice")}
}

// showNobody says that no account is free. That is nobody's mistake, and soon
// over.
func (p *Pages) showNobody(w http.ResponseWriter, r *http.Request, view dealView) {
	v, _ := p.voices.choose(r)
	amount := v.Amount(view.Invoice.Unpaid())
	p.showDealResult(w, r, view, "deal.nobody", resultBody{
		Verdict: isChecking, Amount: &amount,
		Next:   &button{v.T("result.retry"), p.action(dealPath(view.Invoice.ID), r)},
		Cancel: p.cancelPage(r, view),
	})
}

// showDealResult shows a page that only tells; words are what its title and
// advice are called in the language files.
func (p *Pages) showDealResult(w http.ResponseWriter, r *http.Request, view dealView, words string, body resultBody) {
	v, _ := p.voices.choose(r)
	body.Advice, body.Alert = v.T(words+".advice"), view.alert()
	watch := p.watch(r, view)
	if body.Confirm != nil {
		watch = nil // a question is not taken away from whoever is about to answer it
	}
	p.show(w, r, screen{
		voice: v, Name: resultScreen, Status: view.status(), Title: v.T(words + ".title"), Merchant: view.merchant,
		Here: p.prefix + dealPath(view.Invoice.ID), Watch: watch, Body: body,
	})
}

// showPending says what happens with money that is on its way.
func (p *Pages) showPending(w http.ResponseWriter, r *http.Request, view dealView, now stage, d deal.Deal) {
	v, _ := p.voices.choose(r)
	words, since := "deal.sent", d.Reported
	if now == disputed {
		words, since = "deal.disputed", d.Dispute.OpenedAt
	}
	amount := v.Amount(d.Amount)
	facts := v.transferFacts(view.Invoice, d)
	if !since.IsZero() {
		facts = append(facts, labelled{Label: v.T("deal.since"), Value: v.Time(since, d.Amount.Unit())})
	}
	body := resultBody{
		Verdict: isChecking, Amount: &amount, More: v.T(words + ".later"), Check: p.action(dealPath(d.Invoice), r),
	}
	files, err := p.app.Attachments(r.Context(), d.Merchant, d.ID)
	if err != nil {
		p.failed(w, r, view.merchant, err)
		return
	}
	if len(files) > 0 {
		facts = append(facts, labelled{Label: v.T("deal.receipts"), Value: v.Number(int64(len(files)))})
	}
	if len(files) < deal.MaxFiles {
		body.Claim = p.claim(r, view, d)
		body.Claim.Taken = true
	}
	body.Facts = facts
	p.showDealResult(w, r, view, words, body)
}

// showDealEnd says what became of the invoice and leads back to the merchant.
func (p *Pages) showDealEnd(w http.ResponseWriter, r *http.Request, view dealView, last deal.Deal) {
	v, _ := p.voices.choose(r)
	i := view.Invoice
	over := p.endOf(app.HostedInvoice{InvoiceView: view.InvoiceView})
	words, sum, key := over.words, i.Amount, cancelAddress
	switch {
	case over.verdict == isPaid:
		words, sum, key = "deal.paid", i.Captured, successAddress
	case i.State == invoice.Canceled && last.State == deal.Canceled && !last.Dispute.OpenedAt.IsZero():
		words = "deal.lost_end" // its dispute is decided, and the invoice with it
	case i.State == invoice.Canceled:
		words = "deal.canceled" // by the merchant, or by the payer here
	}
	amount := v.Amount(sum)
	body := resultBody{Verdict: over.verdict, Amount: &amount, Facts: v.transferFacts(i, last)}
	if paid := v.shownTime(i.PaidAt, i.Amount.Unit()); paid != "" {
		body.Facts = append(body.Facts, labelled{Label: v.T("result.time"), Value: paid})
	}
	if claimable(last) && over.verdict == isUnpaid {
		body.Claim = p.claim(r, view, last)
	}
	if to := p.merchantPage(r.Context(), i, key); to != "" {
		body.Next = &button{v.T("invoice.back"), to}
	}
	body.Close = body.Next == nil && body.Claim == nil
	p.showDealResult(w, r, view, words, body)
}

// The words of a dialect under which an invoice keeps what its page goes by:
// where the payer is led afterwards, up to which sum the amount may be raised,
// and which route the merchant would like.
const (
	successAddress = "successUrl"
	cancelAddress  = "cancelUrl"
	raisedAmount   = "maxAmount"
	askedOption    = "paymentOption"
	askedMethod    = "paymentMethod"
)

// merchantPage is where a payer can be sent back to: the invoice's own address,
// or one that it keeps for this end, if its terminal may send payers there.
func (p *Pages) merchantPage(ctx context.Context, i invoice.Invoice, key string) string {
	if to := wayBack(i); to != "" {
		return to
	}
	to := webAddress(i.Bag[key])
	if to == nil {
		return ""
	}
	t, err := p.app.Terminal(ctx, i.Merchant, i.Terminal)
	if err != nil || !t.Allows(to) { // without the button the page still tells all
		return ""
	}
	return to.String()
}

// transferFacts are what a payer may need to prove a transfer or to ask about
// it. Without a deal only the invoice is told of.
func (v *voice) transferFacts(i invoice.Invoice, d deal.Deal) []labelled {
	var lines []labelled
	add := func(id, value string, code bool) {
		if value != "" {
			lines = append(lines, labelled{Label: v.T(id), Value: value, Code: code})
		}
	}
	add("result.for", i.Title, false)
	add("invoice.reference", i.Reference, true)
	if d.ID == "" {
		return lines
	}
	add("result.method", v.routeTitle(route{d.Option, d.Method}), false)
	add("deal.account", v.accountEnd(d.Number), false)
	add("deal.holder", d.Holder, false)
	add("result.reference", d.ID, true)
	return lines
}

// accountEnd is as much of an account's number as tells whoever sent money there
// which one is meant: it is somebody's own, and the page can be opened for ever.
// An address, and what is short, has no such end.
func (v *voice) accountEnd(number string) string {
	const shown = 4
	var digits []byte
	for n := range len(number) {
		if number[n] >= '0' && number[n] <= '9' {
			digits = append(digits, number[n])
		}
	}
	if len(digits) < 2*shown || strings.Contains(number, "/") {
		return ""
	}
	return v.T("result.phone_end", "End", v.Digits(string(digits[len(digits)-shown:])))
}
