package sqlstore

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/store"
)

// Alarm is what the books were found to be.
func (d *DB) Alarm(ctx context.Context) (store.Alarm, error) {
	found, err := many(ctx, d, func(r row) (a store.Alarm, err error) {
		var at int64
		err = r.Scan(&a.ID, &a.Checks, &a.Example, &at)
		a.At = instant(at)
		return a, err
	}, "select check_id, must_hold, example, at from alarm")
	if err != nil || len(found) == 0 {
		return store.Alarm{}, err
	}
	return found[0], nil
}

// RaiseAlarm stores that the books are wrong. The first to say so is believed.
func (d *DB) RaiseAlarm(ctx context.Context, a store.Alarm) error {
	return d.keepHouse(ctx, "insert into alarm (id, check_id, must_hold, example, at) values (1, $1, $2, $3, $4)"+
		" on conflict do nothing", a.ID, a.Checks, a.Example, micros(a.At))
}

// EndAlarm removes an alarm, and not one that was raised after it.
func (d *DB) EndAlarm(ctx context.Context, raised time.Time) error {
	return d.keepHouse(ctx, "delete from alarm where at = $1", micros(raised))
}

// keepHouse makes one statement of housekeeping.
func (d *DB) keepHouse(ctx context.Context, statement string, args ...any) error {
	err := d.engine.housekeep(ctx, func(h hand) error {
		_, err := h.exec(ctx, statement, args...)
		return err
	})
	if err == nil {
		return nil
	}
	return d.readFault(ctx, err)
}
