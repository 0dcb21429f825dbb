package app

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// RefundWord is an operator's word about a refund that calls for a person.
type RefundWord struct {
	Refund   string
	Back     bool   // the payer has the money: the gateway gave it back, or somebody did by hand
	Receipt  string // the gateway's or the bank's number of it; needed when it is back, each counts once
	Operator string
	Note     string
}

// SayRefund takes an operator's word for a refund that calls for a person, because its
// gateway does not say what became of it, or refused while the money is the payer's.
// Money that is not back and was the merchant's is the merchant's again; what is the
// payer's stays in suspense. Errors: refund_not_found, parameter_missing, wrong_state when
// it does not call for a person, duplicate with the parameter "receipt".
func (a *App) SayRefund(ctx context.Context, merchantID string, w RefundWord) (refund.Refund, error) {
	if strings.TrimSpace(w.Operator) == "" {
		return refund.Refund{}, fault.New(fault.CodeParameterMissing, "operator", "")
	}
	if w.Back && strings.TrimSpace(w.Receipt) == "" {
		return refund.Refund{}, fault.New(fault.CodeParameterMissing, "receipt", "")
	}
	b, err := a.store.Refund(ctx, merchantID, w.Refund)
	if err != nil {
		return b, err
	}
	var done refund.Refund
	switch {
	case b.State == refund.Processing && w.Back:
		done, err = a.bookRefund(ctx, b, gateway.ReturnReport{Outcome: gateway.Done, Receipt: w.Receipt}, &w)
	case b.State == refund.Processing:
		done, err = a.failRefund(ctx, b, cmp.Or(w.Note, "an operator says that it is not back"), orphaned(b), &w)
	case b.State == refund.Failed && orphaned(b) && w.Back:
		done, err = a.returnByHand(ctx, merchantID, w)
	case b.State == refund.Requested && b.Attention != "":
		return b, fault.New(fault.CodeWrongState, "refund", "Its gateway has not been told: it is, once that can be.")
	default:
		return b, errNoCall()
	}
	if fault.Is(err, fault.CodeDuplicate) {
		return b, fault.New(fault.CodeDuplicate, "receipt", "")
	}
	return done, err
}

// sayable is nil while a refund that is under way calls for a person. Error: wrong_state.
func sayable(b refund.Refund) error {
	if b.State != refund.Processing || b.Attention == "" {
		return errNoCall()
	}
	return nil
}

func errNoCall() error {
	return fault.New(fault.CodeWrongState, "refund", "It does not call for a person.")
}

// returnByHand books a refund that somebody made of money in suspense, after its gateway had
// refused. The one that failed stays as it is and calls for nobody any more.
func (a *App) returnByHand(ctx context.Context, merchantID string, w RefundWord) (made refund.Refund, err error) {
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		failed, err := r.Refund(ctx, merchantID, w.Refund)
		if err != nil {
			return store.Change{}, err
		}
		if failed.State != refund.Failed || failed.Attention == "" {
			return store.Change{}, errNoCall()
		}
		now := a.now()
		made = failed
		made.ID, made.Version, made.State = a.newID(now), 0, refund.Succeeded
		made.Way, made.Receipt, made.Word, made.Attention = refund.ByRefund, w.Receipt, "", ""
		made.CheckAt, made.Checks, made.SentAt, made.CreatedAt, made.UpdatedAt = never, 0, time.Time{}, now, now
		failed.Attention, failed.UpdatedAt = "", now
		change := store.Change{
			Refunds: []refund.Refund{failed, made}, Claims: []store.Claim{returnClaim(made)},
			Events: []event.Event{
				happened(event.Refund, merchantID, made.ID, "", create, refund.Processing, byOperator, w.said(), now),
				happened(event.Refund, merchantID, made.ID, refund.Processing, refund.Succeed, made.State, byOperator,
					w.said(), now),
			},
		}
		for _, rule := range []ledger.Rule{ledger.RuleSuspenseOpened, ledger.RuleRefunded} {
			if err := a.post(&change, rule, causeOf(made, now), made.Gateway, made.Amount); err != nil {
				return store.Change{}, err
			}
		}
		err = a.givenBack(ctx, r, made, &change, now)
		return change, err
	})
	return made, err
}

// givenBack takes the money of a refund that was made by hand out of what it was of.
func (a *App) givenBack(ctx context.Context, r store.Reader, b refund.Refund, change *store.Change, now time.Time,
) error {
	if b.Source == refund.FromSuspense {
		return clearSuspense(ctx, r, b, change, now)
	}
	p, err := r.Payment(ctx, b.Merchant, b.Payment)
	if err != nil {
		return err
	}
	if p, err = p.Return(b.Amount); err != nil {
		return err
	}
	return a.takeOut(ctx, r, p, b, change, now)
}

// said is what the operator's word is on record with.
func (w RefundWord) said() string { return byOperatorNote(w.Operator, w.Note) }
