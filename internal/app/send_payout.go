package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
)

// Taking is a trader's word, through an operator, that the trader sends a payout.
type Taking struct {
	ID               string // of the deal, in the form that its users know
	Merchant, Payout string
	Trader           string
	Operator         string
	Note             string
}

// TakePayout gives an approved payout to one trader, who sends it. From now on
// only the trader or an operator ends it.
// Errors: payout_not_found, not_found with the parameter "trader",
// parameter_missing, parameter_invalid for a trader who is disabled, wrong_state
// when it is not approved, taken already, over, or none that traders send.
func (a *App) TakePayout(ctx context.Context, n Taking) (d deal.Deal, err error) {
	if err := named(n.Operator); err != nil {
		return d, err
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		p, err := r.Payout(ctx, n.Merchant, n.Payout)
		if err != nil {
			return store.Change{}, err
		}
		t, err := r.Trader(ctx, n.Merchant, n.Trader)
		if err != nil {
			return store.Change{}, err
		}
		now := a.now()
		switch {
		case t.Disabled:
			return store.Change{}, fault.New(fault.CodeParameterInvalid, "trader", "The trader is disabled.")
		case !p.ByTraders() || !p.Due.IsZero() && !now.Before(p.Due):
			return store.Change{}, fault.New(fault.CodeWrongState, "payout", "")
		}
		var change store.Change
		said := byOperatorNote(strings.TrimSpace(n.Operator), n.Note)
		if err := movePayout(&p, byOperator, said, now, &change, payout.Submit); err != nil {
			return store.Change{}, err
		}
		coins, err := p.Net()
		if err != nil {
			return store.Change{}, err
		}
		d = deal.Deal{
			ID: n.ID, Merchant: p.Merchant, State: deal.TransferWaiting, Payout: p.ID, Trader: t.ID, Option: p.Payee.Option,
			Method: p.Payee.Method, Number: p.Payee.Number, Holder: p.Payee.Holder, Amount: p.Sum, Rate: p.Rate,
			Percent: p.Percent, Coins: coins, Fee: p.Fee, Held: money.Zero(deal.Coin), Deadline: p.Due,
			CreatedAt: now, UpdatedAt: now,
		}
		change.Payouts, change.Deals = []payout.Payout{p}, []deal.Deal{d}
		change.Events = append(change.Events,
			happened(event.Deal, d.Merchant, d.ID, "", create, d.State, byOperator, said, now))
		return change, nil
	})
	d.Version++
	return d, err
}

// sent books that a trader has sent the money of a payout: the trader is paid
// for it, and the fee is kept. What was paid for before and then disputed only
// stays what it was.
// Errors: parameter_missing without a receipt, amount_invalid for another sum,
// wrong_state, and duplicate with the parameter "receipt", from the commit, when
// the trader has shown it before.
func (a *App) sent(d *deal.Deal, p *payout.Payout, w DealWord, now time.Time, change *store.Change) error {
	if w.Paid.Valid() && w.Paid != d.Amount {
		return fault.New(fault.CodeAmountInvalid, "paid", "A payout is sent as a whole.")
	}
	said, before := byOperatorNote(strings.TrimSpace(w.Operator), w.Note), d.Paid.Valid()
	d.Paid = d.Amount
	if err := moveDeal(d, deal.Complete, byOperator, said, now, change); err != nil {
		return err
	}
	p.Note, change.Payouts = w.Note, nil
	if before {
		notePayout(p, payout.Trigger(deal.Complete), byOperator, said, now, change)
		change.Payouts = []payout.Payout{*p}
		return nil
	}
	if p.Receipt = strings.TrimSpace(w.Receipt); p.Receipt == "" {
		return fault.New(fault.CodeParameterMissing, "receipt", "")
	}
	change.Claims = append(change.Claims, store.Claim{
		Merchant: p.Merchant, Kind: store.ReceiptClaim, Key: sessionKey(payout.Traders, sessionKey(d.Trader, p.Receipt)),
		Subject: p.ID,
	})
	if err := movePayout(p, byOperator, said, now, change, payout.Confirm); err != nil {
		return err
	}
	change.Payouts = []payout.Payout{*p}
	return a.bookSending(change, *d, *p, now, ledger.RulePayoutDealt, ledger.RulePayoutFee)
}

// bookSending moves the coins of a deal under one rule and its fee under another.
func (a *App) bookSending(change *store.Change, d deal.Deal, p payout.Payout, now time.Time,
	coins, fee ledger.Rule,
) error {
	names := ledger.Names{Gateway: feesOfDeals, Owner: ownerOf(p.Account), Trader: d.Trader}
	if err := a.postFor(change, coins, causeOfPayout(p, now), names, d.Coins); err != nil {
		return err
	}
	if d.Fee.Sign() == 0 {
		return nil
	}
	return a.postFor(change, fee, causeOfPayout(p, now), names, d.Fee)
}

// completeSending takes the word that a trader has sent the money, while a
// condition holds.
func (a *App) completeSending(ctx context.Context, w DealWord, while func(deal.Deal) bool) (d deal.Deal, err error) {
	return a.decideSending(ctx, w, while, func(d *deal.Deal, p *payout.Payout, now time.Time, change *store.Change) error {
		return a.sent(d, p, w, now, change)
	})
}

// giveBack ends a deal whose trader has not sent the money: another may take the
// payout.
func (a *App) giveBack(ctx context.Context, w DealWord, while func(deal.Deal) bool) (d deal.Deal, err error) {
	return a.decideSending(ctx, w, while, func(d *deal.Deal, p *payout.Payout, now time.Time, change *store.Change) error {
		said := byOperatorNote(strings.TrimSpace(w.Operator), w.Note)
		if err := moveDeal(d, deal.Cancel, byOperator, said, now, change); err != nil {
			return err
		}
		p.Note = w.Note
		err := movePayout(p, byOperator, said, now, change, payout.GiveBack)
		change.Payouts = []payout.Payout{*p}
		return err
	})
}

// undo ends a dispute for the merchant: the money did not arrive, and what was
// taken for it is the merchant's again. Where the trader was paid for it, the
// trader's coins pay that back.
// Error: insufficient_funds, from the commit, when the trader has too few.
func (a *App) undo(ctx context.Context, w DealWord) (deal.Deal, error) {
	if w.Paid.Valid() {
		return deal.Deal{}, fault.New(fault.CodeAmountInvalid, "paid", "A payout is undone as a whole.")
	}
	return a.decideSending(ctx, w, isDisputed,
		func(d *deal.Deal, p *payout.Payout, now time.Time, change *store.Change) error {
			said, before := byOperatorNote(strings.TrimSpace(w.Operator), w.Note), d.Paid.Valid()
			d.Paid = money.Amount{}
			if err := moveDeal(d, deal.Cancel, byOperator, said, now, change); err != nil {
				return err
			}
			p.Note = w.Note
			if !before {
				err := a.releasePayout(p, byOperator, said, now, change, payout.Fail)
				change.Payouts = []payout.Payout{*p}
				return err
			}
			if err := movePayout(p, byOperator, said, now, change, payout.Undo); err != nil {
				return err
			}
			change.Payouts = []payout.Payout{*p}
			return a.bookSending(change, *d, *p, now, ledger.RulePayoutUndone, ledger.RuleFeeReversed)
		})
}

// decideSending is the loop of a decision about the deal of a payout.
func (a *App) decideSending(ctx context.Context, w DealWord, while func(deal.Deal) bool,
	decide func(*deal.Deal, *payout.Payout, time.Time, *store.Change) error,
) (d deal.Deal, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if d, err = r.Deal(ctx, w.Merchant, w.Deal); err != nil {
			return store.Change{}, err
		}
		if !while(d) {
			return store.Change{}, fault.New(fault.CodeWrongState, "deal", "")
		}
		p, err := r.Payout(ctx, d.Merchant, d.Payout)
		if err != nil {
			return store.Change{}, err
		}
		var change store.Change
		err = decide(&d, &p, a.now(), &change)
		return change, err
	})
	d.Version++
	return d, err
}

// liveDealOf is the deal of a payout that is not decided. Error: wrong_state.
func liveDealOf(ctx context.Context, r store.Reader, p payout.Payout) (deal.Deal, error) {
	deals, err := r.DealsOfPayouts(ctx, p.Merchant, p.ID)
	if err != nil {
		return deal.Deal{}, err
	}
	at := slices.IndexFunc(deals, func(d deal.Deal) bool {
		return d.State == deal.TransferWaiting || d.State == deal.TransferConfirmed
	})
	if at < 0 {
		return deal.Deal{}, fault.New(fault.CodeWrongState, "deal", "")
	}
	return deals[at], nil
}

// ExpirePayouts ends payouts that nobody has begun to send in time, up to limit,
// and says how many: the money is where it was. One that is being sent is never
// ended by time.
func (a *App) ExpirePayouts(ctx context.Context, limit int) (int, error) {
	due, err := a.store.DuePayouts(ctx, a.now(), limit)
	if err != nil {
		return 0, err
	}
	ended := 0
	var failures []error
	for _, p := range due {
		done, err := a.endPayout(ctx, p.Merchant, p.ID, byWorker, "nobody took it in time", payout.Expire,
			func(p payout.Payout) bool { return p.Waiting() && !p.Due.IsZero() && !a.now().Before(p.Due) })
		if err != nil { // one that fails keeps no other waiting
			failures = append(failures, fmt.Errorf("end payout %s of merchant %s: %w", p.ID, p.Merchant, err))
		} else if done.State == payout.Expired {
			ended++
		}
	}
	return ended, errors.Join(failures...)
}

// WithdrawPayout takes a merchant's wish back while nobody has begun to send it.
// One that is canceled already stays as it is.
// Errors: payout_not_found, wrong_state.
func (a *App) WithdrawPayout(ctx context.Context, merchantID, id string) (payout.Payout, error) {
	return a.cancelPayout(ctx, merchantID, id, byMerchant, "")
}

// CancelPayout is the same by an operator.
// Errors: payout_not_found, parameter_missing, wrong_state.
func (a *App) CancelPayout(ctx context.Context, w PayoutWord) (payout.Payout, error) {
	if err := named(w.Operator); err != nil {
		return payout.Payout{}, err
	}
	return a.cancelPayout(ctx, w.Merchant, w.Payout, byOperator, w.said())
}

func (a *App) cancelPayout(ctx context.Context, merchantID, id, actor, note string) (payout.Payout, error) {
	p, err := a.endPayout(ctx, merchantID, id, actor, note, payout.Cancel, payout.Payout.Waiting)
	if err == nil && p.State != payout.Canceled {
		err = fault.New(fault.CodeWrongState, "payout", "")
	}
	return p, err
}

// endPayout gives the money of a payout back while a condition holds, and finds
// it as it is otherwise.
func (a *App) endPayout(ctx context.Context, merchantID, id, actor, note string, t payout.Trigger,
	while func(payout.Payout) bool,
) (p payout.Payout, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if p, err = r.Payout(ctx, merchantID, id); err != nil || !while(p) {
			return store.Change{}, err
		}
		var change store.Change
		if err := a.releasePayout(&p, actor, note, a.now(), &change, t); err != nil {
			return store.Change{}, err
		}
		p.Note = note
		change.Payouts = []payout.Payout{p}
		p.Version++
		return change, nil
	})
	return p, err
}
