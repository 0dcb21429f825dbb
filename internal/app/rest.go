package app

import (
	"context"
	"slices"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/store"
)

const (
	// restTime is how long a delivery to a disabled endpoint rests before it is looked
	// at again, unless the endpoint is enabled.
	restTime = 10 * time.Minute
	// mostWoken bounds what the call that enables an endpoint has to do; what is beyond
	// has its rest.
	mostWoken = 1000
	// wokenAtOnce bounds one commit.
	wokenAtOnce = 100
)

// layToRest lets a delivery to a disabled endpoint rest.
func (a *App) layToRest(ctx context.Context, d event.Delivery) error {
	now := a.now()
	d.RunAt, d.Rests, d.UpdatedAt = now.Add(restTime), true, now
	if err := a.store.Commit(ctx, store.Change{Deliveries: []event.Delivery{d}}); err != nil {
		return ignoreConflict(err)
	}
	// Who enabled the endpoint meanwhile did not find this one among those that rest.
	to, err := endpointOf(ctx, a.store, d.Merchant, d.Endpoint)
	if err != nil || to.Disabled != "" {
		return err
	}
	return a.awaken(ctx, d.Merchant, []string{d.ID}, a.now())
}

// awakenAll makes due at once what rests because an endpoint was disabled, the oldest first.
func (a *App) awakenAll(ctx context.Context, merchantID, endpointID string) error {
	found, err := a.store.Deliveries(ctx, merchantID, store.DeliveryFilter{Endpoint: endpointID, State: event.Due},
		store.Page{Limit: mostWoken, Oldest: true})
	if err != nil {
		return err
	}
	var ids []string
	for _, d := range found {
		if d.Rests {
			ids = append(ids, d.ID)
		}
	}
	now := a.now()
	for part := range slices.Chunk(ids, wokenAtOnce) {
		if err := a.awaken(ctx, merchantID, part, now); err != nil {
			return err
		}
	}
	return nil
}

// awaken makes those of some deliveries due that rest.
func (a *App) awaken(ctx context.Context, merchantID string, ids []string, now time.Time) error {
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		var change store.Change
		for _, id := range ids {
			d, err := r.Delivery(ctx, merchantID, id)
			if err != nil {
				return change, err
			}
			if d.Rests {
				d.RunAt, d.Rests, d.UpdatedAt = now, false, now
				change.Deliveries = append(change.Deliveries, d)
			}
		}
		return change, nil
	})
}
