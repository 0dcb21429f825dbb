package sqlstore

import (
	"context"
	"errors"
	"math"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// row is one result row of either engine.
type row interface {
	Scan(into ...any) error
}

// rows are the result of a query of either engine.
type rows interface {
	row
	Next() bool
	Err() error
	Close() error
}

// most is how many rows a page holds at most.
const most = 1000

// bounds reads a page; a limit that is none means the most there can be.
func bounds(p store.Page) (limit, offset int) {
	limit = p.Limit
	if limit < 1 || limit > most {
		limit = most
	}
	return limit, max(p.Offset, 0)
}

// byAge orders most lists.
var byAge = []string{"created_at", "id"}

// conditions are a where clause in the making, with its arguments.
type conditions struct {
	text string
	args []any
}

// where begins a clause. Each question mark is one of the arguments.
func where(condition string, args ...any) *conditions {
	c := &conditions{}
	c.and(condition, args...)
	return c
}

// and adds a condition.
func (c *conditions) and(condition string, args ...any) {
	for _, arg := range args {
		condition = strings.Replace(condition, "?", place(len(c.args)), 1)
		c.args = append(c.args, arg)
	}
	if c.text != "" {
		c.text += " and "
	}
	c.text += condition
}

// selectFrom reads whole rows of a table.
func selectFrom(t *table, where string) string {
	return "select " + t.names() + " from " + t.name + " where " + where
}

// prefixed lists the columns of a table under its alias.
func prefixed(alias string, t *table) string {
	return list(t.columns, ", ", func(_ int, c field) string { return alias + "." + c.name })
}

// many reads all rows of a query.
func many[T any](
	ctx context.Context, d *DB, scan func(row) (T, error), query string, args ...any,
) (found []T, err error) {
	return first(ctx, d, math.MaxInt, scan, query, args...)
}

// first reads so many rows of a query at most, and asks for none behind them.
func first[T any](
	ctx context.Context, d *DB, most int, scan func(row) (T, error), query string, args ...any,
) (found []T, err error) {
	result, err := d.engine.query(ctx, query, args...)
	if err != nil {
		return nil, d.readFault(ctx, err)
	}
	defer func() {
		if wrong := result.Close(); err == nil && wrong != nil {
			err = d.readFault(ctx, wrong)
		}
	}()
	for len(found) < most && result.Next() {
		thing, err := scan(result)
		if err != nil {
			return nil, d.readFault(ctx, err)
		}
		found = append(found, thing)
	}
	if err := result.Err(); err != nil {
		return nil, d.readFault(ctx, err)
	}
	return found, nil
}

// ordered is the order of a list by some columns, the newest first unless the
// page wants the oldest.
func ordered(p store.Page, columns []string) string {
	direction := " desc"
	if p.Oldest {
		direction = ""
	}
	return " order by " + strings.Join(columns, direction+", ") + direction
}

// part reads a page of a list.
func part[T any](
	ctx context.Context, d *DB, t *table, scan func(row) (T, error), c *conditions, p store.Page, by ...string,
) ([]T, error) {
	limit, offset := bounds(p)
	n := len(c.args)
	return many(ctx, d, scan, selectFrom(t, c.text+ordered(p, by)+" limit "+place(n)+" offset "+place(n+1)),
		append(c.args[:n:n], limit, offset)...)
}

// partAndTotal reads a page of a list and how long the whole list is.
func partAndTotal[T any](
	ctx context.Context, d *DB, t *table, scan func(row) (T, error), c *conditions, p store.Page, by ...string,
) ([]T, int, error) {
	total, err := many(ctx, d, scanOne[int], "select count(*) from "+t.name+" where "+c.text, c.args...)
	if err != nil || total[0] == 0 {
		return nil, 0, err
	}
	list, err := part(ctx, d, t, scan, c, p, by...)
	return list, total[0], err
}

// scanOne reads the only column of a row.
func scanOne[T any](r row) (T, error) {
	var value T
	err := r.Scan(&value)
	return value, err
}

// one reads the only row of a query, or gives the fault for a thing that is
// not there.
func one[T any](
	ctx context.Context, d *DB, missing fault.Code, scan func(row) (T, error), query string, args ...any,
) (T, error) {
	found, err := first(ctx, d, 1, scan, query, args...)
	if err != nil || len(found) == 0 {
		var none T
		if err == nil {
			err = fault.New(missing, "", "")
		}
		return none, err
	}
	return found[0], nil
}

// keyed reads the row of a key, or gives the fault for a thing that is not there.
// It is for what is read at once: SQLite does not stop in the middle of it when
// the caller goes away.
func keyed[T any](
	ctx context.Context, d *DB, missing fault.Code, scan func(row) (T, error), query string, args ...any,
) (thing T, err error) {
	found, err := d.engine.find(ctx, query, func(r row) (err error) {
		thing, err = scan(r)
		return err
	}, args...)
	switch {
	case err != nil:
		err = d.readFault(ctx, err)
	case !found:
		err = fault.New(missing, "", "")
	default:
		return thing, nil
	}
	var none T
	return none, err
}

// readFault tells a caller who went away from a database that is away, and
// both from one that failed.
func (d *DB) readFault(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fault.New(fault.CodeTimeOut, "", "").With(errors.Join(ctx.Err(), err))
	}
	if d.engine.verdict(err) == broken {
		return fault.New(fault.CodeDatabaseUnavailable, "", "").With(err)
	}
	return fault.New(fault.CodeInternal, "", "").With(err)
}

// Claimed finds the owner of a key, of any merchant where none is given.
// Error: not_found.
func (d *DB) Claimed(
	ctx context.Context, merchantID string, kind store.ClaimKind, key string,
) (store.Claim, error) {
	scan := func(r row) (c store.Claim, err error) {
		return c, r.Scan(&c.Key, &c.Kind, &c.Merchant, &c.Subject)
	}
	if merchantID == "" {
		return one(ctx, d, fault.CodeNotFound, scan,
			selectFrom(claims, "key = $1 and kind = $2 limit 1"), key, string(kind))
	}
	return one(ctx, d, fault.CodeNotFound, scan,
		selectFrom(claims, "key = $1 and kind = $2 and merchant_id = $3"), key, string(kind), merchantID)
}

// owned are the nouns that can be found by an unguessable id.
//
//exhaustive:ignore
var owned = map[event.Noun]struct {
	table   *table
	missing fault.Code
}{
	event.Invoice: {invoices, fault.CodeInvoiceNotFound},
	event.Payment: {payments, fault.CodePaymentNotFound},
	event.Refund:  {refunds, fault.CodeRefundNotFound},
	event.Payout:  {payouts, fault.CodePayoutNotFound},
	event.Deal:    {deals, fault.CodeDealNotFound},
	// These two have no code of their own.
	event.Trader:    {traders, fault.CodeNotFound},
	event.Requisite: {requisites, fault.CodeNotFound},
}

// Owner finds whose invoice, payment, refund, payout, deal, trader or requisite an
// id is. Error: the noun's not-found fault.
func (d *DB) Owner(ctx context.Context, noun event.Noun, id string) (string, error) {
	of, ok := owned[noun]
	if !ok {
		return "", fault.New(fault.CodeNotFound, "", "")
	}
	return one(ctx, d, of.missing, scanOne[string],
		"select merchant_id from "+of.table.name+" where id = $1 limit 1", id)
}

// Answer finds a stored reply that has not expired. Error: not_found.
func (d *DB) Answer(ctx context.Context, merchantID, key string, now time.Time) (store.Answer, error) {
	return keyed(ctx, d, fault.CodeNotFound, func(r row) (a store.Answer, err error) {
		var expires int64
		err = r.Scan(&a.Key, &a.Merchant, &a.Fingerprint, &a.Status, &a.Body, &expires)
		a.ExpiresAt = instant(expires)
		return a, err
	}, selectFrom(answers, "key = $1 and merchant_id = $2 and expires_at > $3"), key, merchantID, micros(now))
}

// waiting finds what waits for a person, each part through its partial index.
const waiting = `select merchant_id, 'payment' as noun, id, attention, updated_at from payment where attention <> ''
union all
select merchant_id, 'refund' as noun, id, attention, updated_at from refund where attention <> ''
union all
select merchant_id, 'payout' as noun, id, attention, updated_at from payout where attention <> ''
order by 5, 3`

// Attention lists what waits for a person, longest waiting first.
func (d *DB) Attention(ctx context.Context) ([]store.Waiting, error) {
	return many(ctx, d, func(r row) (w store.Waiting, err error) {
		var since int64
		err = r.Scan(&w.Merchant, &w.Noun, &w.Subject, &w.Reason, &since)
		w.Since = instant(since)
		return w, err
	}, waiting)
}
