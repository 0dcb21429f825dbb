package checkout

import (
	"context"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
)

// Limits of what a payer may fill in.
const (
	leastRial   = 1000                  // the smallest payment
	mostSteps   = 9_007_199_254_740_991 // the largest whole number that every client of an API can read
	mostMessage = 500                   // characters
	mostEmail   = 254                   // characters
	usualRial   = 1_000_000             // what gateways are asked about before an amount is known
	usualOther  = "20"                  // the same in units that are not Iran's
)

// openBody is what the page of an open-amount link shows.
type openBody struct {
	Action      string
	Title       string
	Description string
	Unit        string
	Least       string
	MostMessage int
	Filled      openForm
	Ways        ways
	Alert       *alert
}

// openForm is what the payer filled in, as it was typed, and what is wrong
// with each field in the payer's language.
type openForm struct {
	Amount, AmountError   string
	Email, EmailError     string
	Message, MessageError string
	way                   wayForm
}

func (f openForm) wrong() bool {
	return f.AmountError+f.EmailError+f.MessageError+f.way.phoneError != ""
}

// OpenAmount is the page of a link on which the payer chooses the amount.
// Like every page it starts nothing.
func (p *Pages) OpenAmount(w http.ResponseWriter, r *http.Request, token string) {
	view, ok := p.linked(w, r, token, true)
	if !ok {
		return
	}
	p.showOpen(w, r, view, openForm{}, nil, http.StatusOK)
}

func (p *Pages) showOpen(w http.ResponseWriter, r *http.Request, view app.LinkView, f openForm, a *alert, status int) {
	v, _ := p.voices.choose(r)
	i := view.Invoice
	if err := i.Payable(money.Zero(i.Amount.Unit())); err != nil {
		p.notPayable(w, r, view, err)
		return
	}
	unit := i.Amount.Unit()
	asked := usual(unit)
	if typed, err := v.typedAmount(f.Amount, unit); err == nil && f.AmountError == "" {
		asked = typed
	}
	choices, err := p.app.Choices(r.Context(), i.Merchant, asked)
	if fault.Is(err, fault.CodeNoGateway) && asked != usual(unit) {
		// The form stays, so that the payer can try another amount.
		a = v.alert("no_gateway")
		choices, err = p.app.Choices(r.Context(), i.Merchant, usual(unit))
	}
	if err != nil && a == nil {
		p.logged(r, err)
		var words string
		status, words = problem(err)
		a = v.alert(words)
	}
	body := openBody{
		Action: p.action("/pay/open/"+url.PathEscape(i.Link.Token), r), Title: i.Title, Description: i.Description,
		Unit: v.unitName(unit, many), Least: v.plain(atLeast(leastRial, unit)).String(), MostMessage: mostMessage,
		Filled: f, Ways: v.ways(choices, f.way, i.Link.Gateway), Alert: a,
	}
	if i.Description == i.Title {
		body.Description = ""
	}
	p.show(w, r, screen{
		voice: v, Name: openScreen, Status: status, Title: v.T("open.title"), Merchant: view.Merchant,
		LeadsNear: body.Ways.near, Body: body,
	})
}

// atLeast is a sum of Rial in the unit, or one step of a unit that is not Iran's.
func atLeast(rial int64, u money.Unit) money.Amount {
	if a, err := money.New(rial, money.IRR).In(u); err == nil {
		return a
	}
	return money.New(1, u)
}

// usual is an amount of the unit that most gateways would take.
func usual(u money.Unit) money.Amount {
	if a, err := money.New(usualRial, money.IRR).In(u); err == nil {
		return a
	}
	if a, err := money.Parse(usualOther, u); err == nil {
		return a
	}
	return money.New(1, u) // no unit is like that
}

// payOpen is the button of an open-amount page.
func (p *Pages) payOpen(w http.ResponseWriter, r *http.Request) {
	if !p.admit(w, r) {
		return
	}
	view, ok := p.linked(w, r, r.PathValue("token"), true)
	if !ok {
		return
	}
	v, _ := p.voices.choose(r)
	i := view.Invoice
	amount, form := v.readOpenForm(r, i.Amount.Unit())
	if form.wrong() {
		p.showOpen(w, r, view, form, &alert{Title: v.T("open.errors")}, http.StatusUnprocessableEntity)
		return
	}
	done, err := p.together(r, form.way, func(ctx context.Context) (app.Requested, error) {
		return p.app.OpenLink(ctx, app.OpenLink{
			Token: i.Link.Token, Gateway: form.way.Gateway, Method: form.way.Method, Amount: amount,
			Payer: payment.Payer{Email: form.Email, Mobile: form.way.Mobile}, Note: form.Message, NewID: p.newID,
		})
	})
	if err != nil {
		p.logged(r, err)
		status, words := problem(err)
		p.showOpen(w, r, view, form, v.alert(wayTrouble(form.way, err, words)), status)
		return
	}
	p.sendAway(w, r, done.Payment)
}

// readOpenForm reads all fields and says what is wrong with each.
func (v *voice) readOpenForm(r *http.Request, u money.Unit) (money.Amount, openForm) {
	f := openForm{
		Amount: cleaned(r.PostForm.Get("amount")), Email: cleaned(r.PostForm.Get("email")),
		Message: cleaned(r.PostForm.Get("message")), way: v.readWay(r),
	}
	least := atLeast(leastRial, u)
	amount, err := v.typedAmount(f.Amount, u)
	switch {
	case f.Amount == "":
		f.AmountError = v.T("open.amount_missing")
	case fault.Is(err, fault.CodeAmountOverflow) || amount.Steps() > mostSteps:
		f.AmountError = v.T("open.amount_large")
	case err != nil:
		f.AmountError = v.T("open.amount_invalid", "Example", v.plain(usual(u)).Number)
	case amount.Steps() < least.Steps():
		f.AmountError = v.T("open.amount_small", "Least", v.plain(least).String())
	}
	switch {
	case f.Email == "":
		f.EmailError = v.T("open.email_missing")
	case !isEmail(f.Email):
		f.EmailError = v.T("open.email_invalid")
	}
	if utf8.RuneCountInString(f.Message) > mostMessage {
		f.MessageError = v.Count("open.message_long", mostMessage, "Most", v.Number(mostMessage))
	}
	return amount, f
}

// cleaned is text that every database and terminal can hold: valid, trimmed,
// and without control characters but new lines.
func cleaned(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, ""), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' {
			return -1
		}
		return c
	}, text))
}

// isEmail accepts a bare address with a domain that has a point in it.
func isEmail(text string) bool {
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || len(text) > mostEmail {
		return false
	}
	_, domain, _ := strings.Cut(text, "@")
	return strings.Contains(strings.Trim(domain, "."), ".") && !strings.ContainsAny(text, " \n\"")
}
