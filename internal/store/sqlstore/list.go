package sqlstore

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// older reads what follows the last thing that was read of a list, newest first.
func older[T any](
	ctx context.Context, d *DB, t *table, scan func(row) (T, error), c *conditions, p store.Older,
) ([]T, error) {
	if p.ID != "" {
		c.and("(created_at, id) < (?, ?)", micros(p.At), p.ID)
	}
	c.between(p)
	return part(ctx, d, t, scan, c, store.Page{Limit: p.Limit}, byAge...)
}

// depth is when the thing of a list was made that so many of a part lie before, by the
// index alone; zero where there are not so many. What is as old as where the part begins
// is not counted: it is looked through beside them, and no depth leads back to its own place.
func depth(ctx context.Context, d *DB, t *table, c *conditions, p store.Older, looks int) (at time.Time, err error) {
	if p.ID != "" {
		c.and("created_at < ?", micros(p.At))
	}
	c.between(p)
	found, err := many(ctx, d, scanOne[int64], "select created_at from "+t.name+" where "+c.text+
		" order by created_at desc limit 1 offset "+place(len(c.args)), append(c.args, looks)...)
	if err != nil || len(found) == 0 {
		return at, err
	}
	return instant(found[0]), nil
}

// between leaves what was made in the time of a part.
func (c *conditions) between(p store.Older) {
	if !p.From.IsZero() {
		c.and("created_at >= ?", micros(p.From))
	}
	if !p.Until.IsZero() {
		c.and("created_at < ?", micros(p.Until))
	}
}

// whole is the condition of the indexes of whole lists, which is true of every
// row: a question that does not ask for a list cannot be tempted by them. To a
// plan that is made while a table is empty they are as good as the key, and then
// it reads all that a merchant has for every row that is looked up.
const whole = "created_at >= 0"

// numberedFrom is the same for customers, who are listed by their numbers.
const numberedFrom = "number > 0"

// only adds a condition where there is something to select by.
func (c *conditions) only(column, value string) {
	if value != "" {
		c.and(column+" = ?", value)
	}
}

// number is only for a number.
func (c *conditions) number(column string, value int64) {
	if value != 0 {
		c.and(column+" = ?", value)
	}
}

// ofTerminal leaves the payments of a terminal's invoices. It asks one row after another: a
// plan that began with the invoices of the terminal would read all that it ever had.
func (c *conditions) ofTerminal(number int64) {
	if number != 0 {
		c.and("(select i.terminal from invoice i where i.id = invoice_id and i.merchant_id = payment.merchant_id) = ?",
			number)
	}
}

// claimed leaves the one thing that belongs to a name of a terminal or of an account.
func (c *conditions) claimed(kind store.ClaimKind, of int64, name, merchantID string) {
	c.and("id = (select subject from claim where key = ? and kind = ? and merchant_id = ?)",
		strconv.FormatInt(of, 10)+"/"+name, string(kind), merchantID)
}

// longs are the lists that are looked through.
var longs = map[store.Long]*table{
	store.Invoices: invoices, store.Payments: payments, store.Refunds: refunds, store.Transfers: transfers,
	store.Payouts: payouts, store.Deals: deals, store.Entries: entries,
}

// Depth is when the thing was made that so many of a part of the whole list lie before.
func (d *DB) Depth(ctx context.Context, merchantID string, l store.Long, p store.Older, looks int) (time.Time, error) {
	if l == store.Entries {
		return d.entryDepth(ctx, p, looks)
	}
	return depth(ctx, d, longs[l], where("merchant_id = ? and "+whole, merchantID), p, looks)
}

// ListInvoices are a merchant's. Links and held ones have no index of their own, although they
// are few: what tells them apart stands in the details, which every invoice that is written would
// be searched for, and which PostgreSQL could not change in place any more.
func (d *DB) ListInvoices(ctx context.Context, merchantID string, l store.InvoiceList, p store.Older,
) ([]invoice.Invoice, error) {
	c := where("merchant_id = ?", merchantID)
	if l.Named() {
		c.claimed(store.ReferenceClaim, l.Terminal, l.Reference, merchantID)
	} else {
		c.and(whole)
		c.only(d.engine.detailText("reference"), l.Reference)
	}
	c.number("terminal", l.Terminal)
	c.only("unit", string(l.Unit))
	c.only("state", string(l.State))
	if l.Held != nil {
		waits := "(state = ? and " + d.engine.detailText("held") + " is not null)"
		if !*l.Held {
			waits = "not " + waits
		}
		c.and(waits, string(invoice.Open))
	}
	if kind := d.engine.detailText("link", "kind"); l.Link != "" {
		c.only(kind, string(l.Link))
	} else if l.Linked {
		c.and(kind + " is not null")
	}
	return older(ctx, d, invoices, scanInvoice, c, p)
}

// ListPayments are a merchant's that somebody may see.
func (d *DB) ListPayments(ctx context.Context, merchantID string, l store.PaymentList, p store.Older,
) ([]payment.Payment, error) {
	c := where("merchant_id = ?", merchantID)
	if l.Invoice == "" {
		c.and(whole)
	}
	c.only("invoice_id", l.Invoice)
	c.ofTerminal(l.Terminal)
	c.only("state", string(l.State))
	if l.Reason != "" {
		c.and("state = ? and "+d.engine.detailText("reason")+" = ?", string(payment.Failed), string(l.Reason))
	}
	c.only(d.engine.detailText("attempt", "gateway"), l.Gateway)
	c.only(d.engine.detailText("attempt", "receipt"), l.Receipt)
	c.only(d.engine.detailText("attempt", "session"), l.Session)
	c.only("unit", string(l.Unit))
	c.and(d.engine.detailText("hidden") + " is null and " + d.engine.detailText("withdrawn") + " is null")
	return older(ctx, d, payments, scanPayment, c, p)
}

// ListRefunds are a merchant's.
func (d *DB) ListRefunds(ctx context.Context, merchantID string, l store.RefundList, p store.Older,
) ([]refund.Refund, error) {
	c := where("merchant_id = ?", merchantID)
	if l.Payment == "" {
		c.and(whole)
	}
	c.only("payment_id", l.Payment)
	c.only("state", string(l.State))
	c.only(d.engine.detailText("gateway"), l.Gateway)
	return older(ctx, d, refunds, scanRefund, c, p)
}

// ListTransfers are a merchant's. What an account sent and what it received is in the
// order of time in an index each, so that each is read by itself and no further than the
// page goes.
func (d *DB) ListTransfers(ctx context.Context, merchantID string, l store.TransferList, p store.Older,
) ([]wallet.Transfer, error) {
	read := func(side string) ([]wallet.Transfer, error) {
		c := where("merchant_id = ?", merchantID)
		if side != "" {
			c.and(side+" = ?", l.Account)
		}
		switch {
		case l.Named():
			c.claimed(store.TransferClaim, l.From, l.Reference, merchantID)
		case l.Account == 0 && l.From == 0 && l.To == 0:
			c.and(whole)
		}
		if !l.Named() {
			c.only(d.engine.detailText("reference"), l.Reference)
		}
		c.number("sender", l.From)
		c.number("receiver", l.To)
		c.only("unit", string(l.Unit))
		return older(ctx, d, transfers, scanTransfer, c, p)
	}
	if l.Account == 0 {
		return read("")
	}
	sent, err := read("sender")
	if err != nil {
		return nil, err
	}
	received, err := read("receiver")
	return merged(sent, received, p, func(t wallet.Transfer) (time.Time, string) { return t.CreatedAt, t.ID }), err
}

// merged is the first part of two lists without a thing in common, newest first.
func merged[T any](some, others []T, p store.Older, at func(T) (time.Time, string)) []T {
	all := slices.Concat(some, others)
	slices.SortFunc(all, func(a, b T) int {
		when, id := at(a)
		other, name := at(b)
		return cmp.Or(other.Compare(when), strings.Compare(name, id))
	})
	limit, _ := bounds(store.Page{Limit: p.Limit})
	return all[:min(limit, len(all))]
}

// ListPayouts are a merchant's.
func (d *DB) ListPayouts(ctx context.Context, merchantID string, l store.PayoutList, p store.Older,
) ([]payout.Payout, error) {
	c := where("merchant_id = ?", merchantID)
	switch {
	case l.Named() && l.Terminal != 0:
		c.claimed(store.ReferenceClaim, l.Terminal, l.Reference, merchantID)
	case l.Named():
		c.claimed(store.PayoutClaim, l.Account, l.Reference, merchantID)
	default:
		c.and(whole)
		c.only(d.engine.detailText("reference"), l.Reference)
	}
	c.number("account", l.Account)
	c.number("terminal", l.Terminal)
	c.only("unit", string(l.Unit))
	c.only("state", string(l.State))
	return older(ctx, d, payouts, scanPayout, c, p)
}

// ListDeals are a merchant's, of invoices and of payouts.
func (d *DB) ListDeals(ctx context.Context, merchantID string, l store.DealList, p store.Older) ([]deal.Deal, error) {
	c := where("merchant_id = ?", merchantID)
	if l.Invoice == "" && l.Payout == "" {
		c.and(whole)
	}
	if l.Payout != "" {
		c.and("payout_id <> ''") // what the index of these has
	}
	c.only("invoice_id", l.Invoice)
	c.only("payout_id", l.Payout)
	c.only("trader_id", l.Trader)
	c.only("state", string(l.State))
	return older(ctx, d, deals, scanDeal, c, p)
}

// ListTraders are a merchant's of a standing, or all for none.
func (d *DB) ListTraders(ctx context.Context, merchantID string, in deal.Standing, p store.Older,
) ([]deal.Trader, error) {
	c := where("merchant_id = ?", merchantID)
	switch in {
	case deal.Active:
		c.and(d.engine.detailText("disabled") + " is null")
	case deal.Disabled:
		c.and(d.engine.detailText("disabled") + " is not null")
	}
	return older(ctx, d, traders, scanTrader, c, p)
}

// ListRequisites are a merchant's that a filter leaves.
func (d *DB) ListRequisites(ctx context.Context, merchantID string, f store.RequisiteFilter, p store.Older,
) ([]deal.Requisite, error) {
	return older(ctx, d, requisites, scanRequisite, requisitesOf(merchantID, f), p)
}

// Transfer finds a transfer. Error: not_found.
func (d *DB) Transfer(ctx context.Context, merchantID, id string) (wallet.Transfer, error) {
	return keyed(ctx, d, fault.CodeNotFound, scanTransfer, statements[transfers].find, id, merchantID)
}

// ListCustomers are a merchant's with a number below the given one.
func (d *DB) ListCustomers(ctx context.Context, merchantID string, l store.CustomerList, below int64, p store.Older,
) ([]wallet.Customer, error) {
	c := where("merchant_id = ? and "+numberedFrom, merchantID)
	if below > 0 {
		c.and("number < ?", below)
	}
	c.only("state", string(l.State))
	c.between(p)
	return part(ctx, d, customers, scanCustomer, c, store.Page{Limit: p.Limit}, "number")
}
