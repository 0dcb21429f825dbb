package app

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// sealedThing is something that is sealed, as it was read.
type sealedThing struct {
	SealedThing

	sealed []byte // empty = there is no secret in it, or it is bare
	bare   []byte // the secret of one that is not sealed yet
	as     string // the name that it is sealed as; a gateway's credentials have none
	busy   bool   // to write it now would be in somebody's way
	// put adds the thing to a change, with something else in the place of what was sealed.
	put func(c *store.Change, sealed []byte, now time.Time)
}

// readSealed reads some things of a merchant as they are now; no ids = all of them. Those
// that are gone are left out.
type readSealed func(ctx context.Context, r store.Reader, merchantID string, ids []string) ([]sealedThing, error)

// look counts what is sealed as it should be, and seals the rest anew.
func (w *resealing) look(ctx context.Context, found []sealedThing, read readSealed) error {
	older := map[string][]string{} // by merchant: a change belongs to one
	for _, s := range found {
		if len(s.bare) > 0 {
			if w.counts {
				w.found.Bare++
			} else {
				older[s.Merchant] = append(older[s.Merchant], s.ID)
			}
			continue
		}
		if len(s.sealed) == 0 {
			continue
		}
		key := w.keys.KeyOf(s.sealed)
		if !w.counts && key != w.keys.Sealing() {
			older[s.Merchant] = append(older[s.Merchant], s.ID)
			continue
		}
		w.count(s.Kind, key)
		if !w.keys.Opens(key) {
			w.closed(s)
		}
	}
	for merchantID, all := range older {
		for ids := range slices.Chunk(all, sealedAtOnce) {
			if err := w.anew(ctx, merchantID, ids, read); err != nil {
				return err
			}
		}
	}
	return nil
}

// outcome is what came of one thing.
type outcome struct {
	sealedThing

	key          uint32 // under which it is in the end
	anew, closed bool
}

// anew seals some things of one merchant anew, in one change. They are read again by the
// decision that writes them: whoever changed one meanwhile was first.
func (w *resealing) anew(ctx context.Context, merchantID string, ids []string, read readSealed) error {
	var came []outcome
	err := w.app.update(ctx, func(r store.Reader) (change store.Change, err error) {
		came = nil
		found, err := read(ctx, r, merchantID, ids)
		for _, s := range found {
			if len(s.sealed)+len(s.bare) > 0 {
				came = append(came, w.decide(s, &change))
			}
		}
		return change, err
	})
	if err != nil {
		return err
	}
	for _, o := range came {
		w.count(o.Kind, o.key)
		switch {
		case o.closed:
			w.closed(o.sealedThing)
		case o.anew:
			w.found.Anew++
		case o.key != w.keys.Sealing():
			w.found.Busy++
		}
	}
	return nil
}

// decide adds a thing that is not sealed under the right key to a change.
func (w *resealing) decide(s sealedThing, change *store.Change) outcome {
	o := outcome{sealedThing: s, key: w.keys.KeyOf(s.sealed)}
	if o.key == w.keys.Sealing() || s.busy {
		return o
	}
	sealed, err := w.renewed(s)
	if err != nil {
		o.closed = true
		return o
	}
	s.put(change, sealed, w.app.now())
	o.key, o.anew = w.keys.Sealing(), true
	return o
}

// renewed is the secret of a thing, sealed under the right key.
func (w *resealing) renewed(s sealedThing) ([]byte, error) {
	if s.Kind == SealedGateway {
		return w.keys.CredentialsAnew(s.Merchant, s.ID, s.sealed)
	}
	text := s.bare
	if len(text) == 0 {
		var err error
		if text, err = w.app.sealer.Open(s.Merchant, s.as, s.sealed); err != nil {
			return nil, err
		}
	}
	return w.app.sealer.Seal(s.Merchant, s.as, text)
}

// those are the things with these ids; no ids = all.
func those(all []sealedThing, ids []string) []sealedThing {
	return slices.DeleteFunc(all, func(s sealedThing) bool { return ids != nil && !slices.Contains(ids, s.ID) })
}

// each reads things one by one.
func each(ids []string, read func(id string) (sealedThing, error)) (found []sealedThing, err error) {
	for _, id := range ids {
		s, err := read(id)
		if fault.KindOf(err) == fault.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, s)
	}
	return found, nil
}

// sealedGateways reads contracts, and removed ones too: their refunds need them.
func sealedGateways(ctx context.Context, r store.Reader, merchantID string, ids []string) ([]sealedThing, error) {
	list, err := r.Gateways(ctx, merchantID)
	found := make([]sealedThing, len(list))
	for n, g := range list {
		found[n] = sealedThing{
			SealedThing: SealedThing{SealedGateway, g.Merchant, g.Name}, sealed: g.Sealed,
			put: func(c *store.Change, sealed []byte, now time.Time) {
				g.Sealed = sealed
				c.Gateways = append(c.Gateways, g)
				c.Events = append(c.Events, acted(event.Gateway, g.Merchant, g.Name, event.Reseal, now))
			},
		}
	}
	return those(found, ids), err
}

// sealedKeys reads keys that sign, those of stores, and issuers; revoked ones too.
func sealedKeys(ctx context.Context, r store.Reader, merchantID string, ids []string) ([]sealedThing, error) {
	list, err := r.Keys(ctx, merchantID)
	found := make([]sealedThing, len(list))
	for n, k := range list {
		kind := SealedSigning
		if _, ok := k.Store(); ok {
			kind = SealedStore
		} else if k.Issues() {
			kind = SealedIssuer
		}
		found[n] = sealedThing{
			SealedThing: SealedThing{kind, k.Merchant, k.ID}, sealed: k.Sealed, as: k.ID,
			put: func(c *store.Change, sealed []byte, now time.Time) {
				k.Sealed = sealed
				c.Keys = append(c.Keys, k)
				c.Events = append(c.Events, acted(event.Key, k.Merchant, k.ID, event.Reseal, now))
			},
		}
	}
	return those(found, ids), err
}

// sealedEndpoints reads endpoints, those that sign for terminals among them. The former
// secrets of one are sealed together with its newest.
func sealedEndpoints(ctx context.Context, r store.Reader, merchantID string, ids []string) ([]sealedThing, error) {
	list, err := r.Endpoints(ctx, merchantID)
	found := make([]sealedThing, len(list))
	for n, e := range list {
		kind := SealedEndpoint
		if e.URL == "" {
			kind = SealedTerminal
		}
		found[n] = sealedThing{
			SealedThing: SealedThing{kind, e.Merchant, e.ID}, sealed: e.Sealed, as: e.ID,
			put: func(c *store.Change, sealed []byte, now time.Time) {
				e.Sealed = sealed
				c.Endpoints = append(c.Endpoints, e)
				c.Events = append(c.Events, acted(event.Receiver, e.Merchant, e.ID, event.Reseal, now))
			},
		}
	}
	return those(found, ids), err
}

// sealedCustomers reads customers.
func sealedCustomers(ctx context.Context, r store.Reader, merchantID string, ids []string) ([]sealedThing, error) {
	return each(ids, func(id string) (sealedThing, error) {
		number, err := strconv.ParseInt(id, 10, 64)
		if err != nil {
			return sealedThing{}, err
		}
		c, err := r.Customer(ctx, merchantID, number)
		return sealedCustomer(c), err
	})
}

// sealedCustomer is the hash of a customer's PIN.
func sealedCustomer(c wallet.Customer) sealedThing {
	s := sealedThing{
		SealedThing: SealedThing{SealedPIN, c.Merchant, ownerOf(c.Number)}, as: c.PINName(),
		put: func(change *store.Change, sealed []byte, _ time.Time) {
			c.PIN = wallet.SealedPIN(sealed)
			change.Customers = append(change.Customers, c)
		},
	}
	if sealed, ok := wallet.SealOfPIN(c.PIN); ok {
		s.sealed = sealed
	} else {
		s.bare = []byte(c.PIN)
	}
	return s
}

// sealedInvoices reads invoices.
func sealedInvoices(ctx context.Context, r store.Reader, merchantID string, ids []string) ([]sealedThing, error) {
	return each(ids, func(id string) (sealedThing, error) {
		i, err := r.Invoice(ctx, merchantID, id)
		return sealedInvoice(i), err
	})
}

// sealedInvoice is the secret of an invoice's notices.
func sealedInvoice(i invoice.Invoice) sealedThing {
	return sealedThing{
		SealedThing: SealedThing{SealedInvoice, i.Merchant, i.ID}, sealed: i.Notice.Sealed, as: noticeSecret(i.ID),
		put: func(c *store.Change, sealed []byte, _ time.Time) {
			i.Notice.Sealed = sealed
			c.Invoices = append(c.Invoices, i)
		},
	}
}

// sealedPayouts reads payouts.
func sealedPayouts(ctx context.Context, r store.Reader, merchantID string, ids []string) ([]sealedThing, error) {
	return each(ids, func(id string) (sealedThing, error) {
		p, err := r.Payout(ctx, merchantID, id)
		return sealedPayout(p), err
	})
}

// sealedPayout is the secret of a payout's notices.
func sealedPayout(p payout.Payout) sealedThing {
	return sealedThing{
		SealedThing: SealedThing{SealedPayout, p.Merchant, p.ID}, sealed: p.Notice.Sealed, as: noticeSecret(p.ID),
		put: func(c *store.Change, sealed []byte, _ time.Time) {
			p.Notice.Sealed = sealed
			c.Payouts = append(c.Payouts, p)
		},
	}
}

// sealedDeliveries reads deliveries with their bodies.
func (a *App) sealedDeliveries(ctx context.Context, r store.Reader, merchantID string, ids []string,
) ([]sealedThing, error) {
	return each(ids, func(id string) (sealedThing, error) {
		d, err := r.Delivery(ctx, merchantID, id)
		return sealedDelivery(d, a.now()), err
	})
}

// sealedDelivery is the header that only this delivery has. While somebody is sending it,
// it is not to be written: what came of the try would be lost, and it sent once more.
func sealedDelivery(d event.Delivery, now time.Time) sealedThing {
	return sealedThing{
		SealedThing: SealedThing{SealedDelivery, d.Merchant, d.ID}, sealed: d.Sealed, as: noticeSecret(d.Subject),
		busy: d.State == event.Due && d.RunAt.Sub(d.UpdatedAt) == lease && now.Before(d.RunAt),
		put: func(c *store.Change, sealed []byte, _ time.Time) {
			d.Sealed = sealed
			c.Deliveries = append(c.Deliveries, d)
		},
	}
}
