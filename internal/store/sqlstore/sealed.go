package sqlstore

import (
	"context"
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/store"
)

// EveryDelivery are those of all merchants behind a key, without their bodies.
func (d *DB) EveryDelivery(ctx context.Context, after store.Key, limit int) ([]event.Delivery, error) {
	limit, _ = bounds(store.Page{Limit: limit})
	return many(ctx, d, func(r row) (event.Delivery, error) { return scanListed(r) },
		selectFrom(outline, "(id, merchant_id) > ($1, $2) order by id, merchant_id limit $3"),
		after.ID, after.Merchant, limit)
}

// EveryAnswer are those of all merchants behind a key that have not expired. Bodies
// may be long, and only their beginnings say how they are sealed.
func (d *DB) EveryAnswer(ctx context.Context, after store.Key, now time.Time, limit int) ([]store.Answer, error) {
	limit, _ = bounds(store.Page{Limit: limit})
	return many(ctx, d, func(r row) (a store.Answer, err error) {
		var expires int64
		err = r.Scan(&a.Key, &a.Merchant, &a.Fingerprint, &a.Status, &a.Body, &expires)
		a.ExpiresAt = instant(expires)
		return a, err
	}, "select key, merchant_id, fingerprint, status, substr(body, 1, "+strconv.Itoa(store.AnswerHead)+"), expires_at"+
		" from answer where (key, merchant_id) > ($1, $2) and expires_at > $3 order by key, merchant_id limit $4",
		after.ID, after.Merchant, micros(now), limit)
}
