package app

import (
	"context"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
)

// NewPayout is the wish to send coins out of an account.
type NewPayout struct {
	ID          string
	Merchant    string
	Account     int64
	Amount      money.Amount // the fee comes out of it
	Rail        string       // a network of the merchant, such as "TRX"
	Destination string
	Reference   string // the wish's own name, unique for the account; empty = none
	Bag         map[string]string
}

// RequestPayout sets the money aside and leaves the sending to an operator.
// Errors: parameter_invalid for the network or the address, amount_invalid,
// amount_too_small, account_not_found, account_closed, duplicate with the
// parameter "payout", insufficient_funds.
func (a *App) RequestPayout(ctx context.Context, n NewPayout) (payout.Payout, error) {
	m, err := a.Merchant(ctx, n.Merchant)
	if err != nil {
		return payout.Payout{}, err
	}
	rail, ok := m.Rail(n.Amount.Unit(), n.Rail)
	if !ok || !rail.Active {
		return payout.Payout{}, fault.New(fault.CodeParameterInvalid, "network", "Nothing is sent out on this network.")
	}
	now := a.now()
	p := payout.Payout{
		ID: n.ID, Merchant: n.Merchant, State: payout.Requested, Account: n.Account, Amount: n.Amount, Fee: rail.Fee,
		Rail: n.Rail, Destination: n.Destination, Reference: n.Reference, Bag: n.Bag, CreatedAt: now, UpdatedAt: now,
	}
	if err := fitsRail(p, rail); err != nil {
		return payout.Payout{}, err
	}
	change := store.Change{
		Payouts: []payout.Payout{p},
		Events:  []event.Event{happened(event.Payout, p.Merchant, p.ID, "", create, p.State, byMerchant, "", now)},
	}
	if n.Reference != "" {
		change.Claims = []store.Claim{{
			Merchant: n.Merchant, Kind: store.PayoutClaim, Key: ownName(n.Account, n.Reference), Subject: n.ID,
		}}
	}
	if err := a.postFor(&change, ledger.RulePayoutHeld, causeOfPayout(p, now), namesOf(p), p.Amount); err != nil {
		return payout.Payout{}, err
	}
	if err := a.spend(ctx, n.Merchant, n.Account, change); err != nil {
		return payout.Payout{}, err
	}
	p.Version++
	return p, nil
}

// fitsRail is nil when a network takes the payout.
func fitsRail(p payout.Payout, rail merchant.Rail) error {
	if err := p.Check(); err != nil {
		return err
	}
	if less, err := p.Amount.Cmp(rail.Min); err != nil || less < 0 {
		return fault.Newf(fault.CodeAmountTooSmall, "amount", "The smallest amount on this network is %s.", rail.Min.Text()).
			With(err)
	}
	if _, fraction, _ := strings.Cut(p.Amount.Text(), "."); len(fraction) > rail.Decimals {
		return fault.Newf(fault.CodeAmountInvalid, "amount", "This network knows %d decimal places.", rail.Decimals)
	}
	return payout.CheckAddress(p.Rail, p.Destination)
}

func causeOfPayout(p payout.Payout, now time.Time) ledger.Cause {
	return ledger.Cause{Merchant: p.Merchant, Subject: p.ID, At: now}
}

func namesOf(p payout.Payout) ledger.Names {
	return ledger.Names{Gateway: p.Rail, Owner: ownerOf(p.Account)}
}

// Payout finds one of a merchant's payouts. Error: payout_not_found.
func (a *App) Payout(ctx context.Context, merchantID, id string) (payout.Payout, error) {
	return a.store.Payout(ctx, merchantID, id)
}

// PayoutFilter selects payouts; an empty field selects all.
type PayoutFilter = store.PayoutFilter

// Payouts lists payouts, newest first.
func (a *App) Payouts(ctx context.Context, f PayoutFilter, page Page) ([]payout.Payout, error) {
	return a.store.Payouts(ctx, f, page)
}
