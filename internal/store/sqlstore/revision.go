package sqlstore

import (
	"context"
	"fmt"

	"github.com/purserhq/purser/internal/store"
)

// revisions are counted by the database itself, which no writer can pass by.
const revisions = "select settings, customers from revision"

// Revisions reads them. Numbers that are not there are no numbers that stay the same.
func (d *DB) Revisions(ctx context.Context) (store.Revisions, error) {
	found, err := many(ctx, d, func(row row) (r store.Revisions, err error) {
		err = row.Scan(&r.Settings, &r.Customers)
		return r, err
	}, revisions)
	switch {
	case err != nil:
		return store.Revisions{}, err
	case len(found) != 1:
		return store.Revisions{}, d.readFault(ctx, fmt.Errorf("table revision: %d rows, want 1", len(found)))
	}
	return found[0], nil
}
