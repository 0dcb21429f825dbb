package checkout

import (
	"cmp"
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
	"github.com/purserhq/purser/internal/wallet"
)

// invoiceBody is what the page of an invoice shows while it can be paid.
type invoiceBody struct {
	WalletAction  string
	GatewayAction string
	Title         string
	Description   string
	Amount        shownAmount
	Facts         []labelled
	Left          string // how much time there is; empty = no end is set
	Checking      bool   // money may be on its way already
	OwnerOnly     bool   // only one person's wallet may pay
	Wallet        bool   // somebody has one with this merchant
	Filled        walletForm
	Ways          ways
	Alert         *alert
}

// walletForm is what the payer filled in, but for the PIN, which goes back to
// nobody, and what is wrong with each field in the payer's language.
type walletForm struct {
	Account, AccountError string
	PINError              string
	Refused               bool // the alert is about the two together
}

func (f walletForm) wrong() bool { return f.AccountError+f.PINError != "" }

// invoiceForm is how the forms of an invoice come back to their sender.
type invoiceForm struct {
	status int
	wallet walletForm
	way    wayForm
	alert  *alert
}

// Invoice is the page of an invoice that is paid here and from which the payer
// is sent back to the merchant. Like every page it starts nothing.
func (p *Pages) Invoice(w http.ResponseWriter, r *http.Request, id string) {
	view, ok := p.hosted(w, r, id)
	if !ok || p.dealing(w, r, view) {
		return
	}
	if over := p.endOf(view); over != nil {
		p.showEnd(w, r, view, *over)
		return
	}
	p.showInvoice(w, r, view, invoiceForm{status: http.StatusOK})
}

// hosted finds the invoice of a page, or answers.
func (p *Pages) hosted(w http.ResponseWriter, r *http.Request, id string) (app.HostedInvoice, bool) {
	if !p.visits.allow(r) {
		w.Header().Set("Retry-After", "60")
		p.trouble(w, r, http.StatusTooManyRequests, "rate_limited")
		return app.HostedInvoice{}, false
	}
	if !wellFormed(id) {
		p.trouble(w, r, http.StatusNotFound, "invoice_not_found")
		return app.HostedInvoice{}, false
	}
	view, err := p.app.Hosted(r.Context(), id)
	if err != nil {
		p.failed(w, r, "", err)
		return view, false
	}
	return view, true
}

// invoicePath is the page of an invoice, seen from the prefix.
func invoicePath(id string) string { return "/pay/invoice/" + url.PathEscape(id) }

func (p *Pages) showInvoice(w http.ResponseWriter, r *http.Request, view app.HostedInvoice, f invoiceForm) {
	v, _ := p.voices.choose(r)
	i := view.Invoice
	page := invoicePath(i.ID)
	if i.Held && f.alert == nil {
		f.alert = v.alert("invoice_held")
	}
	body := invoiceBody{
		WalletAction: p.action(page+"/wallet", r), GatewayAction: p.action(page+"/gateway", r),
		Title: i.Title, Description: i.Description, Amount: v.Amount(i.Unpaid()), Checking: beingChecked(view.Payments),
		OwnerOnly: i.NationalID != "", Filled: f.wallet, Alert: f.alert,
	}
	if i.Description == i.Title {
		body.Description = ""
	}
	body.Facts = v.partSums(view, true)
	if i.Reference != "" {
		body.Facts = append(body.Facts, labelled{Label: v.T("invoice.reference"), Value: i.Reference, Code: true})
	}
	if !i.Due.IsZero() {
		body.Left = v.left(p.now(), i.Due, i.Amount.Unit())
	}
	if !body.OwnerOnly {
		// Where no gateway takes the amount, the wallet is still there.
		choices, err := p.app.Choices(r.Context(), i.Merchant, i.Unpaid())
		if err != nil && !fault.Is(err, fault.CodeNoGateway) {
			p.failed(w, r, view.Merchant, err)
			return
		}
		body.Ways = v.ways(choices, f.way)
	}
	any, err := p.app.HasCustomers(r.Context(), i.Merchant)
	if err != nil {
		p.failed(w, r, view.Merchant, err)
		return
	}
	body.Wallet = any || body.OwnerOnly
	if !body.Wallet && len(body.Ways.Choices) == 0 && body.Alert == nil {
		body.Alert = v.alert("no_gateway")
	}
	p.show(w, r, screen{
		voice: v, Name: invoiceScreen, Status: f.status, Title: v.T("invoice.title"), Merchant: view.Merchant,
		Here: p.prefix + page, LeadsToHTTP: strings.HasPrefix(wayBack(i), "http:"), LeadsNear: body.Ways.near, Body: body,
	})
}

// left says how much time there is to pay.
func (v *voice) left(now, due time.Time, unit money.Unit) string {
	const day = 24 * time.Hour
	left := due.Sub(now)
	message, count := "left_minutes", int64(left/time.Minute)
	switch {
	case left < time.Minute:
		return v.T("invoice.left_moment", "Time", v.Time(due, unit))
	case left >= 2*day:
		message, count = "left_days", int64(left/day)
	case left >= 2*time.Hour:
		message, count = "left_hours", int64(left/time.Hour)
	}
	return v.Count("invoice."+message, count, "Left", v.Number(count), "Time", v.Time(due, unit))
}

// beingChecked says that the money of some payment may be on its way.
func beingChecked(payments []payment.Payment) bool {
	for _, one := range payments {
		if one.Reserved || (one.State == payment.Processing && one.Attempt.Doubtful) {
			return true
		}
	}
	return false
}

// wayBack is the merchant's address for payers; empty when it is none that a
// browser may be sent to.
func wayBack(i invoice.Invoice) string {
	if u := webAddress(i.ReturnTo); u != nil {
		return u.String()
	}
	return ""
}

// webAddress reads an address that a browser may be sent to, or gives nil.
func webAddress(text string) *url.URL {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil {
		return nil
	}
	return u
}

// back is the button that leads to the merchant, or nil.
func (v *voice) back(i invoice.Invoice) *button {
	to := wayBack(i)
	if to == "" {
		return nil
	}
	return &button{v.T("invoice.back"), to}
}

// sendBack leads the payer of a paid invoice to the merchant, who should have
// heard of it by then. Without an address the invoice's own page has the result.
func (p *Pages) sendBack(w http.ResponseWriter, r *http.Request, i invoice.Invoice) {
	to := wayBack(i)
	if to == "" || !i.Collected() {
		p.toInvoice(w, r, i)
		return
	}
	p.app.AwaitNotices(r.Context(), i.Merchant, i.ID)
	p.guard(w.Header(), false, false)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// toInvoice leads to the page of an invoice, in the language of this one.
func (p *Pages) toInvoice(w http.ResponseWriter, r *http.Request, i invoice.Invoice) {
	p.guard(w.Header(), false, false)
	http.Redirect(w, r, p.action(invoicePath(i.ID), r), http.StatusSeeOther)
}

// payInvoiceFromWallet is the button of the wallet's form.
func (p *Pages) payInvoiceFromWallet(w http.ResponseWriter, r *http.Request) {
	view, ok := p.payable(w, r)
	if !ok {
		return
	}
	v, _ := p.voices.choose(r)
	form, pin := v.readWalletForm(r)
	if form.wrong() {
		p.showInvoice(w, r, view, invoiceForm{
			status: http.StatusUnprocessableEntity, wallet: form, alert: &alert{Title: v.T("open.errors")},
		})
		return
	}
	wish := app.WalletPayment{
		Merchant: view.Invoice.Merchant, Invoice: view.Invoice.ID, Login: form.Account, PIN: pin, PaymentID: p.newID(),
	}
	if network := networkOf(r.RemoteAddr); network.IsValid() {
		wish.Address = network.String()
	}
	paid, err := p.app.PayFromWallet(r.Context(), wish)
	if err != nil {
		form.Refused = fault.Is(err, fault.CodeLoginInvalid)
		p.refused(w, r, view, invoiceForm{wallet: form}, err)
		return
	}
	p.sendBack(w, r, paid.Invoice)
}

// readWalletForm reads the two fields and says what is wrong with each.
func (v *voice) readWalletForm(r *http.Request) (f walletForm, pin string) {
	f.Account, pin = keyed(r.PostForm.Get("account")), keyed(r.PostForm.Get("pin"))
	if f.Account == "" {
		f.AccountError = v.T("invoice.account_missing")
	}
	if pin == "" {
		f.PINError = v.T("invoice.pin_missing")
	}
	return f, pin
}

// keyed is a number or an address that a payer typed: with Latin digits, and
// without the blanks and marks of direction that come along when people paste.
func keyed(text string) string {
	return strings.Map(func(c rune) rune {
		if digit, ok := digitOf(c); ok {
			return rune(digit)
		}
		if unicode.IsSpace(c) || unicode.In(c, unicode.Cc, unicode.Cf) {
			return -1
		}
		return c
	}, strings.ToValidUTF8(text, ""))
}

// payInvoiceAtGateway is the button of the form for everything but the wallet.
func (p *Pages) payInvoiceAtGateway(w http.ResponseWriter, r *http.Request) {
	view, ok := p.payable(w, r)
	if !ok {
		return
	}
	v, _ := p.voices.choose(r)
	i, way := view.Invoice, v.readWay(r)
	if way.phoneError != "" {
		p.showInvoice(w, r, view, invoiceForm{
			status: http.StatusUnprocessableEntity, way: way, alert: &alert{Title: v.T("open.errors")},
		})
		return
	}
	done, err := p.together(r, way, func(ctx context.Context) (app.Requested, error) {
		return p.openInvoice(ctx, i.ID, way)
	})
	if err != nil {
		p.refused(w, r, view, invoiceForm{way: way}, err)
		return
	}
	p.sendAway(w, r, done.Payment)
}

// openInvoice opens a payment of what is unpaid of an invoice, or finds the one that
// is open in this way already.
func (p *Pages) openInvoice(ctx context.Context, id string, way wayForm) (app.Requested, error) {
	view, err := p.app.Hosted(ctx, id)
	if err != nil {
		return app.Requested{}, err
	}
	for _, one := range view.Payments {
		if way.Opened(one, p.now()) {
			return app.Requested{Payment: one}, nil // pressed twice
		}
	}
	i := view.Invoice
	payer := payment.Payer(i.Payer)
	payer.Mobile = cmp.Or(way.Mobile, payer.Mobile)
	return p.app.RequestPayment(ctx, i.Merchant, app.NewPayment{
		Invoice: i.ID, Amount: i.Unpaid(), Gateway: way.Gateway, Method: way.Method, Description: i.Description,
		Payer: payer, NewID: p.newID, Supersede: true, ByPayer: true,
	})
}

// payable reads a form of an invoice's page, or answers: whoever presses after
// the end of the invoice is shown what became of it.
func (p *Pages) payable(w http.ResponseWriter, r *http.Request) (app.HostedInvoice, bool) {
	if !p.admit(w, r) {
		return app.HostedInvoice{}, false
	}
	view, ok := p.hosted(w, r, r.PathValue("id"))
	if ok && p.dealing(w, r, view) {
		return view, false
	}
	if ok && p.endOf(view) != nil {
		p.toInvoice(w, r, view.Invoice)
		return view, false
	}
	return view, ok
}

// refused shows the page of an invoice again with what went wrong, or what
// became of the invoice meanwhile.
func (p *Pages) refused(w http.ResponseWriter, r *http.Request, view app.HostedInvoice, f invoiceForm, err error) {
	p.logged(r, err)
	if fresh, lost := p.app.Hosted(r.Context(), view.Invoice.ID); lost == nil {
		view = fresh
	}
	if p.endOf(view) != nil {
		p.toInvoice(w, r, view.Invoice)
		return
	}
	v, _ := p.voices.choose(r)
	var words string
	f.status, words = problem(err)
	switch {
	case fault.Is(err, fault.CodeRateLimited):
		words = "too_many_tries"
		w.Header().Set("Retry-After", strconv.Itoa(int(wallet.TryWindow/time.Second)))
	case fault.Is(err, fault.CodeAmountAboveRemaining):
		// It is not paid yet, and its amount is set aside for another payment.
		f.status, words = http.StatusConflict, "being_paid"
	case fault.Is(err, fault.CodeUnsupported):
		words = "no_gateway"
	case f.status == http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "10")
	}
	f.alert = v.alert(wayTrouble(f.way, err, words))
	p.showInvoice(w, r, view, f)
}
