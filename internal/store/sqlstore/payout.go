package sqlstore

import (
	"context"
	"errors"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
)

// payoutDetail is what no statement asks of a payout.
type payoutDetail struct {
	Rail        string   `json:"rail,omitzero"`
	Destination string   `json:"destination,omitzero"`
	Reference   string   `json:"reference,omitzero"`
	Approvers   []string `json:"approvers,omitzero"`
	Receipt     string   `json:"receipt,omitzero"`
	Note        string   `json:"note,omitzero"`
}

// payoutRecord writes a payout at its next version.
func payoutRecord(p payout.Payout) (record, error) {
	detail, err := pack(payoutDetail{
		Rail: p.Rail, Destination: p.Destination, Reference: p.Reference, Approvers: p.Approvers,
		Receipt: p.Receipt, Note: p.Note,
	})
	unit, sums, wrong := steps(p.Amount, p.Fee)
	return record{
		p.ID, p.Merchant, p.Version + 1, string(p.State), p.Account, unit, sums[0], sums[1], micros(p.CreatedAt),
		micros(p.UpdatedAt), detail,
	}, errors.Join(err, wrong)
}

// scanPayout reads what payoutRecord wrote.
func scanPayout(r row) (payout.Payout, error) {
	var (
		p                payout.Payout
		unit, detail     string
		sums             = make([]*int64, 2)
		created, updated int64
		d                payoutDetail
	)
	if err := r.Scan(&p.ID, &p.Merchant, &p.Version, &p.State, &p.Account, &unit, &sums[0], &sums[1], &created,
		&updated, &detail); err != nil {
		return p, err
	}
	if err := unpack(detail, &d); err != nil {
		return p, err
	}
	p.Approvers = d.Approvers
	p.Rail, p.Destination, p.Reference, p.Receipt, p.Note = d.Rail, d.Destination, d.Reference, d.Receipt, d.Note
	p.CreatedAt, p.UpdatedAt = instant(created), instant(updated)
	return p, amounts(unit, sums, &p.Amount, &p.Fee)
}

// Payout finds a payout. Error: payout_not_found.
func (d *DB) Payout(ctx context.Context, merchantID, id string) (payout.Payout, error) {
	return one(ctx, d, fault.CodePayoutNotFound, scanPayout,
		selectFrom(payouts, "id = $1 and merchant_id = $2"), id, merchantID)
}

// Payouts are those that a filter leaves, newest first.
func (d *DB) Payouts(ctx context.Context, f store.PayoutFilter, page store.Page) ([]payout.Payout, error) {
	c := where("true")
	if f.Merchant != "" {
		c.and("merchant_id = ?", f.Merchant)
	}
	if f.State != "" {
		c.and("state = ?", string(f.State))
	}
	return part(ctx, d, payouts, scanPayout, c, page, byAge...)
}
