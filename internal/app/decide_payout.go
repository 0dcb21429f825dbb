package app

import (
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
)

// PayoutWord is an operator's word about a payout.
type PayoutWord struct {
	Merchant, Payout string
	Operator         string // who says so
	Note             string
	Receipt          string // of ConfirmPayout: the rail's id of the money movement
}

// ApprovePayout takes a payout on: the operator is about to send it by hand, or a
// trader may take it, or it is sent at once by the merchant's gateway that its
// rail is named after, if that can send payouts. What is returned then may be
// paid, failed (its Note says why) or processing, which means that nobody knows
// yet. One that takes more than the merchant's limit needs the word of a second
// person; until it comes, only the first one's name is noted.
// Errors: payout_not_found, parameter_missing, wrong_state, parameter_invalid
// with the parameter "operator" when the same person says it twice.
func (a *App) ApprovePayout(ctx context.Context, w PayoutWord) (payout.Payout, error) {
	if err := named(w.Operator); err != nil {
		return payout.Payout{}, err
	}
	wish, err := a.Payout(ctx, w.Merchant, w.Payout)
	if err != nil {
		return wish, err
	}
	by, err := a.senderOf(ctx, wish)
	if err != nil {
		return wish, err
	}
	p, err := a.approvePayout(ctx, w, by.name)
	if err != nil || p.State != payout.Approved || !p.ByGateway() {
		return p, err
	}
	told, err := a.disburse(ctx, p)
	if err == nil {
		return told, nil
	}
	// It is approved all the same: somebody else was faster, or the worker goes on.
	a.log.WarnContext(ctx, "payout could not be sent yet", slog.String("merchant", p.Merchant),
		slog.String("payout", p.ID), slog.String("error", fault.Detail(err)))
	return a.Payout(ctx, w.Merchant, w.Payout)
}

// approvePayout takes it on for whoever sends it.
func (a *App) approvePayout(ctx context.Context, w PayoutWord, sender string) (payout.Payout, error) {
	return a.decidePayout(ctx, w, func(r store.Reader, p *payout.Payout, change *store.Change, now time.Time) error {
		if _, err := payout.States.Next(p.State, payout.Approve); err != nil {
			return err
		}
		m, err := r.Merchant(ctx, p.Merchant)
		if err != nil {
			return err
		}
		approved, enough, err := p.ApprovedBy(strings.TrimSpace(w.Operator), m.PayoutLimits)
		if err != nil {
			return err
		}
		*p = approved
		if !enough {
			notePayout(p, payout.Approve, byOperator, w.said()+"; a second person has to approve it", now, change)
			return nil
		}
		if sender != "" { // it hears of it at once, or else the worker tells it
			p.Gateway, p.CheckAt = sender, now.Add(2*gatewayTime)
		}
		if p.ByTraders() || p.ByGateway() { // somebody else has to take it
			return movePayout(p, byOperator, w.said(), now, change, payout.Approve)
		}
		return movePayout(p, byOperator, w.said(), now, change, payout.Approve, payout.Submit)
	})
}

// RejectPayout gives the money back to the account; nothing was sent.
// Errors: payout_not_found, parameter_missing, wrong_state.
func (a *App) RejectPayout(ctx context.Context, w PayoutWord) (payout.Payout, error) {
	return a.decidePayout(ctx, w, func(_ store.Reader, p *payout.Payout, change *store.Change, now time.Time) error {
		return a.releasePayout(p, byOperator, w.said(), now, change, payout.Reject)
	})
}

// FailPayout gives the money back to the account: it was sent and came back.
// Errors: payout_not_found, parameter_missing, wrong_state, unsupported when its
// gateway answers for itself.
func (a *App) FailPayout(ctx context.Context, w PayoutWord) (payout.Payout, error) {
	return a.decidePayout(ctx, w, func(_ store.Reader, p *payout.Payout, change *store.Change, now time.Time) error {
		if p.ByTraders() { // its deal decides: the trader gives it back, or it is disputed
			return fault.New(fault.CodeWrongState, "payout", "")
		}
		if err := undecided(*p); err != nil {
			return err
		}
		return a.releasePayout(p, byOperator, w.said(), now, change, payout.Fail)
	})
}

// ConfirmPayout books that the rail, or the trader who took it, sent the money. Its
// receipt may be used once. Errors: payout_not_found, parameter_missing, wrong_state,
// unsupported when its gateway answers for itself, duplicate with the parameter "receipt".
func (a *App) ConfirmPayout(ctx context.Context, w PayoutWord) (payout.Payout, error) {
	w.Receipt = strings.TrimSpace(w.Receipt)
	if w.Receipt == "" {
		return payout.Payout{}, fault.New(fault.CodeParameterMissing, "receipt", "")
	}
	return a.decidePayout(ctx, w, func(r store.Reader, p *payout.Payout, change *store.Change, now time.Time) error {
		if p.ByTraders() {
			d, err := liveDealOf(ctx, r, *p)
			if err != nil {
				return err
			}
			return a.sent(&d, p, DealWord{Operator: w.Operator, Note: w.Note, Receipt: w.Receipt}, now, change)
		}
		if err := undecided(*p); err != nil {
			return err
		}
		return a.bookPayout(p, w.Receipt, byOperator, w.said(), now, change)
	})
}

// said is who says it and why, as the history keeps it.
func (w PayoutWord) said() string { return byOperatorNote(strings.TrimSpace(w.Operator), w.Note) }

// decidePayout is the loop of an operator's decision about a payout.
func (a *App) decidePayout(ctx context.Context, w PayoutWord,
	decide func(store.Reader, *payout.Payout, *store.Change, time.Time) error,
) (p payout.Payout, err error) {
	if err := named(w.Operator); err != nil {
		return p, err
	}
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		if p, err = r.Payout(ctx, w.Merchant, w.Payout); err != nil {
			return store.Change{}, err
		}
		var change store.Change
		now := a.now()
		p.Note, p.UpdatedAt = w.Note, now
		if err := decide(r, &p, &change, now); err != nil {
			return store.Change{}, err
		}
		change.Payouts = []payout.Payout{p}
		return change, nil
	})
	p.Version++
	return p, err
}

// movePayout takes a payout through triggers, with one event each.
func movePayout(p *payout.Payout, actor, note string, now time.Time, change *store.Change, triggers ...payout.Trigger,
) error {
	for _, t := range triggers {
		from := p.State
		to, err := payout.States.Next(from, t)
		if err != nil {
			return err
		}
		p.State, p.UpdatedAt = to, now
		if to != payout.Approved && to != payout.Processing { // nothing is waited for any more
			p.CheckAt, p.Attention = never, ""
		}
		change.Events = append(change.Events,
			happened(event.Payout, p.Merchant, p.ID, from, t, to, actor, note, now))
	}
	return nil
}

// notePayout writes down what happened to a payout that stays in its state.
func notePayout(p *payout.Payout, t payout.Trigger, actor, note string, now time.Time, change *store.Change) {
	p.UpdatedAt = now
	change.Events = append(change.Events,
		happened(event.Payout, p.Merchant, p.ID, p.State, t, p.State, actor, note, now))
}

// releasePayout ends a payout whose money was not sent: it is back where it was
// taken from.
func (a *App) releasePayout(p *payout.Payout, actor, note string, now time.Time, change *store.Change,
	t payout.Trigger,
) error {
	if err := movePayout(p, actor, note, now, change, t); err != nil {
		return err
	}
	return a.postFor(change, ledger.RulePayoutReleased, causeOfPayout(*p, now), namesOf(*p), p.Amount)
}
