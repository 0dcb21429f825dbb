package sqlstore

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/store"
)

// arrivedOf are a merchant's deliveries that arrived, oldest first: the index
// leads to them where the merchant is known.
const arrivedOf = "merchant_id = m.merchant_id and state = 'delivered' and created_at >= 0 and created_at < $1" +
	" and updated_at < $1 order by created_at limit $2"

// forgetArrived removes some deliveries that arrived.
func (d *DB) forgetArrived() string {
	return "delete from delivery where (id, merchant_id) in (select d.id, d.merchant_id from merchant m " +
		d.engine.forEach(deliveries, "d", arrivedOf) + " limit $2)"
}

// forgetContacts removes some contacts. The ids are in order of time, so that the first ones
// are the oldest and no index of times is needed.
const forgetContacts = "delete from contact where (id, merchant_id) in (select id, merchant_id from" +
	" (select id, merchant_id, created_at from contact order by id, merchant_id limit $2) as oldest" +
	" where created_at < $1)"

// Forget removes what nobody asks for any more. Whoever changes such a thing at
// the same moment finds it gone and decides again.
func (d *DB) Forget(ctx context.Context, before store.Aged, limit int) (int, error) {
	var total int64
	limit = max(1, min(limit, most))
	now := micros(d.options.Now())
	err := d.engine.housekeep(ctx, func(h hand) error {
		total = 0
		for _, t := range []*table{answers, tries} {
			n, err := h.exec(ctx, sweep(t, h.passing()), now, limit)
			if err != nil {
				return err
			}
			total += n
		}
		for _, old := range []struct {
			statement string
			before    time.Time
		}{{d.forgetArrived(), before.Deliveries}, {forgetContacts, before.Contacts}} {
			if old.before.IsZero() {
				continue
			}
			n, err := h.exec(ctx, old.statement, micros(old.before), limit)
			if err != nil {
				return err
			}
			total += n
		}
		return nil
	})
	if err == nil {
		return int(total), nil
	}
	if d.engine.verdict(err) == hindered {
		return 0, nil // the next round finds it again
	}
	return 0, d.readFault(ctx, err)
}
