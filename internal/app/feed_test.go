package app_test

import (
	"slices"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// TestFeed wants the events that are selected, each once, however few are looked through
// at a time.
func TestFeed(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	before, err := s.store.Events(t.Context(), s.merchant, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	begin := int64(len(before))
	var all []event.Event
	for n := range 1200 { // more than are read at once
		e := event.Event{
			Merchant: s.merchant, Noun: event.Receiver, Subject: "ep_1", Trigger: event.Change, From: "kept", To: "kept",
			Actor: "merchant", At: s.now(),
		}
		if n%400 == 0 {
			e.Trigger, e.Subject = string(event.Resend), "ep_2"
		}
		all = append(all, e)
	}
	if err := s.store.Commit(t.Context(), store.Change{Events: all}); err != nil {
		t.Fatal(fault.Detail(err))
	}
	resent := []int64{begin + 1, begin + 401, begin + 801}
	for name, c := range map[string]struct {
		filter       app.EventFilter
		limit, looks int
		want         []int64
		calls        int
	}{
		"a type":              {app.EventFilter{Type: "endpoint.resent"}, 100, 10_000, resent, 1},
		"a type in pages":     {app.EventFilter{Type: "endpoint.resent"}, 1, 10_000, resent, 4},
		"a type, few at once": {app.EventFilter{Type: "endpoint.resent"}, 100, 300, resent, 5},
		"a subject":           {app.EventFilter{Subject: "ep_2"}, 2, 10_000, resent, 2},
		"both":                {app.EventFilter{Subject: "ep_2", Type: "endpoint.*"}, 2, 10_000, resent, 2},
		"not both":            {app.EventFilter{Subject: "ep_2", Type: "payment.failed"}, 100, 10_000, nil, 1},
		"nothing":             {app.EventFilter{Type: "payment.*"}, 100, 10_000, nil, 1},
	} {
		var got []int64
		calls := 0
		for after, more := begin, true; more; calls++ {
			part, err := s.app.Feed(t.Context(), s.merchant, c.filter, after, c.limit, c.looks)
			if err != nil || calls > 9 || part.More && part.After <= after {
				t.Fatalf("%s: call %d gave %+v, %v", name, calls, part, err)
			}
			for _, e := range part.Events {
				got = append(got, e.Seq)
			}
			after, more = part.After, part.More
		}
		if !slices.Equal(got, c.want) || calls != c.calls {
			t.Errorf("%s: got %v in %d calls, want %v in %d", name, got, calls, c.want, c.calls)
		}
	}
	for _, strange := range []string{"payment.capturd", "payment", "key.", "nothing.created"} {
		_, err := s.app.Feed(t.Context(), s.merchant, app.EventFilter{Type: strange}, 0, 10, 10)
		if !fault.Is(err, fault.CodeParameterInvalid) {
			t.Errorf("%s: got %v", strange, err)
		}
	}
}
