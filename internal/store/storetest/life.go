package storetest

import (
	"sync"

	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/invoice"
	"github.com/purserhq/purser/internal/store"
)

// restart closes a database and opens it again: everything is there, and
// counting goes on where it was.
func restart(s *shop, open Open) {
	t := s.T
	var again func() store.Store
	s.Store, again = open(t)
	i, c := s.invoice(), s.claim(newID())
	s.must(store.Change{
		Invoices: []invoice.Invoice{i}, Claims: []store.Claim{c}, Entries: entries(s.move(50)),
		Events: []event.Event{s.event(i.ID, "create")},
	})
	s.Store = again()
	i.Version, i.Number = 1, 1
	got, err := s.Invoice(t.Context(), s.id, i.ID)
	same(t, "invoice", got, err, i)
	s.refused(store.Change{Claims: []store.Claim{c}}, fault.CodeDuplicate)
	s.refused(store.Change{Entries: entries(s.move(-51))}, fault.CodeInsufficientFunds)
	s.must(store.Change{Invoices: []invoice.Invoice{i}, Events: []event.Event{s.event(i.ID, "pay")}})
	all, err := s.Events(t.Context(), s.id, 1, 10)
	if err != nil || len(all) != 1 || all[0].Seq != 2 {
		t.Errorf("events after the restart: got %+v, %v, want one with the number 2", all, err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v", err)
	}
}

// closing closes a database while many write: whoever was accepted is
// answered, and what was acknowledged is there afterwards.
func closing(s *shop, open Open) {
	t := s.T
	var again func() store.Store
	s.Store, again = open(t)
	list := make([]invoice.Invoice, scale(500))
	begun := make(chan struct{})
	var once sync.Once
	errs := together(len(list)+1, func(n int) error {
		if n == len(list) {
			<-begun
			return s.Close()
		}
		list[n] = s.invoice()
		err := s.Commit(t.Context(), store.Change{Invoices: []invoice.Invoice{list[n]}})
		once.Do(func() { close(begun) })
		return err
	})
	if err := errs[len(list)]; err != nil {
		t.Errorf("close: %v", err)
	}
	errs = errs[:len(list)]
	tally(t, errs, count(errs, ""), fault.CodeShuttingDown)
	s.refused(store.Change{Invoices: []invoice.Invoice{s.invoice()}}, fault.CodeShuttingDown)
	s.Store = again()
	for n, i := range list {
		_, err := s.Invoice(t.Context(), s.id, i.ID)
		if errs[n] == nil && err != nil {
			t.Errorf("invoice %d: got %v, want it there: its commit returned", n, err)
		}
		if errs[n] != nil && !fault.Is(err, fault.CodeInvoiceNotFound) {
			t.Errorf("invoice %d: got %v, want it not there: its commit was refused", n, err)
		}
	}
}
