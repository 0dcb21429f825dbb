package app

import (
	"cmp"
	"context"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// Message is a delivery that is to be sent now, by whoever holds it.
type Message struct {
	event.Delivery

	Headers map[string]string // to be sent with the body, signature included
}

// lease is how long a try may take before somebody else may try too.
const lease = 2 * time.Minute

// DueDeliveries are those to be sent, the longest due of each queue first.
func (a *App) DueDeliveries(ctx context.Context, perQueue, limit int) ([]event.Delivery, error) {
	return a.store.DueDeliveries(ctx, a.now(), perQueue, limit)
}

// TakeDelivery makes the caller the one who tries this delivery. False means
// that somebody else was first, or that its endpoint is disabled.
func (a *App) TakeDelivery(ctx context.Context, d event.Delivery) (m Message, mine bool, err error) {
	to, err := endpointOf(ctx, a.store, d.Merchant, d.Endpoint)
	if err != nil {
		return m, false, err
	}
	if to.Disabled != "" {
		return m, false, a.layToRest(ctx, d)
	}
	now := a.now()
	secrets, err := a.secretsOf(to)
	if err != nil {
		return m, false, err
	}
	texts := make([]string, len(secrets))
	for n, s := range secrets {
		texts[n] = s.Secret
	}
	signature, err := event.Sign(d.ID, now, d.Body, texts...)
	if err != nil {
		return m, false, err
	}
	headers, err := a.ownHeader(d)
	if err != nil {
		return m, false, err
	}
	d.RunAt, d.Rests, d.UpdatedAt = now.Add(lease), false, now
	if err := a.store.Commit(ctx, store.Change{Deliveries: []event.Delivery{d}}); err != nil {
		return m, false, ignoreConflict(err)
	}
	d.Version++
	maps.Copy(headers, map[string]string{
		"content-type": d.MediaType, event.HeaderID: d.ID,
		event.HeaderTimestamp: strconv.FormatInt(now.Unix(), 10), event.HeaderSignature: signature,
	})
	return Message{Delivery: d, Headers: headers}, true, nil
}

// ownHeader is the header that only this delivery has, with its secret opened.
func (a *App) ownHeader(d event.Delivery) (map[string]string, error) {
	headers := map[string]string{}
	if d.Header == "" {
		return headers, nil
	}
	secret, err := a.sealer.Open(d.Merchant, noticeSecret(d.Subject), d.Sealed)
	if err != nil {
		return nil, err
	}
	headers[d.Header] = string(secret)
	return headers, nil
}

// ignoreConflict is nil when somebody else was first.
func ignoreConflict(err error) error {
	if fault.Is(err, fault.CodeVersionConflict) {
		return nil
	}
	return err
}

// RecordDelivery writes down what came of a try. Somebody whose lease was over
// meanwhile writes nothing: the other one's try counts. An endpoint that is
// gone is disabled; the address of one invoice ends with it.
func (a *App) RecordDelivery(ctx context.Context, m Message, o event.Outcome) error {
	d, _, err := m.Tried(o, a.now(), rand.IntN(201)-100) //nolint:gosec // spreads load, keeps no secret
	if err != nil {
		return err
	}
	if err := ignoreConflict(a.store.Commit(ctx, store.Change{Deliveries: []event.Delivery{d}})); err != nil {
		return err
	}
	a.tried.ring()
	if o.Gone() && !isNotice(m.Delivery) {
		return a.DisableEndpoint(ctx, m.Merchant, m.Endpoint, "it answered 410: no more deliveries are wanted")
	}
	return nil
}

// DeliveryFilter selects deliveries; an empty field selects all.
type DeliveryFilter = store.DeliveryFilter

// Deliveries lists a merchant's deliveries, newest first, without their bodies.
func (a *App) Deliveries(ctx context.Context, merchantID string, f store.DeliveryFilter, page Page,
) ([]event.Delivery, error) {
	return a.store.Deliveries(ctx, merchantID, f, page)
}

// ListDeliveries lists a merchant's deliveries part by part, without their bodies.
func (a *App) ListDeliveries(ctx context.Context, merchantID string, f DeliveryFilter, part Older,
) ([]event.Delivery, error) {
	return a.store.ListDeliveries(ctx, merchantID, f, part)
}

// Delivery finds a merchant's delivery, with its body. Error: not_found.
func (a *App) Delivery(ctx context.Context, merchantID, id string) (event.Delivery, error) {
	return a.store.Delivery(ctx, merchantID, id)
}

// ResendDelivery makes a delivery due again, under its own id. One that is
// due already is tried at once. Error: not_found.
func (a *App) ResendDelivery(ctx context.Context, merchantID, id string) error {
	defer a.wake()
	return a.update(ctx, func(r store.Reader) (store.Change, error) {
		d, err := r.Delivery(ctx, merchantID, id)
		if err == nil {
			d, err = dueAgain(d, a.now())
		}
		return store.Change{Deliveries: []event.Delivery{d}, Events: []event.Event{resent(d)}}, err
	})
}

// resent puts down that somebody had a delivery sent again.
func resent(d event.Delivery) event.Event {
	e := acted(event.Receiver, d.Merchant, cmp.Or(d.Endpoint, d.ID), string(event.Resend), d.UpdatedAt)
	e.Note = d.ID
	return e
}

// dueAgain is a delivery that is due at once.
func dueAgain(d event.Delivery, now time.Time) (event.Delivery, error) {
	if d.State != event.Due {
		return d.Again(now)
	}
	d.RunAt, d.Rests, d.UpdatedAt = now, false, now
	return d, nil
}

// DeliveryDepth is how far a list of deliveries goes back that so many were looked
// through for, from where the part begins; zero where there are not so many.
func (a *App) DeliveryDepth(ctx context.Context, merchantID string, f DeliveryFilter, part Older, looks int,
) (time.Time, error) {
	if f.Subject != "" || f.Type == "" && f.Endpoint == "" {
		return time.Time{}, nil // those of one thing are few and have an index
	}
	return a.store.DeliveryDepth(ctx, merchantID, f.State, part, looks)
}

// ResendDeliveries makes those of a part due again that a filter leaves, and gives
// them. Where it names no state it means those that are dead.
// Errors: endpoint_not_found, parameter_invalid.
func (a *App) ResendDeliveries(ctx context.Context, merchantID string, f DeliveryFilter, part Older,
) (again []event.Delivery, err error) {
	f.State = cmp.Or(f.State, event.Dead)
	if f.Type != "" && (strings.Contains(f.Type, "*") || checkTypes([]string{f.Type}) != nil) {
		return nil, fault.New(fault.CodeParameterInvalid, "event", "There is no event "+strconv.Quote(f.Type)+".")
	}
	defer a.wake()
	err = a.update(ctx, func(r store.Reader) (store.Change, error) {
		var change store.Change
		if f.Endpoint != "" { // who misspells one must not believe that nothing is left
			if _, err := endpointOf(ctx, r, merchantID, f.Endpoint); err != nil {
				return change, err
			}
		}
		found, err := r.ListDeliveries(ctx, merchantID, f, part)
		if err != nil {
			return change, err
		}
		for _, known := range found {
			d, err := r.Delivery(ctx, merchantID, known.ID)
			if err == nil {
				d, err = dueAgain(d, a.now())
			}
			if err != nil {
				return change, err
			}
			change.Deliveries, change.Events = append(change.Deliveries, d), append(change.Events, resent(d))
		}
		again = change.Deliveries
		return change, nil
	})
	return again, err
}
