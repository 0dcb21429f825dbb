package sqlstore

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// Entries have no index by merchant, for which every commit would pay. Their ids begin with
// the millisecond in which they were booked, so that the key has all of them in the order of
// time: those of a merchant are found by going through it, part by part.

// stampLength is how many digits of an entry's id are its millisecond.
const stampLength = 12

// stamp is what the ids of a millisecond begin with; it is less than all of them.
func stamp(at time.Time) string { return fmt.Sprintf("%0*x", stampLength, max(0, at.UnixMilli())) }

// stamped is the millisecond of an id.
func stamped(id string) (at time.Time, ok bool) {
	if len(id) < stampLength {
		return at, false
	}
	milli, err := strconv.ParseInt(id[:stampLength], 16, 64)
	return time.UnixMilli(milli).UTC(), err == nil
}

// ids leaves what was booked in the time of a part, by the millisecond.
func (c *conditions) ids(p store.Older) {
	if !p.From.IsZero() {
		c.and("id >= ?", stamp(p.From))
	}
	if !p.Until.IsZero() {
		c.and("id < ?", stamp(p.Until.Add(time.Millisecond)))
	}
}

// entryDepth is depth for the entries of all merchants.
func (d *DB) entryDepth(ctx context.Context, p store.Older, looks int) (at time.Time, err error) {
	c := where("id > ?", "")
	if p.ID != "" {
		c.and("id < ?", entryBehind(p)[:stampLength])
	}
	c.ids(p)
	found, err := many(ctx, d, scanOne[string], "select id from entry where "+c.text+
		" order by id desc limit 1 offset "+place(len(c.args)), append(c.args, looks)...)
	if err != nil || len(found) == 0 {
		return at, err
	}
	at, _ = stamped(found[0]) // what has another form is from before all time
	return at, nil
}

// ListEntries are a merchant's, the newest first.
func (d *DB) ListEntries(ctx context.Context, merchantID string, l store.EntryList, p store.Older,
) ([]ledger.Entry, error) {
	c := where("merchant_id = ?", merchantID)
	if p.ID != "" {
		c.and("id < ?", entryBehind(p))
	}
	c.ids(p)
	if !p.From.IsZero() {
		c.and("at >= ?", micros(p.From))
	}
	if !p.Until.IsZero() {
		c.and("at < ?", micros(p.Until))
	}
	c.only("rule", string(l.Rule))
	whose, args := "", []any(nil)
	for _, of := range [][2]string{{"role", string(l.Role)}, {"owner", l.Owner}, {"unit", string(l.Unit)}} {
		if of[1] != "" {
			whose += " and a." + of[0] + " = ?"
			args = append(args, of[1])
		}
	}
	if whose != "" {
		c.and("exists (select 1 from posting p join account a on a.key = p.account and a.merchant_id = p.merchant_id"+
			" where p.entry_id = entry.id and p.merchant_id = entry.merchant_id"+whose+")", args...)
	}
	limit, _ := bounds(store.Page{Limit: p.Limit})
	return d.entriesFrom(ctx, merchantID, "(select id, merchant_id, subject, rule, at from entry where "+c.text+
		" order by id desc limit "+place(len(c.args))+") e", "e.id desc", append(c.args, limit)...)
}

// entryBehind is what the ids of the entries behind the last one that was read are less
// than. A time with something else than an id has all of them behind it that were booked
// before.
func entryBehind(p store.Older) string {
	if len(p.ID) < stampLength {
		return stamp(p.At)
	}
	return p.ID
}

// line is one posting with what its entry says.
type line struct {
	id, subject, rule string
	at                int64
	posting           ledger.Posting
}

// Entries are those booked for one subject, in order. They are found through whichever of
// the two partial indexes each of them stands in.
func (d *DB) Entries(ctx context.Context, merchantID, subject string) ([]ledger.Entry, error) {
	const of = "select id, merchant_id, subject, rule, at from entry where subject = $1 and merchant_id = $2 and rule "
	return d.entriesFrom(ctx, merchantID, "("+of+"in ("+takings+") union all "+of+"not in ("+takings+")) e", "e.at, e.id",
		subject, merchantID)
}

// entriesFrom reads the entries e of a part of a query, in an order in which those lie
// together that are of one.
func (d *DB) entriesFrom(ctx context.Context, merchantID, from, order string, args ...any) ([]ledger.Entry, error) {
	lines, err := many(ctx, d, func(r row) (line, error) {
		var (
			l     = line{posting: ledger.Posting{Account: ledger.Account{Merchant: merchantID}}}
			a     = &l.posting.Account
			steps int64
		)
		if err := r.Scan(&l.id, &l.subject, &l.rule, &l.at, &a.Role, &a.Owner, &a.Unit, &steps); err != nil {
			return l, err
		}
		var err error
		l.posting.Amount, err = money.Of(steps, a.Unit)
		return l, err
	}, "select e.id, e.subject, e.rule, e.at, a.role, a.owner, a.unit, p.amount from "+from+
		" join posting p on p.entry_id = e.id and p.merchant_id = e.merchant_id"+
		" join account a on a.key = p.account and a.merchant_id = p.merchant_id order by "+order+", p.line", args...)
	if err != nil {
		return nil, err
	}
	var found []ledger.Entry
	for len(lines) > 0 {
		n, first := 0, lines[0]
		var postings []ledger.Posting
		for n < len(lines) && lines[n].id == first.id {
			postings = append(postings, lines[n].posting)
			n++
		}
		lines = lines[n:]
		entry, err := ledger.New(ledger.Rule(first.rule), ledger.Cause{
			Entry: first.id, Merchant: merchantID, Subject: first.subject, At: instant(first.at),
		}, postings...)
		if err != nil {
			return nil, fmt.Errorf("read entry %s: %w", first.id, err)
		}
		found = append(found, entry)
	}
	return found, nil
}
