package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/settlement"
	"github.com/purserhq/purser/internal/store"
)

// refund decides about a row that names money that went back.
func (s *settling) refund(ctx context.Context, row settlementRow) error {
	if row.wrong != "" {
		s.differs(row, Difference{Kind: row.wrong, Theirs: row.theirs})
		return nil
	}
	found, err := s.returns(ctx, row)
	if err != nil || len(found) == 0 {
		return err
	}
	b, wrong := s.choose(found, row)
	if wrong != nil {
		s.differs(row, *wrong)
		return nil
	}
	s.payees[b.ID] = true
	var v verdict
	err = s.decide(ctx, func(r store.Reader) (change store.Change, err error) {
		if b, err = r.Refund(ctx, s.Merchant, b.ID); err != nil {
			return change, err
		}
		p, err := r.Payment(ctx, s.Merchant, b.Payment)
		if err != nil {
			return change, err
		}
		if v = judgeRefund(p, b, row); v.differs != nil || v.before {
			return change, nil
		}
		return s.settleRefund(b, row)
	})
	if err != nil {
		return err
	}
	if v.differs != nil {
		s.differs(row, *v.differs)
		return nil
	}
	return s.count(func(done *Settled) error {
		if v.before {
			done.RefundsBefore++
			return nil
		}
		done.Refunds++
		done.Returned, err = done.Returned.Add(row.amount)
		return err
	})
}

// returns finds the refunds that a row may name: by the gateway's id of them,
// or else by its id of their payment, where they have none of their own. None
// is a difference.
func (s *settling) returns(ctx context.Context, row settlementRow) ([]refund.Refund, error) {
	if err := s.readReturned(ctx); err != nil {
		return nil, err
	}
	if found := s.returned[row.receipt]; len(found) > 0 {
		return found, nil
	}
	claim, err := s.claimed(ctx, row)
	if err != nil || claim.Subject == "" {
		return nil, err
	}
	all, err := s.app.store.RefundsOf(ctx, s.Merchant, claim.Subject)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(all, func(b refund.Refund) bool {
		return b.State != refund.Succeeded || b.Gateway != s.Gateway || b.Source == refund.FromHold || b.Receipt != ""
	})
	if len(found) == 0 {
		unknown := row.unknown()
		unknown.Payment, unknown.Ours = claim.Subject, "a payment without such a refund"
		s.differs(row, unknown)
	}
	return found, nil
}

// readReturned reads what the gateway has given back, when the file first
// speaks of it.
func (s *settling) readReturned(ctx context.Context) error {
	if s.returned != nil {
		return nil
	}
	all := map[string][]refund.Refund{}
	page := store.After{Limit: partSize}
	for {
		part, err := s.app.store.Returned(ctx, s.Merchant, s.Gateway, page)
		if err != nil {
			return err
		}
		for _, b := range part {
			if b.Receipt != "" { // what was only let go has none
				all[b.Receipt] = append(all[b.Receipt], b)
			}
		}
		if len(part) < partSize {
			s.returned = all
			return nil
		}
		page.ID = part[len(part)-1].ID
	}
}

// choose picks the one refund that a row is about, of those that it may name.
func (s *settling) choose(found []refund.Refund, row settlementRow) (refund.Refund, *Difference) {
	same := slices.DeleteFunc(slices.Clone(found), func(b refund.Refund) bool { return !equals(b.Amount, row.amount) })
	switch {
	case len(same) == 0:
		return found[0], differing(OtherAmount, found[0].Payment, found[0].Amount.String(), row.amount.String()).differs
	case len(same) > 1:
		return s.chooseAlike(same, row)
	case s.payees[same[0].ID]:
		return same[0], differing(Repeated, same[0].Payment, "", "the file names it before").differs
	case same[0].Receipt == "" && settledElse(same[0], row):
		return same[0], differing(OtherState, same[0].Payment,
			"its only such refund was settled "+same[0].SettledAt.Format(time.RFC3339), row.says()).differs
	}
	return same[0], nil
}

// settledElse says that a refund was settled at another time than the file's.
// Where the file names no time, it may be the same.
func settledElse(b refund.Refund, row settlementRow) bool {
	return !b.SettledAt.IsZero() && !row.at.IsZero() && !b.SettledAt.Equal(row.at)
}

// chooseAlike tells refunds of one amount apart, which have no id of their own
// or the same one: the one that was settled at the file's time was settled by
// this row, and a single one that waits waits for it, unless an earlier one may
// be meant.
func (s *settling) chooseAlike(same []refund.Refund, row settlementRow) (refund.Refund, *Difference) {
	var waiting, done []refund.Refund
	for _, b := range same {
		switch {
		case s.payees[b.ID] || settledElse(b, row):
		case b.SettledAt.IsZero():
			waiting = append(waiting, b)
		default:
			done = append(done, b)
		}
	}
	if len(done) == 1 && !row.at.IsZero() {
		return done[0], nil
	}
	if len(waiting) == 1 && len(done) == 0 {
		return waiting[0], nil
	}
	return same[0], differing(OtherState, same[0].Payment, "refunds of one amount that look alike", row.says()).differs
}

// judgeRefund compares a row with the refund that it names. A payment that was
// undone was never paid out, and neither was one whose money nobody had room
// for; what a gateway says of its way back has to be looked at together.
func judgeRefund(p payment.Payment, b refund.Refund, row settlementRow) verdict {
	switch {
	case !settleable(p):
		return differing(OtherState, p.ID, "the payment is "+string(p.State), row.says())
	case row.fee.Sign() != 0:
		return differing(OtherFee, p.ID, "no fee of a refund", row.fee.String())
	}
	return verdict{before: !b.SettledAt.IsZero()}
}

// settleRefund makes true that the gateway has kept what it gave back.
func (s *settling) settleRefund(b refund.Refund, row settlementRow) (store.Change, error) {
	var change store.Change
	now := s.app.now()
	b.SettledAt, b.UpdatedAt = cmp.Or(row.at, now), now
	err := s.app.post(&change, ledger.RuleRefundSettled, causeOf(b, now), s.Gateway, b.Amount)
	change.Refunds = []refund.Refund{b}
	change.SettlementRows = []settlement.Row{{
		File: s.done.ID, Merchant: b.Merchant, Number: int64(row.line), Kind: settlement.Refund, Line: int64(row.line),
		Receipt: kept(row.receipt), Payment: b.Payment, Refund: b.ID, Amount: b.Amount,
	}}
	change.Events = []event.Event{happenedToRefund(b, refund.Settle, byOperator, s.note(), now)}
	return change, err
}
