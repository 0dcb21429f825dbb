package app

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/settlement"
	"github.com/purserhq/purser/internal/store"
)

// settleable says that a gateway that pays out pays this payment out: it took
// the money and did not undo it. What went back to the payer is kept in a row
// of its own.
func settleable(p payment.Payment) bool { return p.Collected() || p.State == payment.Refunded }

// verdict is what is to be done about a row.
type verdict struct {
	differs *Difference // nothing is to be done
	before  bool        // it was done already
	paid    money.Amount
	fee     money.Amount
}

func differing(kind DifferenceKind, paymentID, ours, theirs string) verdict {
	return verdict{differs: &Difference{Kind: kind, Payment: paymentID, Ours: ours, Theirs: theirs}}
}

// says is what a row says of the money.
func (r settlementRow) says() string {
	if !r.fee.Valid() {
		return cmp.Or(r.theirs, r.amount.String())
	}
	return cmp.Or(r.theirs, r.amount.String()+", fee "+r.fee.String())
}

// unknown is the difference of a row whose receipt nobody here knows.
func (r settlementRow) unknown() Difference {
	return Difference{Kind: cmp.Or(r.wrong, Extra), Theirs: r.says()}
}

// payment decides about a row that names a payment.
func (s *settling) payment(ctx context.Context, row settlementRow) error {
	claim, err := s.claimed(ctx, row)
	if err != nil || claim.Subject == "" {
		return err
	}
	var p payment.Payment
	var v verdict
	err = s.decide(ctx, func(r store.Reader) (change store.Change, err error) {
		if p, err = r.Payment(ctx, s.Merchant, claim.Subject); err != nil {
			return change, err
		}
		if v, err = s.judge(ctx, r, p, row); err != nil || v.differs != nil || v.before {
			return change, err
		}
		return s.settle(p, v, row)
	})
	if fault.Is(err, fault.CodePaymentNotFound) { // what a rail sent has a receipt, too
		s.differs(row, row.unknown())
		return nil
	}
	if err != nil {
		return err
	}
	s.names(p)
	if v.differs != nil {
		s.differs(row, *v.differs)
		return nil
	}
	return s.count(func(done *Settled) error {
		if v.before {
			done.PaymentsBefore++
			return nil
		}
		done.Payments++
		fee, err := v.fee.In(row.amount.Unit())
		if err != nil {
			return err
		}
		if done.Fees, err = done.Fees.Add(fee); err != nil {
			return err
		}
		done.Taken, err = done.Taken.Add(row.amount)
		return err
	})
}

// claimed finds whose receipt a row names; one that nobody here knows is a
// difference.
func (s *settling) claimed(ctx context.Context, row settlementRow) (store.Claim, error) {
	claim, err := s.app.store.Claimed(ctx, s.Merchant, store.ReceiptClaim,
		sessionKey(s.gateway.info.Connector, row.receipt))
	if fault.Is(err, fault.CodeNotFound) {
		s.differs(row, row.unknown())
		return store.Claim{}, nil
	}
	return claim, err
}

// judge compares a row with the payment that it names.
func (s *settling) judge(ctx context.Context, r store.Reader, p payment.Payment, row settlementRow) (verdict, error) {
	switch {
	case row.wrong != "":
		return differing(row.wrong, p.ID, p.Amount.String(), row.theirs), nil
	case p.Attempt.Gateway != s.Gateway:
		return differing(OtherState, p.ID, "paid at the gateway "+p.Attempt.Gateway, row.says()), nil
	case !settleable(p):
		return differing(OtherState, p.ID, string(p.State), row.says()), nil
	}
	paid, err := paidWith(ctx, r, p, row)
	if err != nil {
		return verdict{}, err
	}
	if !equals(paid, row.amount) {
		return differing(OtherAmount, p.ID, paid.String(), row.amount.String()), nil
	}
	fee, ok := agreedFee(p, paid, row)
	if !ok {
		return differing(OtherFee, p.ID, p.Attempt.Fee.String(), row.fee.String()), nil
	}
	before, err := settledBefore(ctx, r, p)
	return verdict{before: before, paid: paid, fee: fee}, err
}

// paidWith is what a payer paid with a payment: where the gateway took more than was wanted
// and the file says so, with that, whose way back is a row of its own.
func paidWith(ctx context.Context, r store.Reader, p payment.Payment, row settlementRow) (money.Amount, error) {
	if equals(p.Amount, row.amount) {
		return p.Amount, nil
	}
	entries, err := r.Entries(ctx, p.Merchant, p.ID)
	all := p.Amount
	for _, e := range entries {
		if e.Rule() != ledger.RuleLate {
			continue
		}
		for _, line := range e.Postings() {
			if line.Amount.Sign() > 0 && err == nil {
				all, err = all.Add(line.Amount)
			}
		}
	}
	return all, err
}

// equals says that an amount of ours is one of the file's, whatever its unit.
func equals(ours, theirs money.Amount) bool {
	there, err := ours.In(theirs.Unit())
	return err == nil && there == theirs
}

// agreedFee is what the gateway keeps of what was paid, in the payment's unit, if
// the file and the books agree on it. Where one of them knows nothing, the
// other one is right; where both know nothing, it is zero.
func agreedFee(p payment.Payment, paid money.Amount, row settlementRow) (fee money.Amount, ok bool) {
	fee = money.Zero(p.Amount.Unit())
	if p.Attempt.Fee.Valid() {
		fee = p.Attempt.Fee
	}
	if row.fee.Valid() {
		theirs, err := row.fee.In(fee.Unit())
		if err != nil || p.Attempt.Fee.Valid() && theirs != fee {
			return fee, false
		}
		fee = theirs
	}
	if _, err := fee.In(row.amount.Unit()); err != nil {
		return fee, false
	}
	over, err := fee.Cmp(paid)
	return fee, err == nil && over <= 0 && fee.Sign() >= 0
}

// settledBefore says that a payment was settled, perhaps before all of it went
// back to the payer.
func settledBefore(ctx context.Context, r store.Reader, p payment.Payment) (bool, error) {
	if p.State != payment.Refunded {
		return p.State == payment.Settled, nil
	}
	entries, err := r.Entries(ctx, p.Merchant, p.ID)
	return slices.ContainsFunc(entries, func(e ledger.Entry) bool {
		return e.Rule() == ledger.RuleSettled || e.Rule() == ledger.RuleFeeSettled
	}), err
}

// settle makes true that the gateway has paid a payment out, less its fee. One
// that went back to its payer keeps its state.
func (s *settling) settle(p payment.Payment, v verdict, row settlementRow) (store.Change, error) {
	var change store.Change
	now := s.app.now()
	cause := ledger.Cause{Merchant: p.Merchant, Subject: p.ID, At: now}
	net, err := v.paid.Sub(v.fee)
	if err != nil {
		return change, err
	}
	type part struct {
		rule   ledger.Rule
		amount money.Amount
	}
	parts := []part{{ledger.RuleSettled, net}, {ledger.RuleFeeSettled, v.fee}}
	if !p.Attempt.Fee.Valid() && row.fee.Valid() {
		p.Attempt.Fee = v.fee
		parts = append([]part{{ledger.RuleFee, v.fee}}, parts...)
	}
	for _, part := range parts {
		if part.amount.Sign() == 0 {
			continue
		}
		if err := s.app.post(&change, part.rule, cause, s.Gateway, part.amount); err != nil {
			return change, err
		}
	}
	from := p.State
	if from == payment.Captured {
		if p, err = settled(p, cmp.Or(row.at, now)); err != nil {
			return change, err
		}
	}
	p.UpdatedAt = now
	change.Payments = []payment.Payment{p}
	change.SettlementRows = []settlement.Row{{
		File: s.done.ID, Merchant: p.Merchant, Number: int64(row.line), Kind: settlement.Payment, Line: int64(row.line),
		Receipt: kept(row.receipt), Payment: p.ID, Amount: v.paid, Fee: v.fee,
	}}
	change.Events = []event.Event{
		happened(event.Payment, p.Merchant, p.ID, from, payment.Settle, p.State, byOperator, s.note(), now),
	}
	return change, nil
}

// settled moves a payment on, and records it where the merchant has not.
func settled(p payment.Payment, at time.Time) (payment.Payment, error) {
	var err error
	if p.State, err = payment.States.Next(p.State, payment.Settle); err != nil || p.Record.Recorded() {
		return p, err
	}
	back, err := p.Refunded.Add(p.Returning)
	if err != nil {
		return p, err
	}
	kept, err := p.Amount.Sub(back)
	p.Record = payment.Record{At: at, Amount: kept, Before: back}
	return p, err
}
