package storetest

import (
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// contacts keeps what was said with gateways for its time, for its merchant.
func contacts(s *shop) {
	t, ctx := s.T, s.Context()
	subject := newID()
	limit := longAgo.AddDate(-5, 0, 0)
	at := func(id string, at time.Time) event.Contact {
		// Ids are in order of time; these come before those of all other tests.
		return full(s, func(c *event.Contact) { c.ID, c.Subject, c.At = "!"+id+s.id, subject, at })
	}
	old, older, young := at("2", limit.Add(-time.Hour)), at("1", limit.Add(-2*time.Hour)), at("3", limit)
	another := full(s, func(c *event.Contact) { c.ID = "!4" + s.id })
	s.must(store.Change{Contacts: []event.Contact{old, another, young, older}})

	got, err := s.Contacts(ctx, s.id, subject, 10)
	same(t, "contacts", got, err, []event.Contact{older, old, young})
	got, err = s.Contacts(ctx, s.id, subject, 2)
	same(t, "the first two", got, err, []event.Contact{older, old})
	for most, want := range map[int]int{2: 2, 3: 3, 10: 3} {
		n, err := s.ContactsHad(ctx, s.id, subject, most)
		same(t, "how many", n, err, want)
	}
	none, err := s.Contacts(ctx, "another", subject, 10)
	same(t, "another merchant's", len(none), err, 0)
	n, err := s.ContactsHad(ctx, "another", subject, 10)
	same(t, "how many of another merchant", n, err, 0)

	err = s.Commit(ctx, store.Change{Contacts: []event.Contact{older}, Claims: []store.Claim{
		{Merchant: s.id, Kind: store.SessionClaim, Key: newID(), Subject: subject},
	}})
	if !fault.Is(err, fault.CodeVersionConflict) {
		t.Errorf("a contact that is there: got %v, want version_conflict", err)
	}

	for total := 0; ; {
		n, err := s.Forget(ctx, store.Aged{Contacts: limit}, 1)
		if err != nil {
			t.Fatalf("forget: %s", fault.Detail(err))
		}
		if total += n; n == 0 {
			if total < 2 {
				t.Errorf("got %d removed, want 2", total)
			}
			break
		}
	}
	got, err = s.Contacts(ctx, s.id, subject, 10)
	same(t, "contacts that are kept", got, err, []event.Contact{young})
}
