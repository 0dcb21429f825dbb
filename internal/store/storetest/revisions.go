package storetest

import (
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// revisions grow with what they count and with nothing else.
func revisions(s *shop) {
	t := s.T
	read := func() store.Revisions {
		r, err := s.Revisions(s.Context())
		if err != nil {
			t.Fatalf("revisions: %s", fault.Detail(err))
		}
		return r
	}
	m := merchant.Merchant{ID: s.id, CreatedAt: noon, UpdatedAt: noon}
	k, c, e := s.key(), s.customer(10001), s.endpoint()
	first := merchant.Terminal{Merchant: s.id, Number: 1001, CreatedAt: noon, UpdatedAt: noon}
	s.must(store.Change{Merchants: []merchant.Merchant{m}, Keys: []merchant.Key{k}, Customers: []wallet.Customer{c}})
	m.Version, k.Version, c.Version = 1, 1, 1
	terminal, receiver, relied := first, e, c
	terminal.Version, receiver.Version, relied.Version = 1, 1, 2
	for _, step := range []struct {
		name                string
		change              store.Change
		settings, customers bool
	}{
		{"a change of a merchant", store.Change{Merchants: []merchant.Merchant{m}}, true, false},
		{"a change of a key", store.Change{Keys: []merchant.Key{k}}, true, false},
		{"a new terminal", store.Change{Terminals: []merchant.Terminal{first}}, true, false},
		{"a change of a terminal", store.Change{Terminals: []merchant.Terminal{terminal}}, true, false},
		{"a new endpoint", store.Change{Endpoints: []event.Endpoint{e}}, true, false},
		{"a change of an endpoint", store.Change{Endpoints: []event.Endpoint{receiver}}, true, false},
		{"a change of a customer", store.Change{Customers: []wallet.Customer{c}}, false, true},
		{"a transfer", store.Change{
			Transfers: []wallet.Transfer{s.transfer(wallet.House, 10001)}, Relied: []wallet.Customer{relied},
			Entries: entries(s.move(5)), Events: []event.Event{s.event("subject", "create")},
		}, false, false},
		{"an invoice", store.Change{Invoices: []invoice.Invoice{s.invoice()}}, false, false},
	} {
		before := read()
		if got := read(); got != before {
			t.Errorf("twice: got %+v and %+v", before, got)
		}
		s.must(step.change)
		got := read()
		if (got.Settings > before.Settings) != step.settings || (got.Customers > before.Customers) != step.customers {
			t.Errorf("%s: got %+v after %+v", step.name, got, before)
		}
	}
	before := read()
	s.refused(store.Change{Keys: []merchant.Key{k}}, fault.CodeVersionConflict)
	if got := read(); got != before {
		t.Errorf("a change that was rejected: got %+v after %+v", got, before)
	}
}
