package app

import (
	"context"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/purserhq/purser/internal/deal"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/payout"
	"github.com/purserhq/purser/internal/store"
)

// Form writes what an invoice's own address is told of an event, in the words
// of the API that the invoice was made through; ok is false for an event that
// it is not told of. deals are those of the invoice, in order of creation.
type Form func(e event.Event, i invoice.Invoice, deals []deal.Deal) (told Notice, ok bool)

// PayoutForm is the same for a payout.
type PayoutForm func(e event.Event, p payout.Payout, deals []deal.Deal) (told Notice, ok bool)

// Notice is one message as it goes out, and what its receivers want otherwise
// than others.
type Notice struct {
	MediaType string
	Body      []byte
	Header    string          // in which the invoice's secret is sent, if it has one; empty = in none
	Good      []int           // the statuses by which it is taken; empty = any 2xx
	Pauses    []time.Duration // after the first tries; empty = the usual ones
}

// prepareNotice checks the address that an invoice or a payout is told at and seals
// the secret that comes with it. Error: parameter_invalid.
func (a *App) prepareNotice(merchantID, id string, n *invoice.Notice, secret string) (err error) {
	if n.URL == "" {
		return nil
	}
	if err = a.checkStanding(noticeParam, n.URL); err == nil && secret != "" {
		n.Sealed, err = a.sealer.Seal(merchantID, noticeSecret(id), []byte(secret))
	}
	return err
}

// CheckNotice is nil when an invoice could be told at an address. Error:
// parameter_invalid.
func (a *App) CheckNotice(address string) error { return a.checkStanding(noticeParam, address) }

// noticeParam is what failures call the address of a notice.
const noticeParam = "webhook"

// noticeSecret is what the secret of the notices about an invoice or a payout is
// sealed as.
func noticeSecret(id string) string { return "notice/" + id }

// addNotices adds a delivery for every invoice with an address of its own and
// every event that its form tells of.
func (a *App) addNotices(ctx context.Context, c *store.Change) error {
	for _, i := range c.Invoices {
		form := a.forms[i.Notice.Form]
		if i.Notice.URL == "" || form == nil {
			continue
		}
		deals, err := a.dealsAfter(ctx, i, c.Deals)
		if err != nil {
			return err
		}
		for _, e := range c.Events {
			if e.Noun != event.Invoice || e.Subject != i.ID {
				continue
			}
			if told, ok := form(e, i, deals); ok {
				c.Deliveries = append(c.Deliveries, a.noticeOf(e, i.Notice, told))
			}
		}
	}
	return a.addPayoutNotices(ctx, c)
}

// addPayoutNotices does the same for payouts.
func (a *App) addPayoutNotices(ctx context.Context, c *store.Change) error {
	for _, p := range c.Payouts {
		form := a.payoutForms[p.Notice.Form]
		if p.Notice.URL == "" || form == nil {
			continue
		}
		var deals []deal.Deal
		if p.Version > 0 {
			known, err := a.store.DealsOfPayouts(ctx, p.Merchant, p.ID)
			if err != nil {
				return err
			}
			deals = withChanged(known, c.Deals, func(d deal.Deal) bool { return d.Payout == p.ID })
		}
		for _, e := range c.Events {
			if e.Noun != event.Payout || e.Subject != p.ID {
				continue
			}
			if told, ok := form(e, p, deals); ok {
				c.Deliveries = append(c.Deliveries, a.noticeOf(e, invoice.Notice(p.Notice), told))
			}
		}
	}
	return nil
}

// noticeOf is the delivery that tells of an event.
func (a *App) noticeOf(e event.Event, to invoice.Notice, told Notice) event.Delivery {
	d := event.Delivery{
		ID: "msg_" + a.newID(e.At), Merchant: e.Merchant, State: event.Due, Endpoint: to.Endpoint,
		Queue: noticeQueue(to), URL: to.URL, Type: e.Type(), Subject: e.Subject,
		MediaType: told.MediaType, Body: told.Body, Good: told.Good, Pauses: told.Pauses,
		RunAt: e.At, CreatedAt: e.At, UpdatedAt: e.At,
	}
	if told.Header != "" && len(to.Sealed) > 0 {
		d.Header, d.Sealed = told.Header, to.Sealed
	}
	return d
}

// dealsAfter are the deals of an invoice as they are when a change is true. An
// invoice that is new has none.
func (a *App) dealsAfter(ctx context.Context, i invoice.Invoice, changed []deal.Deal) ([]deal.Deal, error) {
	if i.Version == 0 {
		return nil, nil
	}
	deals, err := a.store.DealsOf(ctx, i.Merchant, i.ID)
	return withChanged(deals, changed, func(d deal.Deal) bool { return d.Invoice == i.ID }), err
}

// withChanged are deals as they are when others, of which some belong to them, are
// true.
func withChanged(deals, changed []deal.Deal, belongs func(deal.Deal) bool) []deal.Deal {
	for _, d := range changed {
		if at := slices.IndexFunc(deals, func(known deal.Deal) bool { return known.ID == d.ID }); at >= 0 {
			deals[at] = d
		} else if belongs(d) {
			deals = append(deals, d)
		}
	}
	return deals
}

// noticeQueue lets the notices to one receiver wait for each other and for
// nobody else.
func noticeQueue(n invoice.Notice) string {
	host := n.URL
	if u, err := url.Parse(n.URL); err == nil {
		host = u.Host
	}
	return n.Endpoint + "/" + host
}

// isNotice says that a delivery goes to an invoice's own address.
func isNotice(d event.Delivery) bool { return d.Queue != d.Endpoint }

// noticeTime is how long a payer waits for a merchant's receiver at most.
const noticeTime = 2 * time.Second

// lookAgain is how often another node's tries are looked for.
const lookAgain = 100 * time.Millisecond

// AwaitNotices returns when every notice of an invoice was tried once, whatever
// came of it, and after two seconds in any case: the merchant should know of a
// payment before the payer comes back, but no payer waits for a slow receiver.
func (a *App) AwaitNotices(ctx context.Context, merchantID, invoiceID string) {
	ctx, cancel := context.WithTimeout(ctx, noticeTime)
	defer cancel()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for {
		rung := a.tried.next()
		list, err := a.store.Deliveries(ctx, merchantID, store.DeliveryFilter{Subject: invoiceID, State: event.Due},
			store.Page{Limit: maxEndpoints})
		if err != nil || !untried(list) {
			return
		}
		select {
		case <-rung:
		case <-again.C:
		case <-ctx.Done():
			return
		}
	}
}

// untried says that some notice has not been sent once.
func untried(list []event.Delivery) bool {
	for _, d := range list {
		if isNotice(d) && d.Tries == 0 {
			return true
		}
	}
	return false
}

// bell tells any number of listeners that something happened.
type bell struct {
	mu   sync.Mutex
	rung chan struct{}
}

// next is closed at the next ring.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung == nil {
		b.rung = make(chan struct{})
	}
	return b.rung
}

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
	}
}
