package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/payment"
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
	Receipt   string `json:"receipt,omitzero"`
	Fee       *sum   `json:"fee,omitzero"`
	StartedAt moment `json:"started_at,omitzero"`
	Deadline  moment `json:"deadline,omitzero"`
}

// paymentDetail is what no statement asks of a payment.
type paymentDetail struct {
	Wallet      int64         `json:"wallet,omitzero"`
	Attempt     attemptDetail `json:"attempt,omitzero"`
	Batch       string        `json:"batch,omitzero"`
	Superseded  bool          `json:"superseded,omitzero"`
	Hidden      bool          `json:"hidden,omitzero"`
	Link        string        `json:"link,omitzero"`
	Description string        `json:"description,omitzero"`
	Payer       payerDetail   `json:"payer,omitzero"`
	Card        string        `json:"card,omitzero"`
	Note        string        `json:"note,omitzero"`
	Checks      int           `json:"checks,omitzero"`
	FinalizedAt moment        `json:"finalized_at,omitzero"`
}

// paymentRecord writes a payment at its next version.
func paymentRecord(p payment.Payment) (record, error) {
	a := p.Attempt
	detail, err := pack(paymentDetail{
		Wallet: p.Wallet,
		Attempt: attemptDetail{
			Gateway: a.Gateway, Number: a.Number, Short: a.Short, Method: string(a.Method),
			Session: a.Session, Link: a.Link, Token: a.Token, Word: a.Word,
			Doubtful: a.Doubtful, Receipt: a.Receipt, Fee: sumOf(a.Fee),
			StartedAt: momentOf(a.StartedAt), Deadline: momentOf(a.Deadline),
		},
		Batch: p.Batch, Superseded: p.Superseded, Hidden: p.Hidden, Link: p.Link, Description: p.Description,
		Payer: payerDetail(p.Payer), Card: p.Card, Note: p.Note, Checks: p.Checks,
		FinalizedAt: momentOf(p.FinalizedAt),
	})
	unit, sums, wrong := steps(p.Amount, p.Refunded, p.Returning)
	return record{
		p.ID, p.Merchant, p.Version + 1, string(p.State), p.Invoice, unit, sums[0], sums[1], sums[2],
		flag(p.Reserved), perhapsMicros(p.CheckAt), p.Attention, micros(p.CreatedAt), micros(p.UpdatedAt), detail,
	}, errors.Join(err, wrong)
}

// scanPayment reads what paymentRecord wrote.
func scanPayment(r row) (payment.Payment, error) {
	var (
		p                          payment.Payment
		unit, detail               string
		sums                       = make([]*int64, 3)
		check                      *int64
		reserved, created, updated int64
		d                          paymentDetail
	)
	if err := r.Scan(&p.ID, &p.Merchant, &p.Version, &p.State, &p.Invoice, &unit, &sums[0], &sums[1], &sums[2],
		&reserved, &check, &p.Attention, &created, &updated, &detail); err != nil {
		return p, err
	}
	if err := unpack(detail, &d); err != nil {
		return p, err
	}
	wrong := amounts(unit, sums, &p.Amount, &p.Refunded, &p.Returning)
	fee, further := d.Attempt.Fee.amount()
	a := d.Attempt
	p.Attempt = payment.Attempt{
		Gateway: a.Gateway, Number: a.Number, Short: a.Short, Method: payment.Method(a.Method),
		Session: a.Session, Link: a.Link, Token: a.Token, Word: a.Word,
		Doubtful: a.Doubtful, Receipt: a.Receipt, Fee: fee,
		StartedAt: perhapsInstant(a.StartedAt), Deadline: perhapsInstant(a.Deadline),
	}
	p.Wallet = d.Wallet
	p.Reserved, p.Batch, p.Superseded, p.Hidden = reserved != 0, d.Batch, d.Superseded, d.Hidden
	p.Link, p.Description, p.Payer, p.Card, p.Note = d.Link, d.Description, payment.Payer(d.Payer), d.Card, d.Note
	p.CheckAt, p.Checks, p.FinalizedAt = perhapsInstant(check), d.Checks, perhapsInstant(d.FinalizedAt)
	p.CreatedAt, p.UpdatedAt = instant(created), instant(updated)
	return p, errors.Join(wrong, further)
}

// Payment finds a payment. Error: payment_not_found.
func (d *DB) Payment(ctx context.Context, merchantID, id string) (payment.Payment, error) {
	return one(ctx, d, fault.CodePaymentNotFound, scanPayment,
		selectFrom(payments, "id = $1 and merchant_id = $2"), id, merchantID)
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

// DuePayments are those whose CheckAt has passed, longest due first.
func (d *DB) DuePayments(ctx context.Context, now time.Time, limit int) ([]payment.Payment, error) {
	return many(ctx, d, scanPayment,
		selectFrom(payments, "check_at is not null and check_at <= $1 order by check_at, id limit $2"),
		micros(now), limit)
}
