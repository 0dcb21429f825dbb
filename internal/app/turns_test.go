package app_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/store"
	"github.com/purserhq/purser/internal/store/sqlstore"
)

// counted is a store that counts how often somebody wanted to commit.
type counted struct {
	*sqlstore.DB

	commits atomic.Int64
}

func (c *counted) Commit(ctx context.Context, change store.Change) error {
	c.commits.Add(1)
	return c.DB.Commit(ctx, change)
}

// A crowd on one invoice decides a few times each, not once for everybody who
// is there: every request supersedes all others, so all are in each other's way.
func TestACrowdTakesTurns(t *testing.T) {
	t.Parallel()
	const crowd, each = 100, 4
	s := open(t, 0)
	c := &counted{DB: s.store}
	a := app.New(app.Config{
		Store: c, Gateways: directory{"first": s.first}, Now: s.now, Log: slog.New(slog.DiscardHandler),
		ReturnURL: "https://pay.example/cb",
	})
	i := s.invoice(5_000)
	var everybody sync.WaitGroup
	for range crowd {
		everybody.Go(func() {
			if _, err := a.RequestPayment(t.Context(), s.merchant, s.wish(i, 5_000)); err != nil {
				t.Error(err)
			}
		})
	}
	everybody.Wait()
	if got := c.commits.Load(); got > crowd*each {
		t.Errorf("%d requests took %d commits, want at most %d", crowd, got, crowd*each)
	}
	view, err := a.Invoice(t.Context(), s.merchant, i.ID)
	if err != nil || len(view.Payments) != crowd {
		t.Fatalf("got %d payments, %v, want %d", len(view.Payments), err, crowd)
	}
	current := 0
	for _, p := range view.Payments {
		if !p.Superseded {
			current++
		}
	}
	if current != 1 {
		t.Errorf("got %d payments that are not superseded, want one", current)
	}
}

// Who gives up waiting leaves the line to the others.
func TestWhoGivesUpLeavesTheLine(t *testing.T) {
	t.Parallel()
	const crowd = 40
	s := open(t, 0)
	i := s.invoice(5_000)
	ctx, cancel := context.WithCancel(t.Context())
	var everybody sync.WaitGroup
	for n := range crowd {
		who, patient := ctx, n%2 == 0
		if patient {
			who = t.Context()
		}
		everybody.Go(func() {
			// An impatient one may be cut off anywhere.
			if _, err := s.app.RequestPayment(who, s.merchant, s.wish(i, 5_000)); err != nil && patient {
				t.Error(err)
			}
		})
	}
	cancel()
	everybody.Wait()
	s.request(i, 5_000)
}
