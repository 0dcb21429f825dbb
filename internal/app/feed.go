package app

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
)

// EventFilter selects events; an empty field selects all.
type EventFilter struct {
	Type    string // such as "payment.captured", or "payment.*"
	Subject string
}

// Feed is a part of what happened.
type Feed struct {
	Events []event.Event // in order
	After  int64         // what follows begins behind this number
	More   bool          // something may follow already
}

// eventsAtOnce is how many events are read at once to find those of a type.
const eventsAtOnce = 500

// Feed gives a merchant's events that follow a number and that a filter leaves, in order:
// so many at most, out of so many that are looked through. Error: parameter_invalid.
func (a *App) Feed(ctx context.Context, merchantID string, f EventFilter, after int64, limit, looks int) (Feed, error) {
	if err := f.check(); err != nil {
		return Feed{}, err
	}
	out := Feed{After: after}
	for looked := 0; looked < looks; {
		take := limit
		if f.Type != "" {
			take = min(eventsAtOnce, looks-looked)
		}
		found, err := a.follow(ctx, merchantID, f.Subject, out.After, take)
		if err != nil {
			return Feed{}, err
		}
		for _, e := range found {
			out.After = e.Seq
			if !f.takes(e) {
				continue
			}
			if out.Events = append(out.Events, e); len(out.Events) == limit {
				out.More = true
				return out, nil
			}
		}
		if looked += len(found); len(found) < take {
			return out, nil
		}
	}
	out.More = true
	return out, nil
}

// follow reads what follows an event, of one subject or of all.
func (a *App) follow(ctx context.Context, merchantID, subject string, after int64, limit int) ([]event.Event, error) {
	if subject == "" {
		return a.store.Events(ctx, merchantID, after, limit)
	}
	return a.store.EventsOf(ctx, merchantID, subject, after, limit)
}

// check is nil when there are events of the type: who misspells it would wait for ever.
func (f EventFilter) check() error {
	noun, word, _ := strings.Cut(f.Type, ".")
	if f.Type == "" || word != "" && slices.Contains(event.Administered, event.Noun(noun)) ||
		checkTypes([]string{f.Type}) == nil {
		return nil
	}
	return fault.New(fault.CodeParameterInvalid, "type", "There is no event "+strconv.Quote(f.Type)+".")
}

// takes says that an event is one of those.
func (f EventFilter) takes(e event.Event) bool {
	return f.Type == "" || f.Type == e.Type() || f.Type == string(e.Noun)+".*"
}
