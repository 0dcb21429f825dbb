package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/store"
)

// Break makes the statements of a store fail: the one after so many, and the
// next ones, so many in all. The function it returns stops that.
type Break func(after, failing int) (mend func())

// Model runs random changes by concurrent callers against a store and a model
// of it in memory, with statements that fail where breaker is not nil.
func Model(t *testing.T, st store.Store, breaker Break) {
	t.Helper()
	rapid.Check(t, func(r *rapid.T) {
		m := &model{
			shop: newShop(t, st), r: r, version: make(map[int]int64), captured: make(map[int]int64),
			owner: make(map[string]string), ids: make(map[int]string),
		}
		for range rapid.IntRange(1, 6).Draw(r, "rounds") {
			m.round(breaker)
		}
	})
}

// model is what a store must hold.
type model struct {
	*shop
	r        *rapid.T
	ids      map[int]string // of invoices
	version  map[int]int64
	captured map[int]int64
	owner    map[string]string // of claims
	balance  int64
	events   []string // the triggers, in order
}

// wish is one change of one caller.
type wish struct {
	slot     int   // which invoice; -1 = none
	version  int64 // at which it claims to have read it
	captured int64
	key      string // of a claim; empty = none
	subject  string
	steps    int64 // into the floored account; 0 = no entry
	triggers []string
	err      error
}

// draw makes a change at random: most fit the present state, some do not.
func (m *model) draw(n int) *wish {
	r := m.r
	w := &wish{
		slot:     rapid.IntRange(-1, 2).Draw(r, "invoice"),
		key:      rapid.SampledFrom([]string{"", "", "a", "b", "c"}).Draw(r, "key"),
		steps:    rapid.Int64Range(-6, 6).Draw(r, "steps"),
		captured: rapid.Int64Range(0, 1000).Draw(r, "captured"),
		subject:  newID(),
	}
	if w.slot >= 0 {
		w.version = m.version[w.slot] + rapid.SampledFrom([]int64{0, 0, 0, -1, 1}).Draw(r, "off by")
		w.version = max(w.version, 0)
	}
	for k := range rapid.IntRange(1, 3).Draw(r, "events") {
		w.triggers = append(w.triggers, fmt.Sprintf("%s-%d-%d", w.subject, n, k))
	}
	return w
}

// change is the wish as the store takes it.
func (m *model) change(w *wish) store.Change {
	var c store.Change
	if w.slot >= 0 {
		i := m.invoice()
		i.ID, i.Version, i.Captured = m.ids[w.slot], w.version, money.New(w.captured, unit)
		c.Invoices = []invoice.Invoice{i}
	}
	if w.key != "" {
		c.Claims = []store.Claim{{Merchant: m.id, Kind: store.LinkClaim, Key: m.id + w.key, Subject: w.subject}}
	}
	if w.steps != 0 {
		c.Entries = entries(m.move(w.steps))
	}
	for _, trigger := range w.triggers {
		c.Events = append(c.Events, m.event(w.subject, trigger))
	}
	return c
}

// round lets some callers commit at once and compares the store with what the
// model says could have happened.
func (m *model) round(breaker Break) {
	for slot := range 3 {
		if m.ids[slot] == "" {
			m.ids[slot] = newID()
		}
	}
	wishes := make([]*wish, rapid.IntRange(1, 8).Draw(m.r, "callers"))
	changes := make([]store.Change, len(wishes))
	for n := range wishes {
		wishes[n] = m.draw(n)
		changes[n] = m.change(wishes[n])
	}
	if breaker != nil {
		after, failing := rapid.IntRange(0, 20), rapid.SampledFrom([]int{1, 2, 200})
		mend := breaker(after.Draw(m.r, "fails after"), failing.Draw(m.r, "failing"))
		defer mend()
	}
	errs := together(len(wishes), func(n int) error { return m.Commit(context.Background(), changes[n]) })
	var won []*wish
	for n, w := range wishes {
		if w.err = errs[n]; w.err == nil {
			won = append(won, w)
		}
	}
	m.checkReasons(wishes, won, breaker != nil)
	m.checkVersions(won)
	m.checkClaims(won)
	m.checkBalance(won)
	m.checkEvents(won)
}

// checkReasons wants a reason for every refusal.
func (m *model) checkReasons(wishes, won []*wish, broken bool) {
	lowest := m.balance
	for _, w := range wishes {
		lowest += min(w.steps, 0)
	}
	for _, w := range wishes {
		ok := false
		switch {
		case w.err == nil:
			ok = true
		case fault.Is(w.err, fault.CodeVersionConflict):
			ok = w.slot >= 0 && (w.version != m.version[w.slot] || slices.ContainsFunc(won, func(o *wish) bool {
				return o.slot == w.slot
			}))
		case fault.Is(w.err, fault.CodeDuplicate):
			ok = w.key != "" && (m.owner[w.key] != "" || slices.ContainsFunc(won, func(o *wish) bool {
				return o.key == w.key
			}))
		case fault.Is(w.err, fault.CodeInsufficientFunds):
			ok = w.steps < 0 && lowest < 0
		case fault.Is(w.err, fault.CodeInternal):
			ok = broken
		}
		if !ok {
			m.r.Fatalf("%+v: got %s for no reason", w, fault.Detail(w.err))
		}
	}
}

// checkVersions wants every success to have stood on the version before it,
// and the last one to be what is stored.
func (m *model) checkVersions(won []*wish) {
	for slot := range 3 {
		of := slices.DeleteFunc(slices.Clone(won), func(w *wish) bool { return w.slot != slot })
		slices.SortFunc(of, func(a, b *wish) int { return int(a.version - b.version) })
		for _, w := range of {
			if w.version != m.version[slot] {
				m.r.Fatalf("invoice %d: version %d was replaced by a change that had read %d", slot, m.version[slot], w.version)
			}
			m.version[slot], m.captured[slot] = w.version+1, w.captured
		}
		got, err := m.Invoice(context.Background(), m.id, m.ids[slot])
		if m.version[slot] == 0 && fault.Is(err, fault.CodeInvoiceNotFound) {
			continue
		}
		if err != nil || got.Version != m.version[slot] || got.Captured.Steps() != m.captured[slot] {
			m.r.Fatalf("invoice %d: got version %d with %s, %v, want version %d with %d", slot, got.Version,
				got.Captured, err, m.version[slot], m.captured[slot])
		}
	}
}

// checkClaims wants one owner per key.
func (m *model) checkClaims(won []*wish) {
	for _, w := range won {
		if w.key == "" {
			continue
		}
		if m.owner[w.key] != "" {
			m.r.Fatalf("key %s was claimed twice", w.key)
		}
		m.owner[w.key] = w.subject
	}
	for _, key := range []string{"a", "b", "c"} {
		got, err := m.Claimed(context.Background(), m.id, store.LinkClaim, m.id+key)
		if fault.Is(err, fault.CodeNotFound) {
			err = nil
		}
		if err != nil || got.Subject != m.owner[key] {
			m.r.Fatalf("key %s: got the owner %q, %v, want %q", key, got.Subject, err, m.owner[key])
		}
	}
}

// checkBalance wants the sum of all successes, never below zero.
func (m *model) checkBalance(won []*wish) {
	for _, w := range won {
		m.balance += w.steps
	}
	if got := m.shop.balance(m.suspense()); got != m.balance || got < 0 {
		m.r.Fatalf("balance: got %d, want %d and not below zero", got, m.balance)
	}
}

// checkEvents wants the events of the successes alone, those of one change
// side by side.
func (m *model) checkEvents(won []*wish) {
	all, err := m.Events(context.Background(), m.id, int64(len(m.events)), 1000)
	if err != nil {
		m.r.Fatalf("events: %s", fault.Detail(err))
	}
	of := make(map[string]*wish)
	for _, w := range won {
		of[w.subject] = w
	}
	for len(all) > 0 {
		w := of[all[0].Subject]
		if w == nil || len(all) < len(w.triggers) {
			m.r.Fatalf("event %+v is of no change that succeeded", all[0])
		}
		for k, trigger := range w.triggers {
			if all[k].Trigger != trigger || all[k].Seq != int64(len(m.events))+1 {
				m.r.Fatalf("event: got %+v, want %s with the number %d", all[k], trigger, len(m.events)+1)
			}
			m.events = append(m.events, trigger)
		}
		all = all[len(w.triggers):]
		delete(of, w.subject)
	}
	if len(of) > 0 {
		m.r.Fatalf("%d changes succeeded without their events", len(of))
	}
}
