package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/store"
)

// attemptDetail is the present attempt.
type attemptDetail struct {
	Gateway   string `json:"gateway,omitzero"`
	Number    int    `json:"number,omitzero"`
	Short     string `json:"short,omitzero"`
	Method    string `json:"method,omitzero"`
	Session   string `json:"session,omitzero"`
	Link      string `json:"link,omitzero"`
	Token     string `json:"token,omitzero"`
	Word      string `json:"word,omitzero"`
	Doubtful  bool   `json:"doubtful,omitzero"`
	Weighed   bool   `json:"weighed,omitzero"`
	Receipt   string `json:"receipt,omitzero"`
	Fee       *sum   `json:"fee,omitzero"`
	StartedAt moment `json:"started_at,omitzero"`
	Deadline  moment `json:"deadline,omitzero"`
}

// stepDetail is what is being done to held money.
type stepDetail struct {
	Kind   string `json:"kind,omitzero"`
	ID     string `json:"id,omitzero"`
	Amount *sum   `json:"amount,omitzero"`
	At     moment `json:"at,omitzero"`
}

func stepOf(s payment.Step) stepDetail {
	return stepDetail{Kind: string(s.Kind), ID: s.ID, Amount: sumOf(s.Amount), At: momentOf(s.At)}
}

func (d stepDetail) step() (payment.Step, error) {
	amount, err := d.Amount.amount()
	return payment.Step{Kind: payment.StepKind(d.Kind), ID: d.ID, Amount: amount, At: perhapsInstant(d.At)}, err
}

// recordDetail is what the merchant recorded, but for the time, which is a
// column.
type recordDetail struct {
	Amount *sum `json:"amount,omitzero"`
	Before *sum `json:"before,omitzero"`
}

func (d recordDetail) record(at *int64) (payment.Record, error) {
	amount, err := d.Amount.amount()
	before, further := d.Before.amount()
	return payment.Record{At: perhapsInstant(at), Amount: amount, Before: before}, errors.Join(err, further)
}

// paymentDetail is what no statement asks of a payment.
type paymentDetail struct {
	Wallet      int64         `json:"wallet,omitzero"`
	Attempt     attemptDetail `json:"attempt,omitzero"`
	Hold        bool          `json:"hold,omitzero"`
	Holding     *sum          `json:"holding,omitzero"`
	Step        stepDetail    `json:"step,omitzero"`
	Record      recordDetail  `json:"record,omitzero"`
	Batch       string        `json:"batch,omitzero"`
	Superseded  bool          `json:"superseded,omitzero"`
	Hidden      bool          `json:"hidden,omitzero"`
	Direct      bool          `json:"direct,omitzero"`
	Dropped     bool          `json:"dropped,omitzero"`
	Withdrawn   bool          `json:"withdrawn,omitzero"`
	Link        string        `json:"link,omitzero"`
	Description string        `json:"description,omitzero"`
	Payer       payerDetail   `json:"payer,omitzero"`
	Card        string        `json:"card,omitzero"`
	Note        string        `json:"note,omitzero"`
	Reason      string        `json:"reason,omitzero"`
	Checks      int           `json:"checks,omitzero"`
	FinalizedAt moment        `json:"finalized_at,omitzero"`

	Bag map[string]string `json:"bag,omitzero"`
}

// paymentRecord writes a payment at its next version.
func paymentRecord(p payment.Payment) (record, error) {
	detail, err := pack(paymentDetail{
		Wallet: p.Wallet, Attempt: attemptOf(p.Attempt),
		Hold: p.Hold, Holding: sumOf(p.Holding), Step: stepOf(p.Step),
		Record: recordDetail{sumOf(p.Record.Amount), sumOf(p.Record.Before)},
		Batch:  p.Batch, Superseded: p.Superseded, Hidden: p.Hidden, Direct: p.Direct,
		Dropped: p.Dropped, Withdrawn: p.Withdrawn, Link: p.Link, Description: p.Description, Bag: p.Bag,
		Payer: payerDetail(p.Payer), Card: p.Card, Note: p.Note, Reason: string(p.Reason),
		Checks: p.Checks, FinalizedAt: momentOf(p.FinalizedAt),
	})
	unit, sums, wrong := steps(p.Amount, p.Refunded, p.Returning, p.Asked, p.Released)
	return record{
		p.ID, p.Merchant, p.Version + 1, string(p.State), p.Invoice, unit, sums[0], sums[1], sums[2],
		flag(p.Reserved), perhapsMicros(p.CheckAt), p.Attention, sums[3], sums[4], perhapsMicros(p.Record.At),
		string(p.Attempt.Method), p.Owner, flag(p.Listed()), micros(p.CreatedAt), micros(p.UpdatedAt), detail,
	}, errors.Join(err, wrong)
}

// paymentRow is where a row is read into, in one piece of memory.
type paymentRow struct {
	p                                  payment.Payment
	unit, text                         string
	sums                               [5]*int64
	check, recorded                    *int64
	reserved, listed, created, updated int64
	detail                             paymentDetail
}

// scanPayment reads what paymentRecord wrote.
func scanPayment(r row) (payment.Payment, error) {
	in := new(paymentRow)
	p, d, sums := &in.p, &in.detail, in.sums[:]
	if err := r.Scan(&p.ID, &p.Merchant, &p.Version, &p.State, &p.Invoice, &in.unit, &sums[0], &sums[1], &sums[2],
		&in.reserved, &in.check, &p.Attention, &sums[3], &sums[4], &in.recorded, &p.Attempt.Method, &p.Owner, &in.listed,
		&in.created, &in.updated, &in.text); err != nil {
		return *p, err
	}
	if err := unpack(in.text, d); err != nil {
		return *p, err
	}
	var errs [5]error
	errs[0] = amounts(in.unit, sums, &p.Amount, &p.Refunded, &p.Returning, &p.Asked, &p.Released)
	p.Attempt, errs[1] = d.Attempt.attempt()
	p.Holding, errs[2] = d.Holding.amount()
	p.Step, errs[3] = d.Step.step()
	p.Record, errs[4] = d.Record.record(in.recorded)
	p.Wallet, p.Hold, p.Direct, p.Dropped, p.Bag = d.Wallet, d.Hold, d.Direct, d.Dropped, d.Bag
	p.Withdrawn = d.Withdrawn
	p.Reserved, p.Batch, p.Superseded, p.Hidden = in.reserved != 0, d.Batch, d.Superseded, d.Hidden
	p.Link, p.Description, p.Payer, p.Card, p.Note = d.Link, d.Description, payment.Payer(d.Payer), d.Card, d.Note
	p.Reason = payment.Reason(d.Reason)
	p.CheckAt, p.Checks, p.FinalizedAt = perhapsInstant(in.check), d.Checks, perhapsInstant(d.FinalizedAt)
	p.CreatedAt, p.UpdatedAt = instant(in.created), instant(in.updated)
	return *p, errors.Join(errs[:]...)
}

// attempt reads what attemptOf wrote. The method is also in a column, which
// rows of earlier versions of the schema lack.
func (a attemptDetail) attempt() (payment.Attempt, error) {
	fee, err := a.Fee.amount()
	return payment.Attempt{
		Gateway: a.Gateway, Number: a.Number, Short: a.Short, Method: payment.Method(a.Method),
		Session: a.Session, Link: a.Link, Token: a.Token, Word: a.Word,
		Doubtful: a.Doubtful, Weighed: a.Weighed, Receipt: a.Receipt, Fee: fee,
		StartedAt: perhapsInstant(a.StartedAt), Deadline: perhapsInstant(a.Deadline),
	}, err
}

func attemptOf(a payment.Attempt) attemptDetail {
	return attemptDetail{
		Gateway: a.Gateway, Number: a.Number, Short: a.Short, Method: string(a.Method),
		Session: a.Session, Link: a.Link, Token: a.Token, Word: a.Word,
		Doubtful: a.Doubtful, Weighed: a.Weighed, Receipt: a.Receipt, Fee: sumOf(a.Fee),
		StartedAt: momentOf(a.StartedAt), Deadline: momentOf(a.Deadline),
	}
}

// Payment finds a payment. Error: payment_not_found.
func (d *DB) Payment(ctx context.Context, merchantID, id string) (payment.Payment, error) {
	return byKey(ctx, d.gather.payments, fault.CodePaymentNotFound, merchantID, id)
}

// PaymentsOf are the payments of the given invoices, in order of creation.
func (d *DB) PaymentsOf(ctx context.Context, merchantID string, invoiceIDs ...string) ([]payment.Payment, error) {
	if len(invoiceIDs) == 0 {
		return nil, nil
	}
	among, argument, err := d.engine.among("invoice_id", invoiceIDs)
	if err != nil {
		return nil, err
	}
	return many(ctx, d, scanPayment,
		selectFrom(payments, among+" and merchant_id = $2 order by created_at, id"), argument, merchantID)
}

// FindPayments are a merchant's listed ones that a filter leaves.
func (d *DB) FindPayments(ctx context.Context, merchantID string, f store.PaymentFilter, page store.Page,
) ([]payment.Payment, error) {
	c := where("merchant_id = ? and listed = 1", merchantID)
	switch {
	case f.Owned:
		c.and("owner <> ''")
	default:
		c.and("owner = ?", f.Owner)
	}
	if f.ID != "" {
		c.and("id = ?", f.ID)
	}
	if f.Method != "" {
		c.and("method = ?", string(f.Method))
	}
	if f.Standing != "" {
		c.and(standings[f.Standing])
	}
	for _, bound := range []struct {
		condition string
		amount    money.Amount
	}{{"coalesce(asked, amount) >= ?", f.Least}, {"coalesce(asked, amount) <= ?", f.Most}} {
		if bound.amount.Valid() {
			c.and("unit = ? and "+bound.condition, string(bound.amount.Unit()), bound.amount.Steps())
		}
	}
	for _, bound := range []struct {
		condition string
		at        time.Time
	}{
		{"created_at >= ?", f.CreatedFrom},
		{"created_at <= ?", f.CreatedTo},
		{"recorded_at >= ?", f.RecordedFrom},
		{"recorded_at <= ?", f.RecordedTo},
	} {
		if !bound.at.IsZero() {
			c.and(bound.condition, micros(bound.at))
		}
	}
	return part(ctx, d, payments, scanPayment, c, page, byAge...)
}

// standings are payment.Standing as conditions; the kit compares the two.
var standings = map[payment.Standing]string{
	payment.Recorded:  "recorded_at is not null",
	payment.Undecided: "recorded_at is null and state in ('waiting', 'processing')",
	payment.Good: "recorded_at is null and (state in ('authorized', 'captured', 'settled', 'reversed', 'refunded')" +
		" or (" + wholeLetGo + "))",
	payment.Bad: "recorded_at is null and state in ('failed', 'expired', 'canceled') and not (" + wholeLetGo + ")",
}

const wholeLetGo = "state = 'canceled' and coalesce(released, 0) > 0 and released = coalesce(asked, amount)"

// DuePayments are those whose CheckAt has passed, longest due first.
func (d *DB) DuePayments(ctx context.Context, now time.Time, limit int) ([]payment.Payment, error) {
	return many(ctx, d, scanPayment,
		selectFrom(payments, "check_at is not null and check_at <= $1 order by check_at, id limit $2"),
		micros(now), limit)
}

// Unsettled are those whose money a gateway took in a span and has not settled.
// There is no index for a question that is asked once for a whole file: the
// parts of the list go through the table once.
func (d *DB) Unsettled(ctx context.Context, merchantID string, s store.Span, page store.After,
) ([]payment.Payment, error) {
	c := where("id > ? and merchant_id = ? and state = ?", page.ID, merchantID, string(payment.Captured))
	c.and(d.engine.detailText("attempt", "gateway")+" = ?", s.Gateway)
	c.and("cast("+d.engine.detailText("finalized_at")+" as bigint) between ? and ?", micros(s.From), micros(s.Until))
	return following(ctx, d, payments, scanPayment, c, page)
}
