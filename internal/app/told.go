package app

import (
	"context"
	"slices"
	"strings"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
)

// Told finds the event that a delivery tells of. Error: not_found, also for one
// that tells of nothing that happened.
func (a *App) Told(ctx context.Context, merchantID, deliveryID string) (event.Event, error) {
	m, err := a.store.Delivery(ctx, merchantID, deliveryID)
	if err != nil {
		return event.Event{}, err
	}
	noun, _, _ := strings.Cut(m.Type, ".")
	history, err := a.store.History(ctx, merchantID, event.Noun(noun), m.Subject)
	if err != nil {
		return event.Event{}, err
	}
	at := slices.IndexFunc(history, func(e event.Event) bool { return e.Type() == m.Type && e.At.Equal(m.CreatedAt) })
	if at < 0 {
		return event.Event{}, fault.New(fault.CodeNotFound, "event", "")
	}
	return history[at], nil
}
