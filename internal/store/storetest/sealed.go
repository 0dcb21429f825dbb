package storetest

import (
	"bytes"
	"slices"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/store"
)

// walksEverything reads the deliveries and the answers of all merchants part by part,
// while they change, and finds each of its own once.
func walksEverything(s *shop) {
	t, ctx, other := s.T, s.Context(), newShop(s.T, s.Store)
	deliveries := map[store.Key]event.Delivery{}
	for n, owner := range []*shop{s, other, s, other, s} {
		d := owner.delivery("q"+owner.id, never)
		d.Sealed = []byte{1, byte(n)}
		if n > 2 {
			d.State, d.RunAt = event.Dead, longAgo
		}
		owner.must(store.Change{Deliveries: []event.Delivery{d}})
		d.Version, d.Body = 1, nil
		deliveries[store.Key{ID: d.ID, Merchant: d.Merchant}] = d
	}
	seen := map[store.Key]int{}
	for after := (store.Key{}); ; {
		found, err := s.EveryDelivery(ctx, after, 2)
		if err != nil || len(found) > 2 {
			t.Fatalf("got %d deliveries, %v, want 2 at most", len(found), err)
		}
		for _, d := range found {
			after = store.Key{ID: d.ID, Merchant: d.Merchant}
			want, mine := deliveries[after]
			if !mine {
				continue
			}
			same(t, "delivery", d, nil, want)
			seen[after]++
		}
		if len(found) == 0 {
			break
		}
		s.turned(deliveries, seen)
	}
	for key := range deliveries {
		if seen[key] != 1 {
			t.Errorf("delivery %s: got it %d times, want it once", key.ID, seen[key])
		}
	}
	walksAnswers(s, other)
}

// turned gives every delivery that was not read yet another state, as if somebody was
// sending it or had it sent again.
func (s *shop) turned(all map[store.Key]event.Delivery, seen map[store.Key]int) {
	s.Helper()
	for key, d := range all {
		if seen[key] > 0 {
			continue
		}
		whole, err := s.Delivery(s.Context(), key.Merchant, key.ID)
		if err != nil {
			s.Fatal(err)
		}
		if whole.State, whole.RunAt = event.Due, never; d.State == event.Due {
			whole.State, whole.RunAt = event.Dead, longAgo
		}
		s.must(store.Change{Deliveries: []event.Delivery{whole}})
		d.Version, d.State, d.RunAt = whole.Version+1, whole.State, whole.RunAt
		all[key] = d
	}
}

// walksAnswers wants the beginnings of the bodies of answers that have not expired.
func walksAnswers(s, other *shop) {
	t, ctx := s.T, s.Context()
	want, got := []store.Answer{}, []store.Answer{}
	for n, owner := range []*shop{s, other, s} {
		long := store.Answer{
			Merchant: owner.id, Key: "walk/" + newID(), Fingerprint: "f", Status: 200 + n, ExpiresAt: never,
			Body: bytes.Repeat([]byte{1, byte(n)}, 50),
		}
		expired := long
		expired.Key, expired.ExpiresAt = "walk/"+newID(), longAgo
		s.must(store.Change{Answer: &long})
		s.must(store.Change{Answer: &expired})
		long.Body = long.Body[:store.AnswerHead]
		want = append(want, long)
	}
	bare := store.Answer{Merchant: s.id, Key: "walk/" + newID(), ExpiresAt: never}
	s.must(store.Change{Answer: &bare})
	want = append(want, bare)
	for after := (store.Key{ID: "walk/"}); ; {
		found, err := s.EveryAnswer(ctx, after, noon, 2)
		if err != nil || len(found) > 2 {
			t.Fatalf("got %d answers, %v, want 2 at most", len(found), err)
		}
		for _, a := range found {
			after = store.Key{ID: a.Key, Merchant: a.Merchant}
			if slices.ContainsFunc(want, func(w store.Answer) bool { return w.Key == a.Key }) {
				got = append(got, a)
			}
		}
		if len(found) == 0 {
			break
		}
	}
	same(t, "answers", got, nil, want)
}
