package storetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/ledger"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/money"
	"github.com/purserhq/purser/internal/payment"
	"github.com/purserhq/purser/internal/refund"
	"github.com/purserhq/purser/internal/store"
)

// entries makes a list of entries.
func entries(list ...ledger.Entry) []ledger.Entry { return list }

// atomicity lets one part of a change fail, each part in its turn, and wants
// nothing of the rest.
func atomicity(s *shop) {
	t := s.T
	stale := s.invoice()
	taken := s.claim(newID())
	reply := store.Answer{Merchant: s.id, Key: newID(), ExpiresAt: noon.AddDate(100, 0, 0)}
	s.must(store.Change{Invoices: []invoice.Invoice{stale}, Claims: []store.Claim{taken}, Answer: &reply})
	stale.Version = 7
	for name, test := range map[string]struct {
		code  fault.Code
		spoil func(*store.Change)
	}{
		"version": {fault.CodeVersionConflict, func(c *store.Change) { c.Invoices = append(c.Invoices, stale) }},
		"claim":   {fault.CodeDuplicate, func(c *store.Change) { c.Claims = append(c.Claims, taken) }},
		"answer":  {fault.CodeDuplicate, func(c *store.Change) { c.Answer = &reply }},
		"floor":   {fault.CodeInsufficientFunds, func(c *store.Change) { c.Entries = append(c.Entries, s.move(-1000)) }},
		"mistake": {fault.CodeInternal, func(c *store.Change) {
			c.Refunds = append(c.Refunds, refund.Refund{ID: newID(), Merchant: s.id, State: "lost"})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			i, k := s.invoice(), s.key()
			p := s.payment(i.ID)
			c := s.claim(newID())
			e := s.move(10)
			change := store.Change{
				Claims: []store.Claim{c}, Keys: []merchant.Key{k}, Invoices: []invoice.Invoice{i},
				Payments: []payment.Payment{p}, Entries: entries(e), Events: []event.Event{s.event(i.ID, "create")},
			}
			test.spoil(&change)
			before := s.balance(s.suspense())
			if err := s.Commit(s.Context(), change); !fault.Is(err, test.code) {
				t.Fatalf("commit: got %s, want %s", fault.Detail(err), test.code)
			}
			gotI, err := s.Invoice(s.Context(), s.id, i.ID)
			missing(t, "invoice", gotI, err, fault.CodeInvoiceNotFound)
			gotP, err := s.Payment(s.Context(), s.id, p.ID)
			missing(t, "payment", gotP, err, fault.CodePaymentNotFound)
			gotK, err := s.KeyByHash(s.Context(), k.Hash)
			missing(t, "key", gotK, err, fault.CodeKeyInvalid)
			gotC, err := s.Claimed(s.Context(), s.id, c.Kind, c.Key)
			missing(t, "claim", gotC, err, fault.CodeNotFound)
			gotE, err := s.Entries(s.Context(), s.id, e.Subject())
			same(t, "entries", len(gotE), err, 0)
			events, err := s.Events(s.Context(), s.id, 0, 100)
			same(t, "events", len(events), err, 0)
			_, total, err := s.Invoices(s.Context(), s.id, store.Page{})
			same(t, "number of invoices", total, err, 1)
			if after := s.balance(s.suspense()); after != before {
				t.Errorf("balance: got %d, want %d", after, before)
			}
			// What was refused can be done without the part that spoiled it.
			s.must(store.Change{Claims: []store.Claim{c}})
		})
	}
}

// versions stores a noun on top of versions other than the present one.
func versions(s *shop) {
	t := s.T
	i := s.invoice()
	change := func() store.Change { return store.Change{Invoices: []invoice.Invoice{i}} }
	i.Version = 1
	s.refused(change(), fault.CodeVersionConflict) // it is not there at all
	i.Version = 0
	s.must(change())
	s.refused(change(), fault.CodeVersionConflict) // it is not new any more
	i.Version = 2
	s.refused(change(), fault.CodeVersionConflict) // nobody can have read that
	i.Version = 1
	s.must(change())
	s.refused(change(), fault.CodeVersionConflict)
	got, err := s.Invoice(t.Context(), s.id, i.ID)
	i.Version, i.Number = 2, 1
	same(t, "invoice", got, err, i)
	_, total, err := s.Invoices(t.Context(), s.id, store.Page{})
	same(t, "number of invoices", total, err, 1)
}

// oneVersionMany changes one version from many sides: one wins.
func oneVersionMany(s *shop) {
	t := s.T
	i := s.invoice()
	s.must(store.Change{Invoices: []invoice.Invoice{i}})
	for version := int64(1); version <= 3; version++ {
		errs := together(64, func(n int) error {
			mine := i
			mine.Version, mine.Title = version, fmt.Sprint(n)
			return s.Commit(t.Context(), store.Change{
				Invoices: []invoice.Invoice{mine}, Events: []event.Event{s.event(i.ID, "pay")},
			})
		})
		tally(t, errs, 1, fault.CodeVersionConflict)
		got, err := s.Invoice(t.Context(), s.id, i.ID)
		if err != nil || got.Version != version+1 || errs[atoi(got.Title)] != nil {
			t.Errorf("invoice: got version %d of caller %s, %v, want version %d of the one who won",
				got.Version, got.Title, err, version+1)
		}
	}
	all, err := s.Events(t.Context(), s.id, 0, 100)
	same(t, "events", len(all), err, 3)
	// The same new thing from many sides: one makes it.
	fresh := s.invoice()
	errs := together(32, func(int) error {
		return s.Commit(t.Context(), store.Change{Invoices: []invoice.Invoice{fresh}})
	})
	tally(t, errs, 1, fault.CodeVersionConflict)
}

// atoi reads the number that a caller left.
func atoi(s string) (n int) {
	if _, err := fmt.Sscan(s, &n); err != nil {
		return 0
	}
	return n
}

// claims takes keys that are free and keys that are not.
func claims(s *shop) {
	t, ctx := s.T, s.Context()
	c := s.claim(newID())
	s.must(store.Change{Claims: []store.Claim{c}})
	again := c
	again.Subject = "somebody else"
	err := s.Commit(ctx, store.Change{Claims: []store.Claim{again}})
	if !fault.Is(err, fault.CodeDuplicate) || fault.From(err).Param != string(c.Kind) {
		t.Errorf("second claim: got %v, want duplicate with the parameter %s", err, c.Kind)
	}
	got, err := s.Claimed(ctx, s.id, c.Kind, c.Key)
	same(t, "claim", got, err, c)
	got, err = s.Claimed(ctx, "", c.Kind, c.Key)
	same(t, "claim of an unknown merchant", got, err, c)
	again.Kind = store.LinkClaim
	s.must(store.Change{Claims: []store.Claim{again}}) // another kind is another key
	twice := s.claim(newID())
	s.refused(store.Change{Claims: []store.Claim{twice, twice}}, fault.CodeDuplicate)
	got, err = s.Claimed(ctx, s.id, twice.Kind, twice.Key)
	missing(t, "claim made twice", got, err, fault.CodeNotFound)
}

// oneClaimMany claims one key from many sides: one gets it.
func oneClaimMany(s *shop) {
	t := s.T
	for range 3 {
		key := newID()
		list := make([]store.Claim, 64)
		for i := range list {
			list[i] = s.claim(key)
		}
		errs := together(len(list), func(i int) error {
			return s.Commit(t.Context(), store.Change{
				Claims: []store.Claim{list[i]}, Events: []event.Event{s.event(list[i].Subject, "create")},
			})
		})
		tally(t, errs, 1, fault.CodeDuplicate)
		got, err := s.Claimed(t.Context(), s.id, store.ReceiptClaim, key)
		for i, c := range list {
			if errs[i] == nil {
				same(t, "claim", got, err, c)
			}
		}
	}
	all, err := s.Events(t.Context(), s.id, 0, 100)
	same(t, "events", len(all), err, 3)
}

// claimOfRejected mixes changes that claim a key but must be refused for
// another reason with changes that may have it.
func claimOfRejected(s *shop) {
	t := s.T
	for range 10 {
		c, reply := s.claim(newID()), newID()
		errs := together(16, func(i int) error {
			change := store.Change{
				Claims: []store.Claim{c}, Events: []event.Event{s.event(c.Subject, "create")},
				Answer: &store.Answer{Merchant: s.id, Key: reply, Status: i, ExpiresAt: noon.AddDate(100, 0, 0)},
			}
			if i%4 != 3 {
				stale := s.invoice()
				stale.Version = 9
				change.Invoices = []invoice.Invoice{stale}
			}
			return s.Commit(t.Context(), change)
		})
		if good, stale := count(errs, ""), count(errs, fault.CodeVersionConflict); good != 1 || stale != 12 {
			t.Errorf("got %d successes and %d conflicts, want 1 and 12: %v", good, stale, errors.Join(errs...))
		}
		got, err := s.Claimed(t.Context(), s.id, c.Kind, c.Key)
		same(t, "claim", got, err, c)
		a, err := s.Answer(t.Context(), s.id, reply, noon)
		if err != nil || errs[a.Status] != nil {
			t.Errorf("answer: got the one of caller %d, %v, want the one that was told yes", a.Status, err)
		}
	}
	all, err := s.Events(t.Context(), s.id, 0, 100)
	same(t, "events", len(all), err, 10)
}

// answers keeps replies until they expire.
func answers(s *shop) {
	t, ctx := s.T, s.Context()
	a := store.Answer{
		Merchant: s.id, Key: "key", Fingerprint: "print", Status: 201, Body: []byte("{\"a\": \x00\xff}"),
		ExpiresAt: noon.AddDate(100, 0, 0),
	}
	s.must(store.Change{Answer: &a})
	got, err := s.Answer(ctx, s.id, "key", noon)
	same(t, "answer", got, err, a)
	got, err = s.Answer(ctx, s.id, "key", a.ExpiresAt)
	missing(t, "expired answer", got, err, fault.CodeNotFound)
	other := a
	other.Fingerprint = "other"
	s.refused(store.Change{Answer: &other}, fault.CodeDuplicate)
	// A key whose answer has expired is free, and one caller gets it.
	old := store.Answer{Merchant: s.id, Key: "old", ExpiresAt: noon.AddDate(-50, 0, 0)}
	s.must(store.Change{Answer: &old})
	errs := together(16, func(i int) error {
		mine := a
		mine.Key, mine.Status = "old", i
		return s.Commit(ctx, store.Change{Answer: &mine})
	})
	tally(t, errs, 1, fault.CodeDuplicate)
	got, err = s.Answer(ctx, s.id, "old", noon)
	if err != nil || errs[got.Status] != nil {
		t.Errorf("answer: got the one of caller %d, %v, want the one that was told yes", got.Status, err)
	}
}

// floor takes more than there is.
func floor(s *shop) {
	t := s.T
	s.refused(store.Change{Entries: entries(s.move(-1))}, fault.CodeInsufficientFunds)
	s.must(store.Change{Entries: entries(s.move(100))})
	s.refused(store.Change{Entries: entries(s.move(-101))}, fault.CodeInsufficientFunds)
	s.refused(store.Change{Entries: entries(s.move(-60), s.move(-41))}, fault.CodeInsufficientFunds)
	s.must(store.Change{Entries: entries(s.move(-101), s.move(1))}) // only the end of a change counts
	s.refused(store.Change{Entries: entries(s.move(-1))}, fault.CodeInsufficientFunds)
	if got := s.balance(s.suspense()); got != 0 {
		t.Errorf("balance: got %d, want 0", got)
	}
	if got := s.balance(s.available()); got != 0 {
		t.Errorf("balance of the account without a floor: got %d, want 0", got)
	}
}

// floorMany spends one balance from many sides: exactly what there is goes out.
func floorMany(s *shop) {
	t := s.T
	s.must(store.Change{Entries: entries(s.move(100))})
	n := scale(10_000)
	var errs []error
	for len(errs) < n {
		errs = append(errs, together(min(1000, n-len(errs)), func(int) error {
			return s.Commit(t.Context(), store.Change{Entries: entries(s.move(-1))})
		})...)
	}
	tally(t, errs, 100, fault.CodeInsufficientFunds)
	if got := s.balance(s.suspense()); got != 0 {
		t.Errorf("balance: got %d, want 0", got)
	}
}

// overflow lets a balance grow over what can be counted.
func overflow(s *shop) {
	t := s.T
	s.must(store.Change{Entries: entries(s.move(math.MaxInt64))})
	errs := together(8, func(int) error { return s.Commit(t.Context(), store.Change{Entries: entries(s.move(1))}) })
	if good := count(errs, ""); good != 0 {
		t.Errorf("got %d successes, want none: the balance cannot be counted", good)
	}
	if got := s.balance(s.suspense()); got != math.MaxInt64 {
		t.Errorf("balance: got %d, want the greatest number", got)
	}
	s.must(store.Change{Entries: entries(s.move(-math.MaxInt64))})
}

// moreThanConnected lets many more callers read and write than any pool has
// connections.
func moreThanConnected(s *shop) {
	t := s.T
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	errs := together(scale(500), func(int) error {
		i := s.invoice()
		if err := s.Commit(ctx, store.Change{Invoices: []invoice.Invoice{i}}); err != nil {
			return err
		}
		got, err := s.Invoice(ctx, s.id, i.ID)
		if err == nil && got.Version != 1 {
			return fmt.Errorf("version %d", got.Version)
		}
		return err
	})
	tally(t, errs, len(errs), "")
	_, total, err := s.Invoices(ctx, s.id, store.Page{})
	same(t, "number of invoices", total, err, len(errs))
}

// poison puts changes that the database itself refuses among good ones.
func poison(s *shop) {
	t := s.T
	old := s.move(1)
	there := s.invoice()
	s.must(store.Change{Entries: entries(old), Invoices: []invoice.Invoice{there}})
	bad := []func() store.Change{
		func() store.Change { return store.Change{Entries: entries(old)} },
		func() store.Change { return store.Change{Invoices: []invoice.Invoice{there}} },
		func() store.Change {
			i := s.invoice()
			i.State = "lost"
			return store.Change{Invoices: []invoice.Invoice{i}}
		},
		func() store.Change {
			i := s.invoice()
			i.Amount = money.New(-1, unit)
			return store.Change{Invoices: []invoice.Invoice{i}}
		},
	}
	errs := together(scale(320), func(n int) error {
		if n%16 == 5 {
			return s.Commit(t.Context(), bad[n/16%len(bad)]())
		}
		i := s.invoice()
		return s.Commit(t.Context(), store.Change{
			Invoices: []invoice.Invoice{i}, Entries: entries(s.move(1)), Events: []event.Event{s.event(i.ID, "create")},
		})
	})
	for n, err := range errs {
		if (n%16 == 5) != (err != nil) {
			t.Errorf("change %d: got %s, want only the poisoned ones to fail", n, fault.Detail(err))
		}
	}
	good := count(errs, "")
	if got := s.balance(s.suspense()); got != int64(good)+1 {
		t.Errorf("balance: got %d, want %d", got, good+1)
	}
	all, err := s.Events(t.Context(), s.id, 0, 1000)
	same(t, "events", len(all), err, good)
}

// goneCallers lets callers go away at all times: each change is there or not.
func goneCallers(s *shop) {
	t := s.T
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	i := s.invoice()
	err := s.Commit(gone, store.Change{Invoices: []invoice.Invoice{i}})
	if !errors.Is(err, context.Canceled) || !fault.Is(err, fault.CodeTimeOut) {
		t.Errorf("commit of a caller who is gone: got %v, want time_out because of the context", err)
	}
	got, err := s.Invoice(t.Context(), s.id, i.ID)
	missing(t, "invoice of a caller who is gone", got, err, fault.CodeInvoiceNotFound)

	list := make([]invoice.Invoice, scale(300))
	var mu sync.Mutex
	var cancels []func()
	errs := together(len(list), func(n int) error {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		list[n] = s.invoice()
		mu.Lock()
		cancels = append(cancels, cancel)
		if len(cancels) == 10 { // somebody else's call ends somewhere on its way
			for _, c := range cancels[:5] {
				c()
			}
			cancels = nil
		}
		mu.Unlock()
		return s.Commit(ctx, store.Change{
			Invoices: []invoice.Invoice{list[n]}, Entries: entries(s.move(1)),
			Events: []event.Event{s.event(list[n].ID, "create")},
		})
	})
	s.must(store.Change{Entries: entries(s.move(1))}) // what was queued before is done now
	stored := 0
	for n, i := range list {
		_, err := s.Invoice(t.Context(), s.id, i.ID)
		if err == nil {
			stored++
		} else if errs[n] == nil {
			t.Errorf("invoice %d: got %v, want it there: its commit returned", n, err)
		}
	}
	all, err := s.Events(t.Context(), s.id, 0, 1000)
	same(t, "events", len(all), err, stored)
	if got := s.balance(s.suspense()); got != int64(stored)+1 {
		t.Errorf("balance: got %d, want %d", got, stored+1)
	}
}
