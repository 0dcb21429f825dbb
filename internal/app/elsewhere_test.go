package app_test

import (
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/event"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// TestEndpointsOfOtherNodes has one process add, change and enable an endpoint while another
// has just read what there was: what happens in that one once the first has said so is told.
func TestEndpointsOfOtherNodes(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	other, waited := s.node(), 0
	tell := func() []event.Delivery {
		t.Helper()
		n := app.NewInvoice{ID: s.newID(), Amount: toman(5)}
		if _, err := other.app.CreateInvoice(t.Context(), s.merchant, n); err != nil {
			t.Fatal(err)
		}
		all, err := s.app.Deliveries(t.Context(), s.merchant, store.DeliveryFilter{}, store.Page{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	here := app.New(app.Config{
		Store: s.store, Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{}, Private: true,
		Elsewhere: func(d time.Duration) { waited++; s.wait(d) },
	})
	var e event.Endpoint
	none, opened, why := []string{"payout.*"}, []string{"invoice.open"}, "moving house"
	for n, c := range []struct {
		name string
		do   func() error
		told int // messages of one invoice
	}{
		{"added", func() (err error) {
			e, _, err = here.CreateEndpoint(t.Context(), app.NewEndpoint{Merchant: s.merchant, URL: "http://127.0.0.1/"})
			return err
		}, 1},
		{"told less", func() error {
			_, err := here.ChangeReceiver(t.Context(), s.merchant, e.ID, app.EndpointTerms{Types: &none})
			return err
		}, 0},
		{"told more", func() error {
			_, err := here.ChangeReceiver(t.Context(), s.merchant, e.ID, app.EndpointTerms{Types: &opened})
			return err
		}, 1},
		{"enabled", func() error {
			if err := here.DisableEndpoint(t.Context(), s.merchant, e.ID, why); err != nil {
				return err
			}
			s.wait(5 * time.Second)
			tell()
			return here.DisableEndpoint(t.Context(), s.merchant, e.ID, "")
		}, 1},
	} {
		tell() // now the other has read what there is
		if err := c.do(); err != nil || waited != n+1 {
			t.Fatalf("%s: got %v, waited %d times for others, want %d", c.name, err, waited, n+1)
		}
		before := len(tell())
		if after := len(tell()); after-before != c.told {
			t.Errorf("%s: %d messages of one invoice, want %d", c.name, after-before, c.told)
		}
	}
}

// TestTerminalsOfOtherNodes has one process find a terminal that another has just added.
func TestTerminalsOfOtherNodes(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	other := s.node()
	first, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "Till"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.app.Terminal(t.Context(), s.merchant, first.Number); err != nil {
		t.Fatal(err)
	}
	added, _, err := s.app.CreateTerminal(t.Context(), s.merchant, app.TerminalTerms{Name: "Door"})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := other.app.Terminal(t.Context(), s.merchant, added.Number); err != nil || got.Name != "Door" {
		t.Errorf("got %+v, %v, want the new one", got, err)
	}
	if _, err := other.app.Terminal(t.Context(), s.merchant, added.Number+1); !fault.Is(err, fault.CodeTerminalNotFound) {
		t.Errorf("one that nobody added: got %v", err)
	}
}

// TestEndpointsAtOnce has many add an endpoint at the same moment: twenty of them have their way,
// and it is on record of each endpoint and of nothing else.
func TestEndpointsAtOnce(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	errs := make([]error, 30)
	var all sync.WaitGroup
	for n := range errs {
		all.Go(func() {
			wish := app.NewEndpoint{Merchant: s.merchant, URL: "https://shop.example/"}
			_, _, errs[n] = s.app.CreateEndpoint(t.Context(), wish)
		})
	}
	all.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else if !fault.Is(err, fault.CodeLimitExceeded) {
			t.Errorf("got %s", fault.Detail(err))
		}
	}
	known, err := s.app.Endpoints(t.Context(), s.merchant)
	if err != nil || len(known) != 20 || made != 20 {
		t.Errorf("%d were made and there are %d (%v), want 20", made, len(known), err)
	}
	changes, err := s.store.History(t.Context(), s.merchant, event.MerchantItself, s.merchant)
	if err != nil || slices.ContainsFunc(changes, func(e event.Event) bool { return e.Trigger == event.Change }) {
		t.Errorf("got %+v, %v, want no change of the merchant", changes, err)
	}
}
