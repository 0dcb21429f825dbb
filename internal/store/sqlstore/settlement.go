package sqlstore

import (
	"context"
	"errors"
	"strconv"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/settlement"
	"github.com/purserhq/purser/internal/store"
)

// settlementDetail is what no statement asks of a settlement file.
type settlementDetail struct {
	Name           string `json:"name,omitzero"`
	Operator       string `json:"operator,omitzero"`
	Rows           int64  `json:"rows,omitzero"`
	Payments       int64  `json:"payments,omitzero"`
	Refunds        int64  `json:"refunds,omitzero"`
	PaymentsBefore int64  `json:"payments_before,omitzero"`
	RefundsBefore  int64  `json:"refunds_before,omitzero"`
	Differences    int64  `json:"differences,omitzero"`
	Taken          *sum   `json:"taken,omitzero"`
	Fees           *sum   `json:"fees,omitzero"`
	Returned       *sum   `json:"returned,omitzero"`
	From           moment `json:"from,omitzero"`
	Until          moment `json:"until,omitzero"`
}

// settlementRecord writes a settlement file at its next version.
func settlementRecord(f settlement.File) (record, error) {
	detail, err := pack(settlementDetail{
		Name: f.Name, Operator: f.Operator, Rows: f.Rows, Payments: f.Payments, Refunds: f.Refunds,
		PaymentsBefore: f.PaymentsBefore, RefundsBefore: f.RefundsBefore, Differences: f.Differences,
		Taken: sumOf(f.Taken), Fees: sumOf(f.Fees), Returned: sumOf(f.Returned),
		From: momentOf(f.From), Until: momentOf(f.Until),
	})
	return record{
		f.ID, f.Merchant, f.Version + 1, f.Gateway, perhapsMicros(f.EndedAt), micros(f.CreatedAt), micros(f.UpdatedAt),
		detail,
	}, err
}

// scanSettlement reads what settlementRecord wrote.
func scanSettlement(r row) (settlement.File, error) {
	var (
		f                settlement.File
		ended            *int64
		created, updated int64
		detail           string
		d                settlementDetail
	)
	if err := r.Scan(&f.ID, &f.Merchant, &f.Version, &f.Gateway, &ended, &created, &updated, &detail); err != nil {
		return f, err
	}
	if err := unpack(detail, &d); err != nil {
		return f, err
	}
	f.Name, f.Operator, f.Rows, f.Payments, f.Refunds = d.Name, d.Operator, d.Rows, d.Payments, d.Refunds
	f.PaymentsBefore, f.RefundsBefore, f.Differences = d.PaymentsBefore, d.RefundsBefore, d.Differences
	f.From, f.Until, f.EndedAt = perhapsInstant(d.From), perhapsInstant(d.Until), perhapsInstant(ended)
	f.CreatedAt, f.UpdatedAt = instant(created), instant(updated)
	var errs [3]error
	f.Taken, errs[0] = d.Taken.amount()
	f.Fees, errs[1] = d.Fees.amount()
	f.Returned, errs[2] = d.Returned.amount()
	return f, errors.Join(errs[:]...)
}

// settledDetail is what no statement asks of a row of a settlement file.
type settledDetail struct {
	Line    int64  `json:"line,omitzero"`
	Receipt string `json:"receipt,omitzero"`
	Payment string `json:"payment,omitzero"`
	Refund  string `json:"refund,omitzero"`
	Amount  *sum   `json:"amount,omitzero"`
	Fee     *sum   `json:"fee,omitzero"`
	Ours    string `json:"ours,omitzero"`
	Theirs  string `json:"theirs,omitzero"`
}

// settledID names a row: there is one with each number in a file.
func settledID(w settlement.Row) string {
	if w.File == "" || w.Number == 0 {
		return ""
	}
	return w.File + "/" + strconv.FormatInt(w.Number, 10)
}

// settledRecord writes a row of a settlement file, which never changes.
func settledRecord(w settlement.Row) (record, error) {
	detail, err := pack(settledDetail{
		Line: w.Line, Receipt: w.Receipt, Payment: w.Payment, Refund: w.Refund, Amount: sumOf(w.Amount),
		Fee: sumOf(w.Fee), Ours: w.Ours, Theirs: w.Theirs,
	})
	return record{settledID(w), w.Merchant, int64(1), w.File, w.Number, string(w.Kind), detail}, err
}

// scanSettled reads what settledRecord wrote.
func scanSettled(r row) (settlement.Row, error) {
	var (
		w          settlement.Row
		id, detail string
		version    int64
		d          settledDetail
	)
	if err := r.Scan(&id, &w.Merchant, &version, &w.File, &w.Number, &w.Kind, &detail); err != nil {
		return w, err
	}
	if err := unpack(detail, &d); err != nil {
		return w, err
	}
	w.Line, w.Receipt, w.Payment, w.Refund, w.Ours, w.Theirs = d.Line, d.Receipt, d.Payment, d.Refund, d.Ours, d.Theirs
	var errs [2]error
	w.Amount, errs[0] = d.Amount.amount()
	w.Fee, errs[1] = d.Fee.amount()
	return w, errors.Join(errs[:]...)
}

// Settlement finds a settlement file. Error: not_found.
func (d *DB) Settlement(ctx context.Context, merchantID, id string) (settlement.File, error) {
	return one(ctx, d, fault.CodeNotFound, scanSettlement,
		selectFrom(settlementFiles, "id = $1 and merchant_id = $2"), id, merchantID)
}

// ListSettlements are a merchant's settlement files.
func (d *DB) ListSettlements(ctx context.Context, merchantID string, l store.SettlementList, p store.Older,
) ([]settlement.File, error) {
	c := where("merchant_id = ? and "+whole, merchantID)
	c.only("gateway", l.Gateway)
	if l.Ended != nil && *l.Ended {
		c.and("ended_at is not null")
	}
	if l.Ended != nil && !*l.Ended {
		c.and("ended_at is null")
	}
	return older(ctx, d, settlementFiles, scanSettlement, c, p)
}

// SettlementRows are what came of the rows of a settlement file, in their order.
func (d *DB) SettlementRows(ctx context.Context, merchantID string, l store.SettlementRows) ([]settlement.Row, error) {
	c := where("settlement_id = ? and merchant_id = ? and number > ?", l.File, merchantID, l.After)
	c.only("kind", string(l.Kind))
	if l.Differing {
		c.and("kind <> ?", string(settlement.Payment))
		c.and("kind <> ?", string(settlement.Refund))
	}
	return part(ctx, d, settlementRows, scanSettled, c, store.Page{Limit: l.Limit, Oldest: true}, "number")
}
