package sqlstore

import (
	"context"
	"errors"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/store"
)

// payerDetail is what is known of a payer.
type payerDetail struct {
	Name   string `json:"name,omitzero"`
	Mobile string `json:"mobile,omitzero"`
	Email  string `json:"email,omitzero"`
}

// linkDetail is the link that was handed out last.
type linkDetail struct {
	Token   string           `json:"token,omitzero"`
	Kind    invoice.LinkKind `json:"kind,omitzero"`
	Amount  *sum             `json:"amount,omitzero"`
	Gateway string           `json:"gateway,omitzero"`
	Used    bool             `json:"used,omitzero"`
}

// invoiceDetail is what no statement asks of an invoice.
type invoiceDetail struct {
	Previous    *sum              `json:"previous,omitzero"`
	Open        bool              `json:"open,omitzero"`
	Title       string            `json:"title,omitzero"`
	Description string            `json:"description,omitzero"`
	Payer       payerDetail       `json:"payer,omitzero"`
	Link        linkDetail        `json:"link,omitzero"`
	Bag         map[string]string `json:"bag,omitzero"`
}

// invoiceRecord writes an invoice at its next version.
func invoiceRecord(i invoice.Invoice) (record, error) {
	detail, err := pack(invoiceDetail{
		Previous: sumOf(i.Previous), Open: i.Open, Title: i.Title, Description: i.Description,
		Payer: payerDetail(i.Payer),
		Link: linkDetail{
			Token: i.Link.Token, Kind: i.Link.Kind, Amount: sumOf(i.Link.Amount),
			Gateway: i.Link.Gateway, Used: i.Link.Used,
		},
		Bag: i.Bag,
	})
	unit, sums, wrong := steps(i.Amount, i.Captured, i.Reserved)
	return record{
		i.ID, i.Merchant, i.Version + 1, string(i.State), unit, sums[0], sums[1], sums[2], perhapsMicros(i.Due),
		micros(i.CreatedAt), micros(i.UpdatedAt), detail,
	}, errors.Join(err, wrong)
}

// scanInvoice reads what invoiceRecord wrote.
func scanInvoice(r row) (invoice.Invoice, error) {
	var (
		i                     invoice.Invoice
		unit, detail          string
		sums                  = make([]*int64, 3)
		due                   *int64
		created, updated      int64
		d                     invoiceDetail
		wrong, first, further error
	)
	if err := r.Scan(&i.ID, &i.Merchant, &i.Version, &i.State, &unit, &sums[0], &sums[1], &sums[2], &due,
		&created, &updated, &detail); err != nil {
		return i, err
	}
	if err := unpack(detail, &d); err != nil {
		return i, err
	}
	wrong = amounts(unit, sums, &i.Amount, &i.Captured, &i.Reserved)
	i.Previous, first = d.Previous.amount()
	i.Link.Amount, further = d.Link.Amount.amount()
	i.Open, i.Title, i.Description, i.Bag = d.Open, d.Title, d.Description, d.Bag
	i.Payer = invoice.Payer(d.Payer)
	i.Link.Token, i.Link.Kind, i.Link.Gateway, i.Link.Used = d.Link.Token, d.Link.Kind, d.Link.Gateway, d.Link.Used
	i.Due, i.CreatedAt, i.UpdatedAt = perhapsInstant(due), instant(created), instant(updated)
	return i, errors.Join(wrong, first, further)
}

// Invoice finds an invoice. Error: invoice_not_found.
func (d *DB) Invoice(ctx context.Context, merchantID, id string) (invoice.Invoice, error) {
	return one(ctx, d, fault.CodeInvoiceNotFound, scanInvoice,
		selectFrom(invoices, "id = $1 and merchant_id = $2"), id, merchantID)
}

// Invoices are a merchant's, newest first, and how many there are in all. The
// number comes from the tally: counting rows would cost more with each one.
func (d *DB) Invoices(
	ctx context.Context, merchantID string, page store.Page,
) ([]invoice.Invoice, int, error) {
	count, err := many(ctx, d, func(r row) (n int, err error) { return n, r.Scan(&n) },
		"select invoices from tally where merchant_id = $1", merchantID)
	if err != nil || len(count) == 0 {
		return nil, 0, err
	}
	limit, offset := bounds(page)
	list, err := many(ctx, d, scanInvoice,
		selectFrom(invoices, "merchant_id = $1 order by created_at desc, id desc limit $2 offset $3"),
		merchantID, limit, offset)
	return list, count[0], err
}

// DueInvoices are open ones whose due time has passed, longest due first.
func (d *DB) DueInvoices(ctx context.Context, now time.Time, limit int) ([]invoice.Invoice, error) {
	return many(ctx, d, scanInvoice,
		selectFrom(invoices, "state = 'open' and due_at is not null and due_at <= $1 order by due_at, id limit $2"),
		micros(now), limit)
}
