package app_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/merchant"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/wallet"
)

// node is another process on the database of a shop. It counts what it asks for.
type node struct {
	store.Store

	app   *app.App
	asked int
	away  error // instead of revisions
}

func (s *shop) node() *node {
	n := &node{Store: s.store}
	n.app = app.New(app.Config{
		Store: n, Gateways: s.banks, Now: s.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{},
	})
	return n
}

func (n *node) Revisions(ctx context.Context) (store.Revisions, error) {
	if n.away != nil {
		return store.Revisions{}, n.away
	}
	return n.Store.Revisions(ctx)
}

func (n *node) KeyByHash(ctx context.Context, hash string) (merchant.Key, error) {
	n.asked++
	return n.Store.KeyByHash(ctx, hash)
}

func (n *node) Merchant(ctx context.Context, id string) (merchant.Merchant, error) {
	n.asked++
	return n.Store.Merchant(ctx, id)
}

func (n *node) Terminals(ctx context.Context, merchantID string) ([]merchant.Terminal, error) {
	n.asked++
	return n.Store.Terminals(ctx, merchantID)
}

func (n *node) Customer(ctx context.Context, merchantID string, number int64) (wallet.Customer, error) {
	n.asked++
	return n.Store.Customer(ctx, merchantID, number)
}

// looks are what a node keeps of each sort, as text, and how somebody else changes it.
func (s *shop) looks() map[string]struct {
	look   func(a *app.App) (string, error)
	change func() error
} {
	ctx := s.Context()
	key, secret, err := s.app.CreateKey(ctx, app.NewKey{Merchant: s.merchant})
	if err != nil {
		s.Fatal(err)
	}
	signing, text, err := s.app.CreateSigningKey(ctx, app.NewSigningKey{Merchant: s.merchant})
	if err != nil {
		s.Fatal(err)
	}
	till, _, err := s.app.CreateTerminal(ctx, s.merchant, app.TerminalTerms{Name: "Till"})
	if err != nil {
		s.Fatal(err)
	}
	customer, err := s.app.CreateCustomer(ctx, app.NewCustomer{Merchant: s.merchant, FirstName: "Ada"})
	if err != nil {
		s.Fatal(err)
	}
	return map[string]struct {
		look   func(a *app.App) (string, error)
		change func() error
	}{
		"a key": {func(a *app.App) (string, error) {
			k, err := a.Authenticate(ctx, secret)
			return k.ID, err
		}, func() error { return s.app.RevokeKey(ctx, s.merchant, key.ID) }},
		"a signing key": {func(a *app.App) (string, error) {
			k, _, err := a.SigningKey(ctx, text.Public)
			return k.ID, err
		}, func() error { return s.app.RevokeKey(ctx, s.merchant, signing.ID) }},
		"a merchant": {func(a *app.App) (string, error) {
			m, err := a.Merchant(ctx, s.merchant)
			return m.Email, err
		}, func() error {
			return errOf(s.app.ChangeMerchant(ctx, s.merchant, app.MerchantTerms{Email: new("new@shop.example")}))
		}},
		"a terminal": {func(a *app.App) (string, error) {
			t, err := a.Terminal(ctx, s.merchant, till.Number)
			return t.Name, err
		}, func() error {
			return errOf(s.app.ChangeTerminal(ctx, s.merchant, till.Number, app.TerminalTerms{Name: "Door"}))
		}},
		"a customer": {func(a *app.App) (string, error) {
			c, err := a.Account(ctx, s.merchant, customer.Number)
			return string(c.State), err
		}, func() error {
			return s.app.BlockCustomer(ctx, s.merchant, customer.Number, wallet.Block, "Zoe", "lost phone")
		}},
	}
}

// TestRecheck has one process keep what it read for as long as no other changes it.
func TestRecheck(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	for name, c := range s.looks() {
		n := s.node()
		recheck := func() {
			t.Helper()
			if err := n.app.Recheck(t.Context()); !errors.Is(err, n.away) {
				t.Fatalf("%s: got %v, want %v", name, err, n.away)
			}
		}
		look := func(asked int) string {
			t.Helper()
			n.asked = 0
			got, err := c.look(n.app)
			if err != nil && !fault.Is(err, fault.CodeKeyInvalid) {
				t.Fatalf("%s: %s", name, fault.Detail(err))
			}
			if n.asked != asked {
				t.Errorf("%s: asked %d times, want %d", name, n.asked, asked)
			}
			return got
		}
		was := look(1)
		recheck() // nobody knows what was before it
		look(1)
		for range 10 {
			s.wait(4 * time.Second)
			recheck()
			look(0)
		}
		s.wait(5 * time.Second)
		look(1)
		if err := c.change(); err != nil {
			t.Fatalf("%s: %s", name, fault.Detail(err))
		}
		if got := look(0); got != was {
			t.Errorf("%s: got %q before anybody looked, want %q", name, got, was)
		}
		recheck()
		if got := look(1); got == was {
			t.Errorf("%s: got %q after it was changed", name, got)
		}
	}
}

// TestRecheckFails wants nothing to be taken for good of which nobody can say so.
func TestRecheckFails(t *testing.T) {
	t.Parallel()
	s := open(t, 0)
	look, n := s.looks()["a terminal"].look, s.node()
	ask := func(want int) {
		t.Helper()
		n.asked = 0
		if _, err := look(n.app); err != nil || n.asked != want {
			t.Errorf("got %v after %d questions, want %d", err, n.asked, want)
		}
	}
	recheck := func() {
		t.Helper()
		if err := n.app.Recheck(t.Context()); !errors.Is(err, n.away) {
			t.Fatalf("got %v, want %v", err, n.away)
		}
	}
	recheck()
	ask(1)
	n.away = fault.New(fault.CodeDatabaseUnavailable, "", "")
	recheck()
	ask(0)
	s.wait(5 * time.Second)
	recheck()
	ask(1) // it was good for so long and no longer
	n.away = nil
	recheck()
	ask(1) // the database is back, or another one with the same numbers
	s.wait(4 * time.Second)
	recheck()
	s.wait(4 * time.Second)
	ask(0)
}
