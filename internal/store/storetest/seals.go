package storetest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// sealAll seals what the tests before left open, and gives the last seal.
func (s *shop) sealAll() store.Seal {
	s.Helper()
	for {
		made, err := s.Seal(s.Context(), 1000)
		if err != nil {
			s.Fatalf("seal: %s", fault.Detail(err))
		}
		if made.Entries == 0 {
			break
		}
	}
	last, err := s.SealOf(s.Context(), 0)
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		s.Fatalf("last seal: %s", fault.Detail(err))
	}
	return last
}

// seals covers every entry once, in seals that follow each other.
func seals(s *shop) {
	t, ctx := s.T, s.Context()
	before := s.sealAll()
	s.must(store.Change{Entries: entries(s.move(5), s.move(6), s.move(7))})
	first, err := s.Seal(ctx, 2)
	if err != nil || first.Number != before.Number+1 || first.Entries != 2 || first.Postings != 4 ||
		len(first.Hash) != 32 {
		t.Fatalf("first seal: got %+v, %v, want the next one with two entries", first, err)
	}
	second, err := s.Seal(ctx, 2)
	if err != nil || second.Number != first.Number+1 || second.Entries != 1 {
		t.Errorf("second seal: got %+v, %v, want the entry that was left", second, err)
	}
	third, err := s.Seal(ctx, 2)
	if err != nil || third.Number != 0 || third.Entries != 0 {
		t.Errorf("third seal: got %+v, %v, want none", third, err)
	}
	got, err := s.SealOf(ctx, first.Number)
	if err != nil || string(got.Hash) != string(first.Hash) || got.Entries != 2 {
		t.Errorf("the first again: got %+v, %v, want %+v", got, err, first)
	}
	if _, err := s.SealOf(ctx, second.Number+1000); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("a seal that is not there: got %v, want not_found", err)
	}
}

// actSeals covers every act once, in seals that follow each other, and nothing else.
func actSeals(s *shop) {
	t, ctx := s.T, s.Context()
	act := func(noun event.Noun, actor string) store.Change {
		return store.Change{Events: []event.Event{{
			Merchant: s.id, Noun: noun, Subject: "a", Trigger: "create", To: event.Kept, Actor: actor, At: noon,
		}}}
	}
	for done := false; !done; { // what the tests before left open
		made, err := s.SealActs(ctx, 1000)
		if done = made.Entries == 0; err != nil {
			t.Fatalf("seal: %s", fault.Detail(err))
		}
	}
	before, err := s.ActSealOf(ctx, 0)
	if err != nil && !fault.Is(err, fault.CodeNotFound) {
		t.Fatalf("last seal: %s", fault.Detail(err))
	}
	for _, c := range []store.Change{
		act(event.Key, "merchant"), act(event.Payment, "payer"), act(event.Payment, "operator"),
		act(event.Gateway, "operator"),
	} {
		s.must(c)
	}
	first, err := s.SealActs(ctx, 2)
	if err != nil || first.Number != before.Number+1 || first.Entries != 2 || !first.OfActs {
		t.Fatalf("first seal: got %+v, %v, want the next one with two acts", first, err)
	}
	second, err := s.SealActs(ctx, 2)
	if err != nil || second.Number != first.Number+1 || second.Entries != 1 {
		t.Errorf("second seal: got %+v, %v, want the act that was left", second, err)
	}
	if third, err := s.SealActs(ctx, 2); err != nil || third.Number != 0 || third.Entries != 0 {
		t.Errorf("third seal: got %+v, %v, want none", third, err)
	}
	got, err := s.ActSealOf(ctx, first.Number)
	if err != nil || got.String() != first.String() {
		t.Errorf("the first again: got %+v, %v, want %+v", got, err, first)
	}
	if _, err := s.ActSealOf(ctx, second.Number+1000); !fault.Is(err, fault.CodeNotFound) {
		t.Errorf("a seal that is not there: got %v, want not_found", err)
	}
}

// sealsMany seals from many sides while entries are booked: each entry is
// covered once.
func sealsMany(s *shop) {
	const booked = 60
	before := s.sealAll()
	var sealed atomic.Int64
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for range booked / 3 {
				s.must(store.Change{Entries: entries(s.move(1))})
			}
		})
		all.Go(func() {
			for range booked / 3 {
				made, err := s.Seal(s.Context(), 7)
				if err != nil {
					s.Errorf("seal: %s", fault.Detail(err))
				}
				sealed.Add(made.Entries)
			}
		})
	}
	all.Wait()
	during := sealed.Load()
	last := s.sealAll()
	for n := before.Number + 1; n <= last.Number; n++ {
		one, err := s.SealOf(s.Context(), n)
		if err != nil {
			s.Fatalf("seal %d: %s", n, fault.Detail(err))
		}
		sealed.Add(one.Entries)
	}
	if total := sealed.Load() - during; total != booked {
		s.Errorf("got %d entries in all seals, want each of the %d once", total, booked)
	}
}

// alarms are one at a time: the first stays until it is ended.
func alarms(s *shop) {
	t, ctx := s.T, s.Context()
	is := func(what string, want store.Alarm) {
		t.Helper()
		if got, err := s.Alarm(ctx); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", what, got, err, want)
		}
	}
	first := store.Alarm{ID: "I2", Checks: "balances are the sums", Example: "account a", At: noon}
	second := store.Alarm{ID: "I1", Checks: "entries balance", Example: "entry e", At: noon.Add(time.Hour)}
	is("before", store.Alarm{})
	for _, a := range []store.Alarm{first, second} {
		if err := s.RaiseAlarm(ctx, a); err != nil {
			t.Fatalf("raise: %s", fault.Detail(err))
		}
		is("after one more was raised", first)
	}
	if err := s.EndAlarm(ctx, second.At); err != nil {
		t.Fatalf("end another: %s", fault.Detail(err))
	}
	is("after another was ended", first)
	if err := s.EndAlarm(ctx, first.At); err != nil {
		t.Fatalf("end: %s", fault.Detail(err))
	}
	is("after it was ended", store.Alarm{})
}
