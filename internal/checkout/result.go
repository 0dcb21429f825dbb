package checkout

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// verdict is what a payer is told about a payment.
type verdict string

// The verdicts; each names its words in the language files.
const (
	isPaid     verdict = "paid"
	isUnpaid   verdict = "unpaid"
	isReturned verdict = "returned"
	isChecking verdict = "checking" // the gateway has not said its last word
	isConfirm  verdict = "confirm"  // the payer still has to confirm on a phone
	isBank     verdict = "bank"     // the payer still has to transfer the money
	isCash     verdict = "cash"     // the payer still has to bring the money
	isTransfer verdict = "transfer" // one of these two: the merchant told which
	isAsked    verdict = "asked"    // nothing is told: the payer is asked something
)

// open says that it is not decided yet.
func (v verdict) open() bool {
	switch v {
	case isChecking, isConfirm, isBank, isCash, isTransfer:
		return true
	case isPaid, isUnpaid, isReturned, isAsked:
		return false
	}
	return false
}

// verdictOf never turns what is not known into a success or a failure. flow is
// what the payer has to do; empty = that is not known.
func verdictOf(p payment.Payment, flow payment.Flow, now time.Time) verdict {
	switch p.State {
	case payment.Captured, payment.Settled:
		return isPaid
	case payment.Reversed, payment.Refunded:
		return isReturned
	case payment.Failed, payment.Canceled, payment.Expired, payment.Waiting:
		return isUnpaid
	case payment.Processing:
		return openVerdict(p, flow, now)
	case payment.Authorized:
		return isChecking
	}
	return isChecking
}

// openVerdict is what the payer of a payment that runs has to do: where nothing
// is left to do, and where a gateway's page says what, we only check.
func openVerdict(p payment.Payment, flow payment.Flow, now time.Time) verdict {
	switch {
	case p.Attempt.Session == "":
		return isChecking
	case flow == payment.Push:
		if p.Attempt.Link == "" && now.Before(p.Attempt.Deadline) {
			return isConfirm
		}
		return isChecking
	case flow != payment.Requisites && p.Attempt.Link != "":
		return isChecking
	}
	switch p.Attempt.Method { //nolint:exhaustive // the others are not paid to the merchant directly
	case payment.BankTransfer:
		return isBank
	case payment.Cash:
		return isCash
	}
	return isTransfer
}

// verdict is what the payer of a payment is told about it now.
func (p *Pages) verdict(r *http.Request, paid payment.Payment) verdict {
	var flow payment.Flow
	if paid.State == payment.Processing {
		flow = p.app.Flow(r.Context(), paid)
	}
	return verdictOf(paid, flow, p.now())
}

// resultBody is what the page after the gateway shows.
type resultBody struct {
	Verdict verdict
	Advice  string
	More    string // what happens next by itself
	Amount  *shownAmount
	Facts   []labelled
	Left    string  // how much time there is; empty = that does not matter here
	Told    string  // where to send the money, in the merchant's own words and lines
	Guide   *button // the merchant's page that says so
	Next    *button
	Other   *button // the way back to the choice
	Check   string  // address for looking again; empty = nothing is open
	Watch   *button // begins or ends that the page looks again by itself
	Claim   *claim  // the payer can say that money was sent; nil = there is nothing to say
	Confirm *confirm
	Cancel  string // where the payer can withdraw the invoice; empty = not here
	Alert   *alert // why a form came back
	Close   bool   // there is nothing more to do here
}

// button is the one thing to do next.
type button struct{ Label, Href string }

// pauses are how long the page of an open payment waits before each look of
// its own, in seconds. They end after some minutes: a page that was forgotten
// in a tab must not ask for ever, and the worker goes on anyway.
//
// Only who asked for it has such a page. One that changes unasked is taken from
// everybody who reads slowly, or by ear, before they are through (WCAG 2.2.1 and
// 2.2.4, failure F41), and a header instead of the element would do the same.
// So the page stays as it is, and has a link to look again and one to be looked
// after (technique G76); the page that the latter leads to has one to end it.
var pauses = []int{3, 4, 5, 8, 10, 15, 15, 20, 30, 30, 60, 60}

// unwatched is the number of looks of a page that does none of its own.
const unwatched = -1

// Return is the page that gateways send payers back to, by an address or by a
// form that the gateway's page sends. What the browser brings is a hint only:
// the use case asks the gateway itself.
func (p *Pages) Return(w http.ResponseWriter, r *http.Request) {
	if !p.visits.allow(r) {
		w.Header().Set("Retry-After", "10")
		p.trouble(w, r, http.StatusTooManyRequests, "check_later")
		return
	}
	query := r.URL.Query()
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			p.trouble(w, r, http.StatusOK, "payment_not_found")
			return
		}
		query = r.Form
	}
	if token := query.Get("t"); token != "" && !wellFormed(token) {
		p.trouble(w, r, http.StatusOK, "payment_not_found")
		return
	}
	paid, err := p.app.ReturnPayer(r.Context(), query)
	switch {
	case fault.KindOf(err) == fault.NotFound:
		// Gateways show payers nothing but their own pages on other statuses.
		p.trouble(w, r, http.StatusOK, "payment_not_found")
	case err != nil:
		p.logged(r, err)
		w.Header().Set("Retry-After", "10")
		p.trouble(w, r, http.StatusServiceUnavailable, "check_later")
	case query.Get("t") != "" && r.Method == http.MethodPost:
		// A form of another site comes without the payer's cookie: look again, as ourselves.
		http.Redirect(w, r, p.statusAddress(paid), http.StatusSeeOther) //nolint:gosec // it is a path of our own
	case query.Get("t") != "":
		p.showResult(w, r, paid, unwatched)
	default:
		p.showBare(w, r, paid)
	}
}

// lookMark is the name in an address that asks the gateway before it shows a
// result, which takes nobody to a gateway by itself.
const lookMark = "look"

// status is the same page at an address of its own, which only the payer who
// was sent away knows. Reading it asks nobody and changes nothing, unless the
// payer confirms on a phone and presses the link to look again: nothing comes
// back from a phone. The use case asks at most every few seconds.
func (p *Pages) status(w http.ResponseWriter, r *http.Request) {
	if !p.visits.allow(r) {
		w.Header().Set("Retry-After", "10")
		p.trouble(w, r, http.StatusTooManyRequests, "check_later")
		return
	}
	token := r.PathValue("token")
	if !wellFormed(token) {
		p.trouble(w, r, http.StatusNotFound, "payment_not_found")
		return
	}
	paid, err := p.lookUp(r, token)
	if err != nil {
		p.failed(w, r, "", err)
		return
	}
	looks, err := strconv.Atoi(r.URL.Query().Get("n"))
	if err != nil || looks < 0 || looks >= len(pauses) {
		looks = unwatched
	}
	p.showResult(w, r, paid, looks)
}

// lookUp finds the payment of a status page. What is on record is shown also
// where the gateway cannot be asked.
func (p *Pages) lookUp(r *http.Request, token string) (payment.Payment, error) {
	if r.URL.Query().Has(lookMark) {
		paid, err := p.app.LookAgain(r.Context(), token)
		if err == nil || fault.KindOf(err) == fault.NotFound {
			return paid, err
		}
		p.logged(r, err)
	}
	return p.app.PaymentByToken(r.Context(), token)
}

// statusAddress is where a payer can look at a payment again. Whoever has it
// may read the payment.
func (p *Pages) statusAddress(paid payment.Payment) string {
	return p.prefix + "/pay/status/" + url.PathEscape(app.ReturnToken(paid))
}

// showBare is the result for somebody who did not bring the attempt's token:
// a gateway that drops a part of the return address, or a stranger who counts
// through a gateway's numbers. It says what became of the payment, and neither
// whose it is nor how much.
func (p *Pages) showBare(w http.ResponseWriter, r *http.Request, paid payment.Payment) {
	v, _ := p.voices.choose(r)
	found := p.verdict(r, paid)
	body := resultBody{
		Verdict: found, Advice: v.T("result." + string(found) + ".advice"), Close: !found.open(),
		Facts: []labelled{{Label: v.T("result.session"), Value: paid.Attempt.Session, Code: true}},
	}
	if found.open() {
		body.More = v.T("result." + string(found) + ".later")
	}
	p.show(w, r, screen{
		voice: v, Name: resultScreen, Status: http.StatusOK, Title: v.T("result." + string(found) + ".title"), Body: body,
	})
}

// showResult is the whole result, for the payer who was sent away. looks is how
// often the page has looked by itself, or unwatched.
func (p *Pages) showResult(w http.ResponseWriter, r *http.Request, paid payment.Payment, looks int) {
	v, _ := p.voices.choose(r)
	view, err := p.app.Invoice(r.Context(), paid.Merchant, paid.Invoice)
	if err != nil {
		p.failed(w, r, "", err)
		return
	}
	m, err := p.app.Merchant(r.Context(), paid.Merchant)
	if err != nil {
		p.failed(w, r, "", err)
		return
	}
	found, here := p.verdict(r, paid), p.statusAddress(paid)
	if found == isPaid && view.Invoice.Hosted() {
		p.sendBack(w, r, view.Invoice)
		return
	}
	if words := paidOtherwise(view.Invoice, found); words != "" {
		p.showNotNeeded(w, r, paid, view, m.Name, words)
		return
	}
	amount := v.Amount(paid.Amount)
	body := resultBody{
		Verdict: found, Advice: v.T("result." + string(found) + ".advice"), Amount: &amount,
		Facts: v.facts(paid, view.Invoice, m.Name, found), Next: p.next(v, paid, view, found),
	}
	s := screen{
		voice: v, Name: resultScreen, Status: http.StatusOK, Title: v.T("result." + string(found) + ".title"),
		Merchant: m.Name, Here: here,
	}
	if found.open() {
		p.toDo(r.Context(), v, paid, view, &body)
		p.lookAgain(r, &s, &body, looks)
	} else {
		body.Close = body.Next == nil
	}
	s.Body = body
	p.show(w, r, s)
}

// paidOtherwise is what a payer is told of an invoice that needs nothing of a payment that
// came to nothing; empty where it does, or where the payment has an end of its own.
func paidOtherwise(i invoice.Invoice, found verdict) string {
	switch {
	case found != isUnpaid || !i.Collected():
		return ""
	case i.Closed():
		return "invoice.closed"
	}
	return "result.again"
}

// showNotNeeded is the result of a payment of an invoice that needs nothing more: it is paid,
// and a payer who was told that this was not would pay again.
func (p *Pages) showNotNeeded(w http.ResponseWriter, r *http.Request, paid payment.Payment, view app.InvoiceView,
	merchant, words string,
) {
	v, _ := p.voices.choose(r)
	body := resultBody{
		Verdict: isPaid, Advice: v.T(words + ".advice"), Facts: v.facts(paid, view.Invoice, merchant, isUnpaid),
		More: v.T("result.twice"), Next: v.back(view.Invoice),
	}
	body.Close = body.Next == nil
	p.show(w, r, screen{
		voice: v, Name: resultScreen, Status: http.StatusOK, Title: v.T(words + ".title"), Merchant: merchant,
		Here: p.statusAddress(paid), Body: body,
	})
}

// toDo adds what only matters while the payer still has something to do.
func (p *Pages) toDo(ctx context.Context, v *voice, paid payment.Payment, view app.InvoiceView, body *resultBody) {
	if body.Verdict == isChecking {
		return
	}
	if now := p.now(); now.Before(paid.Attempt.Deadline) {
		body.Left = v.left(now, paid.Attempt.Deadline, paid.Amount.Unit())
	}
	if body.Verdict != isConfirm {
		body.Told = numbersWhole(p.app.Instructions(ctx, paid))
		if p.leadsOut(ctx, paid) {
			body.Guide = &button{v.T("result.instructions"), paid.Attempt.Link}
		}
	}
	if page := p.choicePage(paid, view.Invoice); page != "" {
		body.Other = &button{v.T("result.another"), page}
	}
}

// numbersWhole keeps the groups of each number in their order: a card's or an account's,
// written with blanks, would have the last group first in a line from right to left.
// A blank that does not break belongs to the number for the browser, and is copied out of
// the page as a usual one.
func numbersWhole(text string) string {
	letters := []rune(text)
	for n := 1; n < len(letters)-1; n++ {
		if letters[n] == ' ' && unicode.IsDigit(letters[n-1]) && unicode.IsDigit(letters[n+1]) {
			letters[n] = '\u00a0'
		}
	}
	return string(letters)
}

// lookAgain offers to look at an open payment again, and does it by itself on a
// page that was asked to.
func (p *Pages) lookAgain(r *http.Request, s *screen, body *resultBody, looks int) {
	status := strings.TrimPrefix(s.Here, p.prefix)
	watched := func(looks int) string { return status + "?n=" + strconv.Itoa(looks) }
	v, again := s.voice, status
	if body.Verdict == isConfirm {
		again += "?" + lookMark + "=1"
	}
	body.Check, body.More = p.action(again, r), v.T("result."+string(body.Verdict)+".later")
	switch {
	case body.Verdict != isChecking && body.Verdict != isConfirm: // the merchant has to see the money, which takes hours
	case looks == unwatched:
		body.Watch = &button{v.T("result.watch"), p.action(watched(0), r)}
	default:
		s.Here = p.prefix + watched(0)
		s.Refresh = strconv.Itoa(pauses[looks]) + ";url=" + p.action(watched(looks+1), r)
		body.More = v.T("result.checking.soon")
		if body.Verdict == isChecking {
			body.Check = p.action(watched(0), r)
		}
		body.Watch = &button{v.T("result.unwatch"), p.action(status, r)}
	}
}

// facts are what a payer may need to prove a payment or to ask about it.
func (v *voice) facts(p payment.Payment, i invoice.Invoice, merchant string, found verdict) []labelled {
	lines := []labelled{{Label: v.T("result.merchant"), Value: merchant}}
	add := func(id, value string, code bool) {
		if value != "" {
			lines = append(lines, labelled{Label: v.T("result." + id), Value: value, Code: code})
		}
	}
	add("for", i.Title, false)
	switch found {
	case isConfirm:
		if p.Attempt.Method != "" {
			add("method", v.methodTitle(p.Attempt.Method), false)
		}
		add("phone", v.phoneEnd(p.Payer.Mobile), false)
		return lines
	case isCash:
		add("cash_reference", p.Attempt.Session, true)
		return lines
	case isBank, isTransfer:
		add("transfer_reference", p.Attempt.Session, true)
		return lines
	case isPaid, isUnpaid, isReturned, isChecking, isAsked:
	}
	add("tracking", p.Attempt.Receipt, true)
	add("card", p.Card, true)
	at := p.FinalizedAt
	if at.IsZero() {
		at = p.Attempt.StartedAt
	}
	add("time", v.shownTime(at, p.Amount.Unit()), false)
	add("reference", p.ID, true)
	return lines
}

// phoneEnd is as much of a number as tells its owner which phone is meant.
func (v *voice) phoneEnd(number string) string {
	const shown = 3
	if len(number) < 2*shown {
		return ""
	}
	return v.T("result.phone_end", "End", v.Digits(number[len(number)-shown:]))
}

func (v *voice) shownTime(t time.Time, unit money.Unit) string {
	if t.IsZero() {
		return ""
	}
	return v.Time(t, unit)
}

// next is the one thing that the payer may want to do now: pay the next part
// of a link, try a failed payment again, or go back to the merchant. Without a
// page of the invoice only the merchant can say.
func (p *Pages) next(v *voice, paid payment.Payment, view app.InvoiceView, found verdict) *button {
	i := view.Invoice
	if i.Hosted() {
		return p.nextHosted(v, i, found)
	}
	if found != isPaid && found != isUnpaid {
		return nil
	}
	if i.Link.Kind == invoice.OpenAmount && found == isPaid {
		return nil
	}
	page := p.choicePage(paid, i)
	if page == "" {
		return nil
	}
	label := v.T("result.retry")
	if found == isPaid {
		label = v.T("result.next")
	}
	return &button{label, page}
}

// choicePage is where the payer of a payment can choose again how to pay;
// empty where there is no such page, or nothing left to pay on it.
func (p *Pages) choicePage(paid payment.Payment, i invoice.Invoice) string {
	switch {
	case i.Hosted():
		if i.State == invoice.Open {
			return p.prefix + invoicePath(i.ID)
		}
		return ""
	case paid.Link == "" || paid.Link != i.Link.Token:
		return ""
	case i.Link.Kind == invoice.OpenAmount:
		return p.prefix + "/pay/open/" + url.PathEscape(paid.Link)
	case i.Link.Used || i.State != invoice.Open:
		return ""
	}
	return p.prefix + "/pay/link/" + url.PathEscape(paid.Link)
}

func (p *Pages) nextHosted(v *voice, i invoice.Invoice, found verdict) *button {
	switch {
	case found == isUnpaid && i.State == invoice.Open:
		return &button{v.T("result.retry"), p.prefix + invoicePath(i.ID)}
	case found == isUnpaid, found == isReturned:
		return v.back(i)
	}
	return nil
}
