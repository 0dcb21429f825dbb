package app

import (
	"context"
	"encoding/json"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/store"
)

// commit makes a change true together with the deliveries that its events
// cause: whoever wants to know hears of it, or it did not happen. One that moves
// money is refused while the books are known to be wrong.
func (a *App) commit(ctx context.Context, c store.Change) error {
	if movesMoney(c) {
		if err := a.sound(); err != nil {
			return err
		}
	}
	if len(c.Events) > 0 {
		if err := a.address(ctx, &c); err != nil {
			return err
		}
	}
	record(ctx, &c)
	k := contactsOf(ctx)
	c.Contacts = k.take(len(c.Events))
	if err := a.write(ctx, c); err != nil {
		k.putBack(c.Contacts, err)
		return err
	}
	if len(c.Deliveries) > 0 {
		a.wake()
	}
	return nil
}

// write commits a change, and takes the name of the wish that the context
// carries with the first one.
func (a *App) write(ctx context.Context, c store.Change) error {
	w, ok := ctx.Value(wishKey{}).(*Wish)
	if !ok || !w.begin(&c, a.now()) {
		return a.store.Commit(ctx, c)
	}
	return w.end(a.store.Commit(ctx, c))
}

// wake tells the worker that something is due; one that is busy will look anyway.
func (a *App) wake() {
	select {
	case a.due <- struct{}{}:
	default:
	}
}

// Due says, some time after it, that a delivery was committed on this node.
func (a *App) Due() <-chan struct{} { return a.due }

// address adds one delivery for every event and every endpoint that wants it,
// and those for the invoices' own addresses.
func (a *App) address(ctx context.Context, c *store.Change) error {
	if err := a.addNotices(ctx, c); err != nil {
		return err
	}
	endpoints, err := a.endpointsOf(ctx, c.Events[0].Merchant)
	if err != nil || len(endpoints) == 0 {
		return err
	}
	for _, e := range c.Events {
		if !e.News() {
			continue
		}
		for _, to := range endpoints {
			if !to.Wants(e.Type()) {
				continue
			}
			body, err := nativeBody(e)
			if err != nil {
				return err
			}
			c.Deliveries = append(c.Deliveries, event.Delivery{
				ID: "msg_" + a.newID(e.At), Merchant: e.Merchant, State: event.Due, Endpoint: to.ID, Queue: to.ID,
				URL: to.URL, Type: e.Type(), Subject: e.Subject, MediaType: "application/json", Body: body,
				RunAt: e.At, CreatedAt: e.At, UpdatedAt: e.At,
			})
		}
	}
	return nil
}

// nativeBody is what a merchant's endpoint is told: which thing moved from
// where to where. What else there is to know is asked for, so that a message
// that is late or repeated can say nothing that is wrong.
func nativeBody(e event.Event) ([]byte, error) {
	type data struct {
		ID            string `json:"id"`
		Object        string `json:"object"`
		State         string `json:"state"`
		PreviousState string `json:"previous_state,omitempty"`
	}
	return json.Marshal(struct {
		Type      string `json:"type"`
		Timestamp string `json:"timestamp"`
		Data      data   `json:"data"`
	}{
		e.Type(), e.At.UTC().Format("2006-01-02T15:04:05.000000Z"),
		data{ID: e.Subject, Object: string(e.Noun), State: e.To, PreviousState: e.From},
	})
}

// awaitNodes returns when no other node goes by endpoints that it read before: what happens
// from then on is told to an endpoint that the caller hears of, on whatever node it happens.
// It costs the commits nothing, and a caller who hangs up does not shorten it.
func (a *App) awaitNodes() {
	if a.elsewhere != nil {
		a.elsewhere(keyAge)
	}
}

// endpointsOf are a merchant's endpoints. One that another node added may go
// unnoticed for keyAge, and whoever adds one hears of it after that.
func (a *App) endpointsOf(ctx context.Context, merchantID string) ([]event.Endpoint, error) {
	return a.endpoints.find(a.now(), merchantID, func() ([]event.Endpoint, error) {
		return a.store.Endpoints(ctx, merchantID)
	})
}
