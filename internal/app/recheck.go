package app

import (
	"context"
	"time"
)

// Recheck asks whether anything was changed, by whatever process, of what is kept in memory. If not,
// it is good for keyAge more; if so, it is forgotten. Where nobody can say, everything is good for
// keyAge after it was read, and forgotten the next time: what answers then may be another database,
// which counts on from an older state. It is to be called much more often than keyAge.
func (a *App) Recheck(ctx context.Context) error {
	until := a.now().Add(keyAge)
	is, err := a.store.Revisions(ctx)
	a.rechecking.Lock()
	defer a.rechecking.Unlock()
	was := a.revisions
	if err != nil {
		a.revisions = nil
		return err
	}
	a.revisions = &is
	known := was != nil
	for _, c := range []memory{&a.keys, &a.signers, &a.issuers, &a.merchants, &a.endpoints, &a.terminals} {
		c.recheck(known && was.Settings == is.Settings, until)
	}
	a.accounts.recheck(known && was.Customers == is.Customers, until)
	return nil
}

// memory is a cache of whatever.
type memory interface {
	recheck(same bool, until time.Time)
}
