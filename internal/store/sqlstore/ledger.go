package sqlstore

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/ledger"
)

// takings lists the rules that take a payment's money, for a condition, as the
// indexes of entries have them.
var takings = quoted(ledger.Takings)

// quoted lists words of the program, never of a caller, for a condition.
func quoted[S ~string](words []S) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = "'" + string(w) + "'"
	}
	return strings.Join(list, ", ")
}

// scanEvent reads one event.
func scanEvent(r row) (event.Event, error) {
	var (
		e  event.Event
		at int64
	)
	err := r.Scan(&e.Seq, &e.Merchant, &e.Noun, &e.Subject, &e.Trigger, &e.From, &e.To, &e.Actor, &e.Note, &at)
	e.At = instant(at)
	return e, err
}

// Events follow the given sequence number, in order, without gaps. The numbers
// are dense, so the next ones are looked up one by one: the key begins with the
// number, which keeps the new rows of all merchants together on disk.
func (d *DB) Events(ctx context.Context, merchantID string, after int64, limit int) ([]event.Event, error) {
	if limit < 1 || after > math.MaxInt64-int64(limit)-1 { // PostgreSQL fails where it cannot count on
		return nil, nil
	}
	return many(ctx, d, scanEvent, `with recursive next (seq) as (
	select cast($2 as bigint) + 1
	union all
	select next.seq + 1 from next
	where next.seq < cast($2 as bigint) + $3
		and next.seq < (select events from tally where merchant_id = $1)
)
select `+prefixed("e", events)+` from next join event e on e.seq = next.seq and e.merchant_id = $1 order by e.seq`,
		merchantID, after, limit)
}

// EventsOf are those of one subject that follow a number, in order.
func (d *DB) EventsOf(ctx context.Context, merchantID, subject string, after int64, limit int) ([]event.Event, error) {
	if limit < 1 {
		return nil, nil
	}
	return many(ctx, d, scanEvent, selectFrom(events,
		"subject = $1 and merchant_id = $2 and seq > $3 order by seq limit $4"), subject, merchantID, after, limit)
}

// isAct is true of events that operators caused, of those of what is administered, of rates, and of what
// was done to customers, but not of new ones: a busy wallet makes one with every sign-up. The index
// event_act has the same words.
var isAct = "(actor = 'operator' or noun in (" + quoted(append(slices.Clone(event.Administered), event.Market)) +
	") or noun = 'customer' and trigger <> 'create')"

// Acts are what operators did and what was administered, by whomever, the newest first.
func (d *DB) Acts(ctx context.Context, merchantID string, before int64, limit int) ([]event.Event, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	return many(ctx, d, scanEvent, selectFrom(events,
		"merchant_id = $1 and seq < $2 and "+isAct+" order by seq desc limit $3"), merchantID, before, limit)
}

// History is the events of one subject, in order.
func (d *DB) History(
	ctx context.Context, merchantID string, noun event.Noun, subject string,
) ([]event.Event, error) {
	return many(ctx, d, scanEvent,
		selectFrom(events, "subject = $1 and merchant_id = $2 and noun = $3 order by seq"),
		subject, merchantID, string(noun))
}

// eventRecord writes an event. Its sequence number is filled in by the commit.
func eventRecord(e event.Event) record {
	return record{
		int64(0), e.Merchant, string(e.Noun), e.Subject, e.Trigger, e.From, e.To, e.Actor, e.Note, micros(e.At),
	}
}

// entryRecords writes an entry and its postings.
func entryRecords(e ledger.Entry) (entry record, lines []record) {
	var id, merchant any = e.ID(), e.Merchant() // which all rows share
	entry = record{id, merchant, string(e.Rule()), e.Subject(), micros(e.At())}
	postings := e.Postings()
	lines = make([]record, len(postings))
	for i, p := range postings {
		lines[i] = record{id, merchant, int64(i), p.Account.Key(), string(p.Account.Unit), p.Amount.Steps()}
	}
	return entry, lines
}
