package sqlstore

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/store"
)

// DB counts what is under way.
var _ store.Backlog = (*DB)(nil)

// perMerchant counts rows in some states and finds the oldest, going to each
// merchant's own part of the index (merchant_id, state, created_at): there is no
// other way to them that costs nothing when they are stored.
func perMerchant(table, states string) string {
	from := " from " + table + " t where t.merchant_id = m.merchant_id and t.state in (" + states + ")"
	return "select coalesce(sum((select count(*)" + from + ")), 0), min((select min(t.created_at)" + from + "))" +
		" from merchant m"
}

// dueMessages counts all messages that are due, and finds the longest due one of the
// queues that nobody is trying. A receiver that is slow or dead gets one message or a
// few at a time, so that the others of its queue stay due however well the courier
// works. Such a queue shows that it is worked at: the message that is under way has a
// lease, and one that was refused for the first or the second time comes back within
// six minutes. Both were written in the last two minutes, the length of a lease, and
// are due later than that; what nobody ever tried is due when it is written.
const dueMessages = `with recursive line (queue) as (
	select (select min(queue) from delivery where state = 'due')
	union all
	select (select min(queue) from delivery where state = 'due' and queue > line.queue)
	from line where line.queue is not null
), left_lying (since) as (
	select (select min(run_at) from delivery where state = 'due' and queue = line.queue and run_at <= $1)
	from line where line.queue is not null and (
		select 1 from delivery where state = 'due' and queue = line.queue
			and run_at > $1 and run_at <= cast($1 as bigint) + 360000000
			and updated_at > cast($1 as bigint) - 120000000 and updated_at < run_at
		order by run_at desc limit 1
	) is null
)
select (select count(*) from delivery where state = 'due' and run_at <= $1), (select min(since) from left_lying)`

// piles are the queries of the piles: how many, and since when. $1 is now.
var piles = []struct {
	name  store.PileName
	query string
	timed bool // it asks what the time is
}{
	{store.OpenPayments, `select count(*), min(created_at) from payment
		where check_at is not null and state = 'processing'`, false},
	{store.OpenRefunds, `select count(*), min(created_at) from refund
		where check_at is not null and state in ('requested', 'processing')`, false},
	{store.OpenPayouts, perMerchant("payout", held), false},
	{store.OpenDeals, perMerchant("deal", quoted([]deal.State{deal.TransferWaiting, deal.TransferConfirmed})), false},
	{store.StuckPayments, `select count(*), min(updated_at) from payment where attention <> ''`, false},
	{store.StuckRefunds, `select count(*), min(updated_at) from refund where attention <> ''`, false},
	{store.StuckPayouts, `select count(*), min(updated_at) from payout where attention <> ''`, false},
	{store.Disputes, perMerchant("deal", quoted([]deal.State{deal.Disputed})), false},
	{store.DuePayments, `select count(*), min(check_at) from payment where check_at is not null and check_at <= $1`, true},
	{store.DueRefunds, `select count(*), min(check_at) from refund where check_at is not null and check_at <= $1`, true},
	{store.DuePayouts, `select count(*), min(check_at) from payout where check_at is not null and check_at <= $1`, true},
	{store.DueDeliveries, dueMessages, true},
	{store.DeadDeliveries, perMerchant("delivery", "'dead'"), false},
}

// Backlog counts what is under way.
func (d *DB) Backlog(ctx context.Context, now time.Time) ([]store.Pile, error) {
	found := make([]store.Pile, 0, len(piles))
	for _, p := range piles {
		var args []any
		if p.timed {
			args = []any{micros(now)}
		}
		counted, err := many(ctx, d, func(r row) (store.Pile, error) {
			pile := store.Pile{Name: p.name}
			var oldest *int64
			err := r.Scan(&pile.Count, &oldest)
			if oldest != nil {
				pile.Oldest = instant(*oldest)
			}
			return pile, err
		}, p.query, args...)
		if err != nil {
			return nil, err
		}
		found = append(found, counted...)
	}
	return found, nil
}
