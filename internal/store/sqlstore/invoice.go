package sqlstore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
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

// ownerDetail is whose wallet paid.
type ownerDetail struct {
	Account   int64  `json:"account,omitzero"`
	FirstName string `json:"first_name,omitzero"`
	LastName  string `json:"last_name,omitzero"`
	Email     string `json:"email,omitzero"`
}

// noticeDetail is who is told of one invoice.
type noticeDetail struct {
	URL      string `json:"url,omitzero"`
	Form     string `json:"form,omitzero"`
	Endpoint string `json:"endpoint,omitzero"`
	Sealed   []byte `json:"sealed,omitzero"`
}

// invoiceDetail is what no statement asks of an invoice.
type invoiceDetail struct {
	Previous    *sum              `json:"previous,omitzero"`
	Open        bool              `json:"open,omitzero"`
	Held        bool              `json:"held,omitzero"`
	Title       string            `json:"title,omitzero"`
	Description string            `json:"description,omitzero"`
	Payer       payerDetail       `json:"payer,omitzero"`
	Link        linkDetail        `json:"link,omitzero"`
	Reference   string            `json:"reference,omitzero"`
	VerifyIn    span              `json:"verify_in,omitzero"`
	PaidAt      moment            `json:"paid_at,omitzero"`
	PaidBy      ownerDetail       `json:"paid_by,omitzero"`
	NationalID  string            `json:"national_id,omitzero"`
	ReturnTo    string            `json:"return_to,omitzero"`
	Notice      noticeDetail      `json:"notice,omitzero"`
	Bag         map[string]string `json:"bag,omitzero"`
}

// numberColumn is where a new invoice gets its number.
var numberColumn = slices.IndexFunc(invoices.columns, func(c field) bool { return c.name == "number" })

// invoiceRecord writes an invoice at its next version.
func invoiceRecord(i invoice.Invoice) (record, error) {
	detail, err := pack(invoiceDetail{
		Previous: sumOf(i.Previous), Open: i.Open, Held: i.Held, Title: i.Title, Description: i.Description,
		Payer: payerDetail(i.Payer),
		Link: linkDetail{
			Token: i.Link.Token, Kind: i.Link.Kind, Amount: sumOf(i.Link.Amount),
			Gateway: i.Link.Gateway, Used: i.Link.Used,
		},
		Reference: i.Reference, VerifyIn: spanOf(i.VerifyIn), PaidAt: momentOf(i.PaidAt), PaidBy: ownerDetail(i.PaidBy),
		NationalID: i.NationalID, ReturnTo: i.ReturnTo, Notice: noticeDetail(i.Notice), Bag: i.Bag,
	})
	unit, sums, wrong := steps(i.Amount, i.Captured, i.Reserved)
	return record{
		i.ID, i.Merchant, i.Version + 1, string(i.State), unit, sums[0], sums[1], sums[2], perhapsMicros(i.Due),
		int64(0), i.Terminal, perhapsMicros(i.VerifyBy), i.Account, micros(i.CreatedAt),
		micros(i.UpdatedAt), detail,
	}, errors.Join(err, wrong)
}

// scanInvoice reads what invoiceRecord wrote.
func scanInvoice(r row) (invoice.Invoice, error) {
	var (
		i                     invoice.Invoice
		unit, detail          string
		sums                  = make([]*int64, 3)
		due, verify           *int64
		created, updated      int64
		d                     invoiceDetail
		wrong, first, further error
	)
	if err := r.Scan(&i.ID, &i.Merchant, &i.Version, &i.State, &unit, &sums[0], &sums[1], &sums[2], &due,
		&i.Number, &i.Terminal, &verify, &i.Account, &created,
		&updated, &detail); err != nil {
		return i, err
	}
	if err := unpack(detail, &d); err != nil {
		return i, err
	}
	wrong = amounts(unit, sums, &i.Amount, &i.Captured, &i.Reserved)
	i.Previous, first = d.Previous.amount()
	i.Link.Amount, further = d.Link.Amount.amount()
	i.Open, i.Held, i.Title, i.Description, i.Bag = d.Open, d.Held, d.Title, d.Description, d.Bag
	i.Payer = invoice.Payer(d.Payer)
	i.Link.Token, i.Link.Kind, i.Link.Gateway, i.Link.Used = d.Link.Token, d.Link.Kind, d.Link.Gateway, d.Link.Used
	i.Reference, i.NationalID, i.ReturnTo, i.Notice = d.Reference, d.NationalID, d.ReturnTo, invoice.Notice(d.Notice)
	i.VerifyIn, i.PaidAt, i.PaidBy = d.VerifyIn.duration(), perhapsInstant(d.PaidAt), invoice.Owner(d.PaidBy)
	i.Due, i.VerifyBy = perhapsInstant(due), perhapsInstant(verify)
	i.CreatedAt, i.UpdatedAt = instant(created), instant(updated)
	return i, errors.Join(wrong, first, further)
}

// Invoice finds an invoice. Error: invoice_not_found.
func (d *DB) Invoice(ctx context.Context, merchantID, id string) (invoice.Invoice, error) {
	return byKey(ctx, d.gather.invoices, fault.CodeInvoiceNotFound, merchantID, id)
}

// Invoices are a merchant's, newest first, and how many there are in all. The
// number comes from the tally: counting rows would cost more with each one.
func (d *DB) Invoices(
	ctx context.Context, merchantID string, page store.Page,
) ([]invoice.Invoice, int, error) {
	count, err := many(ctx, d, scanOne[int], "select invoices from tally where merchant_id = $1", merchantID)
	if err != nil || len(count) == 0 {
		return nil, 0, err
	}
	list, err := part(ctx, d, invoices, scanInvoice, where("merchant_id = ? and "+whole, merchantID), page, byAge...)
	return list, count[0], err
}

// FindInvoices are a merchant's that a filter leaves, newest first, and how
// many those are in all.
func (d *DB) FindInvoices(
	ctx context.Context, merchantID string, f store.InvoiceFilter, page store.Page,
) ([]invoice.Invoice, int, error) {
	// Only invoices at terminals stand in the index that is used here. Those with
	// a reference are few, and found by their keys.
	c := where("terminal <> 0")
	if f.Reference == "" {
		c.and("merchant_id = ?", merchantID)
	} else {
		c.and("(id, merchant_id) in (select subject, merchant_id from claim where kind = ? and merchant_id = ? and key in"+
			" (select t.id || '/' || cast(? as text) from terminal t where t.merchant_id = ?))",
			string(store.ReferenceClaim), merchantID, f.Reference, merchantID)
	}
	if f.Terminal != 0 {
		c.and("terminal = ?", f.Terminal)
	}
	if len(f.States) > 0 {
		states := make([]any, len(f.States))
		for i, s := range f.States {
			states[i] = string(s)
		}
		c.and("state in (?"+strings.Repeat(", ?", len(states)-1)+")", states...)
	}
	switch f.Busy {
	case store.IsBusy:
		c.and(d.paying("exists"))
	case store.IsIdle:
		c.and(d.paying("not exists"))
	case store.Whatever:
	}
	return partAndTotal(ctx, d, invoices, scanInvoice, c, page, byAge...)
}

// paying is the condition that somebody is paying an open invoice, or nobody.
func (d *DB) paying(exists string) string {
	return "state = 'open' and " + exists + " (select 1 from payment p where p.invoice_id = invoice.id" +
		" and p.merchant_id = invoice.merchant_id and p.state in ('waiting', 'processing', 'authorized')" +
		" and " + d.engine.detailText("hidden") + " is null)"
}

// OverdueInvoices are paid ones that were not verified in time, longest due first.
func (d *DB) OverdueInvoices(ctx context.Context, now time.Time, limit int) ([]invoice.Invoice, error) {
	return many(ctx, d, scanInvoice,
		selectFrom(invoices, "state = 'paid' and verify_by is not null and verify_by <= $1"+
			" order by verify_by, id limit $2"),
		micros(now), limit)
}

// DueInvoices are open ones whose due time has passed and of which no money may be on its
// way, longest due first.
func (d *DB) DueInvoices(ctx context.Context, now time.Time, limit int) ([]invoice.Invoice, error) {
	return many(ctx, d, scanInvoice,
		selectFrom(invoices, "state = 'open' and due_at is not null and due_at <= $1 and coalesce(reserved, 0) = 0"+
			" and "+noneOnItsWay+" order by due_at, id limit $2"),
		micros(now), limit)
}

// noneOnItsWay is the condition that no payment of an invoice is undecided. It counts, so
// that no planner makes a join of whole tables of it.
const noneOnItsWay = "(select count(*) from payment p where p.invoice_id = invoice.id" +
	" and p.merchant_id = invoice.merchant_id and p.state in ('processing', 'authorized')) = 0"

// lookedThrough is how many of the last invoices are looked through for paid ones
// of one terminal and unit: it bounds what a look costs.
const lookedThrough = 2000

// PaidAmounts are the amounts, in smallest steps, of the last invoices of a
// terminal in a unit that are paid, newest first; terminal 0 stands for invoices
// at none.
func (d *DB) PaidAmounts(ctx context.Context, merchantID string, terminal int64, u money.Unit, limit int,
) ([]int64, error) {
	list := whole // each is the condition of an index in the order of time
	if terminal != 0 {
		list = "terminal <> 0"
	}
	return many(ctx, d, scanOne[int64],
		"select amount from (select amount, unit, terminal, state, created_at, id from invoice where merchant_id = $1 and "+
			list+" order by created_at desc, id desc limit $2) latest"+
			" where terminal = $3 and unit = $4 and state in ('paid', 'completed') and amount > 0"+
			" order by created_at desc, id desc limit $5",
		merchantID, lookedThrough, terminal, string(u), limit)
}
