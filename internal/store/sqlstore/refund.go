package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// refundDetail is what no statement asks of a refund.
type refundDetail struct {
	Way     refund.Way `json:"way,omitzero"`
	Gateway string     `json:"gateway,omitzero"`
	Receipt string     `json:"receipt,omitzero"`
	Reason  string     `json:"reason,omitzero"`
	Word    string     `json:"word,omitzero"`
	Checks  int        `json:"checks,omitzero"`
	Settled moment     `json:"settled_at,omitzero"`
	Sent    moment     `json:"sent_at,omitzero"`
}

// refundRecord writes a refund at its next version.
func refundRecord(r refund.Refund) (record, error) {
	detail, err := pack(refundDetail{
		Way: r.Way, Gateway: r.Gateway, Receipt: r.Receipt, Reason: r.Reason, Word: r.Word, Checks: r.Checks,
		Settled: momentOf(r.SettledAt), Sent: momentOf(r.SentAt),
	})
	unit, sums, wrong := steps(r.Amount)
	return record{
		r.ID, r.Merchant, r.Version + 1, string(r.State), r.Payment, string(r.Source), unit, sums[0],
		perhapsMicros(r.CheckAt), r.Attention, flag(r.Listed), micros(r.CreatedAt), micros(r.UpdatedAt), detail,
	}, errors.Join(err, wrong)
}

// scanRefund reads what refundRecord wrote.
func scanRefund(r row) (refund.Refund, error) {
	var (
		f                        refund.Refund
		unit, detail             string
		sums                     = make([]*int64, 1)
		check                    *int64
		listed, created, updated int64
		d                        refundDetail
	)
	if err := r.Scan(&f.ID, &f.Merchant, &f.Version, &f.State, &f.Payment, &f.Source, &unit, &sums[0],
		&check, &f.Attention, &listed, &created, &updated, &detail); err != nil {
		return f, err
	}
	if err := unpack(detail, &d); err != nil {
		return f, err
	}
	f.Way, f.Gateway, f.Receipt, f.Reason, f.Word, f.Checks = d.Way, d.Gateway, d.Receipt, d.Reason, d.Word, d.Checks
	f.Listed, f.SettledAt, f.SentAt = listed != 0, perhapsInstant(d.Settled), perhapsInstant(d.Sent)
	f.CheckAt, f.CreatedAt, f.UpdatedAt = perhapsInstant(check), instant(created), instant(updated)
	return f, amounts(unit, sums, &f.Amount)
}

// Refund finds a refund. Error: refund_not_found.
func (d *DB) Refund(ctx context.Context, merchantID, id string) (refund.Refund, error) {
	return keyed(ctx, d, fault.CodeRefundNotFound, scanRefund, statements[refunds].find, id, merchantID)
}

// RefundsOf are the refunds of a payment, in order of creation.
func (d *DB) RefundsOf(ctx context.Context, merchantID, paymentID string) ([]refund.Refund, error) {
	return many(ctx, d, scanRefund,
		selectFrom(refunds, "payment_id = $1 and merchant_id = $2 order by created_at, id"), paymentID, merchantID)
}

// FindRefunds are a merchant's listed ones that a filter leaves.
func (d *DB) FindRefunds(ctx context.Context, merchantID string, f store.RefundFilter, page store.Page,
) ([]refund.Refund, error) {
	c := where("merchant_id = ? and listed = 1", merchantID)
	if f.ID != "" {
		c.and("id = ?", f.ID)
	}
	if f.Payment != "" {
		c.and("payment_id = ?", f.Payment)
	}
	return part(ctx, d, refunds, scanRefund, c, page, byAge...)
}

// DueRefunds are those whose CheckAt has passed, longest due first.
func (d *DB) DueRefunds(ctx context.Context, now time.Time, limit int) ([]refund.Refund, error) {
	return many(ctx, d, scanRefund,
		selectFrom(refunds, "check_at is not null and check_at <= $1 order by check_at, id limit $2"),
		micros(now), limit)
}

// Returned are those that a gateway has made. There is no index for a question
// that is asked once for a whole file: the parts of the list go through the
// table once.
func (d *DB) Returned(ctx context.Context, merchantID, gateway string, page store.After) ([]refund.Refund, error) {
	c := where("id > ? and merchant_id = ? and state = ?", page.ID, merchantID, string(refund.Succeeded))
	c.and(d.engine.detailText("gateway")+" = ?", gateway)
	return following(ctx, d, refunds, scanRefund, c, page)
}

// following reads a part of a list by id.
func following[T any](
	ctx context.Context, d *DB, t *table, scan func(row) (T, error), c *conditions, p store.After,
) ([]T, error) {
	limit, _ := bounds(store.Page{Limit: p.Limit})
	n := len(c.args)
	return many(ctx, d, scan, selectFrom(t, c.text+" order by id limit "+place(n)), append(c.args[:n:n], limit)...)
}
