package api

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
)

// terminalView is a terminal as callers see it. Secret is there when it is new.
type terminalView struct {
	Terminal       int64    `json:"terminal"`
	Name           string   `json:"name"`
	Status         string   `json:"status"`
	Origins        []string `json:"origins" nullable:"false"`
	VerifyWithin   int64    `json:"verify_within"`
	PayWithin      int64    `json:"pay_within"`
	RefundWithin   int64    `json:"refund_within"`
	DealFeePercent string   `json:"deal_fee_percent"`
	DealWithin     int64    `json:"deal_within"`
	AmountGuard    string   `json:"amount_guard"`
	Secret         string   `json:"secret,omitempty"`
	CreatedAt      string   `json:"created_at" format:"date-time"`
	UpdatedAt      string   `json:"updated_at" format:"date-time"`
}

// newTerminal is the wish for a place where invoices are made.
type newTerminal struct {
	Name           string    `json:"name" minLength:"1" maxLength:"200"`
	Status         string    `json:"status,omitempty"`
	Origins        *[]string `json:"origins,omitempty" maxItems:"50"`
	VerifyWithin   *int64    `json:"verify_within,omitempty" minimum:"0" maximum:"31622400"`
	PayWithin      *int64    `json:"pay_within,omitempty" minimum:"0" maximum:"31622400"`
	RefundWithin   *int64    `json:"refund_within,omitempty" minimum:"0" maximum:"31622400"`
	DealFeePercent *string   `json:"deal_fee_percent,omitempty" maxLength:"40"`
	DealWithin     *int64    `json:"deal_within,omitempty" minimum:"0" maximum:"31622400"`
	AmountGuard    string    `json:"amount_guard,omitempty"`
}

// terminalTerms are what can be changed of a terminal; nil leaves it.
type terminalTerms struct {
	Name           string    `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Status         string    `json:"status,omitempty"`
	Origins        *[]string `json:"origins,omitempty" maxItems:"50"`
	VerifyWithin   *int64    `json:"verify_within,omitempty" minimum:"0" maximum:"31622400"`
	PayWithin      *int64    `json:"pay_within,omitempty" minimum:"0" maximum:"31622400"`
	RefundWithin   *int64    `json:"refund_within,omitempty" minimum:"0" maximum:"31622400"`
	DealFeePercent *string   `json:"deal_fee_percent,omitempty" maxLength:"40"`
	DealWithin     *int64    `json:"deal_within,omitempty" minimum:"0" maximum:"31622400"`
	AmountGuard    string    `json:"amount_guard,omitempty"`
}

// terminalSecret is a new secret of a terminal.
type terminalSecret struct {
	Terminal int64  `json:"terminal"`
	Secret   string `json:"secret"`
}

// terminalList is what a list of terminals can be narrowed down to.
type terminalList struct {
	paging

	Status string `query:"status"`
}

const exampleTerminal = 1001

var terminalFields = map[string]word{
	"terminal": {doc: "Its number, which is also its id.", example: exampleTerminal},
	"name":     {doc: "What it is, in your words.", example: "Till 3"},
	"status": {
		doc: "disabled: no new invoices are made at it.", example: enabled, choices: switchWord.choices,
	},
	"origins": {
		doc:     "Where payers may be sent back to: scheme and host of each place; none is anywhere.",
		example: []string{"https://shop.example"},
	},
	"verify_within":    {doc: "So many seconds you have to verify a payment; 0 is half an hour.", example: 1800},
	"pay_within":       {doc: "So many seconds an invoice may be paid; 0 is for ever.", example: 0},
	"refund_within":    {doc: "So many seconds after a payment it may be refunded; 0 is for ever.", example: 0},
	"deal_fee_percent": {doc: "The fee, of a hundred, of what payers send to people; 0 is none.", example: "8.5"},
	"deal_within":      {doc: "So many seconds a payer may take to send it; 0 is as usual.", example: 0},
	"amount_guard":     guardWord,
	"secret": {
		doc: "What its notices are signed with, shown when it is made and never again.", example: exampleSecret,
	},
}

// The words for what becomes of an unusual amount.
const (
	guardOff   = "off"
	guardHolds = "hold"
)

func guardOf(holds bool) string {
	if holds {
		return guardHolds
	}
	return guardOff
}

var guardWord = word{
	doc: "hold: an invoice whose amount is many times above or below what is usually paid here, in the same unit, " +
		"waits until you confirm or cancel it, as when Rial and Toman were mixed up. off, as it is unless told " +
		"otherwise: it does not. With less than 20 payments nothing is held.",
	example: guardOff, choices: []string{guardOff, guardHolds},
}

const exampleSecret = "whsec_cHVyc2VyLXRlc3Qtd2ViaG9vay1zZWNyZXQtMDAwMDE=" //nolint:gosec // It is in the document.

var terminalWords = words{
	"terminalView": terminalFields, "newTerminal": terminalFields, "terminalTerms": terminalFields,
	"terminalSecret": terminalFields,
	"terminalList":   {"status": {doc: "Only those in this state.", example: enabled, choices: switchWord.choices}},
}

func (d *desk) terminals() resource {
	missing := []fault.Code{fault.CodeTerminalNotFound}
	return resource{
		name: "terminals", about: "A terminal is a place where you ask for money, such as a shop, a till or an app.",
		words: terminalWords, example: strconv.Itoa(exampleTerminal),
		operations: []operation{
			create(row{
				id: "createTerminal", path: "/terminals", scope: merchant.TerminalsWrite, summary: "Create a terminal",
				about: "Adds a terminal with the next number. The secret that its notices are signed with is in this answer and " +
					"in no other.",
				faults: []fault.Code{fault.CodeRateInvalid}, secret: true,
			}, "trm", d.createTerminal, story[terminalView]{now: d.terminalNow, of: d.terminalMade}),
			get(row{
				id: "getTerminal", path: "/terminals/{id}", scope: merchant.TerminalsRead, summary: "Get a terminal",
				about: "Shows a terminal without its secret; the id is its number.", faults: missing,
			}, plain(d.terminalNow)),
			list(row{
				id: "listTerminals", path: "/terminals", scope: merchant.TerminalsRead, summary: "List terminals",
				about: "Lists all terminals, disabled ones too.",
			}, d.listTerminals),
			act(row{
				id: "changeTerminal", path: "/terminals/{id}", scope: merchant.TerminalsWrite, summary: "Change a terminal",
				about:  "Changes what is named and leaves the rest. What was made before keeps what it was made with.",
				faults: append(missing, fault.CodeRateInvalid),
			}, d.changeTerminal, story[terminalView]{
				now: d.terminalNow, of: func(change app.Change) (out terminalView, ok bool) {
					if len(change.Terminals) != 1 {
						return out, false
					}
					return viewTerminal(change.Terminals[0]), true
				},
			}),
			act(row{
				id: "rotateTerminalSecret", path: "/terminals/{id}/rotate", scope: merchant.TerminalsWrite,
				summary: "Make a new secret",
				about:   "Makes a new secret for its notices. For 24 hours they carry the signatures of both.",
				faults:  append(missing, fault.CodeLimitExceeded), secret: true,
			}, d.rotateTerminal, story[terminalSecret]{now: d.terminalSecretNow}),
		},
	}
}

func (d *desk) createTerminal(c *call, _ string, in newTerminal) (out terminalView, err error) {
	amend, err := terminalTerms(in).amend()
	if err != nil {
		return out, err
	}
	t, secret, err := d.App.CreateTerminal(c.Context(), c.Merchant, amend(app.TerminalTerms{}))
	if err != nil {
		return out, err
	}
	out = viewTerminal(t)
	out.Secret = secret
	return out, nil
}

// terminalMade shows a terminal that a change makes, with its secret.
func (d *desk) terminalMade(change app.Change) (out terminalView, ok bool) {
	if len(change.Terminals) != 1 || len(change.Endpoints) != 1 {
		return out, false
	}
	secret, err := d.App.SigningSecret(change.Endpoints[0])
	out = viewTerminal(change.Terminals[0])
	out.Secret = secret
	return out, err == nil
}

func (d *desk) terminalNow(c *call, id string) (out terminalView, err error) {
	number, err := terminalNumber(id)
	if err != nil {
		return out, err
	}
	return show(viewTerminal)(d.App.Terminal(c.Context(), c.Merchant, number))
}

func (d *desk) listTerminals(c *call, q terminalList) (out pageOf[terminalView], err error) {
	known, err := d.App.Terminals(c.Context(), c.Merchant)
	if err != nil {
		return out, err
	}
	known = slices.DeleteFunc(known, func(t merchant.Terminal) bool {
		return q.Status != "" && q.Status != onOff(!t.Disabled)
	})
	return cut(q.paging, known, viewTerminal, func(t merchant.Terminal) (time.Time, string) {
		return t.CreatedAt, strconv.FormatInt(t.Number, 10)
	})
}

func (d *desk) changeTerminal(c *call, id string, in terminalTerms) (out terminalView, err error) {
	number, err := terminalNumber(id)
	if err != nil {
		return out, err
	}
	amend, err := in.amend()
	if err != nil {
		return out, err
	}
	return show(viewTerminal)(d.App.AmendTerminal(c.Context(), c.Merchant, number, amend))
}

func (d *desk) rotateTerminal(c *call, id string, _ none) (out terminalSecret, err error) {
	number, err := terminalNumber(id)
	if err != nil {
		return out, err
	}
	t, err := d.App.Terminal(c.Context(), c.Merchant, number)
	if err != nil {
		return out, err
	}
	out.Terminal = number
	out.Secret, err = d.App.RotateSecret(c.Context(), c.Merchant, t.Endpoint)
	return out, err
}

func (d *desk) terminalSecretNow(c *call, id string) (out terminalSecret, err error) {
	if out.Terminal, err = terminalNumber(id); err != nil {
		return out, err
	}
	out.Secret, err = d.App.TerminalSecret(c.Context(), c.Merchant, out.Terminal)
	return out, err
}

// amend is the change that terms are. Errors: rate_invalid, parameter_invalid.
func (l terminalTerms) amend() (func(app.TerminalTerms) app.TerminalTerms, error) {
	var fee money.Rate
	if text := l.DealFeePercent; text != nil && *text != "0" {
		var err error
		if fee, err = money.ParseRate(*text); err != nil {
			return nil, fault.New(fault.CodeRateInvalid, "deal_fee_percent", "").With(err)
		}
		if whole, _, _ := strings.Cut(fee.Text(), "."); len(whole) > len("99") {
			return nil, fault.New(fault.CodeParameterInvalid, "deal_fee_percent", "It must be below 100.")
		}
	}
	for name, seconds := range map[string]*int64{
		"verify_within": l.VerifyWithin, "pay_within": l.PayWithin, "refund_within": l.RefundWithin,
		"deal_within": l.DealWithin,
	} {
		if seconds != nil && *seconds > 0 && *seconds < 60 {
			return nil, fault.New(fault.CodeParameterInvalid, name, "It is 60 seconds or more, or 0.")
		}
	}
	return func(t app.TerminalTerms) app.TerminalTerms {
		if l.Name != "" {
			t.Name = l.Name
		}
		if l.Status != "" {
			t.Disabled = l.Status == disabled
		}
		if l.Origins != nil {
			t.Origins = *l.Origins
		}
		if l.AmountGuard != "" {
			t.HoldUnusual = l.AmountGuard == guardHolds
		}
		if l.DealFeePercent != nil {
			t.DealFee = fee
		}
		within(&t.VerifyIn, l.VerifyWithin)
		within(&t.PayIn, l.PayWithin)
		within(&t.RefundIn, l.RefundWithin)
		within(&t.DealIn, l.DealWithin)
		return t
	}, nil
}

// within sets a time that was said.
func within(into *time.Duration, seconds *int64) {
	if seconds != nil {
		*into = time.Duration(*seconds) * time.Second
	}
}

// terminalNumber reads the number of a terminal. Error: terminal_not_found.
func terminalNumber(text string) (int64, error) {
	number, err := strconv.ParseInt(text, 10, 64)
	if err != nil || number <= 0 || strconv.FormatInt(number, 10) != text {
		return 0, fault.New(fault.CodeTerminalNotFound, "id", "")
	}
	return number, nil
}

// viewTerminal shows a terminal without its secret.
func viewTerminal(t merchant.Terminal) terminalView {
	view := terminalView{
		Terminal: t.Number, Name: t.Name, Status: onOff(!t.Disabled), Origins: append([]string{}, t.Origins...),
		VerifyWithin: int64(t.VerifyIn / time.Second), PayWithin: int64(t.PayIn / time.Second),
		RefundWithin: int64(t.RefundIn / time.Second), DealFeePercent: "0", DealWithin: int64(t.DealIn / time.Second),
		AmountGuard: guardOf(t.HoldUnusual), CreatedAt: moment(t.CreatedAt), UpdatedAt: moment(t.UpdatedAt),
	}
	if t.DealFee.Valid() {
		view.DealFeePercent = t.DealFee.Text()
	}
	return view
}
