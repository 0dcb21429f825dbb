package app

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// byOperatorNote is the note of what an operator did.
func byOperatorNote(operator, note string) string {
	if note == "" {
		return operator
	}
	return operator + ": " + note
}

// named is nil when somebody says who decides. Error: parameter_missing.
func named(operator string) error {
	if strings.TrimSpace(operator) == "" {
		return fault.New(fault.CodeParameterMissing, "operator", "")
	}
	return nil
}

// NewTrader is an operator's wish to add a trader.
type NewTrader struct {
	ID       string // empty = a new one
	Merchant string
	Name     string
	Operator string
}

// AddTrader adds somebody who receives transfers.
// Errors: merchant_not_found, parameter_missing.
func (a *App) AddTrader(ctx context.Context, n NewTrader) (deal.Trader, error) {
	if err := named(n.Operator); err != nil {
		return deal.Trader{}, err
	}
	name := strings.TrimSpace(n.Name)
	if name == "" {
		return deal.Trader{}, fault.New(fault.CodeParameterMissing, "name", "")
	}
	if _, err := a.store.Merchant(ctx, n.Merchant); err != nil {
		return deal.Trader{}, err
	}
	now := a.now()
	t := deal.Trader{ID: cmp.Or(n.ID, a.newID(now)), Merchant: n.Merchant, Name: name, CreatedAt: now, UpdatedAt: now}
	err := a.commit(ctx, store.Change{
		Traders: []deal.Trader{t},
		Events: []event.Event{happened(event.Trader, n.Merchant, t.ID, "", create, t.Standing(), byOperator,
			n.Operator, now)},
	})
	t.Version++
	return t, err
}

// SwitchTrader lets new deals be made with a trader or not. Deals that are live
// go on. Errors: not_found, parameter_missing.
func (a *App) SwitchTrader(ctx context.Context, merchantID, id string, disabled bool, operator string,
) (t deal.Trader, err error) {
	if err := named(operator); err != nil {
		return t, err
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if t, err = r.Trader(ctx, merchantID, id); err != nil || t.Disabled == disabled {
			return store.Change{}, err
		}
		from, now := t.Standing(), a.now()
		t.Disabled, t.UpdatedAt = disabled, now
		return store.Change{
			Traders: []deal.Trader{t},
			Events: []event.Event{happened(event.Trader, merchantID, id, from, "switch", t.Standing(), byOperator,
				operator, now)},
		}, nil
	})
	return t, err
}

// TraderView is a trader with what is theirs.
type TraderView struct {
	Trader deal.Trader
	Coins  money.Amount // what they have put in and not spent
}

// Traders lists a merchant's traders, newest first.
func (a *App) Traders(ctx context.Context, merchantID string, page Page) ([]TraderView, error) {
	list, err := a.store.Traders(ctx, merchantID, page)
	if err != nil {
		return nil, err
	}
	return a.viewTraders(ctx, list)
}

func (a *App) viewTraders(ctx context.Context, list []deal.Trader) (views []TraderView, err error) {
	views = make([]TraderView, len(list))
	for n, t := range list {
		if views[n], err = a.viewTrader(ctx, t); err != nil {
			return nil, err
		}
	}
	return views, nil
}

// Trader finds one of a merchant's traders. Error: not_found.
func (a *App) Trader(ctx context.Context, merchantID, id string) (TraderView, error) {
	t, err := a.store.Trader(ctx, merchantID, id)
	if err != nil {
		return TraderView{}, err
	}
	return a.viewTrader(ctx, t)
}

func (a *App) viewTrader(ctx context.Context, t deal.Trader) (TraderView, error) {
	view := TraderView{Trader: t, Coins: money.Zero(deal.Coin)}
	balances, err := a.store.BalancesOf(ctx, t.Merchant, ledger.Trader, t.ID)
	for _, b := range balances {
		if b.Account.Unit == deal.Coin {
			view.Coins = b.Amount
		}
	}
	return view, err
}

// TraderCoins is a trader's deposit or withdrawal, which an operator received or
// sent by hand.
type TraderCoins struct {
	Merchant, Trader string
	Amount           money.Amount // in coins
	Out              bool         // they are taken out
	Gateway          string       // what they came or went through, as the operator calls it
	Receipt          string       // the network's id of it; unique for the gateway
	Operator         string
}

// MoveTraderCoins books coins that a trader put in or took out.
// Errors: not_found, parameter_missing, amount_invalid, unit_mismatch, duplicate
// with the parameter "receipt", insufficient_funds.
func (a *App) MoveTraderCoins(ctx context.Context, n TraderCoins) error {
	if err := named(n.Operator); err != nil {
		return err
	}
	for name, text := range map[string]string{"gateway": n.Gateway, "receipt": n.Receipt} {
		if strings.TrimSpace(text) == "" {
			return fault.New(fault.CodeParameterMissing, name, "")
		}
	}
	if n.Amount.Unit() != deal.Coin {
		return fault.New(fault.CodeUnitMismatch, "amount", "")
	}
	if n.Amount.Sign() <= 0 {
		return fault.New(fault.CodeAmountInvalid, "amount", "")
	}
	rule, what := ledger.RuleTraderPaidIn, "put in "
	if n.Out {
		rule, what = ledger.RuleTraderPaidOut, "took out "
	}
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		t, err := r.Trader(ctx, n.Merchant, n.Trader)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		t.UpdatedAt = now
		change := store.Change{
			Traders: []deal.Trader{t},
			Claims: []store.Claim{{
				Merchant: n.Merchant, Kind: store.ReceiptClaim, Key: sessionKey(n.Gateway, n.Receipt), Subject: t.ID,
			}},
			Events: []event.Event{happened(event.Trader, n.Merchant, t.ID, t.Standing(), "coins", t.Standing(), byOperator,
				byOperatorNote(n.Operator, what+n.Amount.String()), now)},
		}
		err = a.postFor(&change, rule, ledger.Cause{Merchant: n.Merchant, Subject: t.ID, At: now},
			ledger.Names{Gateway: n.Gateway, Trader: t.ID}, n.Amount)
		return change, err
	})
}

// RequisiteTerms are what an operator says of a requisite; a zero field of a
// change leaves what was. An amount of zero as DaySum takes that limit away.
type RequisiteTerms struct {
	Merchant, ID   string // an empty id makes a new one
	NewID          string // of a new one; empty = any
	Trader         string // of a new one
	Option, Method string
	Number, Holder string
	Least, Most    money.Amount
	DaySum         money.Amount
	DayCount       *int
	From, Until    *time.Duration
	Disabled       *bool
	Operator       string
}

// PutRequisite adds an account that payers can send money to, or changes one.
// Deals that are live keep what their payers were shown.
// Errors: not_found, parameter_missing, amount_invalid, unit_mismatch, duplicate with
// the parameter "number" where another one in use has it for the same way and bank.
func (a *App) PutRequisite(ctx context.Context, n RequisiteTerms) (q deal.Requisite, err error) {
	if err := named(n.Operator); err != nil {
		return q, err
	}
	defer a.offers.forget()
	defer a.banks.forget()
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		now := a.now()
		trigger, from := create, deal.Standing("")
		if n.ID == "" {
			if _, err := r.Trader(ctx, n.Merchant, n.Trader); err != nil {
				return store.Change{}, err
			}
			q = deal.Requisite{
				ID: cmp.Or(n.NewID, a.newID(now)), Merchant: n.Merchant, Trader: n.Trader, UsedAt: now, CreatedAt: now,
			}
		} else {
			if q, err = r.Requisite(ctx, n.Merchant, n.ID); err != nil {
				return store.Change{}, err
			}
			trigger, from = "change", q.Standing()
		}
		was := q
		q = n.apply(q)
		q.UpdatedAt = now
		if err := q.Check(); err != nil {
			return store.Change{}, err
		}
		change := store.Change{
			Requisites: []deal.Requisite{q},
			Events: []event.Event{happened(event.Requisite, n.Merchant, q.ID, from, trigger, q.Standing(), byOperator,
				n.Operator, now)},
		}
		err = takePlace(ctx, r, was, q, &change)
		return change, err
	})
	if fault.Is(err, fault.CodeDuplicate) && fault.From(err).Param == string(store.RequisiteClaim) {
		err = placeTaken() // by somebody at this very moment
	}
	q.Version++
	return q, err
}

// apply changes what is said.
func (n RequisiteTerms) apply(q deal.Requisite) deal.Requisite {
	for _, text := range []struct {
		into *string
		said string
	}{{&q.Option, n.Option}, {&q.Method, n.Method}, {&q.Number, n.Number}, {&q.Holder, n.Holder}} {
		if text.said != "" {
			*text.into = text.said
		}
	}
	for _, amount := range []struct {
		into *money.Amount
		said money.Amount
	}{{&q.Least, n.Least}, {&q.Most, n.Most}, {&q.DaySum, n.DaySum}} {
		if amount.said.Valid() {
			*amount.into = amount.said
		}
	}
	if q.DaySum.Valid() && q.DaySum.IsZero() {
		q.DaySum = money.Amount{}
	}
	if n.DayCount != nil {
		q.DayCount = *n.DayCount
	}
	if n.From != nil {
		q.From = *n.From
	}
	if n.Until != nil {
		q.Until = *n.Until
	}
	if n.Disabled != nil {
		q.Disabled = *n.Disabled
	}
	return q
}

// Offers are the ways and banks on which a merchant's payers can send money,
// whether or not one is free now. What another node changed may be missing for
// some seconds. Callers leave the list as it is.
func (a *App) Offers(ctx context.Context, merchantID string) ([]deal.Offer, error) {
	return a.offers.find(a.now(), merchantID, func() ([]deal.Offer, error) { return a.store.Offers(ctx, merchantID) })
}

// Banks are those at which payers of any merchant can send money in a unit. What
// another node changed may be missing for some seconds. Callers leave the list as
// it is.
func (a *App) Banks(ctx context.Context, unit money.Unit) ([]string, error) {
	return a.banks.find(a.now(), unit, func() ([]string, error) { return a.store.Banks(ctx, unit) })
}

// RequisiteFilter selects requisites; an empty field selects all.
type RequisiteFilter = store.RequisiteFilter

// Requisites lists a merchant's requisites, newest first.
func (a *App) Requisites(ctx context.Context, merchantID string, f RequisiteFilter, page Page,
) ([]deal.Requisite, error) {
	return a.store.Requisites(ctx, merchantID, f, page)
}
