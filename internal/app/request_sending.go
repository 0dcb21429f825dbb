package app

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// NewSending is the wish of a merchant that a trader sends money to somebody, in
// that person's currency. The merchant pays for it in coins.
type NewSending struct {
	ID        string
	Merchant  string
	Terminal  int64        // whose fee is taken; 0 = none, without a fee
	Reference string       // the merchant's own number for it, unique in the terminal together with its invoices
	Sum       money.Amount // what is to be sent
	Payee     payout.Payee
	Due       time.Time // when it ends unless a trader has taken it; zero = never
	Bag       map[string]string
	Notice    payout.Notice
	// NoticeSecret comes with every notice, where its form has a place for it; empty =
	// none.
	NoticeSecret string
}

// RequestSending fixes the rate and the fee of a payout that a trader is to send,
// and sets aside what it costs of the merchant's own money, rounded up.
// Errors: amount_invalid, parameter_missing with the parameters "option",
// "method" and "requisites", parameter_invalid for a notice address that cannot
// be told, rate_missing, terminal_not_found, duplicate with the parameter
// "reference" when the terminal has used it and with "id" when the merchant has,
// insufficient_funds.
func (a *App) RequestSending(ctx context.Context, n NewSending) (payout.Payout, error) {
	now := a.now()
	p := payout.Payout{
		ID: n.ID, Merchant: n.Merchant, State: payout.Requested, Account: wallet.House, Rail: payout.Traders,
		Destination: n.Payee.Number, Reference: n.Reference, Terminal: n.Terminal, Due: n.Due, Bag: n.Bag, Notice: n.Notice,
		Sum: n.Sum, Payee: n.Payee, CreatedAt: now, UpdatedAt: now,
	}
	if err := p.CheckSending(); err != nil {
		return payout.Payout{}, err
	}
	notice := invoice.Notice(n.Notice)
	if err := a.prepareNotice(p.Merchant, p.ID, &notice, n.NoticeSecret); err != nil {
		return payout.Payout{}, err
	}
	p.Notice = payout.Notice(notice)
	if err := a.priceSending(ctx, &p); err != nil {
		return payout.Payout{}, err
	}
	change := store.Change{
		Payouts: []payout.Payout{p},
		Events:  []event.Event{happened(event.Payout, p.Merchant, p.ID, "", create, p.State, byMerchant, "", now)},
	}
	if n.Terminal != 0 && n.Reference != "" {
		change.Claims = []store.Claim{{
			Merchant: n.Merchant, Kind: store.ReferenceClaim, Key: ownName(n.Terminal, n.Reference), Subject: n.ID,
		}}
	}
	if err := a.postFor(&change, ledger.RulePayoutHeld, causeOfPayout(p, now), namesOf(p), p.Amount); err != nil {
		return payout.Payout{}, err
	}
	err := a.commit(ctx, change)
	if fault.Is(err, fault.CodeVersionConflict) { // nothing was read, so only the id can be in the way
		err = fault.New(fault.CodeDuplicate, "id", "")
	}
	if err != nil {
		return payout.Payout{}, err
	}
	p.Version++
	return p, nil
}

// priceSending fixes the rate, the fee and what the payout takes in coins. The
// merchant spends coins, so it gets the rate for those.
func (a *App) priceSending(ctx context.Context, p *payout.Payout) error {
	market, err := dealMarket(ctx, a.store, p.Merchant, p.Sum.Unit())
	if err != nil {
		return err
	}
	if p.Rate = market.Sell; !p.Rate.Valid() {
		return fault.New(fault.CodeRateMissing, "currency", "")
	}
	if p.Terminal != 0 {
		t, err := a.Terminal(ctx, p.Merchant, p.Terminal)
		if err != nil {
			return err
		}
		p.Percent = t.DealFee
	}
	coins, fee, err := deal.Deal{Rate: p.Rate, Percent: p.Percent}.Cost(p.Sum)
	if err != nil {
		return err
	}
	p.Fee = fee
	if p.Amount, err = coins.Add(fee); err != nil {
		return err
	}
	return p.Check()
}

// dealMarket is where a unit is traded for coins; it has no rates where there is
// none.
func dealMarket(ctx context.Context, r store.Reader, merchantID string, u money.Unit) (wallet.Market, error) {
	markets, err := r.Markets(ctx, merchantID)
	for _, m := range markets {
		if m.Base == deal.Coin && m.Quote == u {
			return m, err
		}
	}
	return wallet.Market{}, err
}

// Asked names one thing that was asked for at a terminal: an invoice or a payout.
type Asked = store.Asked

// AskedAt lists the invoices and the payouts of a merchant's terminal, newest
// first.
func (a *App) AskedAt(ctx context.Context, merchantID string, terminal int64, page Page) ([]Asked, error) {
	return a.store.AskedAt(ctx, merchantID, terminal, page)
}

// Referenced finds the id of the invoice or the payout that a terminal knows by a
// number of the merchant's own. Error: not_found.
func (a *App) Referenced(ctx context.Context, merchantID string, terminal int64, reference string) (string, error) {
	c, err := a.store.Claimed(ctx, merchantID, store.ReferenceClaim, ownName(terminal, reference))
	return c.Subject, err
}

// PayoutOwner finds the merchant of a payout by an id that nobody can guess.
// Error: payout_not_found.
func (a *App) PayoutOwner(ctx context.Context, id string) (string, error) {
	return a.store.Owner(ctx, event.Payout, id)
}

// DealsOfPayouts are the deals that carried payouts out, in order of creation.
func (a *App) DealsOfPayouts(ctx context.Context, merchantID string, payoutIDs ...string) ([]deal.Deal, error) {
	return a.store.DealsOfPayouts(ctx, merchantID, payoutIDs...)
}

// HeldByPayouts is what an account's payouts that are not decided have taken, in one unit.
func (a *App) HeldByPayouts(ctx context.Context, merchantID string, account int64, u money.Unit,
) (money.Amount, error) {
	return a.store.HeldByPayouts(ctx, merchantID, account, u)
}
