package app

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/store"
)

// actor is who does what a context is for.
type actor struct {
	kind string // an actor of events
	name string // empty = nobody has said it
}

type actorKey struct{}

// AsOperator says that what is done in a context is done by an operator of this name.
func AsOperator(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, actorKey{}, actor{byOperator, name})
}

// AsKey says that it is done by a merchant's software, with the key of this id;
// empty where no key is needed.
func AsKey(ctx context.Context, id string) context.Context {
	name := "without a key"
	if id != "" {
		name = "key " + id
	}
	return context.WithValue(ctx, actorKey{}, actor{byMerchant, name})
}

// whoActs is who a context says it is: an operator without a name where it says
// nothing.
func whoActs(ctx context.Context) actor {
	if who, ok := ctx.Value(actorKey{}).(actor); ok {
		return who
	}
	return actor{kind: byOperator}
}

// inPlaceOfMerchant is who does what a merchant's software does as a rule: an operator, where
// a context names one. Events of the software's own keep no key.
func inPlaceOfMerchant(ctx context.Context) actor {
	if who := whoActs(ctx); who.kind == byOperator && who.name != "" {
		return who
	}
	return actor{kind: byMerchant}
}

// said is a note that begins with the actor's name.
func (w actor) said(note string) string {
	return strings.TrimPrefix(strings.TrimSuffix(w.name+": "+note, ": "), ": ")
}

// acted is something done to what is administered. Who did it is added when it is
// committed.
func acted(noun event.Noun, merchantID, subject, trigger string, at time.Time) event.Event {
	from := event.Kept
	if trigger == event.Create {
		from = ""
	}
	return happened(noun, merchantID, subject, from, trigger, event.Kept, "", "", at)
}

// switched is what was done to something that can be disabled.
func switched(before, after bool) string {
	switch {
	case after && !before:
		return event.Disable
	case before && !after:
		return event.Enable
	}
	return event.Change
}

// decided are the nouns about which an operator decides by a name that is told.
var decided = []event.Noun{event.Payout, event.Deal, event.Trader, event.Requisite}

// record puts down who created or changed what is administered, in the very change
// that does it. It looks at what is written and not at who writes, so that no use
// case can forget it; one that has a better word for it than "change" brings the event.
func record(ctx context.Context, c *store.Change) {
	events := slices.Clone(c.Events)
	note := func(noun event.Noun, merchantID, subject string, version int64, at time.Time) {
		if slices.ContainsFunc(events, func(e event.Event) bool { return e.Noun == noun && e.Subject == subject }) {
			return
		}
		trigger := event.Change
		if version == 0 {
			trigger = event.Create
		}
		events = append(events, acted(noun, merchantID, subject, trigger, at))
	}
	if len(c.Keys) == 0 && len(c.Endpoints) == 0 { // a merchant that is written with these is only locked by it
		for _, m := range c.Merchants {
			note(event.MerchantItself, m.ID, m.ID, m.Version, m.UpdatedAt)
		}
	}
	for _, k := range c.Keys {
		note(event.Key, k.Merchant, k.ID, k.Version, k.UpdatedAt)
	}
	for _, g := range c.Gateways {
		note(event.Gateway, g.Merchant, g.Name, g.Version, g.UpdatedAt)
	}
	for _, t := range c.Terminals {
		note(event.Terminal, t.Merchant, strconv.FormatInt(t.Number, 10), t.Version, t.UpdatedAt)
	}
	for _, e := range c.Endpoints {
		note(event.Receiver, e.Merchant, e.ID, e.Version, e.UpdatedAt)
	}
	who := whoActs(ctx)
	for n, e := range events {
		switch {
		case e.Noun.Administered():
			events[n].Actor, events[n].Note = who.kind, who.said(e.Note)
		case e.Actor == byOperator && who.kind == byMerchant && slices.Contains(decided, e.Noun):
			// The name is whatever was sent; the key is what it was sent with.
			events[n].Note = strings.TrimPrefix(e.Note+" ("+who.name+")", " ")
		}
	}
	c.Events = events
}
