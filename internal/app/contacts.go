package app

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/gateway"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// mostContacts is how many contacts are kept about one thing: a payer may come back to a
// page as often as he likes, and a gateway may be asked for months. Those that a change of
// its state takes along are kept beyond that: states are few, and nobody can use up the
// room for what decided about the money.
const mostContacts = 500

// Why gateways are asked.
const (
	toStart   = "start"
	toCharge  = "charge"
	toLook    = "look" // changes nothing
	toTake    = "take"
	toCapture = "capture"
	toVoid    = "void"
	toAdjust  = "adjust"
	toReverse = "reverse"
	toRefund  = "refund"
)

// How a callback came.
const (
	byReturn = "return" // with the payer's browser
	byNotice = "notice" // from the provider's server
)

// contacts collects what is said with a gateway about one thing, until the next change
// is committed under the same context: it is on record with what came of it.
type contacts struct {
	app                        *App
	merchant, subject, gateway string
	hide                       *strings.Replacer // what the payer told of himself

	full bool // there are as many already as are kept

	mu     sync.Mutex
	list   []event.Contact
	doubts []event.Contact // of changes that failed, or of which nobody knows
}

// contactsKey is the context key of contacts.
type contactsKey struct{}

// contactsOf are those that a context collects; nil = none.
func contactsOf(ctx context.Context) *contacts {
	k, _ := ctx.Value(contactsKey{}).(*contacts)
	return k
}

// about collects the contacts about a payment. What no change took along is on
// record when end is called.
func (a *App) about(ctx context.Context, p payment.Payment) (under context.Context, end func()) {
	// One that has hardly begun has few: it is not worth a question to the database.
	begun := p.State == payment.Processing && p.Checks == 0 && !p.Attempt.Weighed
	return a.listening(ctx, &contacts{
		app: a, merchant: p.Merchant, subject: p.ID, gateway: p.Attempt.Gateway, hide: hiding(p.Payer),
	}, begun)
}

// aboutRefund is the same for a refund.
func (a *App) aboutRefund(ctx context.Context, b refund.Refund, p payment.Payment) (under context.Context, end func()) {
	return a.listening(ctx, &contacts{
		app: a, merchant: b.Merchant, subject: b.ID, gateway: b.Gateway, hide: hiding(p.Payer),
	}, b.Checks == 0)
}

func (a *App) listening(ctx context.Context, k *contacts, few bool) (under context.Context, end func()) {
	if outer := contactsOf(ctx); outer != nil && outer.subject == k.subject {
		return ctx, func() {} // whoever began it ends it
	}
	if !few {
		had, err := a.store.ContactsHad(ctx, k.merchant, k.subject, mostContacts)
		k.full = err != nil || had >= mostContacts
	}
	return context.WithValue(ctx, contactsKey{}, k), func() { k.keep(ctx) }
}

// hiding replaces what is known of a payer, under whatever name a provider has it.
func hiding(p payment.Payer) *strings.Replacer {
	const least = 4 // characters: less than that is in half of all words
	var pairs []string
	for _, known := range []string{p.Mobile, p.Email, p.Name} {
		if utf8.RuneCountInString(known) >= least {
			pairs = append(pairs, known, "[hidden]", url.QueryEscape(known), "[hidden]")
		}
	}
	return strings.NewReplacer(pairs...)
}

// asking says why a gateway is asked by what is called under the context.
func asking(ctx context.Context, why string) context.Context {
	k := contactsOf(ctx)
	if k == nil {
		return gateway.Listen(ctx, nil)
	}
	return gateway.Listen(ctx, func(q gateway.Asked) func(gateway.Answered) {
		began := k.app.now()
		return func(said gateway.Answered) { k.called(why, q, said, began) }
	})
}

// called adds a request and its answer.
func (k *contacts) called(why string, q gateway.Asked, said gateway.Answered, began time.Time) {
	if why == toCharge {
		q.Body = "" // a card may be in it, and no mask is as sure as that
	}
	k.add(event.Contact{
		Kind: event.Call, What: why, Method: q.Method, Address: q.Address, Sent: q.Body, Answer: said.Body,
		Status: said.Status, Lost: said.Lost, Took: k.app.now().Sub(began), At: began,
	})
}

// heard adds a callback.
func heard(ctx context.Context, how, brought string) {
	if k := contactsOf(ctx); k != nil {
		k.add(event.Contact{Kind: event.Callback, What: how, Sent: brought, At: k.app.now()})
	}
}

func (k *contacts) add(c event.Contact) {
	for _, text := range []*string{&c.Address, &c.Sent, &c.Answer} {
		*text = k.hide.Replace(*text)
	}
	c.ID, c.Merchant, c.Subject, c.Gateway = k.app.newID(c.At), k.merchant, k.subject, k.gateway
	k.mu.Lock()
	defer k.mu.Unlock()
	k.list = append(k.list, c)
}

// take gives what was collected and forgets it; nobody's are none. Where there are enough,
// only what leads to an event is on record.
func (k *contacts) take(events int) []event.Contact {
	if k == nil || k.full && events == 0 {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.list
	k.list = nil
	return list
}

// putBack collects again what a change that failed would have taken along. Only one that
// will be decided anew was surely not committed: with any other the contacts may be there
// already, and a change that brought them again would fail for ever.
func (k *contacts) putBack(list []event.Contact, why error) {
	if k == nil || len(list) == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if fault.Is(why, fault.CodeVersionConflict) {
		k.list = append(list, k.list...)
		return
	}
	k.doubts = append(k.doubts, list...)
}

// keep puts what no change took along on record. The money does not depend on it.
func (k *contacts) keep(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	list := k.take(0)
	k.mu.Lock()
	doubts := k.doubts
	k.doubts = nil
	k.mu.Unlock()
	for _, left := range [][]event.Contact{list, doubts} {
		if len(left) == 0 {
			continue
		}
		err := k.app.store.Commit(ctx, store.Change{Contacts: left})
		if err != nil && !fault.Is(err, fault.CodeVersionConflict) { // that is what is there already
			k.app.log.WarnContext(ctx, "what was said with a gateway is not on record", slog.String("merchant", k.merchant),
				slog.String("subject", k.subject), slog.Any("error", err))
		}
	}
}

// keepTime bounds how long that may take.
const keepTime = 5 * time.Second
