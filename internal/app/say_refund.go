package app

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
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
// payer's stays in suspense. Where nothing of that lies there any more, either word ends the
// call. Errors: refund_not_found, parameter_missing, wrong_state when
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
	case b.State == refund.Failed && orphaned(b):
		done, err = a.returnByHand(ctx, b, w)
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
// refused: of as much as still lies there. The one that failed stays as it is and calls for
// nobody any more, and none of its payment does once nothing is left.
func (a *App) returnByHand(ctx context.Context, b refund.Refund, w RefundWord) (made refund.Refund, err error) {
	err = a.update(ctx, func(r store.Reader) (change store.Change, err error) {
		p, err := r.Payment(ctx, b.Merchant, b.Payment)
		if err != nil {
			return change, err
		}
		before, err := r.RefundsOf(ctx, b.Merchant, b.Payment)
		if err != nil {
			return change, err
		}
		now := a.now()
		failed, amount, calls, err := callOf(p, b.ID, before, now)
		if err != nil {
			return change, err
		}
		change.Refunds = calls
		if amount.Sign() <= 0 {
			change.Events = append(change.Events, happenedToRefund(failed, refund.Answer, byOperator, w.said(), now))
			made = failed
			made.Attention, made.UpdatedAt, made.Version = "", now, failed.Version+1
			return change, nil
		}
		if !w.Back {
			return store.Change{}, fault.New(fault.CodeWrongState, "refund", "Its gateway said so: confirm it once it is back.")
		}
		if made, err = a.madeByHand(failed, amount, w, now, &change); err != nil {
			return change, err
		}
		err = a.givenBack(ctx, r, p, before, made, &change, now)
		return change, err
	})
	return made, err
}

// callOf is a refund that failed and calls for a person, how much of it is in suspense, and
// the calls that end when that is given back, which has none any more.
func callOf(p payment.Payment, id string, before []refund.Refund, now time.Time,
) (failed refund.Refund, amount money.Amount, ended []refund.Refund, err error) {
	n := slices.IndexFunc(before, func(b refund.Refund) bool { return b.ID == id })
	if n < 0 || before[n].State != refund.Failed || before[n].Attention == "" {
		return failed, amount, nil, errNoCall()
	}
	failed = before[n]
	amount, before[n].Attention, before[n].UpdatedAt = failed.Amount, "", now
	ended = []refund.Refund{before[n]}
	if failed.Source != refund.FromOwed {
		return failed, amount, ended, nil
	}
	owed, err := owedOf(p, before)
	if err != nil {
		return failed, amount, nil, err
	}
	less, err := owed.Cmp(amount)
	if less <= 0 { // it is all
		amount, ended = owed, append(ended, answered(before, now)...)
	}
	return failed, amount, ended, err
}

// madeByHand is a refund that somebody made of an amount, after another had failed.
func (a *App) madeByHand(failed refund.Refund, amount money.Amount, w RefundWord, now time.Time, change *store.Change,
) (refund.Refund, error) {
	made := failed
	made.ID, made.Version, made.State, made.Amount = a.newID(now), 0, refund.Succeeded, amount
	made.Way, made.Receipt, made.Word, made.Attention = refund.ByRefund, w.Receipt, "", ""
	made.CheckAt, made.Checks, made.SentAt, made.CreatedAt, made.UpdatedAt = never, 0, time.Time{}, now, now
	change.Refunds, change.Claims = append(change.Refunds, made), append(change.Claims, returnClaim(made))
	change.Events = append(change.Events,
		happened(event.Refund, made.Merchant, made.ID, "", create, refund.Processing, byOperator, w.said(), now),
		happened(event.Refund, made.Merchant, made.ID, refund.Processing, refund.Succeed, made.State, byOperator,
			w.said(), now))
	for _, rule := range []ledger.Rule{ledger.RuleSuspenseOpened, ledger.RuleRefunded} {
		if err := a.post(change, rule, causeOf(made, now), made.Gateway, made.Amount); err != nil {
			return made, err
		}
	}
	return made, nil
}

// givenBack takes the money of a refund that was made by hand out of what it was of.
func (a *App) givenBack(ctx context.Context, r store.Reader, p payment.Payment, before []refund.Refund, b refund.Refund,
	change *store.Change, now time.Time,
) error {
	if b.Source == refund.FromSuspense {
		return clearSuspense(ctx, r, b, change, now)
	}
	p, err := onItsWay(p, b.Amount, before)
	if err != nil {
		return err
	}
	return a.takeOut(ctx, r, p, b, change, now)
}

// said is what the operator's word is on record with.
func (w RefundWord) said() string { return byOperatorNote(w.Operator, w.Note) }
