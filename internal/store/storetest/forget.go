package storetest

import (
	"slices"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// forgets removes what has expired or arrived long ago, in parts, and nothing
// else.
func forgets(s *shop) {
	t, ctx := s.T, s.Context()
	sent := func(state event.State, created, updated time.Time) event.Delivery {
		d := s.delivery("q"+s.id, created)
		d.State, d.CreatedAt, d.UpdatedAt = state, created, updated
		if state != event.Due {
			d.RunAt = time.Time{}
		}
		return d
	}
	limit := longAgo.AddDate(-5, 0, 0)
	old, young := limit.Add(-time.Hour), limit.Add(time.Hour)
	gone := []event.Delivery{
		sent(event.Delivered, old, old), sent(event.Delivered, old, old), sent(event.Delivered, old, old),
	}
	kept := []event.Delivery{
		sent(event.Delivered, young, young), sent(event.Delivered, old, young), sent(event.Dead, old, old),
	}
	waiting := sent(event.Due, old, old)
	waiting.RunAt = never
	kept = append(kept, waiting)
	answer := func(key string, until time.Time) store.Answer {
		return store.Answer{Merchant: s.id, Key: key, Status: 200, ExpiresAt: until}
	}
	s.must(store.Change{
		Merchants:  []merchant.Merchant{{ID: s.id, CreatedAt: noon, UpdatedAt: noon}},
		Deliveries: slices.Concat(gone, kept), Entries: entries(s.move(5)),
		Events: []event.Event{s.event("subject", "create")},
		Tries: []wallet.Tries{
			{Merchant: s.id, Key: "expired", ExpiresAt: longAgo}, {Merchant: s.id, Key: "counted", ExpiresAt: never},
		},
	})
	for key, until := range map[string]time.Time{"kept": never, "expired": longAgo} {
		a := answer(key, until)
		s.must(store.Change{Answer: &a, Events: []event.Event{s.event("subject", "again")}})
	}
	parts, total := 0, 0
	for {
		n, err := s.Forget(ctx, store.Aged{Deliveries: limit}, 2)
		if err != nil {
			t.Fatalf("forget: %s", fault.Detail(err))
		}
		if n == 0 {
			break
		}
		parts, total = parts+1, total+n
	}
	if parts < 2 || total < len(gone) {
		t.Errorf("got %d removed in %d parts, want at least %d in more than one", total, parts, len(gone))
	}
	for _, d := range gone {
		if _, err := s.Delivery(ctx, s.id, d.ID); !fault.Is(err, fault.CodeNotFound) {
			t.Errorf("one that arrived long ago: got %v, want not_found", err)
		}
	}
	for _, d := range kept {
		if _, err := s.Delivery(ctx, s.id, d.ID); err != nil {
			t.Errorf("%s of %s, changed %s: got %v, want it kept", d.State, d.CreatedAt, d.UpdatedAt, err)
		}
	}
	forgotNoMore(s)
}

// forgotNoMore wants everything but the deliveries of forgets to be there that
// has not expired.
func forgotNoMore(s *shop) {
	t, ctx := s.T, s.Context()
	counted, err := s.Tries(ctx, s.id, "counted")
	same(t, "tries", counted.Version, err, 1)
	if _, err := s.Answer(ctx, s.id, "kept", noon); err != nil {
		t.Errorf("answer that has not expired: got %v, want it kept", err)
	}
	if _, err := s.Answer(ctx, s.id, "expired", longAgo.Add(-time.Hour)); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("answer that has expired: got %v, want it gone even for who asks as of before", err)
	}
	history, err := s.Events(ctx, s.id, 0, 10)
	same(t, "events", len(history), err, 3)
	if got := s.balance(s.suspense()); got != 5 {
		t.Errorf("got a balance of %d, want 5", got)
	}
	none, err := s.Forget(ctx, store.Aged{}, 100)
	same(t, "without a time", none, err, 0)
}
