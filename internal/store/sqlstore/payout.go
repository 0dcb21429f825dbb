package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
)

// payoutDetail is what no statement asks of a payout.
type payoutDetail struct {
	Rail        string            `json:"rail,omitzero"`
	Destination string            `json:"destination,omitzero"`
	Reference   string            `json:"reference,omitzero"`
	Approvers   []string          `json:"approvers,omitzero"`
	Receipt     string            `json:"receipt,omitzero"`
	Note        string            `json:"note,omitzero"`
	Due         moment            `json:"due,omitzero"`
	Bag         map[string]string `json:"bag,omitzero"`
	Notice      noticeDetail      `json:"notice,omitzero"`
	Sum         *sum              `json:"sum,omitzero"`
	Rate        string            `json:"rate,omitzero"`
	Percent     string            `json:"percent,omitzero"`
	Payee       payeeDetail       `json:"payee,omitzero"`
	Gateway     string            `json:"gateway,omitzero"`
	Checks      int               `json:"checks,omitzero"`
}

// payeeDetail is to whom a trader sends.
type payeeDetail struct {
	Option string `json:"option,omitzero"`
	Method string `json:"method,omitzero"`
	Number string `json:"number,omitzero"`
	Holder string `json:"holder,omitzero"`
}

// payoutRecord writes a payout at its next version. Its due time is a column as
// long as it can end it.
func payoutRecord(p payout.Payout) (record, error) {
	detail, err := pack(payoutDetail{
		Rail: p.Rail, Destination: p.Destination, Reference: p.Reference, Approvers: p.Approvers,
		Receipt: p.Receipt, Note: p.Note, Due: momentOf(p.Due), Bag: p.Bag, Notice: noticeDetail(p.Notice), Sum: sumOf(p.Sum),
		Rate: p.Rate.Text(), Percent: p.Percent.Text(), Payee: payeeDetail(p.Payee), Gateway: p.Gateway,
		Checks: p.Checks,
	})
	var due any
	if p.Waiting() {
		due = perhapsMicros(p.Due)
	}
	unit, sums, wrong := steps(p.Amount, p.Fee)
	return record{
		p.ID, p.Merchant, p.Version + 1, string(p.State), p.Account, unit, sums[0], sums[1], micros(p.CreatedAt),
		micros(p.UpdatedAt), detail, p.Terminal, due,
		perhapsMicros(p.CheckAt), p.Attention,
	}, errors.Join(err, wrong)
}

// scanPayout reads what payoutRecord wrote.
func scanPayout(r row) (payout.Payout, error) {
	var (
		p                payout.Payout
		unit, detail     string
		sums             = make([]*int64, 2)
		created, updated int64
		due, check       *int64
		d                payoutDetail
	)
	if err := r.Scan(&p.ID, &p.Merchant, &p.Version, &p.State, &p.Account, &unit, &sums[0], &sums[1], &created,
		&updated, &detail, &p.Terminal, &due, &check, &p.Attention); err != nil {
		return p, err
	}
	if err := unpack(detail, &d); err != nil {
		return p, err
	}
	p.Approvers = d.Approvers
	p.Rail, p.Destination, p.Reference, p.Receipt, p.Note = d.Rail, d.Destination, d.Reference, d.Receipt, d.Note
	p.Due, p.Bag, p.Notice, p.Payee = perhapsInstant(d.Due), d.Bag, payout.Notice(d.Notice), payout.Payee(d.Payee)
	p.Gateway, p.Checks, p.CheckAt = d.Gateway, d.Checks, perhapsInstant(check)
	p.CreatedAt, p.UpdatedAt = instant(created), instant(updated)
	errs := make([]error, 3)
	p.Sum, errs[0] = d.Sum.amount()
	p.Rate, errs[1] = rateOf(d.Rate)
	p.Percent, errs[2] = rateOf(d.Percent)
	return p, errors.Join(append(errs, amounts(unit, sums, &p.Amount, &p.Fee))...)
}

// Payout finds a payout. Error: payout_not_found.
func (d *DB) Payout(ctx context.Context, merchantID, id string) (payout.Payout, error) {
	return keyed(ctx, d, fault.CodePayoutNotFound, scanPayout, statements[payouts].find, id, merchantID)
}

// Payouts are those that a filter leaves, newest first.
func (d *DB) Payouts(ctx context.Context, f store.PayoutFilter, page store.Page) ([]payout.Payout, error) {
	c := where(whole)
	if f.Merchant != "" {
		c.and("merchant_id = ?", f.Merchant)
	}
	if f.State != "" {
		c.and("state = ?", string(f.State))
	}
	return part(ctx, d, payouts, scanPayout, c, page, byAge...)
}

// DuePayouts are those that nobody has begun to send in time, longest due first.
func (d *DB) DuePayouts(ctx context.Context, now time.Time, limit int) ([]payout.Payout, error) {
	return many(ctx, d, scanPayout,
		selectFrom(payouts, "due_at is not null and due_at <= $1 order by due_at, id limit $2"), micros(now), limit)
}

// PayoutsToAsk are those whose CheckAt has passed, longest due first.
func (d *DB) PayoutsToAsk(ctx context.Context, now time.Time, limit int) ([]payout.Payout, error) {
	return many(ctx, d, scanPayout,
		selectFrom(payouts, "check_at is not null and check_at <= $1 order by check_at, id limit $2"), micros(now), limit)
}

// undecided is the condition of payouts whose money is neither back nor sent, through the index
// of their list.
var undecided = "state in (" + quoted([]payout.State{payout.Requested, payout.Approved, payout.Processing}) +
	") and created_at >= 0"

// HeldByPayouts is what an account's payouts that are not decided have taken, in one unit.
func (d *DB) HeldByPayouts(ctx context.Context, merchantID string, account int64, u money.Unit) (money.Amount, error) {
	steps, err := one(ctx, d, fault.CodeInternal, scanOne[int64],
		"select coalesce(cast(sum(amount) as bigint), 0) from payout where merchant_id = $1 and "+undecided+
			" and account = $2 and unit = $3", merchantID, account, string(u))
	return money.New(steps, u), err
}

// asked lists what was asked for at a terminal, each half through its index.
const asked = `select noun, id from (
	select '` + string(event.Invoice) + `' as noun, id, created_at from invoice
		where merchant_id = $1 and terminal = $2 and terminal <> 0
	union all
	select '` + string(event.Payout) + `' as noun, id, created_at from payout
		where merchant_id = $1 and terminal = $2 and terminal <> 0
) a`

// AskedAt are the invoices and the payouts of a terminal.
func (d *DB) AskedAt(ctx context.Context, merchantID string, terminal int64, page store.Page) ([]store.Asked, error) {
	limit, offset := bounds(page)
	return many(ctx, d, func(r row) (a store.Asked, err error) {
		return a, r.Scan(&a.Noun, &a.ID)
	}, asked+ordered(page, byAge)+" limit $3 offset $4", merchantID, terminal, limit, offset)
}
