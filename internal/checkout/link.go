package checkout

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// linkBody is what the page of a link with a fixed amount shows.
type linkBody struct {
	Action      string
	Title       string
	Description string
	Amount      shownAmount // what the button pays now
	Sums        []labelled  // how it comes about, where it is not the whole invoice
	Hint        string      // about paying in parts
	Checking    bool        // money may be on its way already
	Ways        ways
	Alert       *alert
}

// labelled is one line of a list.
type labelled struct {
	Label, Value string
	Code         bool // for machines and for copying: kept in Latin letters and left to right
}

// alert is what went wrong with the form that the payer sent.
type alert struct{ Title, Advice string }

// Link is the page of a link that pays a fixed amount, for the holder of its
// token. It starts nothing: chat programs and search engines read pages too.
func (p *Pages) Link(w http.ResponseWriter, r *http.Request, token string) {
	view, ok := p.linked(w, r, token, false)
	if !ok || p.dealingLink(w, r, view) {
		return
	}
	p.showLink(w, r, view, linkForm{status: http.StatusOK})
}

// linkForm is how the form of a link comes back to its sender.
type linkForm struct {
	status int
	way    wayForm
	alert  *alert
}

// linked finds the link of a page, or answers. open says which kind of link
// the page is for: another kind is not found there.
func (p *Pages) linked(w http.ResponseWriter, r *http.Request, token string, open bool) (app.LinkView, bool) {
	if !p.visits.allow(r) {
		w.Header().Set("Retry-After", "60")
		p.trouble(w, r, http.StatusTooManyRequests, "rate_limited")
		return app.LinkView{}, false
	}
	if !wellFormed(token) {
		p.trouble(w, r, http.StatusNotFound, "link_not_found")
		return app.LinkView{}, false
	}
	view, err := p.app.Link(r.Context(), token)
	if err != nil {
		p.failed(w, r, "", err)
		return view, false
	}
	if (view.Invoice.Link.Kind == invoice.OpenAmount) != open {
		p.trouble(w, r, http.StatusNotFound, "link_not_found")
		return view, false
	}
	return view, true
}

func (p *Pages) showLink(w http.ResponseWriter, r *http.Request, view app.LinkView, f linkForm) {
	v, _ := p.voices.choose(r)
	i := view.Invoice
	plan, err := p.plan(r, view)
	if err != nil {
		p.notPayable(w, r, view, err)
		return
	}
	body := linkBody{
		Action: p.action("/pay/link/"+url.PathEscape(i.Link.Token), r), Title: i.Title, Description: i.Description,
		Amount: v.Amount(plan.now), Sums: v.sums(i, plan), Checking: beingChecked(view.Payments), Alert: f.alert,
	}
	if i.Description == i.Title {
		body.Description = ""
	}
	switch {
	case plan.parts > 1:
		body.Hint = v.Count("link.part", plan.parts, "Parts", v.Number(int64(plan.parts)))
	case plan.later:
		body.Hint = v.T("link.next_part")
	}
	choices, err := p.app.Choices(r.Context(), i.Merchant, plan.now)
	if err != nil && f.alert == nil {
		p.logged(r, err)
		var words string
		f.status, words = problem(err)
		body.Alert = v.alert(words)
	}
	body.Ways = v.ways(choices, f.way, plan.gateway, i.Link.Gateway)
	p.show(w, r, screen{
		voice: v, Name: linkScreen, Status: f.status, Title: v.T("link.title"), Merchant: view.Merchant,
		LeadsNear: body.Ways.near, Body: body,
	})
}

// notPayable says why nothing is paid through a link.
func (p *Pages) notPayable(w http.ResponseWriter, r *http.Request, view app.LinkView, err error) {
	if fault.Is(err, fault.CodeInvoiceClosed) && view.Invoice.Closed() {
		status, _ := problem(err)
		p.troubleWith(w, r, view.Merchant, status, "invoice_settled")
		return
	}
	p.failed(w, r, view.Merchant, err)
}

// plan is what the next press of a link's button pays.
type plan struct {
	now     money.Amount
	parts   int    // into how many payments it would be split; 1 = not at all
	later   bool   // it is a part after the first one
	gateway string // the gateway that was meant for it; empty = none
}

// plan works out what is left to pay through a link.
// Errors: link_used, invoice_closed.
func (p *Pages) plan(r *http.Request, view app.LinkView) (plan, error) {
	i := view.Invoice
	used := fault.New(fault.CodeLinkUsed, "token", "")
	if i.Link.Used {
		return plan{}, used
	}
	left, next, err := leftOf(view)
	if err != nil {
		return plan{}, err
	}
	err = i.Payable(left)
	if fault.Is(err, fault.CodeAmountAboveRemaining) || (err == nil && left.Sign() <= 0) {
		return plan{}, used
	}
	if err != nil {
		return plan{}, err
	}
	later := left != i.Link.Amount
	if later && next != nil {
		return plan{now: next.Amount, parts: 1, later: true, gateway: next.Attempt.Gateway}, nil
	}
	parts, err := p.parts(r, i, left)
	if err != nil {
		return plan{}, err
	}
	return plan{now: parts[0], parts: len(parts), later: later}, nil
}

// leftOf is the link's amount less what was paid through it, with the oldest
// payment that waits behind it, or nil.
func leftOf(view app.LinkView) (left money.Amount, next *payment.Payment, err error) {
	link := view.Invoice.Link
	left = link.Amount
	for _, one := range view.Payments {
		if one.Link != link.Token {
			continue
		}
		if next == nil && one.State == payment.Waiting && !one.Superseded {
			next = &one
		}
		if !tookMoney(one) {
			continue
		}
		if left, err = left.Sub(one.Amount); err != nil {
			return left, nil, err
		}
	}
	return left, next, nil
}

// parts are the payments that an amount becomes.
func (p *Pages) parts(r *http.Request, i invoice.Invoice, amount money.Amount) ([]money.Amount, error) {
	m, err := p.app.Merchant(r.Context(), i.Merchant)
	if err != nil {
		return nil, err
	}
	if !splits(i) {
		return []money.Amount{amount}, nil
	}
	return app.Parts(m, amount)
}

// tookMoney says that a payment counts against its link, even when the money
// went back since.
func tookMoney(p payment.Payment) bool {
	return p.Collected() || ((p.State == payment.Reversed || p.State == payment.Refunded) && !p.FinalizedAt.IsZero())
}

// splits says whether a large sum of this link is paid in parts.
func splits(i invoice.Invoice) bool { return i.Link.Kind == invoice.Fixed }

// sums explain an amount that is not simply the whole invoice.
func (v *voice) sums(i invoice.Invoice, next plan) []labelled {
	if next.now == i.Amount {
		return nil
	}
	lines := []labelled{{Label: v.T("link.total"), Value: v.plain(i.Amount).String()}}
	if i.Captured.Sign() > 0 {
		lines = append(lines, labelled{Label: v.T("link.paid"), Value: v.plain(i.Captured).String()})
	}
	return append(lines, labelled{Label: v.T("link.remaining"), Value: v.plain(i.Unpaid()).String()})
}

func (v *voice) alert(words string) *alert {
	return &alert{Title: v.T("trouble." + words + ".title"), Advice: v.T("trouble." + words + ".advice")}
}

// payLink is the button of a link's page: it opens a payment in the way that
// the payer chose and leads there.
func (p *Pages) payLink(w http.ResponseWriter, r *http.Request) {
	if !p.admit(w, r) {
		return
	}
	view, ok := p.linked(w, r, r.PathValue("token"), false)
	if !ok || p.dealingLink(w, r, view) {
		return
	}
	v, _ := p.voices.choose(r)
	way := v.readWay(r)
	if way.phoneError != "" {
		p.showLink(w, r, view, linkForm{
			status: http.StatusUnprocessableEntity, way: way, alert: &alert{Title: v.T("open.errors")},
		})
		return
	}
	done, err := p.together(r, way, func(ctx context.Context) (app.Requested, error) {
		return p.app.OpenLink(ctx, app.OpenLink{
			Token: view.Invoice.Link.Token, Gateway: way.Gateway, Method: way.Method,
			Payer: payment.Payer{Mobile: way.Mobile}, Split: splits(view.Invoice), NewID: p.newID,
		})
	})
	if err != nil {
		p.logged(r, err)
		status, words := problem(err)
		if fresh, linkErr := p.app.Link(r.Context(), view.Invoice.Link.Token); linkErr == nil {
			view = fresh
		}
		// A link that can no longer be paid has no form to show again: plan says so.
		p.showLink(w, r, view, linkForm{status: status, way: way, alert: v.alert(wayTrouble(way, err, words))})
		return
	}
	p.sendAway(w, r, done.Payment)
}

// sendAway leads the payer to the gateway's page, or to our own where the
// gateway has none or where the payer has to be told our reference first.
func (p *Pages) sendAway(w http.ResponseWriter, r *http.Request, paid payment.Payment) {
	target := paid.Attempt.Link
	if target == "" || p.app.Flow(r.Context(), paid) == payment.Requisites {
		target = p.statusAddress(paid)
	} else if !p.leadsOut(r.Context(), paid) {
		p.log.ErrorContext(r.Context(), "gateway gave an address that is not safe",
			slog.String("merchant", paid.Merchant), slog.String("gateway", paid.Attempt.Gateway))
		p.trouble(w, r, http.StatusServiceUnavailable, "gateway_unavailable")
		return
	}
	p.guard(w.Header(), false, false)
	// See Other: the browser must read the gateway's page, not send our form there.
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// leadsOut says that a gateway's page is one that payers may be sent to. Plain http
// of this machine is for sandboxes alone.
func (p *Pages) leadsOut(ctx context.Context, paid payment.Payment) bool {
	u, err := url.Parse(paid.Attempt.Link)
	if err != nil || u.Host == "" || u.User != nil {
		return false
	}
	local := u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost"
	return u.Scheme == "https" || (u.Scheme == "http" && local && (p.insecure || p.app.Near(ctx, paid)))
}

// action is an address of ours, such as where a form is sent; it keeps the
// language that the request's address named.
func (p *Pages) action(path string, r *http.Request) string {
	address, mark := p.prefix+path, "?"
	if strings.Contains(path, mark) {
		mark = "&"
	}
	if v, chosen := p.voices.choose(r); chosen {
		address += mark + url.Values{"lang": {v.Tag}}.Encode()
	}
	return address
}
