package app

import (
	"context"
	"time"

	"github.com/purserhq/purser/internal/store"
)

// Forget removes answers and counts of tries that have expired, deliveries that
// arrived long ago and what was said with gateways long ago, up to limit of each,
// and says how many. What happened
// stays: entries, postings, events and things with their states.
func (a *App) Forget(ctx context.Context, limit int) (int, error) {
	now := a.now()
	before := func(kept time.Duration) time.Time {
		if kept == 0 {
			return time.Time{}
		}
		return now.Add(-kept)
	}
	return a.store.Forget(ctx, store.Aged{Deliveries: before(a.kept), Contacts: before(a.keptContacts)}, limit)
}
