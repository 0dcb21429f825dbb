package checkout

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
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
	isTransfer verdict = "transfer" // the payer still has to send the money by other means
)

// verdictOf never turns what is not known into a success or a failure.
func verdictOf(p payment.Payment) verdict {
	switch p.State {
	case payment.Captured, payment.Settled:
		return isPaid
	case payment.Reversed, payment.Refunded:
		return isReturned
	case payment.Failed, payment.Canceled, payment.Expired, payment.Waiting:
		return isUnpaid
	case payment.Processing:
		if p.Attempt.Session != "" && p.Attempt.Link == "" {
			return isTransfer
		}
		return isChecking
	case payment.Authorized:
		return isChecking
	}
	return isChecking
}

// resultBody is what the page after the gateway shows.
type resultBody struct {
	Verdict verdict
	Advice  string
	More    string // what happens next by itself
	Amount  *shownAmount
	Facts   []labelled
	Next    *button
	Check   string  // address for looking again; empty = nothing is open
	Watch   *button // begins or ends that the page looks again by itself
	Close   bool    // there is nothing more to do here
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

// status is the same page at an address of its own, which only the payer who
// was sent away knows. Reading it asks nobody and changes nothing.
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
	paid, err := p.app.PaymentByToken(r.Context(), token)
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
	found := verdictOf(paid)
	body := resultBody{
		Verdict: found, Advice: v.T("result." + string(found) + ".advice"), Close: found != isChecking,
		Facts: []labelled{{Label: v.T("result.session"), Value: paid.Attempt.Session, Code: true}},
	}
	if found == isChecking {
		body.More = v.T("result.checking.later")
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
	found, here := verdictOf(paid), p.statusAddress(paid)
	if found == isPaid && view.Invoice.Hosted() {
		p.sendBack(w, r, view.Invoice)
		return
	}
	amount := v.Amount(paid.Amount)
	body := resultBody{
		Verdict: found, Advice: v.T("result." + string(found) + ".advice"), Amount: &amount,
		Facts: v.facts(paid, view.Invoice, m.Name), Next: p.next(v, paid, view, found),
	}
	s := screen{
		voice: v, Name: resultScreen, Status: http.StatusOK, Title: v.T("result." + string(found) + ".title"),
		Merchant: m.Name, Here: here,
	}
	if found == isChecking || found == isTransfer {
		p.lookAgain(r, &s, &body, looks)
	} else {
		body.Close = body.Next == nil
	}
	s.Body = body
	p.show(w, r, s)
}

// lookAgain offers to look at an open payment again, and does it by itself on a
// page that was asked to.
func (p *Pages) lookAgain(r *http.Request, s *screen, body *resultBody, looks int) {
	status := strings.TrimPrefix(s.Here, p.prefix)
	watched := func(looks int) string { return status + "?n=" + strconv.Itoa(looks) }
	v := s.voice
	body.Check, body.More = p.action(status, r), v.T("result."+string(body.Verdict)+".later")
	switch {
	case body.Verdict != isChecking: // the merchant has to see the money first, which takes hours
	case looks == unwatched:
		body.Watch = &button{v.T("result.watch"), p.action(watched(0), r)}
	default:
		s.Here = p.prefix + watched(0)
		s.Refresh = strconv.Itoa(pauses[looks]) + ";url=" + p.action(watched(looks+1), r)
		body.Check, body.More = p.action(watched(0), r), v.T("result.checking.soon")
		body.Watch = &button{v.T("result.unwatch"), p.action(status, r)}
	}
}

// facts are what a payer may need to prove a payment or to ask about it.
func (v *voice) facts(p payment.Payment, i invoice.Invoice, merchant string) []labelled {
	lines := []labelled{{Label: v.T("result.merchant"), Value: merchant}}
	add := func(id, value string, code bool) {
		if value != "" {
			lines = append(lines, labelled{Label: v.T("result." + id), Value: value, Code: code})
		}
	}
	add("for", i.Title, false)
	if verdictOf(p) == isTransfer {
		add("transfer_reference", p.Attempt.Session, true)
		return lines
	}
	add("tracking", p.Attempt.Receipt, true)
	add("card", p.Card, true)
	at := p.FinalizedAt
	if at.IsZero() {
		at = p.Attempt.StartedAt
	}
	add("time", v.shownTime(at), false)
	add("reference", p.ID, true)
	return lines
}

func (v *voice) shownTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return v.Time(t)
}

// next is the one thing that the payer may want to do now: pay the next part
// of a link, try a failed payment again, or go back to the merchant. Without a
// page of the invoice only the merchant can say.
func (p *Pages) next(v *voice, paid payment.Payment, view app.InvoiceView, found verdict) *button {
	i := view.Invoice
	if i.Hosted() {
		return p.nextHosted(v, i, found)
	}
	if paid.Link == "" || paid.Link != i.Link.Token || (found != isPaid && found != isUnpaid) {
		return nil
	}
	if i.Link.Kind == invoice.OpenAmount {
		if found == isPaid {
			return nil
		}
		return &button{v.T("result.retry"), p.prefix + "/pay/open/" + url.PathEscape(paid.Link)}
	}
	if i.Link.Used || i.State != invoice.Open {
		return nil
	}
	label := v.T("result.retry")
	if found == isPaid {
		label = v.T("result.next")
	}
	return &button{label, p.prefix + "/pay/link/" + url.PathEscape(paid.Link)}
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
