package app

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// TerminalTerms are what can be said of a terminal.
type TerminalTerms struct {
	Name     string
	Origins  []string      // where payers may be sent back to; empty = anywhere
	Form     string        // how its notices are written; empty = the usual way
	VerifyIn time.Duration // 0 = 30 minutes
	PayIn    time.Duration // 0 = for ever
	RefundIn time.Duration // 0 = for ever
	DealFee  money.Rate    // of a hundred, of what payers send to somebody; not valid = none
	DealIn   time.Duration // 0 = the usual time
	Disabled bool
	// HoldUnusual holds invoices of unusual amounts until they are confirmed.
	HoldUnusual bool
}

// The bounds of a terminal's times.
const (
	leastTime = time.Minute
	mostTime  = 366 * 24 * time.Hour
)

// CreateTerminal adds a terminal with the next number, and returns the secret
// that its notices are signed with; it cannot be shown again.
// Errors: merchant_not_found, parameter_missing, parameter_invalid.
func (a *App) CreateTerminal(ctx context.Context, merchantID string, terms TerminalTerms,
) (merchant.Terminal, string, error) {
	if _, err := a.store.Merchant(ctx, merchantID); err != nil {
		return merchant.Terminal{}, "", err
	}
	if err := terms.check(); err != nil {
		return merchant.Terminal{}, "", err
	}
	var t merchant.Terminal
	secret := a.newSigningSecret()
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		known, err := r.Terminals(ctx, merchantID)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		t = merchant.Terminal{Merchant: merchantID, Number: merchant.FirstTerminal, CreatedAt: now, UpdatedAt: now}
		if n := len(known); n > 0 {
			t.Number = known[n-1].Number + 1
		}
		t = terms.on(t)
		// It has no address of its own: every invoice brings one. It only signs.
		e := event.Endpoint{ID: "ep_" + a.newID(now), Merchant: merchantID, CreatedAt: now, UpdatedAt: now}
		if e.Sealed, err = a.sealSecrets(e, []signingSecret{{Secret: secret}}); err != nil {
			return store.Change{}, err
		}
		t.Endpoint = e.ID
		return store.Change{Terminals: []merchant.Terminal{t}, Endpoints: []event.Endpoint{e}}, nil
	})
	a.terminals.forget()
	a.endpoints.forget()
	t.Version++
	return t, secret, err
}

// ChangeTerminal gives a terminal other terms. Its number and secret stay.
// Errors: terminal_not_found, parameter_missing, parameter_invalid.
func (a *App) ChangeTerminal(ctx context.Context, merchantID string, number int64, terms TerminalTerms,
) (merchant.Terminal, error) {
	return a.AmendTerminal(ctx, merchantID, number, func(TerminalTerms) TerminalTerms { return terms })
}

// AmendTerminal gives a terminal the terms that a function makes of its present
// ones, so that two who change different terms at once both have their way.
// Errors: as of ChangeTerminal.
func (a *App) AmendTerminal(ctx context.Context, merchantID string, number int64,
	amend func(TerminalTerms) TerminalTerms,
) (merchant.Terminal, error) {
	var t merchant.Terminal
	defer a.terminals.forget()
	err := a.update(ctx, func(r store.Reader) (store.Change, error) {
		known, err := r.Terminals(ctx, merchantID)
		if err != nil {
			return store.Change{}, err
		}
		if t, err = numbered(known, number); err != nil {
			return store.Change{}, err
		}
		terms := amend(termsOf(t))
		if err := terms.check(); err != nil {
			return store.Change{}, err
		}
		was := t.Disabled
		t = terms.on(t)
		t.UpdatedAt = a.now()
		return store.Change{
			Terminals: []merchant.Terminal{t},
			Events: []event.Event{acted(event.Terminal, merchantID, strconv.FormatInt(number, 10),
				switched(was, t.Disabled), t.UpdatedAt)},
		}, nil
	})
	t.Version++
	return t, err
}

// check is nil for terms that a terminal can have.
func (n TerminalTerms) check() error {
	if strings.TrimSpace(n.Name) == "" {
		return fault.New(fault.CodeParameterMissing, "name", "")
	}
	for _, origin := range n.Origins {
		u, err := url.Parse(origin)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || merchant.Origin(u) != origin {
			return fault.New(fault.CodeParameterInvalid, "origins",
				"An origin is scheme and host in lower case and nothing else, such as https://shop.example")
		}
	}
	for _, t := range []struct {
		param string
		value time.Duration
	}{{"verify_in", n.VerifyIn}, {"pay_in", n.PayIn}, {"refund_in", n.RefundIn}, {"deal_in", n.DealIn}} {
		if t.value != 0 && (t.value < leastTime || t.value > mostTime) {
			return fault.New(fault.CodeParameterInvalid, t.param, "A time is a minute to 366 days.")
		}
	}
	return nil
}

// termsOf are the present terms of a terminal.
func termsOf(t merchant.Terminal) TerminalTerms {
	return TerminalTerms{
		Name: t.Name, Origins: slices.Clone(t.Origins), Form: t.Form, VerifyIn: t.VerifyIn, PayIn: t.PayIn,
		RefundIn: t.RefundIn, DealFee: t.DealFee, DealIn: t.DealIn, Disabled: t.Disabled,
		HoldUnusual: t.HoldUnusual,
	}
}

// on is the terminal with these terms.
func (n TerminalTerms) on(t merchant.Terminal) merchant.Terminal {
	t.Name, t.Origins, t.Form, t.Disabled = n.Name, slices.Clone(n.Origins), n.Form, n.Disabled
	t.VerifyIn, t.PayIn, t.RefundIn = n.VerifyIn, n.PayIn, n.RefundIn
	t.DealFee, t.DealIn, t.HoldUnusual = n.DealFee, n.DealIn, n.HoldUnusual
	if t.VerifyIn == 0 {
		t.VerifyIn = merchant.UsualVerifyIn
	}
	return t
}

// TerminalSecret is the newest secret that a terminal's notices are signed with: for
// who has just made it, and for nobody later. Error: terminal_not_found.
func (a *App) TerminalSecret(ctx context.Context, merchantID string, number int64) (string, error) {
	t, err := a.Terminal(ctx, merchantID, number)
	if err != nil {
		return "", err
	}
	e, err := endpointOf(ctx, a.store, merchantID, t.Endpoint)
	if err != nil {
		return "", err
	}
	return a.SigningSecret(e)
}

func numbered(known []merchant.Terminal, number int64) (merchant.Terminal, error) {
	n := slices.IndexFunc(known, func(t merchant.Terminal) bool { return t.Number == number })
	if n < 0 {
		return merchant.Terminal{}, fault.New(fault.CodeTerminalNotFound, "terminal", "")
	}
	return known[n], nil
}

// Terminals lists a merchant's terminals by number.
func (a *App) Terminals(ctx context.Context, merchantID string) ([]merchant.Terminal, error) {
	return a.store.Terminals(ctx, merchantID)
}

// Terminal finds one; it may be as old as the cache allows, but it is not missed.
// Error: terminal_not_found.
func (a *App) Terminal(ctx context.Context, merchantID string, number int64) (merchant.Terminal, error) {
	known, err := a.terminals.find(a.now(), merchantID, func() ([]merchant.Terminal, error) {
		return a.store.Terminals(ctx, merchantID)
	})
	if err != nil {
		return merchant.Terminal{}, err
	}
	t, err := numbered(known, number)
	if err == nil {
		return t, nil
	}
	if known, err = a.store.Terminals(ctx, merchantID); err != nil { // another node may have added it
		return merchant.Terminal{}, err
	}
	return numbered(known, number)
}
