package app

import (
	"context"
	"time"
)

// Forget removes answers and counts of tries that have expired, and deliveries
// that arrived long ago, up to limit of each, and says how many. What happened
// stays: entries, postings, events and things with their states.
func (a *App) Forget(ctx context.Context, limit int) (int, error) {
	var before time.Time
	if a.kept > 0 {
		before = a.now().Add(-a.kept)
	}
	return a.store.Forget(ctx, before, limit)
}
