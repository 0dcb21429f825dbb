package server

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
)

// terminalView is a merchant's terminal as programs see it. Secret is there
// once, when it is made.
type terminalView struct {
	Number   int64    `json:"terminal_number"`
	Merchant string   `json:"merchant"`
	Name     string   `json:"name"`
	Origins  []string `json:"origins"`
	Form     string   `json:"form"`
	VerifyIn string   `json:"verify_in"`
	PayIn    string   `json:"pay_in,omitempty"`
	RefundIn string   `json:"refund_in,omitempty"`
	DealFee  string   `json:"deal_fee_percent,omitempty"`
	DealTime string   `json:"deal_time,omitempty"`
	Guard    string   `json:"amount_guard"`
	Disabled bool     `json:"disabled"`
	Secret   string   `json:"secret,omitempty"`
}

func viewTerminal(t merchant.Terminal) terminalView {
	view := terminalView{
		Number: t.Number, Merchant: t.Merchant, Name: t.Name, Origins: append([]string{}, t.Origins...),
		Form: formWord(t.Form), VerifyIn: span(t.VerifyIn), DealFee: t.DealFee.Text(), Guard: guardWord(t.HoldUnusual),
		Disabled: t.Disabled,
	}
	if t.PayIn > 0 {
		view.PayIn = span(t.PayIn)
	}
	if t.RefundIn > 0 {
		view.RefundIn = span(t.RefundIn)
	}
	if t.DealIn > 0 {
		view.DealTime = span(t.DealIn)
	}
	return view
}

func (v terminalView) row() []string {
	origins := strings.Join(v.Origins, ",")
	if origins == "" {
		origins = "anywhere"
	}
	fee := "-"
	if v.DealFee != "" {
		fee = v.DealFee + "%"
	}
	return []string{
		strconv.FormatInt(v.Number, 10), v.Name, origins, v.Form, v.VerifyIn, dash(v.PayIn), dash(v.RefundIn),
		fee, dash(v.DealTime), v.Guard, yes(!v.Disabled),
	}
}

var terminalHead = []string{
	"TERMINAL", "NAME", "BACK TO", "NOTICES", "VERIFY IN", "PAY IN", "REFUND IN", "DEAL FEE", "DEAL TIME", "GUARD",
	"ENABLED",
}

// TerminalTerms are what can be said of a terminal; what is nil stays as it is
// or, of a new one, is as usual.
type TerminalTerms struct {
	Name     *string
	Origins  []string // where payers may be sent back to; none leaves those that are there
	Anywhere bool     // payers may be sent back to any address
	Form     *string  // of the notices: form or json
	VerifyIn *time.Duration
	PayIn    *time.Duration // 0 = for ever
	RefundIn *time.Duration // 0 = for ever
	DealFee  *string        // of a hundred, of what payers send to traders; "0" = none
	DealTime *time.Duration // how long a payer may take to send it; 0 = as usual
	Guard    *string        // what becomes of an unusual amount: off or hold
	Disabled *bool
}

// on are the terms of a terminal with these changes.
func (t TerminalTerms) on(now merchant.Terminal) (app.TerminalTerms, error) {
	terms := app.TerminalTerms{
		Name: now.Name, Origins: slices.Clone(now.Origins), Form: now.Form,
		VerifyIn: now.VerifyIn, PayIn: now.PayIn, RefundIn: now.RefundIn, Disabled: now.Disabled,
		DealFee: now.DealFee, DealIn: now.DealIn, HoldUnusual: now.HoldUnusual,
	}
	if len(t.Origins) > 0 || t.Anywhere {
		terms.Origins = t.Origins
	}
	if t.Form != nil {
		form, ok := terminalForms[*t.Form]
		if !ok {
			return terms, settingError("form", "must be form or json")
		}
		terms.Form = form
	}
	put(&terms.Name, t.Name)
	put(&terms.VerifyIn, t.VerifyIn)
	put(&terms.PayIn, t.PayIn)
	put(&terms.RefundIn, t.RefundIn)
	put(&terms.DealIn, t.DealTime)
	if t.DealFee != nil {
		var err error
		if terms.DealFee, err = percentOf("deal-fee", *t.DealFee); err != nil {
			return terms, err
		}
	}
	if t.Guard != nil {
		var err error
		if terms.HoldUnusual, err = guardOf(*t.Guard); err != nil {
			return terms, err
		}
	}
	put(&terms.Disabled, t.Disabled)
	return terms, nil
}

// The words for what becomes of an amount that is far from what is usually paid.
const (
	guardOff   = "off"
	guardHolds = "hold"
)

func guardWord(holds bool) string {
	if holds {
		return guardHolds
	}
	return guardOff
}

// guardOf reads one of them.
func guardOf(word string) (holds bool, err error) {
	if word != guardOff && word != guardHolds {
		err = settingError("amount-guard", "must be off or hold")
	}
	return word == guardHolds, err
}

// put sets what was said.
func put[T any](into, value *T) {
	if value != nil {
		*into = *value
	}
}

// AddTerminal adds a terminal with the next number and shows the secret that
// its notices are signed with, for the only time.
func (c Commands) AddTerminal(ctx context.Context, merchantID string, t TerminalTerms) error {
	return c.with(ctx, forWriting, func(k *core) error {
		terms, err := t.on(merchant.Terminal{})
		if err != nil {
			return err
		}
		made, secret, err := k.app.CreateTerminal(ctx, merchantID, terms)
		if err != nil {
			return err
		}
		view := viewTerminal(made)
		view.Secret = secret
		if err := c.Terminal.show(view, terminalHead, [][]string{view.row()}); err != nil {
			return err
		}
		return c.tellSecret(secret)
	})
}

// Terminals lists a merchant's terminals.
func (c Commands) Terminals(ctx context.Context, merchantID string) error {
	return c.with(ctx, forReading, func(k *core) error {
		if _, err := k.app.Merchant(ctx, merchantID); err != nil {
			return err
		}
		known, err := k.app.Terminals(ctx, merchantID)
		if err != nil {
			return err
		}
		views, rows := make([]terminalView, len(known)), make([][]string, len(known))
		for n, t := range known {
			views[n] = viewTerminal(t)
			rows[n] = views[n].row()
		}
		return c.Terminal.show(views, terminalHead, rows)
	})
}

// SetTerminal changes the terms of a terminal. Its number and secret stay.
func (c Commands) SetTerminal(ctx context.Context, merchantID string, number int64, t TerminalTerms) error {
	return c.with(ctx, forWriting, func(k *core) error {
		now, err := k.app.Terminal(ctx, merchantID, number)
		if err != nil {
			return explainTerminal(err, merchantID)
		}
		terms, err := t.on(now)
		if err != nil {
			return err
		}
		changed, err := k.app.ChangeTerminal(ctx, merchantID, number, terms)
		if err != nil {
			return err
		}
		view := viewTerminal(changed)
		return c.Terminal.show(view, terminalHead, [][]string{view.row()})
	})
}

// RotateTerminal gives a terminal a new signing secret and shows it, for the
// only time.
func (c Commands) RotateTerminal(ctx context.Context, merchantID string, number int64) error {
	return c.with(ctx, forWriting, func(k *core) error {
		t, err := k.app.Terminal(ctx, merchantID, number)
		if err != nil {
			return explainTerminal(err, merchantID)
		}
		secret, err := k.app.RotateSecret(ctx, merchantID, t.Endpoint)
		if err != nil {
			return err
		}
		if err := c.Terminal.show(map[string]any{"terminal_number": number, "secret": secret},
			[]string{"Terminal " + strconv.FormatInt(number, 10) +
				" has a new secret; the old one signs too for another day."}, nil); err != nil {
			return err
		}
		return c.tellSecret(secret)
	})
}

func explainTerminal(err error, merchantID string) error {
	if fault.Is(err, fault.CodeTerminalNotFound) {
		return errors.New("this merchant has no such terminal: purser terminal list --merchant " + merchantID +
			" shows them")
	}
	return err
}
