package app_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"

	"github.com/purserhq/purser/internal/app"
	"github.com/purserhq/purser/internal/fault"
	"github.com/purserhq/purser/internal/store"
)

// crossed is a store where something happens before the next change is committed.
type crossed struct {
	store.Store

	happens func()
}

func (b *crossed) Commit(ctx context.Context, c store.Change) error {
	if do := b.happens; do != nil {
		b.happens = nil
		do()
	}
	return b.Store.Commit(ctx, c)
}

// TestNumberComesBackAtTheSameMoment: a trader enables the old requisite of a number after
// another has seen that it is free and before it is the other's. A payer's money would be
// two traders'.
func TestNumberComesBackAtTheSameMoment(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, b *bazaar) {
		tom, ann := b.trader("Tom", "100"), b.trader("Ann", "100")
		const number = "+7(900)111-00-01"
		old := b.puts(b.account(tom, number))
		b.puts(b.switched(old, true))
		db := &crossed{Store: b.shop.store, happens: func() { b.puts(b.switched(old, false)) }}
		other := app.New(app.Config{
			Store: db, Gateways: b.banks, Now: b.now, Log: slog.New(slog.DiscardHandler), Sealer: envelope{},
			Credentials: envelope{}.credentials,
		})
		_, err := other.PutRequisite(t.Context(), b.account(ann, number))
		if f := fault.From(err); !fault.Is(err, fault.CodeDuplicate) || f.Param != "number" || db.happens != nil {
			t.Errorf("got %v, want the number refused", err)
		}
		all, err := b.app.Requisites(t.Context(), b.merchant, app.RequisiteFilter{}, app.Page{Limit: 100})
		if err != nil {
			t.Fatal(err)
		}
		var owners []string
		for _, q := range all {
			if q.Number == number && !q.Disabled {
				owners = append(owners, q.Trader)
			}
		}
		if !slices.Equal(owners, []string{tom.ID}) {
			t.Errorf("%v have the number, want Tom alone", owners)
		}
	})
}
